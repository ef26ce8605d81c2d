import fc from "fast-check"
import { expect, test } from "vitest"
import { Reader, vector, vectorLength, Writer } from "../src/codec.ts"
import { decoders, fuzz } from "./decoders.ts"

const runs: Record<string, number> = { "group at rest": 300, commit: 500, "commit signed by a member": 600 }

for (const decoder of await decoders()) {
  test(`[M1.1] ${decoder.name}: accepts its own bytes, and damaged ones do no harm`, async () => {
    await decoder.decode(decoder.valid)
    await fuzz(decoder, runs[decoder.name] ?? 1_000)
  })
}

test("[M1.1] vectors: what is written is read, in one form", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 16_380, maxLength: 16_390 })),
      (bytes) => {
        const written = vector(bytes)
        expect(written.length).toBe(vectorLength(bytes.length))
        expect(new Writer(1).vector(bytes).end()).toEqual(written)
        const r = new Reader(written, "vector")
        expect(r.vector()).toEqual(bytes)
        r.end()
      },
    ),
    { numRuns: 300 },
  )
  for (const bad of [[0x40, 1, 0], [0x80, 0, 0, 1, 0], [0xc0], [0x40], [2, 0], [0x80, 0, 63]]) {
    expect(() => new Reader(Uint8Array.from(bad), "vector").vector()).toThrow("malformed")
  }
})

test("numbers: what is written is read, whatever room there was", () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(65_535), fc.nat(0xffffffff), fc.bigInt(0n, (1n << 64n) - 1n), (a, b, c, d) => {
      const bytes = new Writer(1).u8(a).u16(b).u32(c).u64(d).end()
      const r = new Reader(bytes, "numbers")
      expect([r.u8(), r.u16(), r.u32(), r.u64()]).toEqual([a, b, c, d])
      r.end()
    }),
    { numRuns: 200 },
  )
})
