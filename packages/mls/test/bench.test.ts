import { expect, test } from "vitest"
import { type MlsFigure, mlsFigures } from "../bench/mls-bench.ts"

test("the bench runs both sides and states a goal for messages and commits", async () => {
  const figures: MlsFigure[] = []
  for await (const one of mlsFigures({ sizes: [2] })) figures.push(one)
  expect(figures.map((f) => f.name.split(",")[0])).toEqual([
    "mls create",
    "mls join",
    "mls commit",
    "mls apply commit",
    "mls encrypt",
    "mls decrypt",
    "mls decrypt in a run",
  ])
  for (const { value, peer, ratio, goal, met } of figures) {
    expect(value).toBeGreaterThan(0)
    expect(ratio).toBeCloseTo((peer as number) / value, 6)
    expect(met === null).toBe(goal === null)
  }
})
