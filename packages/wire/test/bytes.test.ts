import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  base32,
  base64url,
  compareBytes,
  concatBytes,
  equalBytes,
  fromBase64url,
  fromHex,
  fromUtf8,
  hex,
  readU32be,
  u32be,
  utf8,
} from "../src/bytes.ts"
import { expectCode } from "./expect-code.ts"

const byteStrings = fc.uint8Array({ maxLength: 80 })

describe("texts for bytes", () => {
  test("hex and base64url are Node's, and come back", () => {
    fc.assert(
      fc.property(byteStrings, (bytes) => {
        expect(hex(bytes)).toBe(Buffer.from(bytes).toString("hex"))
        expect(base64url(bytes)).toBe(Buffer.from(bytes).toString("base64url"))
        expect(fromHex(hex(bytes))).toEqual(bytes)
        expect(fromBase64url(base64url(bytes))).toEqual(bytes)
      }),
    )
  })

  test("[W1.1] hex has one form", () => {
    for (const bad of ["0", "AB", "0x00", "zz", " 00", "00 ", "0g", "００"]) expectCode("malformed", () => fromHex(bad))
  })

  test("[W8.1] base64url has one form: no padding, no other alphabet, unused bits zero", () => {
    for (const bad of ["A", "AA==", "AAA=", "A+", "A/", "AB", "AAB", " AAA", "AAAAA", "é0"]) {
      expectCode("malformed", () => fromBase64url(bad))
    }
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii", maxLength: 12 }), (text) => {
        try {
          expect(base64url(fromBase64url(text))).toBe(text)
        } catch (error) {
          expect((error as Error).name).toBe("WireError")
        }
      }),
    )
  })

  test("[W5.10] base32 is RFC 4648's in lower case without padding", () => {
    const vectors = {
      "": "",
      f: "my",
      fo: "mzxq",
      foo: "mzxw6",
      foob: "mzxw6yq",
      fooba: "mzxw6ytb",
      foobar: "mzxw6ytboi",
    }
    for (const [text, expected] of Object.entries(vectors)) expect(base32(utf8(text))).toBe(expected)
  })

  test("[W4.4] UTF-8 is strict and keeps a byte order mark", () => {
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe("\ufeffA")
    for (const bad of ["80", "c0af", "eda080", "f8"]) expectCode("malformed", () => fromUtf8(fromHex(bad)))
  })
})

describe("byte strings", () => {
  test("order and equality are Node's", () => {
    fc.assert(
      fc.property(byteStrings, byteStrings, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
        expect(equalBytes(a, a.slice())).toBe(true)
        expect(hex(concatBytes(a, b))).toBe(hex(a) + hex(b))
      }),
    )
  })

  test("numbers of four bytes are big-endian, also inside a larger buffer", () => {
    expect(hex(u32be(0x01020304))).toBe("01020304")
    expect(readU32be(fromHex("ffff01020304").subarray(1), 1)).toBe(0x01020304)
  })
})
