import { concatBytes, type DeviceId, type MemberId, toDeviceId, toMemberId } from "@holdfast/wire"
import type { Credential } from "ts-mls"
import { Reader } from "./codec.ts"
import { MlsError } from "./error.ts"

/** Who a leaf is: a member and one of their devices. */
export interface LeafIdentity {
  readonly member: MemberId
  readonly device: DeviceId
}

/**
 * The charter as this package sees it (M4.1). Pure: the same question gets the same answer at the same charter size, or members
 * would judge one commit differently (M4.4).
 */
export interface Roster {
  /** True when `signatureKey` is the key of that member's device in the charter. */
  admits(leaf: LeafIdentity, signatureKey: Uint8Array): boolean
}

const version = 1

/** identity = 01 ‖ member id (16) ‖ device id (16) (M3.1). */
export function encodeIdentity(identity: LeafIdentity): Uint8Array {
  return concatBytes(Uint8Array.of(version), identity.member, identity.device)
}

/** Throws `malformed`. */
export function decodeIdentity(bytes: Uint8Array): LeafIdentity {
  const r = new Reader(bytes, "leaf identity")
  r.expect(version, r.u8())
  const member = toMemberId(r.fixed(16))
  const device = toDeviceId(r.fixed(16))
  r.end()
  return { member, device }
}

export function toCredential(identity: LeafIdentity): Credential {
  return { credentialType: "basic", identity: encodeIdentity(identity) }
}

/** Throws `unsupported` for any credential but a basic one, `malformed` for a basic one that is not ours (M3.1). */
export function identityOf(credential: Credential): LeafIdentity {
  if (credential.credentialType !== "basic" || !("identity" in credential)) {
    throw new MlsError("unsupported", "credential")
  }
  return decodeIdentity(credential.identity)
}
