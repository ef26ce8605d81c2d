import { ml_kem768 } from "@noble/post-quantum/ml-kem.js"
import { fromBase64url, type KemSubtle, platformBytes, platformHas } from "./platform.ts"

/** ML-KEM-768 (FIPS 203). Seeds are 64 bytes, d ‖ z. */
export interface MlKem768 {
  encap(publicKey: Uint8Array): Promise<{ shared: Uint8Array; ciphertext: Uint8Array }>
  hold(seed: Uint8Array): Promise<HeldMlKem768>
}

export interface HeldMlKem768 {
  readonly publicKey: Uint8Array
  decap(ciphertext: Uint8Array): Promise<Uint8Array>
}

const name = "ML-KEM-768"
const q = 3329

/**
 * The encapsulation key check of FIPS 203 section 7.2: 768 numbers of 12 bits, each below q. Written out because noble
 * 0.5.2 lets larger ones pass where the platforms refuse them, and all members must judge a key alike.
 */
export function acceptsMlKem768(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 1184) return false
  for (let i = 0; i < 1152; i += 3) {
    const [a, b, c] = [publicKey[i] as number, publicKey[i + 1] as number, publicKey[i + 2] as number]
    if ((a | ((b & 0x0f) << 8)) >= q || ((b >> 4) | (c << 4)) >= q) return false
  }
  return true
}

export const nobleMlKem768: MlKem768 = {
  async encap(publicKey) {
    const { sharedSecret, cipherText } = ml_kem768.encapsulate(publicKey)
    return { shared: sharedSecret, ciphertext: cipherText }
  },
  async hold(seed) {
    const { publicKey, secretKey } = ml_kem768.keygen(Uint8Array.from(seed))
    return { publicKey, decap: async (ciphertext) => ml_kem768.decapsulate(ciphertext, secretKey) }
  },
}

const subtle = () => crypto.subtle as unknown as KemSubtle

const webMlKem768: MlKem768 = {
  async encap(publicKey) {
    const key = await subtle().importKey("raw-public", platformBytes(publicKey), name, false, ["encapsulateBits"])
    const { sharedKey, ciphertext } = await subtle().encapsulateBits(name, key)
    return { shared: new Uint8Array(sharedKey), ciphertext: new Uint8Array(ciphertext) }
  },
  async hold(seed) {
    // Extractable, because only an export gives the public key of a seed. The seed is in our hands anyway.
    const key = await subtle().importKey("raw-seed", platformBytes(seed), name, true, ["decapsulateBits"])
    const { pub } = await subtle().exportKey("jwk", key)
    if (pub === undefined) throw new Error("ML-KEM-768 key without a public part")
    return {
      publicKey: fromBase64url(pub),
      decap: async (ciphertext) => new Uint8Array(await subtle().decapsulateBits(name, key, platformBytes(ciphertext))),
    }
  },
}

/** The platform's ML-KEM-768, or noble's where the platform has none. */
export async function platformMlKem768(): Promise<MlKem768> {
  const has = await platformHas(name, async () => {
    const held = await webMlKem768.hold(new Uint8Array(64))
    const { shared, ciphertext } = await webMlKem768.encap(held.publicKey)
    const opened = await held.decap(ciphertext)
    if (opened.some((byte, i) => byte !== shared[i])) throw new Error("ML-KEM-768 does not agree with itself")
  })
  return has ? webMlKem768 : nobleMlKem768
}
