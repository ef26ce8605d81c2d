import { CharterError } from "./error.ts"

/** What an authenticator signs about itself and the person. (C9.4) */
export interface AuthenticatorData {
  readonly rpIdHash: Uint8Array
  /** UP: somebody touched it. */
  readonly userPresent: boolean
  /** UV: it checked a PIN, a finger, a face. */
  readonly userVerified: boolean
  /** BE: the key may be copied to other devices. Fixed for the life of a passkey. */
  readonly backupEligible: boolean
  /** BS: it has been. */
  readonly backedUp: boolean
  /** AT: the description of a new passkey follows. */
  readonly hasAttestedData: boolean
}

export const maxAuthenticatorDataBytes = 1_024
const fixedBytes = 37
const flag = { userPresent: 0x01, userVerified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40, more: 0x80 }

/**
 * Throws `malformed` unless there are 37 bytes when neither AT nor ED is set, and 38 to `maxBytes`
 * (1,024 in an assertion; a registration names the new credential and may have more) when one is. What stands behind the 37th
 * byte is signed and not read, the counter (bytes 34 to 37) and the two flags without a meaning are not judged. (C9.4)
 */
export function decodeAuthenticatorData(bytes: Uint8Array, maxBytes = maxAuthenticatorDataBytes): AuthenticatorData {
  const flags = bytes[32] ?? 0
  const hasMore = (flags & (flag.attested | flag.more)) !== 0
  if (bytes.length > maxBytes || (hasMore ? bytes.length <= fixedBytes : bytes.length !== fixedBytes))
    throw new CharterError("malformed", "authenticator data")
  const isSet = (bit: number) => (flags & bit) !== 0
  return {
    rpIdHash: Uint8Array.from(bytes.subarray(0, 32)),
    userPresent: isSet(flag.userPresent),
    userVerified: isSet(flag.userVerified),
    backupEligible: isSet(flag.backupEligible),
    backedUp: isSet(flag.backedUp),
    hasAttestedData: isSet(flag.attested),
  }
}
