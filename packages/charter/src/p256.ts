import { concatBytes, hex } from "@holdfast/wire"

// FIPS 186-5 / SP 800-186, curve P-256
const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/**
 * Whether these are the coordinates of a point of P-256, each below p, big-endian. The group has a prime order, so every such
 * point is a key. (C9.1)
 */
export function isP256Point(x: Uint8Array, y: Uint8Array): boolean {
  if (x.length !== 32 || y.length !== 32) return false
  const [u, v] = [numberOf(x), numberOf(y)]
  return u < p && v < p && (v * v - (u * u * u - 3n * u + b)) % p === 0n
}

/**
 * The `r ‖ s` (64 bytes) of an ECDSA signature in DER, each from 1 to n-1; `undefined` for every other form: longer lengths than
 * needed, leading zeros, negative numbers, anything left over. Both `s` and `n - s` are taken: authenticators make both, and
 * no id is ever made from a signature. (C9.9)
 */
export function ecdsaFromDer(der: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  // SEQUENCE of two INTEGERs of at most 33 bytes: all lengths fit in one byte
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined
  const r = integerAt(der, 2)
  if (r === undefined) return undefined
  const s = integerAt(der, r.end)
  return s === undefined || s.end !== der.length ? undefined : concatBytes(r.scalar, s.scalar)
}

interface Integer {
  readonly scalar: Uint8Array
  readonly end: number
}

function integerAt(der: Uint8Array, at: number): Integer | undefined {
  const length = der[at + 1] ?? 0
  const end = at + 2 + length
  if (der[at] !== 2 || length > 33 || end > der.length) return undefined
  const bytes = der.subarray(at + 2, end)
  const [first = 0, second = 0] = bytes
  if (first >= 0x80) return undefined // negative
  if (length > 1 && first === 0 && second < 0x80) return undefined // a zero too many
  const digits = first === 0 ? bytes.subarray(1) : bytes
  const value = numberOf(digits)
  if (value === 0n || value >= order) return undefined
  const scalar = new Uint8Array(32)
  scalar.set(digits, 32 - digits.length)
  return { scalar, end }
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x0${hex(bytes)}`)
}

/**
 * Whether `signature` (DER) is the P-256 key's over `message`, hashed with SHA-256. `false` for every form but one, and for what
 * is no point. The platform's WebCrypto decides. Imported keys are kept (the last 1,024). (C9.9)
 */
export async function verifyP256(
  x: Uint8Array,
  y: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const raw = ecdsaFromDer(signature)
  if (raw === undefined) return false
  const key = await importedKey(x, y)
  if (key === undefined) return false
  return subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, new Uint8Array(message))
}

const subtle = globalThis.crypto.subtle

const maxImportedKeys = 1_024
const importedKeys = new Map<string, Promise<CryptoKey>>()

/** `undefined`: a key that verifies nothing. */
async function importedKey(x: Uint8Array, y: Uint8Array): Promise<CryptoKey | undefined> {
  const id = hex(x) + hex(y)
  const known = importedKeys.get(id)
  if (known !== undefined) {
    // to the end: the first of a map is then the least recently used
    importedKeys.delete(id)
    importedKeys.set(id, known)
    return known
  }
  if (!isP256Point(x, y)) return undefined
  const point = concatBytes(Uint8Array.of(4), x, y)
  const imported = subtle.importKey("raw", point, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"])
  importedKeys.set(id, imported)
  if (importedKeys.size > maxImportedKeys) importedKeys.delete(importedKeys.keys().next().value as string)
  return imported
}
