import { utf8 } from "@holdfast/wire"
import type { CborMap, CborValue } from "./cbor.ts"
import { CharterError } from "./error.ts"

// Readers for decoded CBOR: each takes what a map or array held and gives it back as the one kind it must be.

export function refuse(what: string): never {
  throw new CharterError("malformed", what)
}

/** A map with exactly these keys. */
export function fieldsOf(value: CborValue | undefined, count: number, what: string): CborMap {
  if (!(value instanceof Map) || value.size !== count) refuse(what)
  for (let key = 0; key < count; key++) if (!value.has(key)) refuse(what)
  return value
}

export function uintOf(value: CborValue | undefined, max: number, what: string): number {
  if (typeof value !== "number" || value < 0 || value > max) refuse(what)
  return value
}

export function bytesOf(value: CborValue | undefined, min: number, max: number, what: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < min || value.length > max) refuse(what)
  return value
}

export function fixedOf(value: CborValue | undefined, length: number, what: string): Uint8Array {
  return bytesOf(value, length, length, what)
}

export function listOf<T>(
  value: CborValue | undefined,
  range: readonly [min: number, max: number],
  item: (value: CborValue) => T,
  what: string,
): readonly T[] {
  if (!Array.isArray(value) || value.length < range[0] || value.length > range[1]) refuse(what)
  return value.map((each: CborValue) => item(each))
}

/** Longest organisation, operator and jurisdiction label, in UTF-8 bytes (C2.6). */
export const maxLabelBytes = 64
const maxUrlBytes = 256

// Controls, separators, marks that change direction or show nothing, lone surrogates. Fixed ranges on purpose: \p{…} follows
// the engine's Unicode version, and two clients with different engines must not disagree. (C2.6)
const unprintable: readonly (readonly [first: number, last: number])[] = [
  [0x0, 0x1f],
  [0x7f, 0xa0],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x2800, 0x2800],
  [0x3000, 0x3000],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xffff],
  [0x1d173, 0x1d17a],
  [0xe0000, 0x10ffff],
]

/** Text that people read on a keepers' desk: at most 64 bytes, nothing invisible, no space at either end. May be empty. (C2.6) */
export function labelOf(value: CborValue | undefined, what: string): string {
  if (typeof value !== "string" || !isLabel(value)) refuse(what)
  return value
}

export function isLabel(text: string): boolean {
  if (utf8(text).length > maxLabelBytes || text.startsWith(" ") || text.endsWith(" ")) return false
  return [...text].every(isPrintable)
}

export function isPrintable(character: string): boolean {
  const point = character.codePointAt(0) as number
  return !unprintable.some(([first, last]) => point >= first && point <= last)
}

// Not `new URL`: its rules have changed over time and differ between engines. (C2.7)
const urlForm = /^https?:\/\/[!-~]+$/

/** "http://" or "https://" and printable ASCII, at most 256 bytes. (C2.7) */
export function urlOf(value: CborValue | undefined, what: string): string {
  if (typeof value !== "string" || !isUrl(value)) refuse(what)
  return value
}

export function isUrl(text: string): boolean {
  return text.length <= maxUrlBytes && urlForm.test(text)
}
