import { expect, test } from "vitest"
import { refusals } from "../../src/index.ts"
import { inWords, noCounts, play } from "./play.ts"

const entries = Number(process.env.HOLDFAST_MODEL_ENTRIES ?? 1_000_000)
const real = Math.ceil(entries / 200)
const acts = [
  "rules",
  "member-add",
  "member-remove",
  "device-add",
  "device-remove",
  "relays",
  "suspend-keeper",
  "recover",
  "veto",
  "canary",
  "anchor",
  "batch",
]
const quick = new Set(["suspend-keeper", "veto", "canary", "anchor"])

test(`[C11.1] every rule of C11 over ${entries} random entries, ${real} of them with real keys`, async () => {
  const counts = noCounts()
  const from = performance.now()
  const seconds = () => Math.round((performance.now() - from) / 1_000)
  const timer = setInterval(() => console.log(`${counts.entries} entries after ${seconds()} s`), 60_000)
  try {
    await play({ entries: real, keys: "real", counts, seed: 7_000 })
    await play({ entries, counts, seed: Number(process.env.HOLDFAST_MODEL_SEED ?? 1_000_000) })
  } finally {
    clearInterval(timer)
    console.log(`${inWords(counts)}\n${seconds()} s`)
  }
  // What is never reached is not tested: then the histories have to become richer.
  const reached = [...counts.outcomes.keys()]
  const missingRefusals = Object.keys(refusals).filter((refusal) => !reached.some((it) => it.endsWith(`: ${refusal}`)))
  expect(missingRefusals).toEqual([])
  // RECOVER always waits.
  expect(acts.filter((act) => act !== "recover" && !reached.includes(`${act}: applied`))).toEqual([])
  expect(acts.filter((act) => !quick.has(act) && !reached.includes(`${act}: waiting`))).toEqual([])
  expect(reached).toEqual(expect.arrayContaining(["waited: applied", "waited: vetoed", "unknown: unknown_type"]))
  expect(reached.filter((it) => it.startsWith("waited: lapsed")).length).toBeGreaterThan(5)
})
