import { hex } from "@holdfast/wire"
import fc from "fast-check"
import { expect, test } from "vitest"
import { emptyIdMap, type IdMap, Journal } from "../src/index.ts"

// Few different bytes and lengths, so that keys share beginnings, contain each other and come twice.
const key = fc.array(fc.constantFrom(0x00, 0x01, 0x10, 0xff), { maxLength: 5 }).map((bytes) => Uint8Array.from(bytes))

test("an id map says what a plain map says, in key order, and older ones stay as they were", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.nat()), { maxLength: 60 }), (entries) => {
      const plain = new Map<string, number>()
      let map: IdMap<number> = emptyIdMap()
      const history: (readonly [IdMap<number>, readonly number[]])[] = []
      for (const [id, value] of entries) {
        map = map.with(id, value)
        plain.set(hex(id), value)
        history.push([map, [...plain].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, v]) => v)])
        expect(map.get(id)).toBe(value)
      }
      for (const [old, values] of history) {
        expect([...old.values()]).toEqual(values)
        expect(old.size).toBe(values.length)
      }
      for (const [id] of entries) expect(map.get(id)).toBe(plain.get(hex(id)))
      expect(map.has(Uint8Array.of(7))).toBe(false)
    }),
    { numRuns: 300 },
  )
})

test("a journal that grows in two ways keeps both, and what was before", () => {
  const start = Journal.empty<number>().with(1).with(2)
  const left = start.with(3).with(4)
  const right = start.with(30)
  expect([[...start], [...left], [...right], [...left.with(5)]]).toEqual([
    [1, 2],
    [1, 2, 3, 4],
    [1, 2, 30],
    [1, 2, 3, 4, 5],
  ])
  expect(start.at(2)).toBeUndefined()
  expect(start.at(-1)).toBeUndefined()
  expect(left.lastWhere((item) => item <= 3)).toBe(3)
  expect(left.lastWhere((item) => item <= 0)).toBeUndefined()
})
