import { verifyEd25519 } from "@holdfast/log"
import { fromBase64url, pkcs8, platformBytes, randomBytes } from "./platform.ts"

/** Ed25519 with 32-byte private keys (seeds). Verification returns false for anything that is not a valid signature. */
export interface Ed25519 {
  keygen(): Promise<{ publicKey: Uint8Array; privateKey: Uint8Array }>
  sign(privateKey: Uint8Array, message: Uint8Array): Promise<Uint8Array>
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>
}

// Handles live as long as the key bytes they were made of; nothing is keyed by the content of a secret.
const signerByKey = new WeakMap<Uint8Array, Promise<CryptoKey>>()

function signer(privateKey: Uint8Array): Promise<CryptoKey> {
  let handle = signerByKey.get(privateKey)
  if (handle === undefined) {
    handle = crypto.subtle.importKey("pkcs8", pkcs8(0x70, seedOf(privateKey)), "Ed25519", false, ["sign"])
    signerByKey.set(privateKey, handle)
  }
  return handle
}

/** Some MLS implementations (and the working group's vectors) keep PKCS #8; its last 32 bytes are the seed. */
function seedOf(privateKey: Uint8Array): Uint8Array {
  return privateKey.length === 48 ? privateKey.subarray(16) : privateKey
}

/**
 * The platform's. There is no second implementation: whether a signature holds is judged by every member alike, with the
 * one rule that the logs have (M2.7).
 */
export const ed25519: Ed25519 = {
  async keygen() {
    const privateKey = randomBytes(32)
    // Extractable, because only an export gives the public key of a seed. The seed is in our hands anyway.
    const key = await crypto.subtle.importKey("pkcs8", pkcs8(0x70, privateKey), "Ed25519", true, ["sign"])
    const { x } = await crypto.subtle.exportKey("jwk", key)
    if (x === undefined) throw new Error("Ed25519 key without a public part")
    return { privateKey, publicKey: fromBase64url(x) }
  },
  async sign(privateKey, message) {
    return new Uint8Array(await crypto.subtle.sign("Ed25519", await signer(privateKey), platformBytes(message)))
  },
  verify: verifyEd25519,
}
