import { hex } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { type Lane, openLane, type Table, tables } from "../src/index.ts"
import { Mallory } from "./support/mallory.ts"
import { MemoryStore } from "./support/memory-store.ts"
import { Org } from "./support/org.ts"
import { type Party, townWith } from "./support/party.ts"

async function two() {
  const { town, parties, group } = await townWith("alice", "bob")
  const [alice, bob] = parties as [Party, Party]
  return { town, alice, bob, group }
}

describe("crashes", () => {
  test("[N10.4] what was not flushed is read again, once", async () => {
    const { town, alice, bob, group } = await two()
    await bob.say(group, "hello")
    const before = alice.lane.next
    expect(await alice.lane.receive(before, town.relay.frames.slice(before))).toHaveLength(1)
    await alice.crash()
    expect(alice.lane.next).toBe(before)
    await alice.sync()
    await alice.sync()
    expect(alice.heard(group)).toEqual(["hello"])
  })

  test("[N10.3] a message that was made and not flushed leaves no trace: its counter and keys are free", async () => {
    const { town, alice, bob, group } = await two()
    const unsent = await alice.lane.send(group, new TextEncoder().encode("never left"), "x")
    await alice.crash()
    const sent = await alice.say(group, "sent")
    expect(hex(sent.frames[0]!.subarray(0, 16))).toBe(hex(unsent.frames[0]!.subarray(0, 16)))
    await town.syncAll()
    expect([alice.heard(group), bob.heard(group)]).toEqual([["sent"], ["sent"]])
  })

  test("[N2.2, N10.3] no tag and no nonce is ever used for two frames that left, whatever the crashes", async () => {
    const { town, alice, group } = await two()
    const heads: string[] = []
    for (let i = 0; i < 12; i++) {
      if (i % 3 === 0) await alice.lane.send(group, new Uint8Array(i), `lost${i}`).then(() => alice.crash())
      const out = await alice.send(group, `message ${i}`)
      if (i % 4 === 0) await alice.crash()
      heads.push(...out.frames.map((frame) => hex(frame.subarray(0, 28))))
      town.relay.append(...out.frames)
    }
    expect(new Set(heads.map((head) => head.slice(0, 32))).size).toBe(12)
    expect(new Set(heads.map((head) => head.slice(32))).size).toBe(12)
    await town.syncAll()
    expect(alice.alarms()).toEqual([])
    expect(town.parties[1]!.heard(group)).toHaveLength(12)
  })

  test("[N10.5] own messages and an own commit on their way survive a restart", async () => {
    const { town, alice, bob, group } = await two()
    const message = await alice.send(group, "kept", "m7")
    const change = await alice.change(group, {})
    await alice.crash()
    expect(alice.view(group)?.pendingChange).toBe(change.localId)
    town.relay.append(...message.frames, ...change.frames)
    await town.syncAll()
    expect(alice.of("message")).toMatchObject([{ own: true, localId: "m7" }])
    expect(alice.of("changed").at(-1)).toMatchObject({ own: true, localId: change.localId })
    await alice.say(group, "on")
    await town.syncAll()
    expect(bob.heard(group)).toEqual(["kept", "on"])
  })

  test("[N4.3, N10.5] the pin survives a restart", async () => {
    const { town, alice, bob, group } = await two()
    await town.join("dave")
    town.readCharter()
    town.relay.append(...(await alice.change(group, {})).frames)
    await town.syncAll()
    await alice.crash()
    const mallory = await Mallory.of(bob, group)
    const size = town.org.size - 1
    const charterRoot = town.org.view().rootAt(size)!
    const { message } = await mallory.commit({ charterSize: size, charterRoot, charterNote: town.org.note(size) })
    town.relay.append(await mallory.frame(message, 0))
    await alice.sync()
    expect(alice.alarms()).toEqual(["junk"])
  })

  test("[N10.5] a replica restored after every step goes the same way", async () => {
    const { town, alice, bob, group } = await two()
    for (let i = 0; i < 6; i++) {
      await bob.say(group, `bob ${i}`)
      await alice.sync()
      await alice.crash()
      town.relay.append(...(await alice.change(group, {})).frames)
      await alice.crash()
      await town.syncAll()
      await alice.say(group, `alice ${i}`)
      await alice.crash()
    }
    await town.syncAll()
    expect(alice.heard(group)).toEqual(bob.heard(group))
    expect(alice.heard(group)).toHaveLength(12)
    expect(hex(alice.lane.rootAt(alice.lane.size)!)).toBe(hex(bob.lane.rootAt(bob.lane.size)!))
    expect(alice.alarms()).toEqual([])
  })
})

describe("flushing", () => {
  test("[N10.1] a flush during an operation writes nothing of it", async () => {
    const { town, alice, bob, group } = await two()
    for (let i = 0; i < 5; i++) await bob.say(group, `${i}`)
    const writes = alice.store.writes
    const reading = alice.lane.receive(alice.lane.next, town.relay.frames.slice(alice.lane.next))
    alice.flush()
    await Promise.resolve()
    alice.flush()
    expect(alice.store.writes).toBe(writes)
    await reading
    alice.flush()
    expect(alice.store.writes).toBeGreaterThan(writes)
  })

  test("[N10.2] the next operation waits until the one before is flushed", async () => {
    const { alice, group } = await two()
    const order: string[] = []
    const first = alice.lane.send(group, new Uint8Array(1), "a").then(() => order.push("first"))
    const second = alice.lane.send(group, new Uint8Array(2), "b").then(() => order.push("second"))
    await first
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(order).toEqual(["first"])
    alice.flush()
    await second
    expect(order).toEqual(["first", "second"])
  })

  test("[N1.4, N10.2] a refused call holds nobody up", async () => {
    const { alice, group } = await two()
    const wrong = new Uint8Array(32) as typeof group
    await expect(alice.lane.send(wrong, new Uint8Array(1), "a")).rejects.toMatchObject({ code: "not_found" })
    await alice.say(group, "on")
  })

  test("[N10.6] closing refuses the calls that wait", async () => {
    const { alice, group } = await two()
    await alice.lane.send(group, new Uint8Array(1), "a")
    const waiting = alice.lane.send(group, new Uint8Array(2), "b")
    alice.lane.close()
    await expect(waiting).rejects.toMatchObject({ code: "closed" })
    await expect(alice.lane.checkClaims()).rejects.toMatchObject({ code: "closed" })
  })

  test("[N10.6] a charter that fails in the middle of an operation closes the replica", async () => {
    const { town, alice, bob, group } = await two()
    await bob.say(group, "hello")
    const view = alice.org.view.bind(alice.org)
    alice.org.view = () => ({
      ...view(),
      admits: () => {
        throw new TypeError("broken charter")
      },
    })
    await expect(alice.receiveOnce()).rejects.toThrow("broken charter")
    alice.org.view = view
    await expect(alice.receiveOnce()).rejects.toMatchObject({ code: "closed" })
    await alice.open()
    await town.syncAll()
    expect(alice.heard(group)).toEqual(["hello"])
  })

  test("a flush whose writer fails can be done again", async () => {
    const { alice, group } = await two()
    await alice.lane.send(group, new Uint8Array(1), "a")
    const full = {
      put: () => {
        throw new Error("disk full")
      },
      delete: () => undefined,
    }
    expect(() => alice.lane.flush(full)).toThrow("disk full")
    alice.flush()
    await alice.crash()
    expect(alice.store.count("own")).toBe(1)
  })

  test("a flush writes some kilobytes for a message, not the whole history", async () => {
    const { town, alice, bob, group } = await two()
    for (let i = 0; i < 3_000; i++) town.relay.append(new Uint8Array(512))
    await town.syncAll()
    await bob.say(group, "one more")
    await alice.lane.receive(alice.lane.next, town.relay.frames.slice(alice.lane.next))
    let bytes = 0
    alice.lane.flush({ put: (_, __, record) => (bytes += record.length), delete: () => undefined })
    expect(bytes).toBeLessThan(24_000)
  })
})

describe("reading records", () => {
  async function reopen(alice: Party, store: MemoryStore): Promise<Lane> {
    return openLane(
      {
        org: alice.org.id,
        lane: alice.org.lane,
        device: alice.device,
        charter: () => alice.org.view(),
        keyPackage: () => undefined,
        sealKeys: () => [],
        randomBytes: (length) => new Uint8Array(length),
      },
      store,
    )
  }

  test("[N10.5] any record that is cut short or changed at its front is damage, never something else", async () => {
    const { town, alice, group } = await two()
    await alice.send(group, "on its way")
    await alice.change(group, {})
    town.relay.append(new Uint8Array(512))
    await alice.sync()
    for (const table of tables) {
      for (const [key, bytes] of alice.store.all(table)) {
        for (const wrong of [bytes.subarray(0, -1), Uint8Array.of(0xff, ...bytes)]) {
          const store = alice.store.copy()
          store.put(table, key, wrong)
          await expect(reopen(alice, store), `${table} ${key}`).rejects.toMatchObject({ code: "damaged" })
        }
      }
    }
  })

  test.each<Table>(["lane", "hashes", "windows", "epoch", "ratchet"])(
    "[N10.5] a missing %s record is damage",
    async (table) => {
      const { alice } = await two()
      const store = alice.store.copy()
      for (const [key] of alice.store.all(table)) store.delete(table, key)
      await expect(reopen(alice, store)).rejects.toMatchObject({ code: "damaged" })
    },
  )

  test("[N10.5] records of another lane are damage", async () => {
    const { alice } = await two()
    const org = new Org("another")
    const other = Object.create(alice, { org: { value: org } }) as Party
    await expect(reopen(other, alice.store)).rejects.toMatchObject({ code: "damaged" })
  })
})

describe("the tree", () => {
  test("[N9.1] roots of the last 8,192 sizes stay known across trimming and restarts, and the records with them bounded", async () => {
    const org = new Org("tree")
    const { alice } = await two()
    const store = new MemoryStore()
    let lane = await openLane(
      {
        ...alice.lane,
        org: org.id,
        lane: org.lane,
        device: alice.device,
        charter: () => org.view(),
        keyPackage: () => undefined,
        sealKeys: () => [],
        randomBytes: () => new Uint8Array(1),
      },
      store,
    )
    const reopenLane = () =>
      openLane(
        {
          org: org.id,
          lane: org.lane,
          device: alice.device,
          charter: () => org.view(),
          keyPackage: () => undefined,
          sealKeys: () => [],
          randomBytes: () => new Uint8Array(1),
        },
        store,
      )
    const roots: string[] = []
    for (let round = 0; round < 20; round++) {
      const frames = Array.from({ length: 1_000 + round * 7 }, (_, i) => Uint8Array.of(round, i & 255, i >> 8))
      await lane.receive(lane.next, frames)
      lane.flush(store)
      roots.push(`${lane.size} ${hex(lane.rootAt(lane.size)!)}`)
      if (round % 3 === 2) lane = await reopenLane()
    }
    lane = await reopenLane()
    const known = roots.filter((line) => {
      const [size = "", root] = line.split(" ")
      const ours = lane.rootAt(Number(size))
      if (ours !== null) expect(hex(ours)).toBe(root)
      return ours !== null
    })
    expect(known.length).toBeGreaterThanOrEqual(8)
    expect(known.length).toBeLessThan(roots.length)
    expect(lane.rootAt(lane.size - 8_192)).not.toBeNull()
    expect(lane.rootAt(lane.size + 1)).toBeNull()
    expect(store.count("hashes")).toBeLessThan(70)
  })
})
