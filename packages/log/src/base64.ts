import { LogError } from "./error.ts"

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/** RFC 4648 section 4, with padding. (L1.2) */
export function encodeBase64(bytes: Uint8Array): string {
  let out = ""
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    out += ALPHABET[group >> 18]! + ALPHABET[(group >> 12) & 63]!
    out += i + 1 < bytes.length ? ALPHABET[(group >> 6) & 63]! : "="
    out += i + 2 < bytes.length ? ALPHABET[group & 63]! : "="
  }
  return out
}

/**
 * Throws `malformed` for anything but the one encoding: other alphabets, white space, missing padding and
 * left-over bits that are not zero (all of which `atob` accepts). (L1.2)
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 4 !== 0) throw new LogError("malformed", "base64 length")
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  const out = new Uint8Array((text.length / 4) * 3 - padding)
  const digits = text.length - padding
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < digits; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? -1
    if (value < 0) throw new LogError("malformed", "base64 digit")
    held = ((held << 6) | value) & 0xfff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = held >> bits
    }
  }
  if ((held & ((1 << bits) - 1)) !== 0) throw new LogError("malformed", "base64 left-over bits")
  return out
}

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567"

/** RFC 4648 section 6 in lower case without padding: the organisation id inside an origin. (L4.6) */
export function encodeBase32(bytes: Uint8Array): string {
  let out = ""
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += BASE32[(held >> bits) & 31]!
    }
  }
  return bits === 0 ? out : out + BASE32[(held << (5 - bits)) & 31]!
}
