import { checkEd25519PublicKey } from "@holdfast/log"
import { concatBytes, equalBytes } from "@holdfast/wire"
import { CharterError } from "./error.ts"
import { isP256Point } from "./p256.ts"

/** A passkey's public key: Ed25519 (COSE algorithm -8) as 32 bytes, or P-256 (-7) as its two coordinates. (C9.1) */
export type CoseKey =
  | { readonly algorithm: "EdDSA"; readonly publicKey: Uint8Array }
  | { readonly algorithm: "ES256"; readonly x: Uint8Array; readonly y: Uint8Array }

// With one order of members and one form of every number, each kind of key is these bytes around its coordinates.
/** `{1: 1 (OKP), 3: -8, -1: 6 (Ed25519), -2: x}` */
const ed25519Head = Uint8Array.of(0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20)
/** `{1: 2 (EC2), 3: -7, -1: 1 (P-256), -2: x, -3: y}` */
const p256Head = Uint8Array.of(0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20)
const p256Middle = Uint8Array.of(0x22, 0x58, 0x20)

/**
 * A COSE_Key (RFC 9052) in the one encoding that CTAP2 prescribes: an Ed25519 key that platforms agree about, or a point of
 * P-256. Throws `malformed` for everything else, other algorithms and further members included. (C9.1)
 */
export function decodeCoseKey(bytes: Uint8Array): CoseKey {
  return startsWith(bytes, ed25519Head) ? decodeEd25519(bytes) : decodeP256(bytes)
}

/** Throws `malformed` for a key that `decodeCoseKey` would refuse. (C9.1) */
export function encodeCoseKey(key: CoseKey): Uint8Array<ArrayBuffer> {
  const bytes =
    key.algorithm === "EdDSA"
      ? concatBytes(ed25519Head, key.publicKey)
      : concatBytes(p256Head, key.x, p256Middle, key.y)
  decodeCoseKey(bytes)
  return bytes
}

/** `SubjectPublicKeyInfo` of id-Ed25519 (RFC 8410), up to the key. */
const ed25519Spki = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00)
/** Of id-ecPublicKey on secp256r1 (RFC 5480) with an uncompressed point, up to its coordinates. */
const p256Spki = Uint8Array.of(
  ...[0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  ...[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04],
)

/**
 * What browsers give for a new passkey (`getPublicKey()`, DER) as COSE_Key bytes. Throws `malformed` for other kinds of keys,
 * other encodings and keys that `decodeCoseKey` would refuse. (C9.1)
 */
export function coseKeyFromSpki(spki: Uint8Array): Uint8Array<ArrayBuffer> {
  if (startsWith(spki, ed25519Spki))
    return encodeCoseKey({ algorithm: "EdDSA", publicKey: spki.slice(ed25519Spki.length) })
  const point = spki.slice(p256Spki.length)
  if (!startsWith(spki, p256Spki)) throw new CharterError("malformed", "public key form")
  return encodeCoseKey({ algorithm: "ES256", x: point.slice(0, 32), y: point.slice(32) })
}

function decodeEd25519(bytes: Uint8Array): CoseKey {
  const publicKey = Uint8Array.from(bytes.subarray(ed25519Head.length))
  try {
    checkEd25519PublicKey(publicKey)
  } catch (cause) {
    throw new CharterError("malformed", "COSE key", { cause })
  }
  return { algorithm: "EdDSA", publicKey }
}

function decodeP256(bytes: Uint8Array): CoseKey {
  const xAt = p256Head.length
  const yAt = xAt + 32 + p256Middle.length
  const isForm = startsWith(bytes, p256Head) && startsWith(bytes.subarray(xAt + 32), p256Middle)
  const x = Uint8Array.from(bytes.subarray(xAt, xAt + 32))
  const y = Uint8Array.from(bytes.subarray(yAt))
  // a y of another length is no coordinate
  if (!isForm || !isP256Point(x, y)) throw new CharterError("malformed", "COSE key")
  return { algorithm: "ES256", x, y }
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, head.length), head)
}
