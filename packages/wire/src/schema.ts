// A strict subset of the protobuf wire format, as value descriptions: type, encoder and decoder in one place.
// The .proto files beside this folder are the public contract; tests hold every schema against them with an
// independent implementation. Clients in other languages may write with any protobuf library that writes fields in
// order; what we read has exactly one accepted form (W4).
import { fromUtf8, utf8 } from "./bytes.ts"
import { WireError } from "./error.ts"

const varint = 0
const delimited = 2

export interface Kind<T> {
  readonly wireType: number
  empty(value: T): boolean
  write(out: Writer, value: T): void
  read(input: Reader, what: string): T
}

/** `required`: absent is malformed. `plain`: absent is the zero value (proto3). `optional`: absent is undefined. `repeated`: a list. */
type Presence = "required" | "plain" | "optional" | "repeated"

export interface Field<T, P extends Presence = Presence> {
  readonly number: number
  readonly presence: P
  readonly zero: T | undefined
  readonly max: number
  write(out: Writer, value: T): void
  readInto(input: Reader, what: string, before: T | undefined): T
  readonly wireType: number
}

type Fields = Readonly<Record<string, Field<unknown>>>
type Required<F extends Fields> = {
  [K in keyof F as F[K] extends Field<unknown, "optional"> ? never : K]: ValueOf<F[K]>
}
type Optional<F extends Fields> = {
  [K in keyof F as F[K] extends Field<unknown, "optional"> ? K : never]?: ValueOf<F[K]> | undefined
}
type ValueOf<F> = F extends Field<infer T> ? T : never
type Flat<T> = { readonly [K in keyof T]: T[K] }

export interface Message<T> {
  readonly name: string
  write(out: Writer, value: T): void
  read(input: Reader): T
}
/** The TypeScript type that a schema describes. */
export type Of<M> = M extends Message<infer T> ? T : never

export class Writer {
  #bytes = new Uint8Array(256)
  #length = 0

  #room(n: number): void {
    if (this.#length + n <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + n))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }

  varint(value: number): void {
    this.#room(10)
    let rest = value
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#length++] = rest
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }
}

export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  /** Shortest form only, at most 2^53 - 1 (W4.2). */
  varint(what: string): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value += (byte & 127) * scale
      if (byte < 128) {
        if ((i > 0 && byte === 0) || value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 128
    }
    throw new WireError("malformed", what)
  }

  /** A view into the input, not a copy. */
  raw(length: number, what: string): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new WireError("malformed", what)
    const out = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return out
  }
}

/** Whole numbers 0…2^53-1, or `min` to `max`. */
export function uint(max: number = Number.MAX_SAFE_INTEGER, min = 0): Kind<number> {
  return {
    wireType: varint,
    empty: (value) => value === 0,
    write: (out, value) => {
      if (!Number.isSafeInteger(value) || value < min || value > max) throw new WireError("malformed", "number")
      out.varint(value)
    },
    read: (input, what) => {
      const value = input.varint(what)
      if (value < min || value > max) throw new WireError("malformed", what)
      return value
    },
  }
}

export const bool: Kind<boolean> = {
  wireType: varint,
  empty: (value) => !value,
  write: (out, value) => out.varint(value ? 1 : 0),
  read: (input, what) => {
    const value = input.varint(what)
    if (value > 1) throw new WireError("malformed", what)
    return value === 1
  },
}

/** Byte strings of one exact length, or of 0…max bytes. Decoded bytes are views into the input. */
export function bytes<T extends Uint8Array = Uint8Array>(size: { length: number } | { max: number }): Kind<T> {
  const exact = "length" in size ? size.length : undefined
  const max = "length" in size ? size.length : size.max
  const check = (n: number, what: string) => {
    if (n > max) throw new WireError("too_large", what)
    if (exact !== undefined && n !== exact) throw new WireError("malformed", what)
  }
  return {
    wireType: delimited,
    empty: (value) => value.length === 0,
    write: (out, value) => {
      check(value.length, "bytes")
      out.varint(value.length)
      out.raw(value)
    },
    read: (input, what) => {
      const n = input.varint(what)
      check(n, what)
      return input.raw(n, what) as T
    },
  }
}

/** UTF-8 text of at most `max` bytes. */
export function text(max: number): Kind<string> {
  const inner = bytes({ max })
  return {
    wireType: delimited,
    empty: (value) => value === "",
    write: (out, value) => {
      // TextEncoder would write a replacement character, and the text would come back changed (W4.4).
      if (!value.isWellFormed()) throw new WireError("malformed", "text")
      inner.write(out, utf8(value))
    },
    read: (input, what) => fromUtf8(inner.read(input, what), what),
  }
}

export function nested<T>(message: Message<T>, max: number = Number.MAX_SAFE_INTEGER): Kind<T> {
  return {
    wireType: delimited,
    empty: () => false,
    write: (out, value) => {
      const inner = new Writer()
      message.write(inner, value)
      const body = inner.finish()
      out.varint(body.length)
      out.raw(body)
    },
    read: (input, what) => {
      const n = input.varint(what)
      if (n > max) throw new WireError("too_large", what)
      return message.read(new Reader(input.raw(n, what)))
    },
  }
}

function single<T, P extends Presence>(number: number, kind: Kind<T>, presence: P, zero: T | undefined): Field<T, P> {
  return {
    number,
    presence,
    zero,
    max: 1,
    wireType: kind.wireType,
    write: (out, value) => {
      // proto3 leaves zero values out; a nested or required value is always written
      if (presence === "plain" && kind.empty(value)) return
      out.varint(number * 8 + kind.wireType)
      kind.write(out, value)
    },
    readInto: (input, what, before) => {
      if (before !== undefined) throw new WireError("malformed", what)
      const value = kind.read(input, what)
      if (presence === "plain" && kind.empty(value)) throw new WireError("malformed", what)
      return value
    },
  }
}

/** A field that must be there. */
export const required = <T>(number: number, kind: Kind<T>): Field<T, "required"> =>
  single(number, kind, "required", undefined)
/** A field whose absence is `undefined`. */
export const optional = <T>(number: number, kind: Kind<T>): Field<T, "optional"> =>
  single(number, kind, "optional", undefined)
/** A field whose zero value is not written. */
export const plain = <T>(number: number, kind: Kind<T>, zero: T): Field<T, "plain"> =>
  single(number, kind, "plain", zero)

/** A list of at most `max` values, unpacked, standing together. */
export function repeated<T>(number: number, kind: Kind<T>, max: number): Field<readonly T[], "repeated"> {
  return {
    number,
    presence: "repeated",
    zero: [],
    max,
    wireType: kind.wireType,
    write: (out, values) => {
      if (values.length > max) throw new WireError("too_large", "list")
      for (const value of values) {
        out.varint(number * 8 + kind.wireType)
        kind.write(out, value)
      }
    },
    readInto: (input, what, before) => {
      const list = (before ?? []) as T[]
      if (list.length >= max) throw new WireError("too_large", what)
      list.push(kind.read(input, what))
      return list
    },
  }
}

/**
 * Describes a message. Decoding accepts exactly what encoding writes: fields in ascending order, no unknown field,
 * no written zero, shortest varints, nothing left over (W4.1 to W4.5).
 */
export function message<F extends Fields>(name: string, fields: F): Message<Flat<Required<F> & Optional<F>>> {
  const ordered = Object.entries(fields).sort(([, a], [, b]) => a.number - b.number)
  const byNumber = new Map(ordered.map(([key, field]) => [field.number, { key, field, what: `${name}.${key}` }]))
  return {
    name,
    write: (out, value) => {
      const record = value as Readonly<Record<string, unknown>>
      for (const [key, field] of ordered) {
        const item = record[key]
        if (item === undefined) {
          if (field.presence !== "optional") throw new WireError("malformed", `${name}.${key}`)
          continue
        }
        field.write(out, item)
      }
    },
    read: (input) => {
      const record: Record<string, unknown> = {}
      let last = 0
      while (!input.done) {
        const tag = input.varint(name)
        const found = byNumber.get(Math.floor(tag / 8))
        if (found === undefined || tag % 8 !== found.field.wireType || found.field.number < last) {
          throw new WireError("malformed", found?.what ?? name)
        }
        last = found.field.number
        record[found.key] = found.field.readInto(input, found.what, record[found.key])
      }
      for (const [key, field] of ordered) {
        if (record[key] !== undefined || field.presence === "optional") continue
        if (field.presence === "required") throw new WireError("malformed", `${name}.${key}`)
        record[key] = field.presence === "repeated" ? [] : field.zero
      }
      return record as Flat<Required<F> & Optional<F>>
    },
  }
}

type Cases = Readonly<Record<string, readonly [number: number, message: Message<unknown>]>>
type CaseMessage<C extends Cases, K extends keyof C> = C[K][1] extends Message<infer T> ? T : never
type UnionOf<C extends Cases> = {
  [K in keyof C & string]: { readonly kind: K; readonly value: CaseMessage<C, K> }
}[keyof C & string]

/** A case this release does not know, kept as it came so that a later release can still show it (W4.6). */
export interface UnknownCase {
  readonly kind: "unknown"
  readonly number: number
  readonly bytes: Uint8Array
}

/** The highest field number that protobuf knows. */
const maxFieldNumber = 2 ** 29 - 1

function isFieldNumber(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= maxFieldNumber
}

function writeCase(out: Writer, number: number, body: (inner: Writer) => void): void {
  const inner = new Writer()
  body(inner)
  const done = inner.finish()
  out.varint(number * 8 + delimited)
  out.varint(done.length)
  out.raw(done)
}

/** Exactly one of several messages (a protobuf oneof alone in its message). Unknown cases are malformed. */
export function union<C extends Cases>(name: string, cases: C): Message<UnionOf<C>> {
  const open = openUnion(name, cases)
  return {
    name,
    write: (out, value) => {
      if (!Object.hasOwn(cases, value.kind)) throw new WireError("malformed", name)
      open.write(out, value)
    },
    read: (input) => {
      const value = open.read(input)
      if (value.kind === "unknown") throw new WireError("malformed", name)
      return value as UnionOf<C>
    },
  }
}

/** As `union`, but a case of a later version comes back as `unknown` with its bytes (W4.6). */
export function openUnion<C extends Cases>(name: string, cases: C): Message<UnionOf<C> | UnknownCase> {
  const byNumber = new Map(Object.entries(cases).map(([kind, [number, body]]) => [number, { kind, body }]))
  return {
    name,
    write: (out, value) => {
      if (value.kind === "unknown") {
        const unknown = value as UnknownCase
        if (!isFieldNumber(unknown.number)) throw new WireError("malformed", name)
        return writeCase(out, unknown.number, (inner) => inner.raw(unknown.bytes))
      }
      const found = cases[value.kind]
      if (found === undefined) throw new WireError("malformed", name)
      const [number, body] = found
      writeCase(out, number, (inner) => body.write(inner, (value as unknown as { value: unknown }).value))
    },
    read: (input) => {
      const tag = input.varint(name)
      const number = Math.floor(tag / 8)
      if (tag % 8 !== delimited || !isFieldNumber(number)) throw new WireError("malformed", name)
      const body = input.raw(input.varint(name), name)
      if (!input.done) throw new WireError("malformed", name)
      const found = byNumber.get(number)
      if (found === undefined) return { kind: "unknown", number, bytes: body }
      return { kind: found.kind, value: found.body.read(new Reader(body)) } as UnionOf<C>
    },
  }
}

export function encode<T>(schema: Message<T>, value: T): Uint8Array<ArrayBuffer> {
  const out = new Writer()
  schema.write(out, value)
  return out.finish()
}

/** Throws `malformed` or `too_large`. Byte fields of the result are views into `input`. */
export function decode<T>(schema: Message<T>, input: Uint8Array, max: number = Number.MAX_SAFE_INTEGER): T {
  if (input.length > max) throw new WireError("too_large", schema.name)
  return schema.read(new Reader(input))
}
