import { verifyEd25519 } from "@holdfast/log"
import { base64url, concatBytes, equalBytes, utf8 } from "@holdfast/wire"
import { sha256 } from "@noble/hashes/sha2.js"
import { type AuthenticatorData, decodeAuthenticatorData } from "./authenticator-data.ts"
import { type ClientData, decodeClientData } from "./client-data.ts"
import { type CoseKey, decodeCoseKey } from "./cose-key.ts"
import { CharterError } from "./error.ts"
import { verifyP256 } from "./p256.ts"

/** What a browser gives for one signature of a passkey (WebAuthn Level 3, section 7.2). (C9.2) */
export interface Assertion {
  readonly authenticatorData: Uint8Array
  readonly clientDataJson: Uint8Array
  readonly signature: Uint8Array
}

/** A passkey as the rules record it. (C3.2) */
export interface PasskeyRecord {
  /** COSE_Key bytes. */
  readonly publicKey: Uint8Array
  readonly rpId: string
  readonly origin: string
  readonly backupEligible: boolean
}

/** The first check that an assertion fails; in this order, and closed. (C9.2) */
export const assertionFaults = [
  "public_key_form",
  "challenge_length",
  "client_data_form",
  "wrong_type",
  "wrong_challenge",
  "wrong_origin",
  "cross_origin",
  "top_origin",
  "authenticator_data_form",
  "wrong_rp_id",
  "user_not_present",
  "user_not_verified",
  "backed_up_not_eligible",
  "wrong_backup_eligibility",
  "attested_data",
  "bad_signature",
] as const
export type AssertionFault = (typeof assertionFaults)[number]

/**
 * Whether this passkey signed this challenge (32 bytes: a statement id, or an `admissionChallenge`) on this origin, with its
 * owner verified. Needs no clock, no network and no history, and comes to the same answer on every platform. `false` for bytes
 * of any other form; never throws. It does not say that the owner knew what the challenge stood for. (C9.2)
 */
export async function verifyAssertion(
  assertion: Assertion,
  passkey: PasskeyRecord,
  challenge: Uint8Array,
): Promise<boolean> {
  return (await judgeAssertion(assertion, passkey, challenge)) === undefined
}

/** As `verifyAssertion`, with the check that failed; `undefined` when none did. (C9.2) */
export async function judgeAssertion(
  assertion: Assertion,
  passkey: PasskeyRecord,
  challenge: Uint8Array,
): Promise<AssertionFault | undefined> {
  const key = formOf(decodeCoseKey, passkey.publicKey)
  if (key === undefined) return "public_key_form" // C9.1
  if (challenge.length !== 32) return "challenge_length"

  const client = formOf(decodeClientData, assertion.clientDataJson)
  if (client === undefined) return "client_data_form" // C9.3
  const clientFault = clientDataFault(client, passkey.origin, challenge)
  if (clientFault !== undefined) return clientFault

  const authenticator = formOf(decodeAuthenticatorData, assertion.authenticatorData)
  if (authenticator === undefined) return "authenticator_data_form" // C9.4
  const authenticatorFault = authenticatorDataFault(authenticator, passkey)
  if (authenticatorFault !== undefined) return authenticatorFault

  // The hash is always the last 32 bytes, so no other two parts give the same message.
  const message = concatBytes(assertion.authenticatorData, sha256(assertion.clientDataJson))
  return (await isSignedBy(key, message, assertion.signature)) ? undefined : "bad_signature" // C9.9
}

function clientDataFault(client: ClientData, origin: string, challenge: Uint8Array): AssertionFault | undefined {
  if (client.type !== "webauthn.get") return "wrong_type" // C9.5
  if (client.challenge !== base64url(challenge)) return "wrong_challenge" // C9.5
  if (client.origin !== origin) return "wrong_origin" // C9.6
  if (client.crossOrigin !== undefined && client.crossOrigin !== false) return "cross_origin" // C9.6
  if (client.topOrigin !== undefined) return "top_origin" // C9.6
  return undefined
}

function authenticatorDataFault(
  authenticator: AuthenticatorData,
  { rpId, backupEligible }: PasskeyRecord,
): AssertionFault | undefined {
  if (!equalBytes(authenticator.rpIdHash, sha256(utf8(rpId)))) return "wrong_rp_id" // C9.6
  if (!authenticator.userPresent) return "user_not_present" // C9.7
  if (!authenticator.userVerified) return "user_not_verified" // C9.7
  if (authenticator.backedUp && !authenticator.backupEligible) return "backed_up_not_eligible" // C9.8
  if (authenticator.backupEligible !== backupEligible) return "wrong_backup_eligibility" // C9.8
  if (authenticator.hasAttestedData) return "attested_data" // C9.4
  return undefined
}

function isSignedBy(key: CoseKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return key.algorithm === "EdDSA"
    ? verifyEd25519(key.publicKey, message, signature)
    : verifyP256(key.x, key.y, message, signature)
}

/** `undefined`: the bytes are not in the one form. */
function formOf<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | undefined {
  try {
    return decode(bytes)
  } catch (error) {
    if (error instanceof CharterError) return undefined
    throw error
  }
}
