import { LogError } from "./error.ts"

export function writeU64(view: DataView, at: number, value: number): void {
  view.setBigUint64(at, BigInt(value))
}

/** Reads a big-endian u64; throws `malformed` above 2^53-1, where numbers stop being exact. (L1.1) */
export function readU64(view: DataView, at: number): number {
  const value = view.getBigUint64(at)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new LogError("malformed", "integer above 2^53-1")
  return Number(value)
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new LogError("malformed", "not UTF-8")
  }
}

/** Throws `malformed` for a lone surrogate, which TextEncoder would replace without a word. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  if (!text.isWellFormed()) throw new LogError("malformed", "lone surrogate")
  return encoder.encode(text)
}

/** A canonical ASCII decimal of at most 2^53-1: no sign, no leading zero. `undefined`: it is not one. (L1.1) */
export function parseDecimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
