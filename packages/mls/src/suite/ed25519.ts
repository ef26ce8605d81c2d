import { ed25519 } from "@noble/curves/ed25519.js"
import { pkcs8, platformBytes, platformHas, randomBytes } from "./platform.ts"

/** Ed25519 with 32-byte private keys (seeds). Verification returns false for anything that is not a valid signature. */
export interface Ed25519 {
  keygen(): Promise<{ publicKey: Uint8Array; privateKey: Uint8Array }>
  sign(privateKey: Uint8Array, message: Uint8Array): Promise<Uint8Array>
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>
}

export const nobleEd25519: Ed25519 = {
  async keygen() {
    const privateKey = randomBytes(32)
    return { privateKey, publicKey: ed25519.getPublicKey(privateKey) }
  },
  async sign(privateKey, message) {
    return ed25519.sign(message, seedOf(privateKey))
  },
  async verify(publicKey, message, signature) {
    if (publicKey.length !== 32 || signature.length !== 64) return false
    try {
      // zip215 off: the platforms check the cofactorless equation, and all members must judge one signature alike.
      return ed25519.verify(signature, message, publicKey, { zip215: false })
    } catch {
      return false
    }
  },
}

// Handles live as long as the key bytes they were made of; nothing is keyed by the content of a secret.
const signerByKey = new WeakMap<Uint8Array, Promise<CryptoKey>>()
const verifierByKey = new WeakMap<Uint8Array, Promise<CryptoKey>>()

function signer(privateKey: Uint8Array): Promise<CryptoKey> {
  let handle = signerByKey.get(privateKey)
  if (handle === undefined) {
    handle = crypto.subtle.importKey("pkcs8", pkcs8(0x70, seedOf(privateKey)), "Ed25519", false, ["sign"])
    signerByKey.set(privateKey, handle)
  }
  return handle
}

function verifier(publicKey: Uint8Array): Promise<CryptoKey> {
  let handle = verifierByKey.get(publicKey)
  if (handle === undefined) {
    handle = crypto.subtle.importKey("raw", platformBytes(publicKey), "Ed25519", false, ["verify"])
    verifierByKey.set(publicKey, handle)
  }
  return handle
}

const webEd25519: Ed25519 = {
  keygen: nobleEd25519.keygen,
  async sign(privateKey, message) {
    return new Uint8Array(await crypto.subtle.sign("Ed25519", await signer(privateKey), platformBytes(message)))
  },
  async verify(publicKey, message, signature) {
    if (publicKey.length !== 32 || signature.length !== 64) return false
    try {
      const key = await verifier(publicKey)
      return await crypto.subtle.verify("Ed25519", key, platformBytes(signature), platformBytes(message))
    } catch {
      return false
    }
  },
}

/** Some MLS implementations (and the working group's vectors) keep PKCS #8; its last 32 bytes are the seed. */
function seedOf(privateKey: Uint8Array): Uint8Array {
  return privateKey.length === 48 ? privateKey.subarray(16) : privateKey
}

/** The platform's Ed25519, or noble's where the platform has none. */
export async function platformEd25519(): Promise<Ed25519> {
  const has = await platformHas("Ed25519", () => signer(new Uint8Array(32)))
  return has ? webEd25519 : nobleEd25519
}
