import { expect, test } from "vitest"
import { collect, formatNumber, toFigure, toJson, toTable } from "../../tools/bench/collect.ts"
import { compare, type Figure, figure, median, millisPerCall } from "../../tools/bench/harness.ts"

test("the median of an even and an odd number of runs", () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(() => median([])).toThrow(RangeError)
})

test("calls are counted: the warm-up is run and not measured", async () => {
  let calls = 0
  const millis = await millisPerCall(
    async () => {
      calls += 1
    },
    { warmUp: 1, rounds: 3, calls: 10 },
  )
  expect(calls).toBe(40)
  expect(millis).toBeGreaterThanOrEqual(0)
  expect(millis).toBeLessThan(10)
})

test("better means less time and more work", () => {
  const faster = compare({ name: "a", value: 2, unit: "ms", peer: 10, better: "lower", ratioGoal: 5 })
  expect(faster).toMatchObject({ ratio: 5, goal: ">= 5 x", met: true })
  expect(compare({ name: "a", value: 2, unit: "/s", peer: 10, better: "higher", ratioGoal: 5 })).toMatchObject({
    ratio: 0.2,
    met: false,
  })
  expect(figure({ name: "a", value: 16, unit: "µs" }, { better: "lower", bound: 15 })).toMatchObject({
    goal: "<= 15 µs",
    met: false,
  })
  expect(figure({ name: "a", value: 16, unit: "µs" })).toMatchObject({ goal: null, met: null })
})

test("the file has seven keys in order, whatever else a bench adds", () => {
  const given = { met: null, name: "a", value: 1, unit: "ms", peer: null, ratio: null, goal: null, extra: 1 } as Figure
  expect(JSON.parse(toJson([given]))).toEqual([
    { name: "a", value: 1, unit: "ms", peer: null, ratio: null, goal: null, met: null },
  ])
  expect(Object.keys(JSON.parse(toJson([given]))[0])).toEqual(["name", "value", "unit", "peer", "ratio", "goal", "met"])
})

test("nonsense is no figure", () => {
  const good = { name: "a", value: 1, unit: "ms" }
  expect(toFigure(good, "x")).toEqual({ ...good, peer: null, ratio: null, goal: null, met: null })
  const broken = [null, {}, { ...good, value: Number.NaN }, { ...good, value: "1" }, { ...good, peer: Infinity }]
  const contradictory = [
    { ...good, goal: 3, met: true },
    { ...good, goal: "<= 1 ms" },
    { ...good, met: "yes" },
  ]
  for (const bad of [...broken, ...contradictory]) expect(() => toFigure(bad, "x")).toThrow(TypeError)
})

test("a bench that measures nothing or is none is an error", async () => {
  const drain = async (bench: unknown) => {
    for await (const _ of collect(bench, "x"));
  }
  await expect(drain(undefined)).rejects.toThrow(TypeError)
  await expect(drain(async function* () {})).rejects.toThrow("measured nothing")
})

test("a missed goal is in the table", () => {
  const figures = [
    figure({ name: "late", value: 20, unit: "µs" }, { better: "lower", bound: 15 }),
    compare({ name: "fast", value: 1, unit: "ms", peer: 1_234.5, better: "lower" }),
  ]
  expect(toTable(figures).split("\n")).toEqual([
    "figure  value  unit   peer    ratio  goal",
    "late     20.0  µs                    <= 15 µs  MISSED",
    "fast     1.00  ms    1,235  1,235 x",
  ])
})

test("numbers have three digits that mean something", () => {
  expect([0, 0.0001234, 0.5, 12.345, 1234.5, 1e7].map(formatNumber)).toEqual([
    "0",
    "0.000123",
    "0.500",
    "12.3",
    "1,235",
    "10,000,000",
  ])
})
