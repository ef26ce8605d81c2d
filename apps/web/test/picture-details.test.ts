import { crc32, deflateSync } from "node:zlib"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { withoutDetails } from "../src/state/picture-details.ts"

const bytes = (...parts: (string | readonly number[] | Uint8Array)[]) =>
  new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part)))),
  )
const u16 = (n: number) => [n >> 8, n & 255]
const u32 = (n: number) => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]
const u32le = (n: number) => u32(n).reverse()
const cleaned = (input: Uint8Array<ArrayBuffer>) => {
  const result = withoutDetails(input)
  return result.kind === "cleaned" ? bytes(...result.parts) : result.kind
}
const words = (input: unknown) => Buffer.from(input as Uint8Array).toString("latin1")

describe("JPEG", () => {
  const segment = (marker: number, body: Uint8Array) => bytes([0xff, marker], u16(body.length + 2), body)
  const jfif = segment(0xe0, bytes("JFIF\0", [1, 1, 0, 0, 1, 0, 1, 0, 0]))
  const table = segment(
    0xdb,
    bytes(
      [0],
      Array.from({ length: 64 }, () => 1),
    ),
  )
  const icc = segment(0xe2, bytes("ICC_PROFILE\0", [1, 1], "profile"))
  // an escaped FF, a restart marker, and a table between two scans that looks like an end marker inside
  const scans = bytes(
    segment(0xda, bytes([1, 1, 0, 0, 63, 0])),
    [1, 2, 0xff, 0, 3, 0xff, 0xd0, 4],
    segment(0xc4, bytes([0xff, 0xd9, 7])),
    segment(0xda, bytes([1, 1, 0, 0, 63, 0])),
    [5, 6, 0xff, 0xd9],
  )
  const exif = (orientation: number, little = false) => {
    const n16 = (n: number) => (little ? u16(n).reverse() : u16(n))
    const n32 = (n: number) => (little ? u32le(n) : u32(n))
    return segment(
      0xe1,
      bytes(
        "Exif\0\0",
        little ? "II" : "MM",
        n16(42),
        n32(8),
        n16(2),
        [
          ...n16(0x8825),
          ...n16(4),
          ...n32(1),
          ...n32(99),
          ...n16(0x0112),
          ...n16(3),
          ...n32(1),
          ...n16(orientation),
          0,
          0,
        ],
        "GPS 53.5N 9.9E",
      ),
    )
  }
  const picture = (...segments: Uint8Array[]) => bytes([0xff, 0xd8], ...segments, scans)

  test("one without details is left as it is", () => expect(cleaned(picture(jfif, icc, table))).toBe("clean"))
  test("place, maker, editing history and comments go; profile and tables stay", () => {
    const xmp = segment(0xe1, bytes("http://ns.adobe.com/xap/1.0/\0<x:creator>"))
    const iptc = segment(0xed, bytes("Photoshop 3.0\0"))
    const comment = segment(0xfe, bytes("shot on"))
    expect(cleaned(picture(jfif, exif(1), xmp, icc, iptc, comment, table))).toEqual(picture(jfif, icc, table))
  })
  test.each([
    [6, false],
    [8, true],
  ])("a turned picture (%i) stays turned, and says no more than that", (orientation, little) => {
    const result = cleaned(picture(jfif, exif(orientation, little), table)) as Uint8Array
    expect(words(result)).not.toContain("GPS")
    expect(words(result)).toContain("Exif")
    const at = words(result).indexOf("Exif") + 6
    expect([...result.subarray(at + 10, at + 20)]).toEqual([...u16(0x0112), ...u16(3), ...u32(1), ...u16(orientation)])
    expect(cleaned(result as Uint8Array<ArrayBuffer>)).toBe("clean")
  })
  test("what follows the end of the picture goes", () =>
    expect(cleaned(bytes(picture(jfif, table), "ftypmp42 a short film with a place"))).toEqual(picture(jfif, table)))
  test("one that breaks off is not called clean", () => {
    const whole = picture(jfif, exif(6), table)
    for (let length = 3; length < whole.length; length += 1) expect(cleaned(whole.slice(0, length))).toBe("unknown")
  })
})

describe("PNG", () => {
  const chunk = (type: string, body: Uint8Array) => bytes(u32(body.length), type, body, u32(crc32(bytes(type, body))))
  const head = bytes([0x89], "PNG\r\n", [0x1a, 0x0a])
  const ihdr = chunk("IHDR", bytes(u32(1), u32(1), [8, 0, 0, 0, 0]))
  const idat = chunk("IDAT", bytes(deflateSync(Buffer.from([0, 0]))))
  const iend = chunk("IEND", bytes())
  test("one without details is left as it is", () => expect(cleaned(bytes(head, ihdr, idat, iend))).toBe("clean"))
  test("texts, times, Exif and what follows the end go", () =>
    expect(
      cleaned(
        bytes(
          head,
          ihdr,
          chunk("eXIf", bytes("MM")),
          chunk("tEXt", bytes("Author\0A")),
          chunk("tIME", bytes([7])),
          idat,
          iend,
          "more",
        ),
      ),
    ).toEqual(bytes(head, ihdr, idat, iend)))
  test("one that breaks off is not called clean", () =>
    expect(cleaned(bytes(head, ihdr, idat).slice(0, -1))).toBe("unknown"))
})

describe("WebP", () => {
  const chunk = (type: string, body: Uint8Array) =>
    bytes(type, u32le(body.length), body, body.length % 2 === 1 ? [0] : [])
  const riff = (...chunks: Uint8Array[]) => {
    const body = bytes("WEBP", ...chunks)
    return bytes("RIFF", u32le(body.length), body)
  }
  const image = chunk("VP8L", bytes([0x2f, 1, 2, 3, 4]))
  const extended = (flags: number) => chunk("VP8X", bytes([flags, 0, 0, 0, 1, 0, 0, 1, 0, 0]))
  test("one without details is left as it is", () => expect(cleaned(riff(image))).toBe("clean"))
  test("Exif and XMP go, and the header no longer announces them", () =>
    expect(
      cleaned(
        riff(extended(0x2c), chunk("ICCP", bytes("p")), image, chunk("EXIF", bytes("GPS")), chunk("XMP ", bytes("x"))),
      ),
    ).toEqual(riff(extended(0x20), chunk("ICCP", bytes("p")), image)))
})

test("formats that cannot be looked through are said to be unknown", () => {
  expect(withoutDetails(bytes(u32(24), "ftypheic")).kind).toBe("unknown")
  expect(withoutDetails(bytes()).kind).toBe("unknown")
})

test("hostile bytes never crash and never grow", () => {
  const starts = [
    [0xff, 0xd8, 0xff],
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    [...Buffer.from("RIFF\xff\0\0\0WEBP", "latin1")],
  ]
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }), (start, rest) => {
      const input = bytes(start, rest)
      const result = withoutDetails(input)
      if (result.kind !== "cleaned") return
      expect(result.parts.reduce((sum, part) => sum + part.length, 0)).toBeLessThan(input.length + 36)
    }),
    { numRuns: 3_000 },
  )
})
