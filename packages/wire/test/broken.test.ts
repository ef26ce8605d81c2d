// One broken case for each rule of W3 and W4, in every field of every message that the .proto files describe.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { concatBytes, fromHex, utf8 } from "../src/bytes.ts"
import { Challenge, Failure, LaneHead, Ping, Reply, Request, Subscribe } from "../src/relay-protocol.ts"
import {
  bytes,
  decode,
  encode,
  message,
  openUnion,
  optional,
  plain,
  repeated,
  required,
  text,
  uint,
} from "../src/schema.ts"
import { type ContractField, valuesOf } from "./contract.ts"
import { expectCode } from "./expect-code.ts"
import { everyMessage } from "./schemas.ts"

function varint(n: number): Uint8Array {
  const out: number[] = []
  let rest = BigInt(n)
  while (rest >= 128n) {
    out.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  return Uint8Array.from([...out, Number(rest)])
}

const tag = (number: number, wireType: number) => varint(number * 8 + wireType)
const delimitedField = (number: number, body: Uint8Array) => concatBytes(tag(number, 2), varint(body.length), body)

const sampleByName = new Map<string, Readonly<Record<string, unknown>>>()

/** A value of a message with its lists filled and its optional fields there. */
function sample(name: string, contract: (typeof everyMessage)[number]["contract"]): Record<string, unknown> {
  const known = sampleByName.get(name)
  if (known !== undefined) return { ...known }
  const fields = contract.get(name)?.fields ?? []
  const isFull = (value: Readonly<Record<string, unknown>>) =>
    fields.every((field) => {
      const item = value[field.name]
      return item !== undefined && item !== 0 && item !== "" && !(Array.isArray(item) && item.length === 0)
    })
  for (let seed = 1; seed < 1_000; seed++) {
    const found = fc.sample(valuesOf(contract, name), { seed, numRuns: 10 }).find(isFull)
    if (found === undefined) continue
    sampleByName.set(name, found)
    return { ...found }
  }
  throw new Error(`no full value of ${name}`)
}

const messages = everyMessage.map((one) => ({ ...one, fields: one.contract.get(one.name)?.fields ?? [] }))
const fieldCases = messages.flatMap((one) =>
  one.fields.map((field) => ({ ...one, title: `${one.title}.${field.name}`, field })),
)
const casesWith = (wanted: (field: ContractField) => boolean) => fieldCases.filter(({ field }) => wanted(field))

/** The bytes of one field alone, taken from a message that has nothing else. */
function fieldBytes(field: ContractField, item: unknown): Uint8Array {
  if (field.type === "uint") return concatBytes(tag(field.number, 0), varint(item as number))
  if (field.type === "bytes") return delimitedField(field.number, item as Uint8Array)
  return delimitedField(field.number, utf8(item as string))
}

describe("every message", () => {
  test.each(messages)("[W4.1] $title refuses a field that it does not have", ({ schema, name, contract }) => {
    const good = encode(schema, sample(name, contract))
    expectCode("malformed", () => decode(schema, concatBytes(good, tag(1_000, 0), varint(1))))
    expectCode("malformed", () => decode(schema, concatBytes(tag(0, 0), varint(1), good)))
  })

  test.each(messages)(
    "[W4.5] $title refuses one byte after the end and one byte less",
    ({ schema, name, contract, fields }) => {
      const good = encode(schema, sample(name, contract))
      expectCode("malformed", () => decode(schema, concatBytes(good, Uint8Array.of(0))))
      if (fields.length > 0) expectCode("malformed", () => decode(schema, good.subarray(0, -1)))
    },
  )

  test.each(messages)(
    "[W1.1] $title cut off anywhere is a WireError or another whole message",
    ({ schema, name, contract }) => {
      const good = encode(schema, sample(name, contract))
      for (let n = 0; n < Math.min(good.length, 400); n++) {
        let value: unknown
        try {
          value = decode(schema, good.subarray(0, n))
        } catch (error) {
          expect((error as Error).name).toBe("WireError")
          continue
        }
        expect(encode(schema, value)).toEqual(good.slice(0, n))
      }
    },
  )
})

describe("every field", () => {
  test.each(fieldCases)("[W4.1] $title refuses another wire type", ({ schema, field }) => {
    for (const wireType of [0, 1, 2, 3, 4, 5, 6, 7]) {
      if (wireType === (field.type === "uint" ? 0 : 2)) continue
      expectCode("malformed", () =>
        decode(schema, concatBytes(tag(field.number, wireType), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0))),
      )
    }
  })

  test.each(casesWith(({ presence, type }) => presence !== "repeated" && type !== "message"))(
    "[W4.1] $title refuses a second value",
    ({ schema, name, contract, field }) => {
      const value = sample(name, contract)
      const once = encode(schema, value)
      const own = fieldBytes(field, value[field.name])
      const at = once.findIndex((_, i) => own.every((byte, j) => once[i + j] === byte))
      expect(at).toBeGreaterThanOrEqual(0)
      expectCode("malformed", () => decode(schema, concatBytes(once.subarray(0, at), own, once.subarray(at))))
    },
  )

  test.each(casesWith(({ type, number }) => type !== "message" && number > 1))(
    "[W4.1] $title refuses to come before a lower field",
    ({ schema, name, contract, field }) => {
      const value = sample(name, contract)
      const item = field.presence === "repeated" ? (value[field.name] as unknown[])[0] : value[field.name]
      const without = encodeWithout(schema, value, field)
      expectCode("malformed", () => decode(schema, concatBytes(fieldBytes(field, item), without)))
    },
  )

  test.each(casesWith(({ presence }) => presence === "required"))(
    "[W4.3] $title must be there",
    ({ schema, name, contract, field }) => {
      const value = sample(name, contract)
      delete value[field.name]
      expectCode("malformed", () => encode(schema, value))
    },
  )

  test.each(casesWith(({ presence }) => presence === "plain"))(
    "[W4.3] $title: a written zero is refused, an absent one read",
    ({ schema, name, contract, field }) => {
      const value = { ...sample(name, contract), [field.name]: field.type === "uint" ? 0 : "" }
      const good = encode(schema, value)
      expect(decode(schema, good)).toEqual(value)
      const lower = encodeOnly(schema, value, name, (other) => other.number < field.number)
      const upper = good.subarray(lower.length)
      const zero =
        field.type === "uint"
          ? concatBytes(tag(field.number, 0), varint(0))
          : delimitedField(field.number, new Uint8Array())
      expectCode("malformed", () => decode(schema, concatBytes(lower, zero, upper)))
    },
  )

  test.each(casesWith(({ type, presence }) => type === "uint" && presence !== "repeated"))(
    "[W4.2] $title refuses numbers outside its range and longer forms",
    ({ schema, name, contract, field }) => {
      const value = sample(name, contract)
      if (field.max > field.min)
        expectCode("malformed", () => encode(schema, { ...value, [field.name]: field.max + 1 }))
      expectCode("malformed", () => encode(schema, { ...value, [field.name]: -1 }))
      expectCode("malformed", () => encode(schema, { ...value, [field.name]: 0.5 }))
      // Whether a relay answers zero frames is its affair, and which version an invitation has, the parser's.
      if (name === "Read" || (name === "Invitation" && field.name === "version")) return
      if (field.min > 0) expectCode("malformed", () => encode(schema, { ...value, [field.name]: field.min - 1 }))
    },
  )

  test.each(casesWith(({ type }) => type === "bytes" || type === "string"))(
    "[W3.1, W4.4] $title refuses other lengths, before it has the bytes",
    ({ schema, name, contract, field }) => {
      const value = sample(name, contract)
      const wrong = (length: number) => (field.type === "bytes" ? new Uint8Array(length) : "a".repeat(length))
      const put = (item: unknown) => ({ ...value, [field.name]: field.presence === "repeated" ? [item] : item })
      const max = field.isFrame ? 65_536 : field.max
      expectCode("too_large", () => encode(schema, put(wrong(max + 1))))
      if (field.min > 0) expectCode("malformed", () => encode(schema, put(wrong(field.min - 1))))
      // Only the head of the field is there, not one of its bytes.
      const lower = encodeOnly(schema, value, name, (other) => other.number < field.number)
      expectCode("too_large", () => decode(schema, concatBytes(lower, tag(field.number, 2), varint(max + 1))))
    },
  )

  test.each(casesWith(({ type }) => type === "string"))(
    "[W4.4] $title refuses bytes that are not UTF-8",
    ({ schema, name, contract, field }) => {
      const value = sample(name, contract)
      const lower = encodeOnly(schema, value, name, (other) => other.number < field.number)
      for (const bad of ["ff", "c080", "eda080", "f4908080", "e282"]) {
        expectCode("malformed", () => decode(schema, concatBytes(lower, delimitedField(field.number, fromHex(bad)))))
      }
      const item = field.presence === "repeated" ? ["\ud800"] : "\ud800"
      expectCode("malformed", () => encode(schema, { ...value, [field.name]: item }))
    },
  )

  test.each(casesWith(({ presence, type }) => presence === "repeated" && type !== "message"))(
    "[W3.1] $title refuses one item too many",
    ({ schema, name, contract, field }) => {
      const value = sample(name, contract)
      const item = (value[field.name] as unknown[])[0]
      const items = Array.from({ length: field.maxItems + 1 }, () => item)
      expectCode("too_large", () => encode(schema, { ...value, [field.name]: items }))
      const lower = encodeOnly(schema, value, name, (other) => other.number < field.number)
      const body = concatBytes(...items.map((one) => fieldBytes(field, one)))
      expectCode("too_large", () => decode(schema, concatBytes(lower, body)))
    },
  )
})

type Schema = (typeof everyMessage)[number]["schema"]

/** The bytes of a value's other fields. */
function encodeWithout(schema: Schema, value: Readonly<Record<string, unknown>>, without: ContractField): Uint8Array {
  const name = schema.name
  return concatBytes(
    encodeOnly(schema, value, name, (field) => field.number < without.number),
    encode(schema, value).subarray(encodeOnly(schema, value, name, (field) => field.number <= without.number).length),
  )
}

/** The bytes of those of a value's fields that stand first. */
function encodeOnly(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  name: string,
  wanted: (field: ContractField) => boolean,
): Uint8Array {
  const { contract } = everyMessage.find(
    (one) => one.schema === schema && one.name === name,
  ) as (typeof everyMessage)[number]
  const fields = contract.get(name)?.fields ?? []
  const whole = encode(schema, value)
  const rest = fields.filter((field) => !wanted(field)).map(({ number }) => number)
  if (rest.length === 0) return whole
  const first = Math.min(...rest)
  let at = 0
  while (at < whole.length) {
    const [key, afterKey] = readVarint(whole, at)
    if (Math.floor(key / 8) >= first) break
    const [length, afterLength] = readVarint(whole, afterKey)
    at = key % 8 === 0 ? afterLength : afterLength + length
  }
  return whole.subarray(0, at)
}

function readVarint(input: Uint8Array, from: number): [number, number] {
  let value = 0
  let scale = 1
  let at = from
  for (;;) {
    const byte = input[at++] as number
    value += (byte & 127) * scale
    if (byte < 128) return [value, at]
    scale *= 128
  }
}

describe("single rules", () => {
  test("[W4.1] refuses fields out of order, twice, and lists that do not stand together", () => {
    const schema = message("Three", { a: plain(1, uint(), 0), b: repeated(2, uint(), 9), c: plain(3, uint(), 0) })
    expect(decode(schema, fromHex("0801100210031804"))).toEqual({ a: 1, b: [2, 3], c: 4 })
    for (const bad of ["10020801", "08010802", "100218041003", "1804100208011003"]) {
      expectCode("malformed", () => decode(schema, fromHex(bad)))
    }
  })

  test("[W4.1] refuses a packed list, which protobuf libraries write unless told otherwise", () => {
    const schema = message("List", { b: repeated(2, uint(), 9) })
    expectCode("malformed", () => decode(schema, fromHex("12020203")))
  })

  test("[W4.2] has one form of each number up to 2^53-1", () => {
    const schema = message("Number", { a: required(1, uint()) })
    expect(decode(schema, fromHex("08ffffffffffffff0f"))).toEqual({ a: Number.MAX_SAFE_INTEGER })
    const broken = {
      "one byte too long": "088100",
      "two bytes too long": "08818000",
      "zero in two bytes": "088000",
      "2^53": "088080808080808010",
      "2^56": "08808080808080808001",
      "2^64-1": "08ffffffffffffffffff01",
      "no end": "08ffffffffffffffffffffffff",
      nothing: "08",
      "tag too long": "888000" + "01",
      "length of eleven bytes": "0a80808080808080808080" + "01",
    }
    for (const bad of Object.values(broken)) expectCode("malformed", () => decode(schema, fromHex(bad)))
  })

  test("[W4.2] a length of 2^53-1 is refused before anything is allocated", () => {
    const schema = message("Bytes", { a: required(1, bytes({ max: Number.MAX_SAFE_INTEGER })) })
    expectCode("malformed", () => decode(schema, fromHex("0affffffffffffff0f")))
  })

  test("[W4.3] an optional zero differs from an absent one, a required zero is written", () => {
    const schema = message("Zeroes", { a: required(1, uint()), b: optional(2, uint()) })
    expect(encode(schema, { a: 0 })).toEqual(fromHex("0800"))
    expect(decode(schema, fromHex("0800"))).toEqual({ a: 0 })
    expect(encode(schema, { a: 0, b: 0 })).toEqual(fromHex("08001000"))
    expect(decode(schema, fromHex("08001000"))).toEqual({ a: 0, b: 0 })
    expectCode("malformed", () => decode(schema, fromHex("1000")))
  })

  test("[W4.4] text keeps a byte order mark and is measured in bytes", () => {
    const schema = message("Text", { a: required(1, text(4)) })
    expect(decode(schema, encode(schema, { a: "\ufeff" }))).toEqual({ a: "\ufeff" })
    expectCode("too_large", () => encode(schema, { a: "ééé" }))
  })

  test("[W4.5] a nested message ends where its length says", () => {
    const reply = encode(Reply, { id: 1, op: { kind: "done", value: {} } })
    expect(reply).toEqual(fromHex("08011202" + "6200"))
    expectCode("malformed", () => decode(Reply, fromHex("08011203" + "6200")))
    expectCode("malformed", () => decode(Reply, fromHex("08011201" + "6200")))
    expectCode("malformed", () => decode(Reply, fromHex("08011203" + "620100")))
    expectCode("malformed", () => decode(Reply, fromHex("08011203" + "620000")))
  })

  test("[W4.6] exactly one known case of the relay protocol", () => {
    const request = (op: string) => fromHex(`080112${(op.length / 2).toString(16).padStart(2, "0")}${op}`)
    expect(decode(Request, request("7a00"))).toEqual({ id: 1, op: { kind: "ping", value: {} } })
    for (const op of ["", "7a007a00", "7a006a00", "8a01" + "00", "7800", "0200", "00"]) {
      expectCode("malformed", () => decode(Request, request(op)))
    }
    expectCode("malformed", () =>
      encode(Request, { id: 1, op: { kind: "unknown", number: 3, bytes: fromHex("") } as never }),
    )
  })

  test("[W4.6] an open union keeps what a later version wrote", () => {
    const schema = openUnion("Open", { ping: [1, Ping], head: [2, LaneHead] })
    const later = fromHex("5a03010203")
    const value = decode(schema, later)
    expect(value).toEqual({ kind: "unknown", number: 11, bytes: Uint8Array.of(1, 2, 3) })
    expect(encode(schema, value)).toEqual(later)
    const edge = concatBytes(tag(2 ** 29 - 1, 2), Uint8Array.of(0))
    expect(encode(schema, decode(schema, edge))).toEqual(edge)
    expectCode("malformed", () => decode(schema, concatBytes(tag(2 ** 29, 2), Uint8Array.of(0))))
    for (const number of [0, -1, 2 ** 29, 1.5, Number.NaN]) {
      expectCode("malformed", () => encode(schema, { kind: "unknown", number, bytes: new Uint8Array() }))
    }
  })

  test("[W3.1] a whole message above its limit is not looked at", () => {
    expectCode("too_large", () => decode(Ping, new Uint8Array(11), 10))
  })

  test("[W1.1] an error names the field and repeats nothing of the input", () => {
    const secret = utf8("a secret that no log may show!!!")
    const hidden = encode(Challenge, {
      version: 1,
      nonce: secret,
      relay: new Uint8Array(16),
      logPublicKey: secret,
    } as never)
    try {
      decode(Challenge, hidden.subarray(0, -1))
      expect.unreachable()
    } catch (error) {
      expect(String(error)).toBe("WireError: Challenge.logPublicKey: malformed")
      expect(JSON.stringify(error)).not.toContain("secret")
    }
  })

  test("[W4.3] decoded lists and values are not shared between messages", () => {
    const first = decode(Failure, fromHex("0801"))
    expect(first).toEqual({ code: 1 })
    expect("reason" in first).toBe(false)
    const one = decode(Subscribe, encode(Subscribe, { lane: new Uint8Array(16) as never, from: 0 }))
    expect(one.from).toBe(0)
  })
})
