import { createManualTimers, createMemoryDatabases } from "@holdfast/testkit"
import { type DeviceId, fromUtf8 } from "@holdfast/wire"
import { describe, expect, test, vi } from "vitest"
import { createAlarms } from "../src/alarms.ts"
import { createChanges } from "../src/changes.ts"
import { openStore } from "../src/store/store.ts"
import { createCharterWatch } from "../src/watch.ts"
import { type NoteOptions, watchedCharter, witness } from "./watched-charter.ts"

const hour = 3_600_000
const day = 24 * hour

/** The Harbour with three witnesses, two of whom must agree, and a device that watches. */
async function stage() {
  const witnesses = await Promise.all(["w1", "w2", "w3"].map(witness))
  const it = await watchedCharter(witnesses)
  const timers = createManualTimers(1_800_000_000_000)
  const store = openStore(await createMemoryDatabases().create("test", new Uint8Array(32)))
  const stop = vi.fn()
  let own: DeviceId = it.founder
  const open = () =>
    createCharterWatch({
      charter: it.charter,
      ownDevice: () => own,
      charterNote: () => "our own note",
      meta: store.meta,
      timers,
      alarms: createAlarms({ table: store.alarms, timers, changes: createChanges() }),
      changes: createChanges(),
      stop,
    })
  const watch = open()
  watch.look()
  const seconds = () => Math.floor(timers.now() / 1_000)
  return {
    ...it,
    witnesses,
    timers,
    store,
    stop,
    watch,
    open,
    seconds,
    be: (device: DeviceId) => {
      own = device
    },
    anchored: (by = witnesses.slice(0, 2)) => it.anchor({ time: seconds(), by }),
    cosigned: async (by = witnesses, options: Partial<NoteOptions> = {}) =>
      fromUtf8(await it.note({ time: seconds(), by, ...options })),
    kinds: () => store.alarms.list().map(({ kind }) => kind),
  }
}

describe("what witnesses vouch for", () => {
  test("[E10.2] an anchor of the time of a relay that was replaced is no alarm about the one that there is", async () => {
    const { anchored, moveTo, open, kinds } = await stage()
    await anchored()
    await moveTo("another")
    await open().grown()
    expect(kinds()).toEqual([])
  })

  test("[E10.1] without witnesses in the rules nothing of it applies", async () => {
    const unwatched = await watchedCharter([])
    const timers = createManualTimers()
    const store = openStore(await createMemoryDatabases().create("test", new Uint8Array(32)))
    const alarms = createAlarms({ table: store.alarms, timers, changes: createChanges() })
    const watch = createCharterWatch({
      charter: unwatched.charter,
      ownDevice: () => unwatched.founder,
      charterNote: () => undefined,
      meta: store.meta,
      timers,
      alarms,
      changes: createChanges(),
      stop: () => {},
    })
    await timers.advance(100 * day)
    await watch.take("nonsense")
    watch.look()
    expect(watch.view()).toMatchObject({ state: "unwatched", witnesses: [], needed: 0 })
    expect(watch.heldBack()).toBeUndefined()
    expect(store.alarms.list()).toEqual([])
  })

  test("[E10.2] a right note counts, and is kept over a restart", async () => {
    const it = await stage()
    const note = await it.cosigned()
    await it.watch.take(note)
    const again = it.open()
    for (const watch of [it.watch, again]) {
      expect(watch.view()).toMatchObject({ state: "fresh", at: it.seconds() * 1_000, size: 1, needed: 2 })
      expect(watch.view().witnesses.map(({ state }) => state)).toEqual(["fresh", "fresh", "fresh"])
      expect(watch.note()).toEqual({ time: it.seconds(), size: 1, text: note })
    }
  })

  test("[E10.2] a note of another key, or with a line that is wrong, is an alarm and changes nothing", async () => {
    const it = await stage()
    const right = await it.cosigned()
    const wrong = right.replace(/.{8}\n$/, "AAAAAAA=\n")
    for (const bad of ["nonsense", await it.cosigned(it.witnesses, { relay: "other" }), wrong]) await it.watch.take(bad)
    expect(it.kinds()).toEqual(["bad_checkpoint", "bad_checkpoint", "bad_checkpoint"])
    expect(it.watch.view().at).toBeUndefined()
    expect(it.stop).not.toHaveBeenCalled()
  })

  test("[E10.2] another root under the relay's key is a fork, with both notes as evidence", async () => {
    const it = await stage()
    const note = await it.cosigned(it.witnesses, { root: new Uint8Array(32).fill(7) })
    await it.watch.take(note)
    const [how, evidence] = it.stop.mock.calls[0] as [string, readonly Uint8Array[]]
    expect(how).toBe("fork")
    expect(evidence.map((piece) => fromUtf8(piece))).toEqual([note, "our own note"])
  })

  test("[E10.2] a note that is ahead waits for the charter, and an anchor in the charter is a note too", async () => {
    const it = await stage()
    const before = it.charter()
    await it.admit("Dora")
    const ahead = await it.cosigned()
    const behind = createCharterWatch({
      charter: () => (isGrown ? it.charter() : before),
      ownDevice: () => it.founder,
      charterNote: () => undefined,
      meta: openStore(await createMemoryDatabases().create("other", new Uint8Array(32))).meta,
      timers: it.timers,
      alarms: { raise: vi.fn(), clear: vi.fn() },
      changes: createChanges(),
      stop: it.stop,
    })
    let isGrown = false
    await behind.take(ahead)
    expect(behind.view().size).toBeUndefined()
    isGrown = true
    await behind.grown()
    expect(behind.view().size).toBe(2)

    await it.anchored()
    expect(it.watch.view().size).toBeUndefined()
    await it.watch.grown()
    expect(it.watch.view()).toMatchObject({ size: 2, at: it.seconds() * 1_000 })
  })

  test("[E10.3] fewer than enough move nothing, and a liar's time from the future only counts as one voice", async () => {
    const it = await stage()
    const [w1, w2] = it.witnesses
    await it.watch.take(await it.cosigned([w1!], { time: it.seconds() + 90 * 86_400 }))
    expect(it.watch.view().at).toBeUndefined()
    await it.watch.take(await it.cosigned([w2!]))
    expect(it.watch.view().at).toBe(it.seconds() * 1_000)
    await it.admit("Dora")
    await it.watch.take(await it.cosigned([w1!], { time: it.seconds() + 91 * 86_400 }))
    // one of the two that are heard has seen one entry only
    expect(it.watch.view()).toMatchObject({ size: 1, at: it.seconds() * 1_000 })
  })
})

describe("time without witnesses", () => {
  test("[E10.4] stale after a day, frozen after seven, and over when they are back", async () => {
    const it = await stage()
    await it.watch.take(await it.cosigned())
    it.watch.asked()
    await it.timers.advance(day)
    it.watch.look()
    expect(it.watch.view().state).toBe("fresh")
    await it.timers.advance(2_000)
    it.watch.look()
    expect([it.watch.view().state, it.kinds()]).toEqual(["stale", ["stale"]])
    expect(it.watch.heldBack()).toBeUndefined()
    await it.timers.advance(6 * day)
    it.watch.look()
    it.watch.look()
    expect(it.watch.view().state).toBe("frozen")
    expect([...it.kinds()].sort()).toEqual(["frozen", "stale"])
    expect(it.watch.heldBack()).toMatch(/^For more than 7 days/)
    await it.watch.take(await it.cosigned())
    expect([it.watch.view().state, it.kinds()]).toEqual(["fresh", []])
    await it.timers.advance(day + 2_000)
    it.watch.look()
    expect(it.kinds()).toEqual(["stale"])
  })

  test("[E10.4] stale also when witnesses only renew what they cosigned before there was more, until they have seen it", async () => {
    const it = await stage()
    await it.watch.take(await it.cosigned())
    await it.admit("Dora")
    await it.watch.grown()
    const renew = async (size: number) => it.watch.take(await it.cosigned(it.witnesses, { size }))
    await it.timers.advance(day)
    await renew(1)
    expect(it.kinds()).toEqual([])
    await it.timers.advance(hour)
    await renew(1)
    expect(it.kinds()).toEqual(["stale"])
    // what came later does not begin a day of its own as long as this is not vouched for
    await it.admit("Emil")
    await it.watch.grown()
    await it.timers.advance(6 * day)
    await renew(1)
    expect(it.open().view().state).toBe("frozen")
    // that is vouched for now; what came after it has a day from here
    await renew(2)
    expect(it.watch.view().state).toBe("fresh")
    await it.timers.advance(25 * hour)
    await renew(2)
    expect(it.watch.view().state).toBe("stale")
    await renew(3)
    expect(it.watch.view().state).toBe("fresh")
    await it.timers.advance(2 * day)
    await renew(3)
    expect(it.kinds()).toEqual([])
  })

  test("[E10.4] counts from when the witnesses were first known here, and says nothing before the relay was asked", async () => {
    const it = await stage()
    expect(it.watch.view()).toMatchObject({ state: "fresh" })
    await it.timers.advance(day + 1_000)
    const later = it.open()
    later.look()
    expect(later.view().state).toBe("stale")
    expect(it.kinds()).toEqual([])
    later.asked()
    expect(it.kinds()).toEqual(["stale"])
    const another = await stage()
    await another.timers.advance(day + 1_000)
    const patient = another.open()
    await another.timers.advance(60_001)
    patient.look()
    expect(another.kinds()).toEqual(["stale"])
  })

  test("[E10.4] a witness that others leave behind is missing, once a day, until it is back", async () => {
    const it = await stage()
    const [w1, w2] = it.witnesses
    await it.watch.take(await it.cosigned())
    await it.timers.advance(day + 2_000)
    for (let i = 0; i < 3; i++) await it.watch.take(await it.cosigned([w1!, w2!]))
    expect(it.kinds()).toEqual(["witness_missing"])
    expect(it.store.alarms.list()[0]?.sentence).toContain("It is w3.example/witness.")
    expect(
      it.watch
        .view()
        .witnesses.map(({ state }) => state)
        .sort(),
    ).toEqual(["fresh", "fresh", "missing"])
    await it.timers.advance(day)
    await it.watch.take(await it.cosigned([w1!, w2!]))
    expect(it.kinds()).toEqual(["witness_missing"])
    await it.watch.take(await it.cosigned())
    expect(it.kinds()).toEqual([])
  })

  test("[E10.5] frozen: who was admitted above what they vouched for is held, except oneself", async () => {
    const it = await stage()
    const dora = await it.admit("Dora")
    await it.watch.take(await it.cosigned())
    const eve = await it.admit("Eve")
    await it.timers.advance(2 * day)
    expect(it.watch.holds(eve)).toBe(false)
    const before = it.watch.revision()
    await it.timers.advance(6 * day)
    expect(it.watch.holds(dora)).toBe(false)
    expect(it.watch.holds(eve)).toBe(true)
    expect(it.watch.revision()).not.toBe(before)
    it.be(eve)
    expect(it.watch.holds(eve)).toBe(false)
    it.be(dora)
    await it.watch.take(await it.cosigned())
    expect(it.watch.holds(eve)).toBe(false)
  })

  test("[E10.5] frozen before any witness has spoken: only those before the rules were in force are known", async () => {
    const it = await stage()
    const dora = await it.admit("Dora")
    await it.timers.advance(8 * day)
    expect(it.watch.holds(dora)).toBe(true)
    expect(it.watch.holds(it.founder)).toBe(false)
  })
})
