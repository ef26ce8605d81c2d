// Two kinds of keys: real ones, and toys that cost a hundredth and that nobody in the model can forge either, because a
// toy signature is a hash over a secret which only its owner's `sign` and the verifier know.
import { createHash } from "node:crypto"
import { type Ed25519Signer, signerFromSeed } from "@holdfast/log"
import { concatBytes, equalBytes, hex, utf8 } from "@holdfast/wire"
import {
  type Assertion,
  admissionChallenge,
  encodeCoseKey,
  encodePasskeyProof,
  type PasskeyRecord,
} from "../../src/index.ts"
import { type Verify, verifyClaim } from "../../src/signatures.ts"
import { passkeyOf, testOrigin, testRpId } from "../authenticator.ts"
import { bytesFrom } from "../people.ts"

export interface PasskeyHand {
  readonly record: PasskeyRecord
  sign(challenge: Uint8Array): Promise<Assertion>
  prove(admissionBytes: Uint8Array): Promise<Uint8Array>
}

export interface Keys {
  readonly kind: "toy" | "real"
  signer(label: string): Promise<Ed25519Signer>
  passkey(label: string): Promise<PasskeyHand>
  readonly verify: Verify
}

export const realKeys: Keys = {
  kind: "real",
  signer: (label) => signerFromSeed(bytesFrom(`model/${label}`, 32)),
  passkey: (label) => passkeyOf(label, { algorithm: "ES256" }),
  verify: verifyClaim,
}

/** Keys are kept for good: the same label is the same key in every history. */
export function toyKeys(): Keys {
  const signers = new Map<string, Ed25519Signer>()
  const passkeys = new Map<string, PasskeyHand>()
  const secrets = new Map<string, Uint8Array>()
  const isBy = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => {
    const secret = secrets.get(hex(publicKey))
    return secret !== undefined && equalBytes(toySignature(secret, message), signature)
  }
  const newKey = (label: string) => {
    const publicKey = bytesFrom(`toy/${label}`, 32)
    return { publicKey, secret: bytesFrom(`secret/${label}`, 32) }
  }
  return {
    kind: "toy",
    async signer(label) {
      const known = signers.get(label)
      if (known !== undefined) return known
      const { publicKey, secret } = newKey(label)
      secrets.set(hex(publicKey), secret)
      const made: Ed25519Signer = { publicKey, sign: async (message) => toySignature(secret, message) }
      signers.set(label, made)
      return made
    },
    async passkey(label) {
      const known = passkeys.get(label)
      if (known !== undefined) return known
      const { publicKey, secret } = newKey(`passkey/${label}`)
      const coseKey = encodeCoseKey({ algorithm: "EdDSA", publicKey })
      secrets.set(hex(coseKey), secret)
      const sign = async (challenge: Uint8Array) => ({
        authenticatorData: new Uint8Array(37),
        clientDataJson: Uint8Array.of(0x7b),
        signature: toySignature(secret, challenge),
      })
      const made: PasskeyHand = {
        record: { publicKey: coseKey, rpId: testRpId, origin: testOrigin, backupEligible: false },
        sign,
        prove: async (admission) => encodePasskeyProof(await sign(admissionChallenge(admission))),
      }
      passkeys.set(label, made)
      return made
    },
    async verify(claim) {
      switch (claim.kind) {
        case "signature":
          return isBy(claim.publicKey, claim.message, claim.signature)
        case "assertion":
          return isBy(claim.key.publicKey, claim.challenge, claim.assertion.signature)
        case "hopeless":
          return false
      }
    },
  }
}

function toySignature(secret: Uint8Array, message: Uint8Array): Uint8Array {
  return Uint8Array.from(
    createHash("sha512")
      .update(concatBytes(utf8("toy"), secret, message))
      .digest(),
  )
}
