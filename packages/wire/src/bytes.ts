import { WireError } from "./error.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Throws `malformed` on bytes that are not valid UTF-8. */
export function fromUtf8(bytes: Uint8Array, what = "text"): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new WireError("malformed", what, { cause })
  }
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Plain comparison, for public values. Secrets are compared by the AEAD or MAC that owns them. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Byte order, shorter first on a tie: the order of sorted lists in statements and directories. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number)
    if (d !== 0) return d
  }
  return a.length - b.length
}

const hexOf = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"))

export function hex(bytes: Uint8Array): string {
  let out = ""
  for (const b of bytes) out += hexOf[b]
  return out
}

/** Lower-case, even length, nothing else. Throws `malformed`. */
export function fromHex(text: string, what = "hex"): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new WireError("malformed", what)
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return out
}

const alphabet64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const value64 = new Map([...alphabet64].map((c, i) => [c, i]))

/** base64url without padding (RFC 4648 section 5). */
export function base64url(bytes: Uint8Array): string {
  let out = ""
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const n = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    out += alphabet64.charAt(n >> 18) + alphabet64.charAt((n >> 12) & 63)
    if (left > 1) out += alphabet64.charAt((n >> 6) & 63)
    if (left > 2) out += alphabet64.charAt(n & 63)
  }
  return out
}

/** The one accepted form: no padding, no other alphabet, unused bits zero. Throws `malformed`. */
export function fromBase64url(text: string, what = "base64url"): Uint8Array<ArrayBuffer> {
  const tail = text.length % 4
  if (tail === 1) throw new WireError("malformed", what)
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let held = 0
  let at = 0
  for (const c of text) {
    const v = value64.get(c)
    if (v === undefined) throw new WireError("malformed", what)
    held = ((held << 6) | v) & 0xffffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = (held >> bits) & 0xff
    }
  }
  if (bits > 0 && (held & ((1 << bits) - 1)) !== 0) throw new WireError("malformed", what)
  return out
}

const alphabet32 = "abcdefghijklmnopqrstuvwxyz234567"

/** Lower-case base32 without padding (RFC 4648 section 6), as log origins use it. */
export function base32(bytes: Uint8Array): string {
  let out = ""
  let bits = 0
  let held = 0
  for (const b of bytes) {
    held = ((held << 8) | b) & 0xffff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += alphabet32.charAt((held >> bits) & 31)
    }
  }
  if (bits > 0) out += alphabet32.charAt((held << (5 - bits)) & 31)
  return out
}

export function u32be(n: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, n)
  return out
}

export function readU32be(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at)
}
