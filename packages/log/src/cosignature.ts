import { encodeUtf8, readU64, writeU64 } from "./bytes.ts"
import { SIGNATURE_BYTES } from "./ed25519.ts"
import { LogError } from "./error.ts"

/**
 * A cosigner's statement (type 04): at `timestamp` (seconds since 1970) this was the largest consistent tree that
 * it had seen of the log. The signed message does not hold the cosigner's name, so one key serves one name. (L4.7)
 */
export interface Cosignature {
  readonly timestamp: number
  readonly signature: Uint8Array
}

const COSIGNATURE_BYTES = 8 + SIGNATURE_BYTES

/** What is signed: the time and the whole text of the checkpoint, never its signature lines. (L4.7) */
export function cosignatureMessage(text: string, timestamp: number): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) throw new LogError("out_of_range", "timestamp")
  return encodeUtf8(`cosignature/v1\ntime ${timestamp}\n${text}`)
}

/** u64be timestamp, then the Ed25519 signature: what stands after the key id in a signature line. (L4.7) */
export function encodeCosignature({ timestamp, signature }: Cosignature): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) throw new LogError("out_of_range", "timestamp")
  if (signature.length !== SIGNATURE_BYTES) throw new LogError("malformed", "signature length")
  const out = new Uint8Array(COSIGNATURE_BYTES)
  writeU64(new DataView(out.buffer), 0, timestamp)
  out.set(signature, 8)
  return out
}

/** Throws `malformed` unless it is 72 bytes with a timestamp of at most 2^53-1. (L4.7) */
export function decodeCosignature(bytes: Uint8Array): Cosignature {
  if (bytes.length !== COSIGNATURE_BYTES) throw new LogError("malformed", "cosignature length")
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return { timestamp: readU64(view, 0), signature: bytes.slice(8) }
}
