import { concatBytes, utf8 } from "@holdfast/wire"
import { MlsError } from "../error.ts"
import { aeadOpen, aeadSeal } from "./aead.ts"
import type { Hkdf } from "./hkdf.ts"
import type { Kem, KemPrivateKey } from "./kem.ts"

/** HPKE in base mode (RFC 9180), single-shot: what MLS and sealing to a device need. */
export interface Hpke {
  readonly kem: Kem
  readonly keyBytes: number
  seal(
    publicKey: Uint8Array,
    info: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
  ): Promise<{ enc: Uint8Array; ciphertext: Uint8Array }>
  /** The slow half of sealing, before it is known what is sealed and under which `info`. Seals once. */
  prepare(publicKey: Uint8Array): Promise<Prepared>
  /** Throws `decrypt_failed`, whatever went wrong. */
  open(
    privateKey: KemPrivateKey,
    enc: Uint8Array,
    info: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ): Promise<Uint8Array>
  sendExport(
    publicKey: Uint8Array,
    info: Uint8Array,
    exporterContext: Uint8Array,
    length: number,
  ): Promise<{ enc: Uint8Array; secret: Uint8Array }>
  /** Throws `decrypt_failed`. */
  receiveExport(
    privateKey: KemPrivateKey,
    enc: Uint8Array,
    info: Uint8Array,
    exporterContext: Uint8Array,
    length: number,
  ): Promise<Uint8Array>
}

export interface Prepared {
  readonly enc: Uint8Array
  seal(info: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>
}

const version = utf8("HPKE-v1")
const none = new Uint8Array()
const u16 = (n: number) => Uint8Array.of(n >> 8, n & 0xff)
const nonceBytes = 12

/** AES-GCM with `keyBytes` 16 or 32; HKDF-SHA256 or HKDF-SHA512. */
export function makeHpke(kem: Kem, hkdf: Hkdf, keyBytes: 16 | 32): Hpke {
  const suiteId = concatBytes(utf8("HPKE"), u16(kem.id), u16(hkdf.size === 32 ? 1 : 3), u16(keyBytes === 16 ? 1 : 2))
  const extract = (salt: Uint8Array, label: string, ikm: Uint8Array) =>
    hkdf.extract(salt, concatBytes(version, suiteId, utf8(label), ikm))
  const expand = (prk: Uint8Array, label: string, info: Uint8Array, length: number) =>
    hkdf.expand(prk, concatBytes(u16(length), version, suiteId, utf8(label), info), length)
  const pskIdHash = extract(none, "psk_id_hash", none)

  // RFC 9180 section 5.1, mode_base.
  const schedule = (sharedSecret: Uint8Array, info: Uint8Array) => {
    const context = concatBytes(Uint8Array.of(0), pskIdHash, extract(none, "info_hash", info))
    return { secret: extract(sharedSecret, "secret", none), context }
  }
  const messageKey = (sharedSecret: Uint8Array, info: Uint8Array) => {
    const { secret, context } = schedule(sharedSecret, info)
    return { key: expand(secret, "key", context, keyBytes), nonce: expand(secret, "base_nonce", context, nonceBytes) }
  }
  const exported = (sharedSecret: Uint8Array, info: Uint8Array, exporterContext: Uint8Array, length: number) => {
    const { secret, context } = schedule(sharedSecret, info)
    return expand(expand(secret, "exp", context, hkdf.size), "sec", exporterContext, length)
  }
  const decap = async (privateKey: KemPrivateKey, enc: Uint8Array) => {
    try {
      return await kem.decap(privateKey, enc)
    } catch (cause) {
      throw new MlsError("decrypt_failed", "hpke", { cause })
    }
  }
  const prepare = async (publicKey: Uint8Array): Promise<Prepared> => {
    const { sharedSecret, enc } = await kem.encap(publicKey)
    let used = false
    return {
      enc,
      async seal(info, aad, plaintext) {
        // The first message key of a context is the only one we make; a second seal would use its nonce again.
        if (used) throw new RangeError("already sealed")
        used = true
        const { key, nonce } = messageKey(sharedSecret, info)
        return aeadSeal(key, nonce, aad, plaintext)
      },
    }
  }
  return {
    kem,
    keyBytes,
    async seal(publicKey, info, aad, plaintext) {
      const prepared = await prepare(publicKey)
      return { enc: prepared.enc, ciphertext: await prepared.seal(info, aad, plaintext) }
    },
    prepare,
    async open(privateKey, enc, info, aad, ciphertext) {
      const { key, nonce } = messageKey(await decap(privateKey, enc), info)
      return aeadOpen(key, nonce, aad, ciphertext)
    },
    async sendExport(publicKey, info, exporterContext, length) {
      const { sharedSecret, enc } = await kem.encap(publicKey)
      return { enc, secret: exported(sharedSecret, info, exporterContext, length) }
    },
    async receiveExport(privateKey, enc, info, exporterContext, length) {
      return exported(await decap(privateKey, enc), info, exporterContext, length)
    },
  }
}
