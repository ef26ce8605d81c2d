import { concatBytes, fromHex, hex } from "@holdfast/wire"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  type CborValue,
  CharterError,
  decodeApproval,
  decodeCbor,
  decodeEnvelope,
  decodeStatement,
  encodeApproval,
  encodeCbor,
  isLabel,
  isUrl,
  seal,
} from "../src/index.ts"
import { approvalsOf, bytesFrom, found, person } from "./people.ts"

function expectCode(code: string, run: () => unknown): void {
  let thrown: unknown
  try {
    run()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(CharterError)
  expect((thrown as CharterError).code).toBe(code)
}

const cborCases: readonly (readonly [rule: string, what: string, hex: string])[] = [
  ["C1.1", "a float", "f93e00"],
  ["C1.1", "an integer as a float", "f93c00"],
  ["C1.1", "a boolean", "f5"],
  ["C1.1", "null", "f6"],
  ["C1.1", "undefined", "f7"],
  ["C1.1", "a tag", "c100"],
  ["C1.1", "an integer above 2^53-1", "1b0020000000000000"],
  ["C1.1", "an integer below -(2^53-1)", "3b001fffffffffffff"],
  ["C1.1", "an indefinite array", "9f00ff"],
  ["C1.1", "an indefinite byte string", "5f4100ff"],
  ["C1.1", "a text key", "a1616100"],
  ["C1.1", "key 24", "a1181800"],
  ["C1.1", "a negative key", "a12000"],
  ["C1.1", "text that is not UTF-8", "61ff"],
  ["C1.1", "text with a surrogate", "63eda080"],
  ["C1.1", "text with a byte order mark in front", "64efbbbf61"],
  ["C1.2", "a longer head than needed", "1800"],
  ["C1.2", "a longer length than needed", "580100"],
  ["C1.2", "keys in descending order", "a201000000"],
  ["C1.2", "a key twice", "a200000000"],
  ["C1.2", "a byte after the end", "0000"],
  ["C1.2", "too few items", "8200"],
  ["C1.2", "nothing", ""],
  ["C1.2", "a length beyond the end", "9affffffff"],
  ["C1.3", "17 arrays in each other", `${"81".repeat(16)}80`],
  ["C1.3", "60,000 arrays in each other", "81".repeat(60_000)],
]

describe("CBOR", () => {
  test.each(cborCases)("[%s] refuses %s", (_rule, _what, text) => {
    expectCode("malformed", () => decodeCbor(fromHex(text)))
  })

  test("[C1.3] reads 16 arrays in each other", () => {
    const deep = fromHex(`${"81".repeat(15)}80`)
    expect(encodeCbor(decodeCbor(deep))).toEqual(deep)
  })

  test.each([1.5, Number.NaN, -0, 2 ** 53, "\ud800", "\ufeffa", null as never, new Map([[24, 1]])])(
    "[C1.1] does not encode %s",
    (value) => {
      expectCode("malformed", () => encodeCbor(value as CborValue))
    },
  )

  test("what is encoded has a buffer of its own", () => {
    const large = encodeCbor(new Uint8Array(3000))
    expect(large.buffer.byteLength).toBe(large.length)
  })

  test("[C1.2] decodes what it encodes", () => {
    fc.assert(
      fc.property(cborValue, (value) => {
        expect(decodeCbor(encodeCbor(value))).toEqual(value)
      }),
    )
  })
})

const cborValue: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 6 },
    fc.maxSafeInteger().map((n) => n + 0),
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !text.startsWith("\ufeff")),
    fc.array(tie("value"), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 23 }), tie("value")), { selector: ([key]) => key, maxLength: 4 })
      .map((entries) => new Map(entries.sort(([a], [b]) => a - b))),
  ),
})).value

describe("statements, approvals and entries", async () => {
  const people = await Promise.all(["ana", "ben", "cem"].map(person))
  const { founding, entries } = await found(people, 2)
  const approvals = await approvalsOf(
    founding,
    people.map(({ keeper }) => keeper),
  )

  test("[C1.4] a statement reads back as it was made, and keeps its bytes", () => {
    const again = decodeStatement(founding.bytes)
    expect(again).toEqual(founding)
    expect(again.bytes).toBe(founding.bytes)
  })

  const asMap = () => new Map(decodeCbor(founding.bytes) as ReadonlyMap<number, CborValue>)
  const wrongFields: readonly (readonly [what: string, key: number, value: CborValue])[] = [
    ["format 2", 0, 2],
    ["31 bytes of organisation", 1, new Uint8Array(31)],
    ["type 65,536", 2, 65_536],
    ["a negative type", 2, -1],
    ["a body that is a list", 3, []],
    ["no subject", 4, new Uint8Array()],
    ["65 bytes of subject", 4, new Uint8Array(65)],
    ["a subject in text", 4, "rules"],
    ["a negative seq", 5, -1],
    ["33 bytes of prev", 6, new Uint8Array(33)],
    ["a rules version in bytes", 7, new Uint8Array(1)],
    ["a base of three", 8, [0, new Uint8Array(32), 0]],
    ["a base with a short root", 8, [0, new Uint8Array(31)]],
    ["a negative notAfter", 9, -1],
    ["17 bytes of nonce", 10, new Uint8Array(17)],
    ["a key 11", 11, 0],
  ]
  test.each(wrongFields)("[C1.4] refuses %s", (_what, key, value) => {
    expectCode("malformed", () => decodeStatement(encodeCbor(asMap().set(key, value))))
  })

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])("[C1.4] refuses a statement without key %i", (key) => {
    const map = asMap()
    map.delete(key)
    expectCode("malformed", () => decodeStatement(encodeCbor(map)))
  })

  test("[C1.8] approvals are sealed in the order of their signers", () => {
    const one = seal(founding, approvals)
    expect(seal(founding, approvals.toReversed())).toEqual(one)
    expect(one).toEqual(entries[0])
    expect(decodeEnvelope(one).statement).toEqual(founding)
  })

  test("[C1.8] refuses a signer twice, another order, another format, a fourth part, a statement that is not bytes", () => {
    const [a, b] = decodeEnvelope(entries[0] as Uint8Array).approvals.map((approval) =>
      decodeCbor(encodeApproval(approval)),
    )
    if (a === undefined || b === undefined) throw new Error("approvals")
    expectCode("malformed", () => decodeEnvelope(encodeCbor([1, founding.bytes, [a, a]])))
    expectCode("malformed", () => decodeEnvelope(encodeCbor([1, founding.bytes, [b, a]])))
    expectCode("malformed", () => decodeEnvelope(encodeCbor([2, founding.bytes, [a, b]])))
    expectCode("malformed", () => decodeEnvelope(encodeCbor([1, founding.bytes, [a, b], 0])))
    expectCode("malformed", () => decodeEnvelope(encodeCbor([1, decodeCbor(founding.bytes), [a, b]])))
    expectCode("malformed", () => seal(founding, [...approvals, ...approvals]))
    expect(() => decodeEnvelope(encodeCbor([1, founding.bytes, [a, b]]))).not.toThrow()
  })

  test("[C1.8] refuses more than 60,000 bytes and more than 128 approvals", () => {
    expectCode("too_large", () => decodeEnvelope(new Uint8Array(60_001)))
    const many = Array.from({ length: 129 }, (_, i) => ({
      signer: bytesFrom(`${i}`, 16),
      kind: 1 as const,
      signature: new Uint8Array(64),
    }))
    expect(() => seal(founding, many.slice(1))).not.toThrow()
    expectCode("malformed", () => seal(founding, many))
  })

  const signer = new Uint8Array(16)
  const wrongApprovals: readonly (readonly [what: string, value: CborValue])[] = [
    ["kind 0", [signer, 0, new Uint8Array(64)]],
    ["kind 4", [signer, 4, new Uint8Array(64)]],
    ["a signature of 63 bytes", [signer, 1, new Uint8Array(63)]],
    ["a signer of 15 bytes", [new Uint8Array(15), 1, new Uint8Array(64)]],
    ["a part too many", [signer, 1, new Uint8Array(64), 0]],
    ["a part too few", [signer, 1]],
    ["a passkey approval without client data", [signer, 2, new Uint8Array(37), new Uint8Array(70)]],
    [
      "a passkey approval with short authenticator data",
      [signer, 2, new Uint8Array(36), new Uint8Array(9), new Uint8Array(70)],
    ],
    ["a map", new Map()],
  ]
  test.each(wrongApprovals)("[C1.9] refuses %s", (_what, value) => {
    expectCode("malformed", () => decodeApproval(encodeCbor(value)))
    expectCode("malformed", () => decodeEnvelope(encodeCbor([1, founding.bytes, [value]])))
  })

  test("[C1.9] approvals of every kind read back", () => {
    const passkey = { kind: 2 as const, authenticatorData: new Uint8Array(37), clientDataJson: new Uint8Array(9) }
    for (const approval of [...approvals, { ...passkey, signer, signature: new Uint8Array(70) }]) {
      expect(decodeApproval(encodeApproval(approval))).toEqual(approval)
    }
    expectCode("too_large", () => decodeApproval(new Uint8Array(5000)))
  })

  test("[C1.6] any flipped bit is refused or makes another statement", () => {
    fc.assert(
      fc.property(fc.nat({ max: founding.bytes.length * 8 - 1 }), (bit) => {
        const bytes = founding.bytes.slice()
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
        try {
          expect(hex(decodeStatement(bytes).id)).not.toBe(hex(founding.id))
        } catch (error) {
          expect(error).toBeInstanceOf(CharterError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test("[C1.2] a truncated or extended statement is refused", () => {
    for (let length = 0; length < founding.bytes.length; length += 7) {
      expectCode("malformed", () => decodeStatement(founding.bytes.subarray(0, length)))
    }
    expectCode("malformed", () => decodeStatement(concatBytes(founding.bytes, Uint8Array.of(0))))
  })
})

describe("labels and URLs", () => {
  test.each(["", "Example Hosting", "Zürich", "東京", "عربي", "x".repeat(64)])("[C2.6] %s is a label", (text) => {
    expect(isLabel(text)).toBe(true)
  })
  test.each([
    " x",
    "x ",
    "a\nb",
    "a\u0000",
    "a\u202eb",
    "a\u200bb",
    "a\u2066b",
    "\ufeffa",
    "a\u00a0b",
    "\ud800",
    "ü".repeat(33),
    "\u{e0041}",
    "\uffff",
  ])("[C2.6] %j is none", (text) => {
    expect(isLabel(text)).toBe(false)
  })
  test.each(["https://a.example", "http://localhost:4400/x", "http://abc.onion"])("[C2.7] %s is a URL", (text) => {
    expect(isUrl(text)).toBe(true)
  })
  test.each([
    "",
    "https://",
    "ftp://a",
    "javascript:alert(1)",
    "https://a b",
    "https://ä.example",
    "https://a\n",
    "HTTPS://a",
    `https://${"a".repeat(249)}`,
  ])("[C2.7] %j is none", (text) => {
    expect(isUrl(text)).toBe(false)
  })
})
