// The .proto files as tests read them: with protobufjs, an implementation that is not ours. Their comments state presence and
// bounds in a few fixed phrases; what is generated from them is what a client in another language would send.
import { readFileSync } from "node:fs"
import fc, { type Arbitrary } from "fast-check"
import protobuf from "protobufjs"
import { frameClasses } from "../src/frame.ts"

export type Presence = "required" | "optional" | "plain" | "repeated"

export interface ContractField {
  readonly name: string
  readonly number: number
  readonly presence: Presence
  readonly type: "uint" | "bytes" | "string" | "message"
  /** For `message`. */
  readonly message: string | undefined
  /** Of a number, or of the bytes of a byte string or text. */
  readonly min: number
  readonly max: number
  readonly minItems: number
  readonly maxItems: number
  /** The list that has as many items. */
  readonly pairedWith: string | undefined
  readonly isFrame: boolean
}

export interface ContractMessage {
  readonly name: string
  readonly isUnion: boolean
  readonly fields: readonly ContractField[]
  readonly type: protobuf.Type
}

export type Contract = ReadonlyMap<string, ContractMessage>

export function loadContract(file: string): Contract {
  const source = readFileSync(new URL(`../proto/${file}`, import.meta.url), "utf8")
  const { root } = protobuf.parse(source, { alternateCommentMode: true })
  root.resolveAll()
  const contract = new Map<string, ContractMessage>()
  const visit = (namespace: protobuf.NamespaceBase) => {
    for (const entry of namespace.nestedArray) {
      if (entry instanceof protobuf.Type) contract.set(entry.name, messageOf(entry))
      else if (entry instanceof protobuf.Namespace) visit(entry)
    }
  }
  visit(root)
  return contract
}

function messageOf(type: protobuf.Type): ContractMessage {
  const isUnion = type.oneofsArray.some(({ name }) => !name.startsWith("_"))
  return { name: type.name, isUnion, fields: type.fieldsArray.map(fieldOf), type }
}

const count = (text: string) => Number(text.replaceAll(",", ""))

function fieldOf(field: protobuf.Field): ContractField {
  const comment = field.comment ?? ""
  const hasPresence = field.partOf?.name.startsWith("_") === true
  if (hasPresence !== /^(required|optional)\b/.test(comment)) throw new Error(`${field.name}: presence is not stated`)
  const presence = field.repeated
    ? "repeated"
    : hasPresence
      ? comment.startsWith("required")
        ? "required"
        : "optional"
      : "plain"
  const type =
    field.type === "bytes" || field.type === "string"
      ? field.type
      : /^uint(32|64)$/.test(field.type)
        ? "uint"
        : "message"
  const own = field.repeated ? (/(?:of )?((?:at most )?[\d,]+ bytes) each/.exec(comment)?.[1] ?? "") : comment
  const range = /([\d,]+) to ([\d,]+)/.exec(comment)
  const most = /at most ([\d,]+)/
  const exact = /([\d,]+) bytes/.exec(own)
  const largest = type === "uint" ? (field.type === "uint32" ? 0xffffffff : Number.MAX_SAFE_INTEGER) : 64
  const max = count(most.exec(own)?.[1] ?? exact?.[1] ?? (type === "uint" ? range?.[2] : undefined) ?? String(largest))
  const min = type === "uint" ? count(range?.[1] ?? "0") : !most.test(own) && exact !== null ? max : 0
  return {
    name: field.name,
    number: field.id,
    presence,
    type,
    message: type === "message" ? field.type : undefined,
    min: field.repeated && type === "uint" ? 0 : min,
    max,
    minItems: field.repeated ? count(range?.[1] ?? "0") : 0,
    maxItems: field.repeated ? count(range?.[2] ?? most.exec(comment)?.[1] ?? "64") : 1,
    pairedWith: /as many as (\w+)/.exec(comment)?.[1],
    isFrame: comment.includes("frame length"),
  }
}

/** Numbers, lengths and counts with their edges; long byte strings are rare, so that a run stays short. */
function itemOf(contract: Contract, field: ContractField): Arbitrary<unknown> {
  switch (field.type) {
    case "uint":
      return fc.oneof(
        fc.constantFrom(field.min, Math.min(field.max, field.min + 1), field.max),
        fc.integer({ min: field.min, max: Math.min(field.max, field.min + 300) }),
        fc.integer({ min: field.min, max: field.max }),
      )
    case "bytes":
      if (field.isFrame) return filled(fc.constantFrom(...frameClasses.slice(0, 2)))
      return fc.oneof(
        {
          weight: 9,
          arbitrary: filled(fc.integer({ min: field.min, max: Math.max(field.min, Math.min(field.max, 40)) })),
        },
        { weight: 1, arbitrary: filled(fc.constantFrom(field.min, field.max)) },
      )
    case "string":
      return fc.oneof(
        { weight: 9, arbitrary: fc.string({ unit: "binary", maxLength: Math.floor(Math.min(field.max, 60) / 4) }) },
        { weight: 1, arbitrary: fc.constantFrom("", "a".repeat(field.max)) },
      )
    case "message":
      return valuesOf(contract, field.message as string)
  }
}

function filled(length: Arbitrary<number>): Arbitrary<Uint8Array> {
  return fc
    .tuple(length, fc.uint8Array({ minLength: 1, maxLength: 40 }))
    .map(([n, pattern]) => Uint8Array.from({ length: n }, (_, i) => pattern[i % pattern.length] as number))
}

function itemsOf(contract: Contract, field: ContractField): Arbitrary<readonly unknown[]> {
  const maxLength = Math.max(field.minItems, Math.min(field.maxItems, 5))
  return fc.array(itemOf(contract, field), { minLength: field.minItems, maxLength })
}

/** Values of a message, in the form that `packages/wire` has them in. */
export function valuesOf(contract: Contract, name: string): Arbitrary<Readonly<Record<string, unknown>>> {
  const { isUnion, fields } = contract.get(name) as ContractMessage
  if (isUnion) {
    const cases = fields.map((field) => itemOf(contract, field).map((value) => ({ kind: field.name, value })))
    return fc.oneof(...cases)
  }
  const lists = fields.filter(({ pairedWith }) => pairedWith === undefined)
  const base = fc.record(
    Object.fromEntries(
      lists.map((field) => [
        field.name,
        field.presence === "repeated" ? itemsOf(contract, field) : itemOf(contract, field),
      ]),
    ),
    { requiredKeys: lists.filter(({ presence }) => presence !== "optional").map((field) => field.name) as never },
  ) as Arbitrary<Record<string, unknown>>
  const paired = fields.filter(({ pairedWith }) => pairedWith !== undefined)
  if (paired.length === 0) return base
  return base.chain((value) =>
    fc
      .tuple(
        ...paired.map((field) => {
          const length = (value[field.pairedWith as string] as readonly unknown[]).length
          return fc.array(itemOf(contract, field), { minLength: length, maxLength: length })
        }),
      )
      .map((items) => ({ ...value, ...Object.fromEntries(paired.map((field, i) => [field.name, items[i]])) })),
  )
}

/** Our form of a value to protobufjs's, where the one set case of a union is a property. */
export function toProto(contract: Contract, name: string, value: unknown): Record<string, unknown> {
  const { isUnion, fields } = contract.get(name) as ContractMessage
  const record = value as Readonly<Record<string, unknown>>
  if (isUnion) {
    const field = fields.find((one) => one.name === record.kind) as ContractField
    return { [field.name]: toProto(contract, field.message as string, record.value) }
  }
  return mapFields(fields, record, (field, item) => toProto(contract, field.message as string, item))
}

export function fromProto(contract: Contract, name: string, object: Readonly<Record<string, unknown>>): unknown {
  const { isUnion, fields } = contract.get(name) as ContractMessage
  if (isUnion) {
    const field = fields.find((one) => object[one.name] !== undefined) as ContractField
    return { kind: field.name, value: fromProto(contract, field.message as string, object[field.name] as never) }
  }
  return mapFields(fields, object, (field, item) => fromProto(contract, field.message as string, item as never))
}

function mapFields(
  fields: readonly ContractField[],
  record: Readonly<Record<string, unknown>>,
  nested: (field: ContractField, item: unknown) => unknown,
): Record<string, unknown> {
  const one = (field: ContractField, item: unknown) =>
    field.type === "message" ? nested(field, item) : item instanceof Uint8Array ? new Uint8Array(item) : item
  return Object.fromEntries(
    fields
      .filter((field) => record[field.name] !== undefined && record[field.name] !== null)
      .map((field) => {
        const item = record[field.name]
        return [field.name, Array.isArray(item) ? item.map((x) => one(field, x)) : one(field, item)]
      }),
  )
}

export function encodeWithProtobufjs(contract: Contract, name: string, value: unknown): Uint8Array {
  const { type } = contract.get(name) as ContractMessage
  return new Uint8Array(type.encode(type.fromObject(toProto(contract, name, value))).finish())
}

export function decodeWithProtobufjs(contract: Contract, name: string, bytes: Uint8Array): unknown {
  const { type } = contract.get(name) as ContractMessage
  const object = type.toObject(type.decode(bytes), { longs: Number, arrays: true, defaults: true })
  return fromProto(contract, name, object)
}
