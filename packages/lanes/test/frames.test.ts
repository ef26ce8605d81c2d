import { type Body, hex, laneIdOf, maxBodyBytes, toOrgId } from "@holdfast/wire"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { FrameKeys } from "../src/frame-keys.ts"
import { LeafWindows, windowOf } from "../src/leaf-windows.ts"
import { bodiesOf, type Collected, collect, decodePart, isWhole, partBytes } from "../src/parts.ts"
import { RecentFrames } from "../src/recent-frames.ts"
import { TagIndex } from "../src/tag-index.ts"

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const lane = laneIdOf(toOrgId(new Uint8Array(32)), 0)
const keys = () => new FrameKeys({ tagKey: new Uint8Array(32).fill(7), frameKey: new Uint8Array(32).fill(9) }, lane)

describe("tags and sealing", () => {
  test("[N2.2] a tag is HMAC-SHA-256 over leaf and counter, as WebCrypto computes it", async () => {
    const key = await crypto.subtle.importKey(
      "raw",
      new Uint8Array(32).fill(7),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    )
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, Uint8Array.of(0, 0, 0, 5, 0, 1, 0, 0)))
    expect(hex(keys().tag(5, 65_536))).toBe(hex(mac.subarray(0, 16)))
  })

  test("[N2.3] opens what was sealed, and nothing that was changed in any byte", async () => {
    const ours = keys()
    const body: Body = { kind: "message", bytes: Uint8Array.of(1, 2, 3) }
    const frame = await ours.seal(ours.tag(0, 0), body, random)
    expect(frame).toHaveLength(512)
    expect(await ours.open(frame)).toEqual(body)
    for (let at = 0; at < frame.length; at += 5) {
      const changed = frame.slice()
      changed[at]! ^= 1
      expect(await ours.open(changed)).toBeUndefined()
    }
    const other = new FrameKeys(ours.secrets, laneIdOf(toOrgId(new Uint8Array(32)), 1))
    expect(await other.open(frame)).toBeUndefined()
  })

  test("[N2.3] a length that is no class does not open", async () => {
    expect(await keys().open(new Uint8Array(513))).toBeUndefined()
  })
})

describe("windows", () => {
  const make = (members = 3) => {
    const index = new TagIndex<string>()
    const windows = new LeafWindows(keys(), members, "epoch", index)
    windows.add(1)
    const find = (counter: number) => index.find(keys().tag(1, counter))
    return { index, windows, find }
  }

  test("[N2.5] the window is 8, 4 or 2 by the number of members", () => {
    expect([1, 128, 129, 512, 513, 5000].map(windowOf)).toEqual([8, 8, 4, 4, 2, 2])
  })

  test("[N2.5] expects W tags ahead, and keeps 4 W behind", () => {
    const { windows, find, index } = make()
    expect([find(0), find(7)].map((entry) => entry?.counter)).toEqual([0, 7])
    expect(find(8)).toBeUndefined()
    windows.reach(1, 7)
    expect(find(15)?.counter).toBe(15)
    expect(find(16)).toBeUndefined()
    for (let counter = 15; counter < 60; counter += 8) windows.reach(1, counter)
    expect(windows.highestOf(1)).toBe(55)
    expect(find(55 - 31)).toBeDefined()
    expect(find(55 - 32)).toBeUndefined()
    expect(index.size).toBe(40)
  })

  test("[N2.6] only accepted counters are used up, and stay so across a restore", () => {
    const { windows, find } = make()
    windows.reach(1, 3)
    windows.markSeen(1, 1, 2)
    expect([0, 1, 2, 3].map((counter) => find(counter)?.seen)).toEqual([false, true, true, false])
    const index = new TagIndex<string>()
    const restored = new LeafWindows(keys(), 3, "epoch", index)
    restored.decodeInto(windows.encode())
    expect([0, 1, 2, 3, 4].map((counter) => index.find(keys().tag(1, counter))?.seen)).toEqual([
      false,
      true,
      true,
      false,
      false,
    ])
    expect(restored.encode()).toEqual(windows.encode())
  })

  test("[N2.7] a counter that fell behind is out of reach", () => {
    const { windows } = make()
    windows.reach(1, 7)
    expect(windows.isReachable(1, 0)).toBe(true)
    windows.reach(1, 40)
    expect([windows.isReachable(1, 8), windows.isReachable(1, 9)]).toEqual([false, true])
    expect(windows.isReachable(2, 0)).toBe(false)
  })

  test("[N2.5] a foreign tag is found nowhere, and a removed leaf's tags are gone", () => {
    const { windows, index, find } = make()
    expect(index.find(random(512))).toBeUndefined()
    expect(index.find(new Uint8Array(3))).toBeUndefined()
    windows.remove(1)
    expect(find(0)).toBeUndefined()
    expect(index.size).toBe(0)
  })

  test("any walk of reached and accepted counters restores to the same windows", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(12), fc.boolean()), { maxLength: 60 }), (steps) => {
        const { windows, index } = make()
        for (const [ahead, accepted] of steps) {
          const counter = Math.max(0, windows.highestOf(1) - 3 + ahead)
          if (index.find(keys().tag(1, counter)) === undefined) continue
          windows.reach(1, counter)
          if (accepted) windows.markSeen(1, counter, counter)
        }
        const again = new TagIndex<string>()
        const restored = new LeafWindows(keys(), 3, "epoch", again)
        restored.decodeInto(windows.encode())
        const high = windows.highestOf(1)
        for (let counter = Math.max(0, high - 40); counter < high + 12; counter++) {
          const tag = keys().tag(1, counter)
          expect(again.find(tag)?.seen).toBe(index.find(tag)?.seen)
        }
        expect(again.size).toBe(index.size)
      }),
      { numRuns: 50 },
    )
  })
})

describe("parts", () => {
  const place = (laneIndex: number, counter: number, stream = "s") => ({ stream, laneIndex, counter })

  test("[N3.1] a message that fits goes whole, a larger one in parts, one of more than 64 not at all", () => {
    expect(bodiesOf(new Uint8Array(maxBodyBytes)).map((body) => body.kind)).toEqual(["message"])
    expect(bodiesOf(new Uint8Array(maxBodyBytes + 1))).toHaveLength(2)
    const most = bodiesOf(new Uint8Array(partBytes * 64))
    expect(most).toHaveLength(64)
    for (const body of most) expect(body.bytes.length).toBeLessThanOrEqual(maxBodyBytes)
    expect(() => bodiesOf(new Uint8Array(partBytes * 64 + 1))).toThrow("too_large")
  })

  test("[N3.2] parts come together again", () => {
    const message = Uint8Array.from({ length: partBytes * 2 + 17 }, (_, i) => (i * 7) & 255)
    let collected: Collected | undefined
    for (const [i, body] of bodiesOf(message).entries()) {
      collected = collect(collected, decodePart(body.bytes), place(40 + i, 3 + i))
    }
    expect(isWhole(collected!)).toBe(true)
    expect(collected).toMatchObject({ firstCounter: 3, nextCounter: 6 })
    expect(Buffer.concat(collected!.pieces).equals(message)).toBe(true)
  })

  const first = collect(undefined, { index: 0, total: 3, bytes: Uint8Array.of(1) }, place(10, 5))
  const second = { index: 1, total: 3, bytes: Uint8Array.of(2) }
  test.each([
    ["another lane index", second, place(12, 6)],
    ["another counter", second, place(11, 7)],
    ["another sender", second, place(11, 6, "t")],
    ["another total", { ...second, total: 4 }, place(11, 6)],
    ["another number", { ...second, index: 2 }, place(11, 6)],
    ["nothing in it", { ...second, bytes: new Uint8Array() }, place(11, 6)],
    ["a total of one", { index: 0, total: 1, bytes: Uint8Array.of(1) }, place(11, 6)],
    ["a number above the total", { index: 3, total: 3, bytes: Uint8Array.of(1) }, place(11, 6)],
  ])("[N3.3] a part with %s is dropped", (_, part, at) => {
    expect(collect(first, part, at)).toBeUndefined()
    expect(collect(first, second, place(11, 6))).toBeDefined()
  })
})

test("recent frames are held up to their number, and a gap starts afresh", () => {
  const recent = new RecentFrames()
  for (let i = 0; i < 10_000; i++) recent.push(i, Uint8Array.of(i & 255))
  expect(recent.at(9_999)).toEqual(Uint8Array.of(9_999 & 255))
  expect(recent.at(10_000 - 4_096)).toEqual(Uint8Array.of((10_000 - 4_096) & 255))
  expect(recent.at(10_000 - 4_097)).toBeUndefined()
  expect(recent.at(10_000)).toBeUndefined()
  recent.push(20_000, Uint8Array.of(1))
  expect(recent.at(9_999)).toBeUndefined()
  expect(recent.at(20_000)).toEqual(Uint8Array.of(1))
})

test("recent frames are bounded in bytes as well", () => {
  const recent = new RecentFrames()
  for (let i = 0; i < 300; i++) recent.push(i, new Uint8Array(65_536))
  expect(recent.at(300 - 128)).toBeDefined()
  expect(recent.at(300 - 129)).toBeUndefined()
})
