import { equalBytes } from "@holdfast/wire"
import { decode, encode } from "cborg"
import { CharterError } from "./error.ts"

/**
 * The subset of CBOR that statements are made of (C1.1): integers up to 2^53-1 in size, byte strings, UTF-8 text, arrays, and
 * maps with integer keys 0 to 23 in ascending order. No floats, booleans, null, tags or indefinite lengths.
 */
export type CborValue = number | string | Uint8Array | readonly CborValue[] | CborMap
export interface CborMap extends ReadonlyMap<number, CborValue> {}

/** Arrays and maps inside each other. A limit of our own, because where a stack overflows differs between platforms. (C1.3) */
const maxDepth = 16
const maxKey = 23

/** Throws `malformed` for a value outside the subset. (C1.1) */
export function encodeCbor(value: CborValue): Uint8Array {
  if (!isInSubset(value, 0)) throw new CharterError("malformed", "value outside the CBOR subset")
  // cborg hands out views of its own 64 KiB buffers; a slice keeps neither those alive nor anybody else's bytes in reach.
  return encode(value).slice()
}

/** Throws `malformed` for everything but the one encoding of a value of the subset, to the last byte. (C1.1, C1.2) */
export function decodeCbor(bytes: Uint8Array): CborValue {
  let value: unknown
  try {
    value = decode(bytes, strictly)
  } catch (cause) {
    throw new CharterError("malformed", "CBOR", { cause })
  }
  // cborg lets a few second forms through: unsorted keys, integral floats, invalid UTF-8, a byte order mark in front.
  // Each of them encodes differently, so comparing the bytes closes all of them at once.
  if (!isInSubset(value, 0) || !equalBytes(encode(value), bytes)) throw new CharterError("malformed", "CBOR form")
  return value
}

const strictly = {
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowBigInt: false,
  allowInfinity: false,
  allowNaN: false,
}

function isInSubset(value: unknown, depth: number): value is CborValue {
  if (typeof value === "number") return Number.isSafeInteger(value) && !Object.is(value, -0)
  if (typeof value === "string") return value.isWellFormed() && !value.startsWith("\ufeff")
  if (value instanceof Uint8Array) return true
  if (depth === maxDepth) return false
  if (Array.isArray(value)) return value.every((item) => isInSubset(item, depth + 1))
  if (!(value instanceof Map)) return false
  for (const [key, item] of value) {
    if (!Number.isInteger(key) || key < 0 || key > maxKey || !isInSubset(item, depth + 1)) return false
  }
  return true
}
