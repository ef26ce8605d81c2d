import { base64url, fromBase64url } from "./bytes.ts"
import { WireError } from "./error.ts"
import type { OrgId } from "./ids.ts"
import { labelledHash } from "./ids.ts"
import { limits } from "./limits.ts"
import { bytes, decode, encode, message, type Of, plain, repeated, required, text, uint } from "./schema.ts"

export const InvitationSchema = message("Invitation", {
  version: required(1, uint(255)),
  org: required(2, bytes<OrgId>({ length: 32 })),
  /** Known to the inviter and the invited only; from it come the guest key and the key that seals the request (W8.2). */
  secret: required(3, bytes({ length: 32 })),
  relays: repeated(4, text(limits.urlBytes), limits.relaysPerInvitation),
  /** Seconds since 1970. */
  expiresAt: required(5, uint()),
  /** 1 asks the invited to become a keeper too; 2 invites another device of the inviting member; 3 lets another member back in. */
  purpose: plain(6, uint(3), 0),
})
/** What a link or QR code carries. Everything the relay says afterwards is checked against `org` (W8.1). */
export type Invitation = Of<typeof InvitationSchema>

export const invitationPurposes = ["member", "keeper", "device", "recovery"] as const
export type InvitationPurpose = (typeof invitationPurposes)[number]

/** The first two bytes of every invitation of this version: field 1 is 1. */
const versionField = 8
const version = 1

/**
 * Text of an invitation: "hf1" and base64url. It goes into a link's fragment, which browsers never send.
 * Throws as `parseInvitation` for what that would refuse (W3.2).
 */
export function formatInvitation(invitation: Invitation): string {
  if (invitation.version !== version) throw new WireError("unsupported_version", "invitation")
  if (invitation.relays.length === 0) throw new WireError("malformed", "invitation")
  return `hf1${base64url(encode(InvitationSchema, invitation))}`
}

/** Accepts the bare text or a link that ends in it. Throws WireError `malformed`, `too_large` or `unsupported_version`. */
export function parseInvitation(input: string): Invitation {
  const trimmed = input.trim()
  if (trimmed.length > limits.invitationBytes) throw new WireError("too_large", "invitation")
  const found = /(?:^|[#/=])hf1([A-Za-z0-9_-]+)$/.exec(trimmed)
  if (found === null) throw new WireError("malformed", "invitation")
  const payload = fromBase64url(found[1] as string, "invitation")
  // Looked at first: a later version may have fields that this one cannot decode.
  if (payload[0] === versionField && payload.length > 1 && payload[1] !== version) {
    throw new WireError("unsupported_version", "invitation")
  }
  const invitation = decode(InvitationSchema, payload)
  if (invitation.relays.length === 0) throw new WireError("malformed", "invitation")
  return invitation
}

/** Seed of the Ed25519 guest key with which the invited opens a session before it is a member (W8.2). */
export function guestSeedOf(secret: Uint8Array): Uint8Array {
  return labelledHash("holdfast/invitation/guest/v1", secret)
}

/** Key that seals the join request and makes its frame tag. Members learn it so that any of them can open the request (W8.3). */
export function requestKeyOf(secret: Uint8Array): Uint8Array {
  return labelledHash("holdfast/invitation/request/v1", secret)
}

/** Tag of the join-request frames under a request key: attempt 0…7, else `malformed` (W8.4). */
export function requestTagOf(requestKey: Uint8Array, attempt: number): Uint8Array {
  if (!(Number.isInteger(attempt) && attempt >= 0 && attempt < 8)) throw new WireError("malformed", "attempt")
  return labelledHash("holdfast/invitation/tag/v1", requestKey, Uint8Array.of(attempt)).slice(0, 16)
}
