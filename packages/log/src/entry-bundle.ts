import { LogError } from "./error.ts"
import { TILE_WIDTH } from "./tile.ts"

/** An entry's length is two bytes. (L6.5) */
export const MAX_ENTRY_BYTES = 65_535

/** The file `tile/entries/...`: for each entry u16be length and its bytes. Throws `out_of_range` and `too_large`. (L6.5) */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (entries.length < 1 || entries.length > TILE_WIDTH) throw new LogError("out_of_range", "entries of a bundle")
  const out = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0))
  let at = 0
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) throw new LogError("too_large", "entry")
    out[at] = entry.length >> 8
    out[at + 1] = entry.length
    out.set(entry, at + 2)
    at += 2 + entry.length
  }
  return out
}

/** Copies of exactly `width` entries; throws `malformed` if there are more or fewer or a byte is left over. (L6.5) */
export function decodeEntryBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) throw new LogError("out_of_range", "tile width")
  const entries: Uint8Array[] = []
  let at = 0
  for (let i = 0; i < width; i++) {
    if (at + 2 > bytes.length) throw new LogError("malformed", "bundle too short")
    const end = at + 2 + bytes[at]! * 256 + bytes[at + 1]!
    if (end > bytes.length) throw new LogError("malformed", "bundle too short")
    entries.push(bytes.slice(at + 2, end))
    at = end
  }
  if (at !== bytes.length) throw new LogError("malformed", "bundle too long")
  return entries
}
