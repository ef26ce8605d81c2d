import { expect, test } from "vitest"
import { play } from "./play.ts"

const rules = "C11.1 C11.2 C11.3 C11.4 C11.5 C11.6 C11.7 C11.8 C11.9 C11.10 C11.11 C11.12 C11.13 C11.14 C11.15"

test(`[${rules}] hold in random histories with turned keepers, members, witnesses and a relay`, async () => {
  const { entries, probes } = await play({ entries: 2_000 })
  expect(entries).toBeGreaterThanOrEqual(2_000)
  expect(probes).toBeGreaterThan(100)
})

test("[C11.1 C11.2] the same with Ed25519 keys and P-256 passkeys", async () => {
  const { entries } = await play({ entries: 200, keys: "real", maxMoves: 40 })
  expect(entries).toBeGreaterThanOrEqual(200)
})
