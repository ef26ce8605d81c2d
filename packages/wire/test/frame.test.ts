import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { concatBytes } from "../src/bytes.ts"
import {
  bodyKinds,
  decodeFrame,
  encodeFrame,
  frameClasses,
  frameOverhead,
  isFrameLength,
  maxBodyBytes,
  padBody,
  unpadBody,
} from "../src/frame.ts"
import { limits } from "../src/limits.ts"
import { expectCode } from "./expect-code.ts"

const beforeBody = 16 + 12 + 16
const filled = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31) % 251)

describe("frames", () => {
  test("[W6.1] have one of five lengths and no other", () => {
    expect(frameClasses).toEqual([512, 1_024, 4_096, 16_384, 65_536])
    expect(frameClasses.at(-1)).toBe(limits.frameBytes)
    for (const length of frameClasses) {
      expect(isFrameLength(length)).toBe(true)
      for (const near of [length - 1, length + 1]) expectCode("malformed", () => decodeFrame(new Uint8Array(near)))
    }
    for (const length of [0, 28, 44, 2_048]) expectCode("malformed", () => decodeFrame(new Uint8Array(length)))
  })

  test("[W6.2] are tag, nonce and what is sealed", () => {
    for (const length of frameClasses) {
      const bytes = filled(length)
      const frame = decodeFrame(bytes)
      expect([frame.tag.length, frame.nonce.length, frame.sealed.length]).toEqual([16, 12, length - 28])
      expect(concatBytes(frame.tag, frame.nonce, frame.sealed)).toEqual(bytes)
      expect(encodeFrame(frame)).toEqual(bytes)
    }
  })

  test("[W6.2, W3.2] with parts of other lengths are not written", () => {
    const good = decodeFrame(filled(512))
    for (const bad of [
      { ...good, tag: new Uint8Array(15) },
      { ...good, tag: new Uint8Array(17), nonce: new Uint8Array(11) },
      { ...good, nonce: new Uint8Array(13) },
      { ...good, sealed: new Uint8Array(485) },
    ]) {
      expectCode("malformed", () => encodeFrame(bad))
    }
  })
})

describe("bodies", () => {
  test("[W6.3] come back, from the shortest frame that fits or a longer one", () => {
    const lengths = fc.oneof(
      fc.constantFrom(
        ...frameClasses.flatMap((n) => [n - frameOverhead - 1, n - frameOverhead, n - frameOverhead + 1]),
      ),
      fc.integer({ min: 0, max: maxBodyBytes }),
    )
    const kinds = fc.constantFrom("message" as const, "part" as const)
    fc.assert(
      fc.property(lengths, kinds, fc.constantFrom(...frameClasses), (length, kind, smallest) => {
        fc.pre(length <= maxBodyBytes)
        const bytes = filled(length)
        const padded = padBody({ kind, bytes }, smallest)
        const whole = padded.length + beforeBody
        expect(isFrameLength(whole)).toBe(true)
        expect(whole).toBe(frameClasses.find((n) => n >= smallest && n >= length + 49))
        expect(unpadBody(padded)).toEqual({ kind, bytes })
        expect(padded.subarray(5 + length).every((byte) => byte === 0)).toBe(true)
      }),
    )
  })

  test("[W6.3] begin with kind and length", () => {
    expect(padBody({ kind: "message", bytes: filled(258) }).subarray(0, 5)).toEqual(Uint8Array.of(1, 0, 0, 1, 2))
    expect(padBody({ kind: "part", bytes: filled(3) }).subarray(0, 5)).toEqual(Uint8Array.of(2, 0, 0, 0, 3))
    expect(bodyKinds).toEqual({ message: 1, part: 2 })
  })

  test("[W6.4] of an unknown kind are refused", () => {
    const padded = padBody({ kind: "message", bytes: filled(10) })
    for (const kind of [0, 3, 255]) expectCode("malformed", () => unpadBody(padded.with(0, kind)))
  })

  test("[W6.4] longer than what is there are refused", () => {
    const padded = new Uint8Array(468)
    padded[0] = 1
    const put = (length: number) => {
      new DataView(padded.buffer).setUint32(1, length)
      return padded
    }
    expect(unpadBody(put(463)).bytes).toHaveLength(463)
    for (const length of [464, 0x7fffffff, 0xffffffff]) expectCode("malformed", () => unpadBody(put(length)))
    for (const length of [0, 1, 4]) expectCode("malformed", () => unpadBody(new Uint8Array(length)))
  })

  test("[W6.4] with anything but zeros in the padding are refused, at every place", () => {
    const padded = padBody({ kind: "part", bytes: filled(100) })
    for (let at = 105; at < padded.length; at++) expectCode("malformed", () => unpadBody(padded.with(at, 1)))
  })

  test("[W6.5] have at most 65,487 bytes", () => {
    expect(maxBodyBytes).toBe(65_487)
    expect(padBody({ kind: "part", bytes: filled(maxBodyBytes) }).length + beforeBody).toBe(65_536)
    expectCode("too_large", () => padBody({ kind: "part", bytes: filled(maxBodyBytes + 1) }))
  })
})
