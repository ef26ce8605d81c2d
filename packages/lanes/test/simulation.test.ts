import { expect, test } from "vitest"
import { World } from "./support/simulation.ts"

const seeds = 50
const steps = 60

test("[N1.2, N10.4] whatever clients, crashes and the relay's timing do, all end alike and hear everything once", {
  timeout: 120_000,
}, async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    await new World({ seed, steps }).run().catch((cause) => {
      throw new Error(`seed ${seed}, ${steps} steps: ${cause instanceof Error ? cause.message : cause}`, { cause })
    })
  }
  expect(seeds).toBe(50)
})
