import { concatBytes, utf8 } from "@holdfast/wire"
import { MlsError } from "./error.ts"

/** Writing and strict reading of the TLS presentation language as RFC 9420 section 2.1 uses it. */

export const u8 = (n: number): Uint8Array => Uint8Array.of(n)
export const u16 = (n: number): Uint8Array => Uint8Array.of(n >> 8, n)

export function u32(n: number): Uint8Array {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, n)
  return out
}

export function u64(n: bigint): Uint8Array {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, n)
  return out
}

function vectorHeader(length: number): Uint8Array {
  if (length < 0x40) return Uint8Array.of(length)
  if (length < 0x4000) return Uint8Array.of(0x40 | (length >> 8), length)
  if (length < 0x40000000) return Uint8Array.of(0x80 | (length >> 24), length >> 16, length >> 8, length)
  throw new MlsError("too_large", "vector")
}

/** A byte string with its length in front, as short as the length allows. */
export function vector(bytes: Uint8Array): Uint8Array {
  return concatBytes(vectorHeader(bytes.length), bytes)
}

export function vectors(items: readonly Uint8Array[]): Uint8Array {
  return vector(concatBytes(...items))
}

/** How many bytes `vector` makes of so many. */
export function vectorLength(length: number): number {
  return length + (length < 0x40 ? 1 : length < 0x4000 ? 2 : 4)
}

/** Writes one value in one pass, for what is written with every message. Made for exactly its length, it copies nothing. */
export class Writer {
  #bytes: Uint8Array
  #at = 0
  constructor(expected: number) {
    this.#bytes = new Uint8Array(expected)
  }
  // May replace the buffer: call it before touching the field.
  #make(room: number): number {
    const at = this.#at
    if (at + room > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, at + room))
      bytes.set(this.#bytes.subarray(0, at))
      this.#bytes = bytes
    }
    this.#at = at + room
    return at
  }
  u8(n: number): this {
    const at = this.#make(1)
    this.#bytes[at] = n
    return this
  }
  u16(n: number): this {
    const at = this.#make(2)
    this.#bytes[at] = n >>> 8
    this.#bytes[at + 1] = n
    return this
  }
  u32(n: number): this {
    return this.u16(n >>> 16).u16(n & 0xffff)
  }
  u64(n: bigint): this {
    return this.u32(Number(n >> 32n)).u32(Number(n & 0xffffffffn))
  }
  raw(bytes: Uint8Array): this {
    const at = this.#make(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }
  /** The length in front of a vector whose parts follow. */
  header(length: number): this {
    if (length < 0x40) return this.u8(length)
    if (length < 0x4000) return this.u16(0x4000 | length)
    if (length < 0x40000000) return this.u32((0x80000000 | length) >>> 0)
    throw new MlsError("too_large", "vector")
  }
  vector(bytes: Uint8Array): this {
    return this.header(bytes.length).raw(bytes)
  }
  end(): Uint8Array {
    return this.#at === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#at)
  }
}

/** Reads one value to its last byte. Everything it refuses is `malformed` (M1.1). */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #what: string
  #at = 0
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
  }
  #take(length: number): number {
    const at = this.#at
    if (at + length > this.#bytes.length) this.refuse()
    this.#at = at + length
    return at
  }
  refuse(): never {
    throw new MlsError("malformed", this.#what)
  }
  get offset(): number {
    return this.#at
  }
  get left(): number {
    return this.#bytes.length - this.#at
  }
  u8(): number {
    return this.#bytes[this.#take(1)] as number
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2))
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4))
  }
  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8))
  }
  expect(value: number, read: number): void {
    if (read !== value) this.refuse()
  }
  /** A view, not a copy. */
  fixed(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }
  /** A view, not a copy. Lengths longer than they need to be are refused. */
  vector(max = 0x3fffffff): Uint8Array {
    const first = this.u8()
    let length = first & 0x3f
    if (first >= 0xc0) this.refuse()
    if (first >= 0x80) {
      length = (length << 24) | (this.u8() << 16) | (this.u8() << 8) | this.u8()
      if (length < 0x4000) this.refuse()
    } else if (first >= 0x40) {
      length = (length << 8) | this.u8()
      if (length < 0x40) this.refuse()
    }
    if (length > max) this.refuse()
    return this.fixed(length)
  }
  /** Runs one of ts-mls's decoders here and checks that what it read is exactly how it would be written (M1.1). */
  library<T>(
    decode: (bytes: Uint8Array, offset: number) => [T, number] | undefined,
    encode: (value: T) => Uint8Array,
  ): T {
    const from = this.#at
    let value: T
    let canonical: Uint8Array
    try {
      const decoded = decode(this.#bytes, from)
      if (decoded === undefined) this.refuse()
      value = decoded[0]
      this.#take(decoded[1])
      canonical = encode(value)
    } catch (cause) {
      throw new MlsError("malformed", this.#what, { cause })
    }
    if (canonical.length !== this.#at - from) this.refuse()
    for (let i = 0; i < canonical.length; i++) if (canonical[i] !== this.#bytes[from + i]) this.refuse()
    return value
  }
  /** Nothing but zeroes until the end. */
  zeroes(): void {
    for (const byte of this.fixed(this.left)) if (byte !== 0) this.refuse()
  }
  end(): void {
    if (this.left !== 0) this.refuse()
  }
}

const labelByName = new Map<string, Uint8Array>()

/** The vector of "MLS 1.0 " and the name. The names are the fixed ones of RFC 9420 and a handful of exporter labels. */
export function mlsLabel(name: string): Uint8Array {
  let label = labelByName.get(name)
  if (label === undefined) {
    label = vector(utf8(`MLS 1.0 ${name}`))
    if (labelByName.size < 64) labelByName.set(name, label)
  }
  return label
}
