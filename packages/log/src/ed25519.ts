import { equalBytes } from "@holdfast/wire"
import { LogError } from "./error.ts"

export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
export const SEED_BYTES = 32

/** Whatever can sign: a WebCrypto key, an agent, a device that holds the key. */
export interface Ed25519Signer {
  readonly publicKey: Uint8Array
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>
}

/** What `verifyEd25519` is. */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean>

/**
 * Throws `malformed` unless the key is 32 bytes, and `weak_key` if it is one of the eight points of low order or if its
 * y is not below p. Platforms and libraries differ about signatures by such keys, and replicas must not. Call it
 * wherever a key enters a record; `verifyEd25519` calls it too. It does not look for mixed-order keys. (L5.1)
 */
export function checkEd25519PublicKey(publicKey: Uint8Array): void {
  if (publicKey.length !== PUBLIC_KEY_BYTES) throw new LogError("malformed", "public key length")
  if (isWeakPoint(publicKey)) throw new LogError("weak_key")
}

/**
 * Whether the signature verifies, the same on every platform. The platform's WebCrypto decides, after what platforms
 * differ about is refused: a key that `checkEd25519PublicKey` refuses, and a signature whose R is such a point (Node 24
 * refuses low-order R by itself; Node 20 and Chromium 156 accept it). Never decided by a JavaScript library: those
 * differ more. `false` also for other lengths, so bad bytes in a log are a failed check and never a halt.
 * Imported keys are kept (the last 4,096). (L5.2)
 */
export async function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES || isWeakPoint(signature.subarray(0, 32))) return false
  const key = await importedKey(publicKey)
  if (key === undefined) return false
  // Copies: WebCrypto reads after we return, and refuses views of shared memory.
  return subtle.verify("Ed25519", key, new Uint8Array(signature), new Uint8Array(message))
}

/** A signer for a 32-byte seed (RFC 8032 private key). The platform's key object cannot be exported again. (L5.3) */
export async function signerFromSeed(seed: Uint8Array): Promise<Ed25519Signer> {
  if (seed.length !== SEED_BYTES) throw new LogError("malformed", "seed length")
  const pkcs8 = new Uint8Array(PKCS8_PREFIX.length + SEED_BYTES)
  pkcs8.set(PKCS8_PREFIX)
  pkcs8.set(seed, PKCS8_PREFIX.length)
  // WebCrypto derives the public key only in an exported JWK.
  const open = await subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"])
  const jwk = await subtle.exportKey("jwk", open)
  const privateKey = await subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"])
  pkcs8.fill(0)
  const publicKey = await subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x: jwk.x! }, "Ed25519", true, [
    "verify",
  ])
  return signerFromKeyPair({ privateKey, publicKey })
}

/** A signer for a WebCrypto key pair; the private key may be non-extractable, the public key must not be. (L5.3) */
export async function signerFromKeyPair(pair: {
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
}): Promise<Ed25519Signer> {
  const publicKey = new Uint8Array(await subtle.exportKey("raw", pair.publicKey))
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await subtle.sign("Ed25519", pair.privateKey, new Uint8Array(message))),
  }
}

/** A new key pair for `signerFromKeyPair`; keep the pair where its owner keeps secrets. (L5.3) */
export async function generateEd25519KeyPair(extractable: boolean): Promise<CryptoKeyPair> {
  return (await subtle.generateKey("Ed25519", extractable, ["sign", "verify"])) as CryptoKeyPair
}

const subtle = globalThis.crypto.subtle

const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20)

/** The y coordinates of the eight points of low order, little-endian. */
const LOW_ORDER_Y: readonly Uint8Array[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map((hex) => Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16)))

/** Whether 32 bytes encode a point of low order, or a y that is not below p and so has another encoding. */
function isWeakPoint(point: Uint8Array): boolean {
  // Byte 31 carries the sign of x above y; the sign changes neither verdict.
  // `slice` of a Node Buffer shares its memory; this must be a copy
  const y = Uint8Array.from(point)
  y[31]! &= 0x7f
  const aboveP = y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff) && y[0]! >= 0xed
  return aboveP || LOW_ORDER_Y.some((low) => equalBytes(low, y))
}

const MAX_IMPORTED_KEYS = 4_096
const importedKeys = new Map<string, Promise<CryptoKey | undefined>>()

/** `undefined`: a key that verifies nothing. */
async function importedKey(publicKey: Uint8Array): Promise<CryptoKey | undefined> {
  if (publicKey.length !== PUBLIC_KEY_BYTES) return undefined
  const id = String.fromCharCode(...publicKey)
  const known = importedKeys.get(id)
  if (known !== undefined) {
    // Maps keep insertion order, so moving a used key to the end makes the first one the least recently used.
    importedKeys.delete(id)
    importedKeys.set(id, known)
    return known
  }
  if (isWeakPoint(publicKey)) return undefined
  // A platform may refuse 32 bytes that are no point at all.
  const imported = subtle
    .importKey("raw", new Uint8Array(publicKey), "Ed25519", false, ["verify"])
    .catch(() => undefined)
  importedKeys.set(id, imported)
  if (importedKeys.size > MAX_IMPORTED_KEYS) importedKeys.delete(importedKeys.keys().next().value!)
  return imported
}
