// A passkey in software, as far as the client has to do with one.
import { encodeCoseKey } from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { base64url, concatBytes, utf8 } from "@holdfast/wire"
import { sha256 } from "@noble/hashes/sha2.js"
import type { PasskeyAssertion, PasskeyKey } from "../src/index.ts"

export const origin = "http://holdfast-test.localhost:7707"
const rpId = "holdfast-test.localhost"
const userPresent = 1
const userVerified = 4

export interface SoftPasskey {
  readonly key: PasskeyKey
  sign(challenge: Uint8Array, but?: { userVerified?: boolean; origin?: string }): Promise<PasskeyAssertion>
}

export async function softPasskey(seed: number): Promise<SoftPasskey> {
  const signer = await signerFromSeed(new Uint8Array(32).fill(seed))
  const publicKey = encodeCoseKey({ algorithm: "EdDSA", publicKey: signer.publicKey })
  return {
    key: { publicKey, rpId, origin, backupEligible: false, credentialId: new Uint8Array(16).fill(seed) },
    async sign(challenge, but = {}) {
      const flags = userPresent | (but.userVerified === false ? 0 : userVerified)
      const authenticatorData = concatBytes(sha256(utf8(rpId)), Uint8Array.of(flags, 0, 0, 0, 1))
      const clientDataJson = utf8(
        JSON.stringify({
          type: "webauthn.get",
          challenge: base64url(challenge),
          origin: but.origin ?? origin,
          crossOrigin: false,
        }),
      )
      const signature = await signer.sign(concatBytes(authenticatorData, sha256(clientDataJson)))
      return { authenticatorData, clientDataJson, signature }
    },
  }
}
