import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { decoderCases, expectRefusedOrSame, hostileBytes } from "./decoders.ts"

describe.each(decoderCases)("$name", (decoder) => {
  test("[L1.3] what is valid comes back the same", () => {
    for (const bytes of decoder.valid) expect(Buffer.from(decoder.again(bytes))).toEqual(Buffer.from(bytes))
  })

  test("[L1.3] hostile bytes are refused with a code, or are the one encoding of what they say", () => {
    fc.assert(
      fc.property(hostileBytes(decoder), (bytes) => expectRefusedOrSame(decoder, bytes)),
      { numRuns: 1_000 },
    )
  })
})
