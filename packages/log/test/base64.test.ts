import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { decodeBase64, encodeBase32, encodeBase64 } from "../src/base64.ts"
import { codeOf, expectCode } from "./expect-code.ts"
import { utf8 } from "./vector-files.ts"

describe("base64", () => {
  test("[L1.2] agrees with Node's on all bytes, both ways", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from(bytes).toString("base64")
        expect(encodeBase64(bytes)).toBe(text)
        expect(decodeBase64(text)).toEqual(bytes)
      }),
    )
  })

  test.each([
    ["white space", "Zg ="],
    ["a line feed", "Zm9v\n"],
    ["no padding", "Zg"],
    ["half the padding", "Zg="],
    ["only padding", "===="],
    ["padding inside", "Zg==Zm9v"],
    ["three padding characters", "Z==="],
    ["left-over bits after one byte", "Zh=="],
    ["left-over bits after two bytes", "Zm9="],
    ["the URL alphabet", "_-8="],
    ["a character above ASCII", "Zm9\u00e9"],
  ])("[L1.2] refuses %s", (_, text) => expectCode("malformed", () => decodeBase64(text)))

  test("[L1.2] one text for each byte string", () => {
    const digits = fc.constantFrom(..."ABYZabyz0189+/= \n-_")
    fc.assert(
      fc.property(fc.string({ unit: digits, maxLength: 12 }), (text) => {
        if (codeOf(() => decodeBase64(text)) === "accepted") expect(encodeBase64(decodeBase64(text))).toBe(text)
      }),
    )
  })
})

test.each([
  ["", ""],
  ["f", "my"],
  ["fo", "mzxq"],
  ["foo", "mzxw6"],
  ["foob", "mzxw6yq"],
  ["fooba", "mzxw6ytb"],
  ["foobar", "mzxw6ytboi"],
])("[L4.6] base32 of %j as in RFC 4648, in lower case without padding", (text, encoded) =>
  expect(encodeBase32(utf8(text))).toBe(encoded),
)
