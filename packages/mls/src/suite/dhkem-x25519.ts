import { concatBytes, utf8 } from "@holdfast/wire"
import { MlsError } from "../error.ts"
import { hkdfSha256 } from "./hkdf.ts"
import { type Kem, KemPrivateKey } from "./kem.ts"
import { randomBytes } from "./platform.ts"
import { acceptsX25519, type HeldX25519, type X25519 } from "./x25519.ts"

const suiteId = concatBytes(utf8("KEM"), Uint8Array.of(0x00, 0x20))
const version = utf8("HPKE-v1")
const none = new Uint8Array()

function labeledExtract(label: string, ikm: Uint8Array): Uint8Array {
  return hkdfSha256.extract(none, concatBytes(version, suiteId, utf8(label), ikm))
}

function labeledExpand(prk: Uint8Array, label: string, info: Uint8Array): Uint8Array {
  return hkdfSha256.expand(prk, concatBytes(Uint8Array.of(0, 32), version, suiteId, utf8(label), info), 32)
}

function combine(dh: Uint8Array, enc: Uint8Array, recipient: Uint8Array): Uint8Array {
  return labeledExpand(labeledExtract("eae_prk", dh), "shared_secret", concatBytes(enc, recipient))
}

/** DHKEM(X25519, HKDF-SHA256) of RFC 9180 section 4.1. */
export function makeDhKemX25519(x25519: X25519): Kem {
  const heldByKey = new WeakMap<Uint8Array, Promise<HeldX25519>>()
  const hold = (privateKey: KemPrivateKey): Promise<HeldX25519> => {
    const bytes = privateKey.unsafeBytes()
    let held = heldByKey.get(bytes)
    if (held === undefined) {
      if (bytes.length !== 32) throw new MlsError("malformed", "X25519 private key")
      held = x25519.hold(bytes)
      heldByKey.set(bytes, held)
    }
    return held
  }
  return {
    id: 0x0020,
    publicKeyBytes: 32,
    encBytes: 32,
    generate: async () => new KemPrivateKey(randomBytes(32)),
    derive: async (ikm) => new KemPrivateKey(labeledExpand(labeledExtract("dkp_prk", ikm), "sk", none)),
    privateKey: (bytes) => new KemPrivateKey(bytes),
    publicKeyOf: async (privateKey) => (await hold(privateKey)).publicKey,
    accepts: acceptsX25519,
    async encap(publicKey) {
      if (!acceptsX25519(publicKey)) throw new MlsError("malformed", "X25519 public key")
      const { publicKey: enc, shared } = await x25519.ephemeral(publicKey)
      return { sharedSecret: combine(shared, enc, publicKey), enc }
    },
    async decap(privateKey, enc) {
      if (enc.length !== 32) throw new MlsError("decrypt_failed", "X25519 encapsulation")
      const held = await hold(privateKey)
      return combine(await held.agree(enc), enc, held.publicKey)
    },
  }
}
