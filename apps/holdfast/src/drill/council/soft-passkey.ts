import { createHash } from "node:crypto"
import { type Assertion, admissionChallenge, encodeCoseKey, encodePasskeyProof, type Passkey } from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { base64url, concatBytes, utf8 } from "@holdfast/wire"
import { random } from "../attacker.ts"

/** What was different when an assertion was made than it should be. */
export interface Circumstances {
  /** The page that asked. */
  readonly origin?: string
  /** Inside a page of somebody else's. */
  readonly crossOrigin?: boolean
  readonly userVerified?: boolean
}

/** A keeper's passkey and the browser in front of it, in software: it signs whatever a page asks it to, as a deceived person lets it. */
export interface SoftPasskey {
  readonly publicKey: Uint8Array
  readonly passkey: Passkey
  assert(challenge: Uint8Array, circumstances?: Circumstances): Promise<Assertion>
  prove(admissionBytes: Uint8Array): Promise<Uint8Array>
}

const rpId = "holdfast.localhost"
const origin = "http://holdfast.localhost:4400"
const userPresentFlag = 0x01
const userVerifiedFlag = 0x04

export async function createSoftPasskey(): Promise<SoftPasskey> {
  const signer = await signerFromSeed(random(32))
  const made: SoftPasskey = {
    publicKey: encodeCoseKey({ algorithm: "EdDSA", publicKey: signer.publicKey }),
    passkey: { rpId, origin, backupEligible: false },
    async assert(challenge, given = {}) {
      const client = {
        type: "webauthn.get",
        challenge: base64url(challenge),
        origin: given.origin ?? origin,
        crossOrigin: given.crossOrigin ?? false,
      }
      const flags = userPresentFlag | (given.userVerified === false ? 0 : userVerifiedFlag)
      const authenticatorData = concatBytes(sha256(utf8(rpId)), Uint8Array.of(flags, 0, 0, 0, 0))
      const clientDataJson = utf8(JSON.stringify(client))
      const signature = await signer.sign(concatBytes(authenticatorData, sha256(clientDataJson)))
      return { authenticatorData, clientDataJson, signature }
    },
    prove: async (admissionBytes) => encodePasskeyProof(await made.assert(admissionChallenge(admissionBytes))),
  }
  return made
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest())
}
