import { concatBytes } from "@holdfast/wire"
import { sha3_256, shake256 } from "@noble/hashes/sha3.js"
import { MlsError } from "../error.ts"
import { type Kem, KemPrivateKey } from "./kem.ts"
import { acceptsMlKem768, type HeldMlKem768, type MlKem768 } from "./ml-kem.ts"
import { randomBytes } from "./platform.ts"
import { acceptsX25519, type HeldX25519, type X25519 } from "./x25519.ts"

/** "\./" over "/^\": the label of the combiner (draft-connolly-cfrg-xwing-kem). */
const label = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c)
const mlKemPublicBytes = 1184
const mlKemCiphertextBytes = 1088

interface Held {
  readonly mlKem: HeldMlKem768
  readonly x25519: HeldX25519
}

/**
 * X-Wing: ML-KEM-768 and X25519 joined by SHA3-256. Private key: 32-byte seed. Public key: ML-KEM's 1184 bytes ‖ X25519's 32.
 * Byte for byte what draft 09 and @hpke/hybridkem-x-wing do (M2.3).
 */
export function makeXWing(mlKem: MlKem768, x25519: X25519): Kem {
  const heldBySeed = new WeakMap<Uint8Array, Promise<Held>>()
  const hold = (privateKey: KemPrivateKey): Promise<Held> => {
    const seed = privateKey.unsafeBytes()
    let held = heldBySeed.get(seed)
    if (held === undefined) {
      if (seed.length !== 32) throw new MlsError("malformed", "X-Wing private key")
      const expanded = shake256(seed, { dkLen: 96 })
      held = Promise.all([mlKem.hold(expanded.subarray(0, 64)), x25519.hold(expanded.subarray(64))]).then(
        ([m, x]): Held => ({ mlKem: m, x25519: x }),
      )
      heldBySeed.set(seed, held)
    }
    return held
  }
  const kem: Kem = {
    id: 0x647a,
    publicKeyBytes: mlKemPublicBytes + 32,
    encBytes: mlKemCiphertextBytes + 32,
    generate: async () => new KemPrivateKey(randomBytes(32)),
    derive: async (ikm) => new KemPrivateKey(shake256(ikm, { dkLen: 32 })),
    privateKey: (bytes) => new KemPrivateKey(bytes),
    async publicKeyOf(privateKey) {
      const held = await hold(privateKey)
      return concatBytes(held.mlKem.publicKey, held.x25519.publicKey)
    },
    accepts: (publicKey) =>
      publicKey.length === mlKemPublicBytes + 32 &&
      acceptsMlKem768(publicKey.subarray(0, mlKemPublicBytes)) &&
      acceptsX25519(publicKey.subarray(mlKemPublicBytes)),
    async encap(publicKey) {
      if (!kem.accepts(publicKey)) throw new MlsError("malformed", "X-Wing public key")
      const peer = publicKey.subarray(mlKemPublicBytes)
      const [m, x] = await Promise.all([mlKem.encap(publicKey.subarray(0, mlKemPublicBytes)), x25519.ephemeral(peer)])
      return {
        sharedSecret: sha3_256(concatBytes(m.shared, x.shared, x.publicKey, peer, label)),
        enc: concatBytes(m.ciphertext, x.publicKey),
      }
    },
    async decap(privateKey, enc) {
      if (enc.length !== mlKemCiphertextBytes + 32) throw new MlsError("decrypt_failed", "X-Wing encapsulation")
      const held = await hold(privateKey)
      const ephemeral = enc.subarray(mlKemCiphertextBytes)
      const [m, x] = await Promise.all([
        held.mlKem.decap(enc.subarray(0, mlKemCiphertextBytes)),
        held.x25519.agree(ephemeral),
      ])
      return sha3_256(concatBytes(m, x, ephemeral, held.x25519.publicKey, label))
    },
  }
  return kem
}
