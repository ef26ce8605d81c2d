import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { CharterError } from "../src/index.ts"
import { type JsonValue, parseStrictJson, someNumber } from "../src/strict-json.ts"

/** `JSON.parse`'s answer in our terms. */
function asStrict(value: unknown): JsonValue {
  if (typeof value === "number") return someNumber
  if (Array.isArray(value)) return value.map(asStrict)
  if (typeof value === "object" && value !== null)
    return new Map(Object.entries(value).map(([name, member]) => [name, asStrict(member)]))
  return value as JsonValue
}

function attempt(text: string): { readonly value: JsonValue } | undefined {
  try {
    return { value: parseStrictJson(text) }
  } catch (error) {
    expect(error).toBeInstanceOf(CharterError)
    return undefined
  }
}

const platform = (text: string) => {
  try {
    return { value: asStrict(JSON.parse(text)) }
  } catch {
    return undefined
  }
}

describe("beside JSON.parse", () => {
  test("[C9.3] what JSON.stringify writes reads back to the same", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6, stringUnit: "binary" }), (text) => {
        const read = attempt(text)
        if (read !== undefined) expect(read).toEqual(platform(text))
        // only what two parsers could read differently is refused
        else expect(/\\u[dD][89a-fA-F]/.test(text)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test("[C9.3] nothing is taken that JSON.parse refuses, and nothing is read differently", () => {
    const pieces = [
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"b"',
      '"\\u0061"',
      '"\\n"',
      "1",
      "-",
      "0",
      ".5",
      "e3",
      "true",
      "null",
      " ",
      "\n",
    ]
    let taken = 0
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 9 }), (parts) => {
        const text = parts.join("")
        const [read, theirs] = [attempt(text), platform(text)]
        if (read !== undefined) {
          taken++
          expect(read).toEqual(theirs)
        } else if (theirs !== undefined) expect(text).toMatch(/"(a|\\u0061)".*"(a|\\u0061)"|"b".*"b"|"\\n".*"\\n"/s)
      }),
      { numRuns: 20_000 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  test.each([
    "01",
    "+1",
    "1.",
    ".5",
    "1e",
    "0x1",
    "NaN",
    "'a'",
    "[1,]",
    "{,}",
    '{"a":1,}',
    "{a:1}",
    '"\t"',
    '"\\x"',
    '"\\u00"',
    "tru",
    "truefalse",
    "\u00a01",
    "//\n1",
    "",
    " ",
  ])("[C9.3] %j is no JSON", (text) => {
    expect(attempt(text)).toBe(undefined)
    expect(platform(text)).toBe(undefined)
  })
})

describe("stricter than JSON.parse", () => {
  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"x":{"a":1,"a":2}}]',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
  ])("[C9.3] a name twice: %s", (text) => {
    expect(attempt(text)).toBe(undefined)
    expect(platform(text)).not.toBe(undefined)
  })

  test("[C9.3] the same name in two objects, and names that mean something to the language", () => {
    expect(attempt('{"a":{"a":1},"b":{"a":1}}')).not.toBe(undefined)
    const read = parseStrictJson('{"__proto__":"x","constructor":false}') as ReadonlyMap<string, JsonValue>
    expect([...read]).toEqual([
      ["__proto__", "x"],
      ["constructor", false],
    ])
  })

  test.each(['"\\ud800"', '"\\udc00\\ud800"', '{"\\ud800":1}'])("[C9.3] a lone surrogate: %s", (text) => {
    expect(attempt(text)).toBe(undefined)
    expect(platform(text)).not.toBe(undefined)
  })

  test("[C9.3] 8 levels and no more, of arrays, objects and both", () => {
    const nested = (open: string, close: string, levels: number) =>
      open.repeat(levels) + (open.endsWith(":") ? "1" : "") + close.repeat(levels)
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      expect(attempt(nested(open, close, 8))).not.toBe(undefined)
      expect(attempt(nested(open, close, 9))).toBe(undefined)
    }
    expect(attempt(`[[[[${nested('{"a":', "}", 4)}]]]]`)).not.toBe(undefined)
    expect(attempt(`[[[[[${nested('{"a":', "}", 4)}]]]]]`)).toBe(undefined)
    expect(attempt("[".repeat(100_000))).toBe(undefined)
  })
})
