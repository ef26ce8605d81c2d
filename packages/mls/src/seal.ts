import { concatBytes, utf8 } from "@holdfast/wire"
import { vector } from "./codec.ts"
import { suiteOf } from "./suite/suite.ts"

const domain = utf8("holdfast/seal/v1")
const none = new Uint8Array()

/** A key pair others seal to: public 1216 bytes, private 32 (X-Wing). Not the key of any group or signature. */
export interface SealKeys {
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

export async function generateSealKeys(): Promise<SealKeys> {
  const { kem } = (await suiteOf()).hpke
  const key = await kem.generate()
  return { publicKey: await kem.publicKeyOf(key), privateKey: key.unsafeBytes() }
}

/** 1136: what sealing adds to a plaintext. */
export const sealOverheadBytes = 1120 + 16

const infoOf = (info: Uint8Array) => concatBytes(vector(domain), vector(info))

/**
 * HPKE base mode: anyone can seal, nobody but the device can open, and nothing says who sealed (M10.1). The bytes are
 * the encapsulation ‖ the ciphertext; they name no key. `info` separates uses and must be equal on both sides. Throws `malformed` for a public key of the wrong length.
 */
export async function sealToDevice(
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  info: Uint8Array,
): Promise<Uint8Array> {
  const { enc, ciphertext } = await (await suiteOf()).hpke.seal(publicKey, infoOf(info), none, plaintext)
  return concatBytes(enc, ciphertext)
}

/** `null`: not sealed to this key, or under another `info`, or changed on the way; there is no telling which. */
export async function openSealed(
  privateKey: Uint8Array,
  bytes: Uint8Array,
  info: Uint8Array,
): Promise<Uint8Array | null> {
  const { hpke } = await suiteOf()
  if (bytes.length < sealOverheadBytes) return null
  const enc = bytes.subarray(0, hpke.kem.encBytes)
  try {
    const key = hpke.kem.privateKey(privateKey)
    return await hpke.open(key, enc, infoOf(info), none, bytes.subarray(hpke.kem.encBytes))
  } catch {
    return null
  }
}
