import { createManualTimers, createMemoryDatabases } from "@holdfast/testkit"
import { describe, expect, test } from "vitest"
import { createAlarmClock } from "../src/alarm-clock.ts"
import { createAlarms } from "../src/alarms.ts"
import { createBackoff, randomFraction } from "../src/backoff.ts"
import { createChanges } from "../src/changes.ts"
import { createClosingTimers } from "../src/closing-timers.ts"
import { planProblem } from "../src/keeper-plan.ts"
import { migrate, storeVersion } from "../src/store/schema.ts"
import { openStore } from "../src/store/store.ts"
import { createTurns } from "../src/turns.ts"

const zero = (length: number) => new Uint8Array(length)
const ones = (length: number) => new Uint8Array(length).fill(255)

async function store() {
  return openStore(await createMemoryDatabases().create("test", zero(32)))
}

describe("turns", () => {
  const never = { breaks: () => false, repair: async () => {} }

  test("run one after the other, also after one that failed", async () => {
    const turns = createTurns(never)
    const seen: string[] = []
    const slow = turns.take(async () => {
      await new Promise((resolve) => setTimeout(resolve, 10))
      seen.push("slow")
    })
    const failed = turns.take(() => {
      seen.push("failed")
      throw new Error("no")
    })
    const last = turns.take(() => seen.push("last"))
    await expect(failed).rejects.toThrow("no")
    await Promise.all([slow, last])
    expect(seen).toEqual(["slow", "failed", "last"])
  })

  test("stop lets the one under way end and refuses the others", async () => {
    const turns = createTurns(never)
    const first = turns.take(async () => "done")
    const stopped = turns.stop(new Error("closed"))
    const second = turns.take(() => "never")
    await expect(first).rejects.toThrow("closed")
    await expect(second).rejects.toThrow("closed")
    await stopped
  })

  test("[E1.7] after a failure that breaks something, nothing runs before the repair has succeeded", async () => {
    const seen: string[] = []
    let repairs = 0
    const turns = createTurns({
      breaks: (error) => (error as Error).message === "broken",
      repair: async () => {
        repairs += 1
        seen.push("repair")
        if (repairs === 1) throw new Error("not yet")
      },
    })
    await turns.take(() => Promise.reject(new Error("harmless"))).catch(() => {})
    await turns.take(() => seen.push("a"))
    await turns.take(() => Promise.reject(new Error("broken"))).catch(() => {})
    await expect(turns.take(() => seen.push("b"))).rejects.toThrow("not yet")
    await turns.take(() => seen.push("c"))
    expect(seen).toEqual(["a", "repair", "repair", "c"])
  })
})

describe("clocks", () => {
  test("[E8.2] pauses double between their bounds", () => {
    const least = createBackoff(zero)
    expect(Array.from({ length: 9 }, () => least.next())).toEqual([
      250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000,
    ])
    const most = createBackoff(ones)
    expect(most.next()).toBe(499)
    most.reset()
    expect(most.next()).toBe(499)
    expect(randomFraction(zero)).toBe(0)
    expect(randomFraction(ones)).toBeLessThan(1)
  })

  test("an alarm clock rings once, at the earliest time it was wanted at", async () => {
    const timers = createManualTimers()
    let rung = 0
    const clock = createAlarmClock(timers, () => {
      rung += 1
    })
    clock.wantIn(1_000)
    clock.wantIn(5_000)
    clock.wantIn(100)
    await timers.advance(99)
    expect(rung).toBe(0)
    await timers.advance(1)
    expect(rung).toBe(1)
    await timers.advance(10_000)
    expect(rung).toBe(1)
    clock.wantIn(10)
    clock.stop()
    await timers.advance(100)
    expect(rung).toBe(1)
  })

  test("closed timers never fire and hold nothing", async () => {
    const inner = createManualTimers()
    const timers = createClosingTimers(inner)
    let fired = 0
    timers.setTimeout(() => fired++, 10)
    timers.setTimeout(() => fired++, 1_000)
    timers.setTimeout(() => fired++, 20)()
    await inner.advance(100)
    timers.close()
    timers.setTimeout(() => fired++, 10)
    expect(inner.waiting()).toBe(0)
    await inner.advance(5_000)
    expect(fired).toBe(1)
  })
})

test("changes are told once each, after the work, and a listener's mistake stops nobody", async () => {
  const changes = createChanges()
  const seen: string[] = []
  changes.subscribe(() => {
    throw new Error("mine")
  })
  const stop = changes.subscribe((change) => seen.push(change.topic))
  changes.mark({ topic: "people" }, { topic: "overview" })
  changes.mark({ topic: "people" })
  expect(seen).toEqual([])
  await Promise.resolve()
  expect(seen).toEqual(["people", "overview"])
  stop()
  changes.mark({ topic: "people" })
  await Promise.resolve()
  expect(seen).toHaveLength(2)
})

describe("the store", () => {
  test("[E1.3] migrating twice changes nothing, a newer version is refused", async () => {
    const databases = createMemoryDatabases()
    const db = await databases.create("one", zero(32))
    migrate(db)
    migrate(db)
    expect(db.all("PRAGMA user_version")).toEqual([{ user_version: storeVersion }])
    db.run(`PRAGMA user_version = ${storeVersion + 1}`)
    expect(() => migrate(db)).toThrow("newer_store")
  })

  test("one kind of alarm that comes without end neither hides the others nor fills the store", async () => {
    const { alarms: table, db } = await store()
    const alarms = createAlarms({ table, timers: createManualTimers(), changes: createChanges() })
    alarms.raise("ghost_member", "a")
    for (let i = 0; i < 600; i++) alarms.raise("junk", `frame ${i}`)
    expect(table.list().filter(({ kind }) => kind === "junk")).toHaveLength(20)
    expect(table.list().some(({ kind }) => kind === "ghost_member")).toBe(true)
    expect(db.all("SELECT COUNT(*) AS n FROM alarms")).toEqual([{ n: 501 }])
  })

  test("alarms are kept once for each cause, also when they were dismissed", async () => {
    const { alarms: table } = await store()
    const alarms = createAlarms({ table, timers: createManualTimers(), changes: createChanges() })
    alarms.raise("junk", "a", { detail: "It came from Eve.", evidence: [Uint8Array.of(1)] })
    alarms.raise("junk", "a")
    alarms.raise("junk", "b")
    expect(table.list()).toHaveLength(2)
    const first = table.list().find(({ sentence }) => sentence.endsWith("It came from Eve."))
    expect(table.dismiss(first?.id as string)).toBe(true)
    expect(table.dismiss("nothing")).toBe(false)
    alarms.raise("junk", "a")
    expect(table.list()).toHaveLength(1)
  })

  test("[E3.3] waiting messages stand behind everything that is in the lane, and move to their place", async () => {
    const { messages } = await store()
    const add = (id: string, place: number, state: "waiting" | "received") =>
      messages.add({
        id,
        conversation: "c",
        from: "m",
        device: "d",
        at: 1,
        state,
        index: undefined,
        place,
        kind: "text",
        text: id,
        body: zero(0),
      })
    add("w1", messages.nextWaitingPlace(), "waiting")
    add("w2", messages.nextWaitingPlace(), "waiting")
    add("a", 16, "received")
    add("b", 16, "received")
    const ids = () => messages.page("c", undefined, 10).map(({ id }) => id)
    expect(ids()).toEqual(["a", "b", "w1", "w2"])
    messages.setPlaced("w2", 2)
    expect(ids()).toEqual(["a", "b", "w2", "w1"])
    expect(messages.get("w2")).toMatchObject({ state: "sent", index: 2 })
    expect(messages.page("c", "w2", 1).map(({ id }) => id)).toEqual(["b"])
    expect(messages.countUnread("c", 0)).toBe(2)
    expect(messages.countUnread("c", 16)).toBe(1)
  })

  test("[E3.7] raw frames are kept up to their bound", async () => {
    const { lane } = await store()
    const frame = (i: number) => new Uint8Array(512).fill(i % 251)
    const frames = Array.from({ length: 5_000 }, (_, i) => frame(i))
    lane.keepFrames(0, frames.slice(0, 3_000))
    lane.keepFrames(3_000, frames.slice(3_000))
    expect(lane.frames(904, 5_000)).toHaveLength(4_096)
    expect(lane.frames(903, 5_000)).toBeUndefined()
    expect(lane.frames(904, 905)?.[0]).toEqual(frame(904))
    expect(lane.keptTags()).toHaveLength(4_096)
  })
})

test.each([
  [3, 2, true],
  [4, 3, true],
  [5, 3, true],
  [64, 33, true],
  [2, 2, false],
  [3, 1, false],
  [3, 3, false],
  [4, 2, false],
  [65, 40, false],
  [3, 2.5, false],
])("[E5.10] %i keepers of whom %f decide: %s", (total, needed, fine) => {
  expect(planProblem(total, needed) === undefined).toBe(fine)
})

describe("alarms", () => {
  test("[E7.9] those that were dismissed do not silence their kind; proof is kept", async () => {
    const { alarms } = await store()
    const add = (kind: string, at: number) =>
      alarms.add({ id: `${kind} ${at}`, at, level: "danger", kind, sentence: "" }, new Uint8Array())
    for (const kind of ["withheld", "fork"]) for (let at = 0; at < 500; at++) add(kind, at)
    expect(add("withheld", 500)).toBe(false)
    for (const kind of ["withheld", "fork"]) for (const at of [3, 4]) alarms.dismiss(`${kind} ${at}`)
    expect(add("withheld", 500)).toBe(true)
    expect(alarms.get("withheld 3")).toBeUndefined()
    expect(alarms.get("withheld 4")).toBeDefined()
    expect(add("fork", 500)).toBe(false)
    expect(alarms.get("fork 3")).toBeDefined()
  })
})
