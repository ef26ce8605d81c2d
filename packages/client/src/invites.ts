// Invitations and what comes back for them (E5.1 to E5.5).
import { type Charter, deviceAt } from "@holdfast/charter"
import { verifyEd25519 } from "@holdfast/log"
import {
  concatBytes,
  type DeviceId,
  decode,
  encode,
  formatInvitation,
  fromHex,
  hex,
  type InvitationPurpose,
  invitationPurposes,
  type MemberId,
  type OrgId,
  requestKeyOf,
  requestTagOf,
  utf8,
} from "@holdfast/wire"
import { type Account, deviceOf, deviceSigner } from "./account.ts"
import type { Id, Invite } from "./api.ts"
import { InviteAnnounced } from "./content.ts"
import { deviceInvitationSecret, guestSigner, isForMember } from "./join-request.ts"
import type { GovernanceTable, StoredInvite } from "./store/governance.ts"

type Unsigned = Omit<InviteAnnounced, "signature">

function signingInput(org: OrgId, invite: Unsigned): Uint8Array<ArrayBuffer> {
  const zero = new Uint8Array(64)
  return concatBytes(
    utf8("holdfast/invite/v1"),
    Uint8Array.of(0),
    org,
    encode(InviteAnnounced, { ...invite, signature: zero }),
  )
}

/** How many tags of an invitation's requests are watched (W8.4). */
export const requestAttempts = 8

export interface NewInvite {
  readonly secret: Uint8Array
  readonly announced: InviteAnnounced
}

/** `expiresAt` in seconds. */
export async function makeInvite(
  account: Account,
  random: Uint8Array,
  options: {
    readonly purpose: InvitationPurpose
    readonly name: string
    readonly expiresAt: number
    /** For `recovery`: who has lost every device. */
    readonly forMember?: MemberId
    /** Requests wait until somebody proposes them together (E5.16). */
    readonly together?: boolean
  },
): Promise<NewInvite> {
  const { purpose, forMember = account.member } = options
  const secret = isForMember(purpose) ? deviceInvitationSecret(forMember, random) : random
  const unsigned: Unsigned = {
    guestKey: (await guestSigner(secret)).publicKey,
    requestKey: requestKeyOf(secret),
    name: options.name,
    purpose: invitationPurposes.indexOf(options.purpose),
    expiresAt: options.expiresAt,
    device: deviceOf(account),
    ...(options.together === true ? { together: 1 } : {}),
  }
  const signature = await (await deviceSigner(account)).sign(signingInput(account.org, unsigned))
  return { secret, announced: { ...unsigned, signature } }
}

/** The member whose device announced it; undefined when the signature is not that of a device the charter knows. */
export async function inviterOf(charter: Charter, invite: InviteAnnounced): Promise<Id | undefined> {
  const { signature, ...unsigned } = invite
  const device = charter.state.devices.get(invite.device)
  if (device === undefined) return undefined
  const right = await verifyEd25519(device.publicKey, signingInput(charter.orgId, unsigned), signature)
  return right ? hex(device.member) : undefined
}

export function readAnnounced(invite: StoredInvite): InviteAnnounced {
  return decode(InviteAnnounced, invite.announced)
}

/** The tags under which requests for this invitation lie in the lane. */
export function requestTags(invite: InviteAnnounced): readonly Uint8Array[] {
  return Array.from({ length: requestAttempts }, (_, attempt) => requestTagOf(invite.requestKey, attempt))
}

/** Takes a link as it is or inside an address. */
export function invitationText(org: OrgId, invite: StoredInvite, relays: readonly string[]): string | undefined {
  if (invite.secret === undefined) return undefined
  const { expiresAt, purpose } = readAnnounced(invite)
  return formatInvitation({ version: 1, org, secret: invite.secret, relays: relays.slice(0, 8), expiresAt, purpose })
}

export interface InviteView {
  readonly table: GovernanceTable
  readonly charter: Charter
  readonly nowSeconds: number
  readonly relays: readonly string[]
  readonly nameOf: (member: Id) => string
}

export function toInvite(view: InviteView, invite: StoredInvite): Invite {
  const announced = readAnnounced(invite)
  const text = invitationText(view.charter.orgId, invite, view.relays)
  return {
    id: invite.guestKey,
    purpose: invitationPurposes[announced.purpose] ?? "member",
    name: announced.name,
    invitedBy: view.nameOf(invite.member),
    expiresAt: announced.expiresAt * 1_000,
    state: stateOf(view, invite, announced),
    ...(text === undefined ? {} : { text }),
  }
}

function stateOf(view: InviteView, invite: StoredInvite, announced: InviteAnnounced): Invite["state"] {
  const requests = view.table.requests().filter(({ guestKey }) => guestKey === invite.guestKey)
  const { state } = view.charter
  const used = view.table
    .proposals("applied")
    .some(({ request }) => request !== undefined && requests.some(({ id }) => id === request))
  if (used) return "used"
  if (invite.revoked) return "revoked"
  const inviter = deviceAt(view.charter, announced.device as DeviceId, view.charter.size)
  if (inviter === undefined && state.members.get(fromHex(invite.member))?.removed !== undefined) return "revoked"
  if (requests.length > 0) return "asked"
  if (announced.expiresAt <= view.nowSeconds) return "expired"
  return invite.secret !== undefined && !invite.registered ? "waiting" : "open"
}
