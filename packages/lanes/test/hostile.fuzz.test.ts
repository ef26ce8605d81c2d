import fc from "fast-check"
import { describe, test } from "vitest"
import { decoderCases, expectRefusedOrSame, hostileBytes } from "./support/decoders.ts"
import { World } from "./support/simulation.ts"

describe.each(decoderCases)("$name", (decoder) => {
  test("[N1.3, N10.5] 100,000 hostile inputs are refused with a code, or are the one encoding of what they say", () => {
    fc.assert(
      fc.property(hostileBytes(decoder), (bytes) => expectRefusedOrSame(decoder, bytes)),
      { numRuns: 100_000 },
    )
  })
})

test("[N1.2, N10.4] 2,000 further simulated organisations of all lengths", async () => {
  for (let seed = 10_000; seed < 12_000; seed++) {
    const steps = 20 + (seed % 180)
    await new World({ seed, steps }).run().catch((cause) => {
      throw new Error(`seed ${seed}, ${steps} steps: ${cause instanceof Error ? cause.message : cause}`, { cause })
    })
  }
})
