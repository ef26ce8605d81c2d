import fc from "fast-check"
import { describe, test } from "vitest"
import { decoderCases, expectRefusedOrSame, hostileBytes } from "./decoders.ts"

describe.each(decoderCases)("$name", (decoder) => {
  test("[L1.3] 200,000 hostile inputs are refused with a code, or are the one encoding of what they say", () => {
    fc.assert(
      fc.property(hostileBytes(decoder), (bytes) => expectRefusedOrSame(decoder, bytes)),
      { numRuns: 200_000 },
    )
  })
})
