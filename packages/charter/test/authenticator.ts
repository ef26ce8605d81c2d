// An authenticator and the browser in front of it, in software: every part of an assertion can be as it should be or not.
import { createECDH, createHash, createPrivateKey, type KeyObject, sign } from "node:crypto"
import { signerFromSeed } from "@holdfast/log"
import { base64url, concatBytes, labelledHash, u32be, utf8 } from "@holdfast/wire"
import {
  type Assertion,
  admissionChallenge,
  type CoseKey,
  encodeCoseKey,
  encodePasskeyProof,
  type PasskeyRecord,
} from "../src/index.ts"

export type Algorithm = CoseKey["algorithm"]

export interface PasskeyOptions {
  readonly algorithm?: Algorithm
  readonly rpId?: string
  readonly origin?: string
  readonly backupEligible?: boolean
}

/** What may differ from an assertion that is right for the passkey it comes from. */
export interface Circumstances {
  readonly type?: string
  readonly origin?: string
  readonly rpId?: string
  /** As it comes, so that a test can put anything there; left out if undefined. */
  readonly crossOrigin?: unknown
  readonly topOrigin?: unknown
  /** Members after the others, such as Chromium's. */
  readonly more?: Readonly<Record<string, unknown>>
  /** In the place of everything above but `rpId`. */
  readonly clientDataJson?: string | Uint8Array
  readonly userPresent?: boolean
  readonly userVerified?: boolean
  readonly backupEligible?: boolean
  readonly backedUp?: boolean
  readonly signCount?: number
  /** What follows byte 37, with AT set. */
  readonly attestedData?: Uint8Array
  /** What follows that, with ED set. */
  readonly extensions?: Uint8Array
  /** At the very end, with no flag that says so. */
  readonly surplus?: Uint8Array
  /** Flags to set beside those that follow from the rest. */
  readonly flags?: number
}

export interface TestPasskey {
  readonly record: PasskeyRecord
  readonly credentialId: Uint8Array
  sign(challenge: Uint8Array, circumstances?: Circumstances): Promise<Assertion>
  /** The proof for these `admissionBytes`. */
  prove(admissionBytes: Uint8Array): Promise<Uint8Array>
  /** Signs any bytes as an authenticator would: ES256 in DER. */
  signBytes(bytes: Uint8Array): Uint8Array
}

export const testRpId = "holdfast-test.localhost"
export const testOrigin = "http://holdfast-test.localhost:4400"

/** Chromium really adds this, now and then. */
export const chromiumQuirk: Readonly<Record<string, unknown>> = {
  other_keys_can_be_added_here: "do not compare clientDataJSON against a template. See https://goo.gl/yabPex",
}

/** Everything of the key follows from the name. ES256 signatures differ from run to run, Ed25519 ones do not. */
export async function passkeyOf(name: string, options: PasskeyOptions = {}): Promise<TestPasskey> {
  const { algorithm = "EdDSA", rpId = testRpId, origin = testOrigin, backupEligible = false } = options
  const seed = labelledHash("holdfast/test/v1", utf8(`passkey ${algorithm} ${name}`))
  const { privateKey, publicKey } = algorithm === "EdDSA" ? await ed25519Pair(seed) : p256Pair(seed)
  const record: PasskeyRecord = { publicKey, rpId, origin, backupEligible }
  // Node gives ES256 in DER, as authenticators do
  const signBytes = (bytes: Uint8Array) =>
    Uint8Array.from(sign(algorithm === "EdDSA" ? null : "sha256", bytes, privateKey))
  const passkey: TestPasskey = {
    record,
    credentialId: labelledHash("holdfast/test/v1", utf8(`credential ${algorithm} ${name}`)),
    signBytes,
    async sign(challenge, circumstances = {}) {
      const authenticatorData = authenticatorDataOf(record, circumstances)
      const clientDataJson = clientDataOf(record, challenge, circumstances)
      const signature = signBytes(concatBytes(authenticatorData, sha256(clientDataJson)))
      return { authenticatorData, clientDataJson, signature }
    },
    prove: async (admissionBytes) => encodePasskeyProof(await passkey.sign(admissionChallenge(admissionBytes))),
  }
  return passkey
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash("sha256").update(bytes).digest())
}

function clientDataOf(record: PasskeyRecord, challenge: Uint8Array, given: Circumstances): Uint8Array {
  const whole = given.clientDataJson
  if (whole !== undefined) return typeof whole === "string" ? utf8(whole) : whole
  return utf8(
    JSON.stringify({
      type: given.type ?? "webauthn.get",
      challenge: base64url(challenge),
      origin: given.origin ?? record.origin,
      crossOrigin: "crossOrigin" in given ? given.crossOrigin : false,
      topOrigin: given.topOrigin,
      ...(given.more ?? chromiumQuirk),
    }),
  )
}

function authenticatorDataOf(record: PasskeyRecord, given: Circumstances): Uint8Array {
  const { attestedData, extensions } = given
  const flags =
    (given.flags ?? 0) |
    (given.userPresent === false ? 0 : 0x01) |
    (given.userVerified === false ? 0 : 0x04) |
    ((given.backupEligible ?? record.backupEligible) ? 0x08 : 0) |
    (given.backedUp === true ? 0x10 : 0) |
    (attestedData === undefined ? 0 : 0x40) |
    (extensions === undefined ? 0 : 0x80)
  return concatBytes(
    sha256(utf8(given.rpId ?? record.rpId)),
    Uint8Array.of(flags),
    u32be(given.signCount ?? 0),
    attestedData ?? new Uint8Array(),
    extensions ?? new Uint8Array(),
    given.surplus ?? new Uint8Array(),
  )
}

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: Uint8Array
}

async function ed25519Pair(seed: Uint8Array): Promise<Pair> {
  const { publicKey } = await signerFromSeed(seed)
  const d = base64url(seed)
  const x = base64url(publicKey)
  return {
    privateKey: createPrivateKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", d, x } }),
    publicKey: encodeCoseKey({ algorithm: "EdDSA", publicKey }),
  }
}

function p256Pair(seed: Uint8Array): Pair {
  const curve = createECDH("prime256v1")
  curve.setPrivateKey(seed)
  const point = Uint8Array.from(curve.getPublicKey())
  const [x, y] = [point.slice(1, 33), point.slice(33)]
  const jwk = { kty: "EC", crv: "P-256", d: base64url(seed), x: base64url(x), y: base64url(y) }
  return {
    privateKey: createPrivateKey({ format: "jwk", key: jwk }),
    publicKey: encodeCoseKey({ algorithm: "ES256", x, y }),
  }
}
