import { hex } from "@holdfast/wire"

/** One spelling of something that must not be on a disk. */
export interface Needle {
  /** What it is, for the report: never the thing itself. */
  readonly what: string
  readonly spelling: string
  readonly bytes: Buffer
  /** How many bytes of the known thing a find gives away. */
  readonly worth: number
}

/** Shorter ones meet by chance in a few megabytes of ciphertext. */
const shortest = 5

/** Every spelling of a text that a search of a disk should know (D2.2). */
export function needlesOfText(what: string, text: string): readonly Needle[] {
  const utf8 = Buffer.from(text, "utf8")
  const utf16 = Buffer.from(text, "utf16le")
  const worth = utf8.length
  const make = (spelling: string, bytes: Buffer): Needle => ({ what, spelling, bytes, worth })
  return [
    ...needlesOfBytes(what, utf8),
    make("UTF-16 little-endian", utf16),
    make("UTF-16 big-endian", Buffer.from(utf16).swap16()),
    make("UTF-8, lower case", Buffer.from(text.toLowerCase(), "utf8")),
    make("UTF-8, upper case", Buffer.from(text.toUpperCase(), "utf8")),
  ].filter(({ bytes }) => bytes.length >= shortest)
}

/** Raw, backwards, in hex and in base64 at each of its three alignments, both alphabets (D2.2). */
export function needlesOfBytes(what: string, raw: Uint8Array): readonly Needle[] {
  const bytes = Buffer.from(raw)
  const worth = bytes.length
  const make = (spelling: string, found: Buffer): Needle => ({ what, spelling, bytes: found, worth })
  const lower = hex(bytes)
  const needles = [
    make("plain", bytes),
    make("reversed", Buffer.from(bytes).reverse()),
    make("hex", Buffer.from(lower)),
    make("hex, upper case", Buffer.from(lower.toUpperCase())),
  ]
  for (const shift of [0, 1, 2]) {
    const text = base64Inside(bytes, shift)
    needles.push(make("base64", Buffer.from(text)))
    const other = text.replaceAll("+", "-").replaceAll("/", "_")
    if (other !== text) needles.push(make("base64url", Buffer.from(other)))
  }
  return needles.filter((needle) => needle.bytes.length >= shortest)
}

/** The characters of base64 that depend on these bytes alone when `shift` unknown bytes stand before them. */
export function base64Inside(bytes: Uint8Array, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString("base64")
    .replace(/=+$/, "")
  const first = Math.ceil((shift * 8) / 6)
  const last = Math.floor(((shift + bytes.length) * 8) / 6)
  return text.slice(first, last)
}

/** Finds of a needle in some bytes, overlapping ones included. */
export function countOf(haystack: Buffer, needle: Buffer): number {
  let count = 0
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) count += 1
  return count
}
