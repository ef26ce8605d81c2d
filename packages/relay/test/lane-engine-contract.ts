import { CompactRange, leafHash } from "@holdfast/log"
import { equalBytes, hex, type LaneId, laneIdOf, type OrgId, toDeviceId, toOrgId } from "@holdfast/wire"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { EngineLimits, LaneEngine } from "../src/index.ts"

/** One engine's storage. `open` may be called again after the engine was closed, and finds what was durable. */
export interface EngineUnderTest {
  open(limits?: Partial<EngineLimits>): Promise<LaneEngine>
  /** False: `open` begins anew each time. */
  readonly keeps: boolean
  discard(): Promise<void>
}

const org = toOrgId(new Uint8Array(32).fill(7))
const other = toOrgId(new Uint8Array(32).fill(8))
const bytesOf = (n: number, length = 600) => new Uint8Array(length).fill(n % 251)
const id = (n: number) => {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}
const entry = (n: number, length = 600) => ({ messageId: id(n), bytes: bytesOf(n, length) })
const all = { maxEntries: 10_000, maxBytes: 100_000_000 }

/** What every engine promises (R2). Each adapter runs it. */
export function laneEngineContract(name: string, make: () => Promise<EngineUnderTest>): void {
  describe(`lane engine: ${name}`, () => {
    let storage: EngineUnderTest
    let engine: LaneEngine
    let lane: LaneId
    const found = async (id: OrgId) => engine.createOrg(id, entry(1))
    const reopen = async (limits?: Partial<EngineLimits>) => {
      await engine.close()
      engine = await storage.open(limits)
      if (!storage.keeps) await found(org)
    }
    const read = async (from: number) => {
      const slice = await engine.read(lane, from, all)
      if (slice.kind === "pruned") throw new Error("pruned")
      return slice.entries
    }
    const code = (work: Promise<unknown>) =>
      work.then(
        () => "nothing thrown",
        (error) => error.code,
      )

    beforeEach(async () => {
      storage = await make()
      engine = await storage.open()
      await found(org)
      lane = laneIdOf(org, 0)
    })
    afterEach(async () => {
      await engine.close()
      await storage.discard()
    })

    test("[R2.1] a new organisation has its genesis at index 0 of the charter lane and an empty message lane", async () => {
      expect(await engine.lanesOf(org)).toEqual([
        { id: laneIdOf(org, "charter"), number: "charter" },
        { id: lane, number: 0 },
      ])
      const charter = await engine.read(laneIdOf(org, "charter"), 0, all)
      expect(charter).toEqual({ kind: "entries", first: 0, entries: [bytesOf(1)], size: 1 })
      expect((await engine.head(lane)).size).toBe(0)
      expect(await engine.lanesOf(other)).toBeUndefined()
      expect(await engine.countOrgs()).toBe(1)
    })

    test("[R2.1] founding again changes nothing", async () => {
      expect(await engine.createOrg(org, entry(2))).toBe(false)
      expect((await engine.head(laneIdOf(org, "charter"))).size).toBe(1)
    })

    test("[R2.1] organisations are limited", async () => {
      await reopen({ maxOrgs: 1 })
      expect(await code(engine.createOrg(other, entry(1)))).toBe("too_many")
      expect(await engine.lanesOf(other)).toBeUndefined()
    })

    test("[R2.2] appends are contiguous and gapless in the order of the calls", async () => {
      const stored = await Promise.all(
        Array.from({ length: 50 }, (_, i) => engine.append(lane, [entry(2 * i), entry(2 * i + 1)])),
      )
      expect(stored.flatMap(({ indices }) => indices)).toEqual(Array.from({ length: 100 }, (_, i) => i))
      const entries = await read(0)
      expect(entries.every((bytes, i) => equalBytes(bytes, bytesOf(i)))).toBe(true)
      expect(entries.length).toBe(100)
    })

    test("[R2.2] an expected size is compared at the moment of storing", async () => {
      const both = await Promise.allSettled([engine.append(lane, [entry(1)], 0), engine.append(lane, [entry(2)], 0)])
      expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"])
      expect(await code(engine.append(lane, [entry(3)], 7))).toBe("conflict")
      expect(await read(0)).toEqual([bytesOf(1)])
    })

    test("[R2.3] a known id keeps its index, alone, among new ones, and twice in one append", async () => {
      await engine.append(lane, [entry(1), entry(2)])
      expect(await engine.append(lane, [entry(2)])).toEqual({ indices: [1], added: 0, size: 2 })
      expect(await engine.append(lane, [entry(3), entry(1), entry(3), entry(4)])).toEqual({
        indices: [2, 0, 2, 3],
        added: 2,
        size: 4,
      })
      const again = await Promise.all([engine.append(lane, [entry(9)]), engine.append(lane, [entry(9)])])
      expect(again.map(({ indices }) => indices)).toEqual([[4], [4]])
      expect((await read(0)).length).toBe(5)
    })

    test("[R2.3] ids are known within one lane only", async () => {
      await found(other)
      await engine.append(lane, [entry(1)])
      expect((await engine.append(laneIdOf(other, 0), [entry(1)])).added).toBe(1)
    })

    test("[R2.4] ids are known after a restart, as far back as the window", async () => {
      await reopen({ knownIds: 10 })
      for (let i = 0; i < 30; i++) await engine.append(lane, [entry(i)])
      if (storage.keeps) await reopen({ knownIds: 10 })
      expect((await engine.append(lane, [entry(29), entry(20)])).indices).toEqual([29, 20])
      expect((await engine.append(lane, [entry(5)])).indices).toEqual([30])
      expect(await engine.find(lane, [id(29), id(5), id(6)])).toEqual([29, 30, undefined])
    })

    test("[R2.5] the tree is that of all entries, after a restart and after pruning too", async () => {
      const expected = new CompactRange()
      for (let i = 0; i < 21; i++) {
        await engine.append(lane, [entry(i)])
        expected.append(leafHash(bytesOf(i)))
        expect(hex((await engine.head(lane)).tree.root())).toBe(hex(expected.root()))
      }
      if (storage.keeps) await reopen()
      await engine.prune(lane, 13)
      expect(hex((await engine.head(lane)).tree.root())).toBe(hex(expected.root()))
    })

    test("[R2.6] what was acknowledged is there after a restart", async () => {
      if (!storage.keeps) return
      await Promise.all(Array.from({ length: 20 }, (_, i) => engine.append(lane, [entry(i)])))
      await reopen()
      expect((await read(0)).map((bytes) => bytes[0])).toEqual(Array.from({ length: 20 }, (_, i) => i))
      expect((await engine.append(lane, [entry(20)])).indices).toEqual([20])
    })

    test("[R2.6] closing finishes what waits, and then nothing works", async () => {
      const last = engine.append(lane, [entry(1)])
      await engine.close()
      expect((await last).indices).toEqual([0])
      expect(await code(engine.append(lane, [entry(2)]))).toBe("broken")
      expect(await code(engine.read(lane, 0, all))).toBe("broken")
      expect(await code(engine.check())).toBe("broken")
    })

    test("[R2.9] reads keep to their bounds and give at least one entry", async () => {
      await engine.append(lane, [entry(0), entry(1), entry(2), entry(3)])
      const counts = async (bounds: { maxEntries: number; maxBytes: number }, from = 0) => {
        const slice = await engine.read(lane, from, bounds)
        return slice.kind === "entries" ? slice.entries.length : slice.kind
      }
      expect(await counts({ maxEntries: 2, maxBytes: 1e9 })).toBe(2)
      expect(await counts({ maxEntries: 9, maxBytes: 1_250 })).toBe(2)
      expect(await counts({ maxEntries: 9, maxBytes: 1 })).toBe(1)
      expect(await counts(all, 3)).toBe(1)
      expect(await counts(all, 4)).toBe(0)
      expect(await counts(all, 400)).toBe(0)
    })

    test("[R2.9] unknown lanes and organisations are refused everywhere", async () => {
      const nowhere = laneIdOf(other, 0)
      expect(await code(engine.append(nowhere, [entry(1)]))).toBe("unknown_lane")
      expect(await code(engine.head(nowhere))).toBe("unknown_lane")
      expect(await code(engine.read(nowhere, 0, all))).toBe("unknown_lane")
      expect(await code(engine.prune(nowhere, 0))).toBe("unknown_lane")
      expect(await code(engine.directory(other, 0, all))).toBe("unknown_organisation")
      expect(await code(engine.putInvite(other, bytesOf(1, 32), 7200, 1))).toBe("unknown_organisation")
    })

    test("[R2.12] pruning forgets from the front only, for good, and keeps counting", async () => {
      await engine.append(
        lane,
        Array.from({ length: 10 }, (_, i) => entry(i)),
      )
      expect(await engine.prune(lane, 4)).toBe(4)
      expect(await engine.prune(lane, 2)).toBe(4)
      expect(await engine.read(lane, 3, all)).toEqual({ kind: "pruned", first: 4, size: 10 })
      expect((await read(4)).length).toBe(6)
      expect(await engine.prune(lane, 99)).toBe(10)
      if (storage.keeps) await reopen()
      if (storage.keeps) expect((await engine.append(lane, [entry(50)])).indices).toEqual([10])
    })

    test("[R2.8] watchers hear of every entry once, in order, after it is durable", async () => {
      const heard: number[] = []
      const stop = engine.watch(lane, ({ first, entries }) => heard.push(...entries.map((_, i) => first + i)))
      await Promise.all(Array.from({ length: 20 }, (_, i) => engine.append(lane, [entry(i % 15)])))
      await engine.append(lane, [entry(100)])
      await expect.poll(() => heard).toEqual(Array.from({ length: 16 }, (_, i) => i))
      stop()
      await engine.append(lane, [entry(101)])
      await engine.head(lane)
      expect(heard.length).toBe(16)
    })

    test("[R2.10] the directory keeps each device's newest line and tells what changed", async () => {
      const device = (n: number) => toDeviceId(new Uint8Array(16).fill(n))
      const put = (n: number, sequence: number, fill = sequence) =>
        engine.putDirectoryLine(org, { device: device(n), sequence, bytes: bytesOf(fill, 100) })
      expect(await put(1, 5)).toBe(1)
      expect(await put(2, 5, 6)).toBe(2)
      expect(await put(1, 5)).toBe(1)
      expect(await code(put(1, 5, 9))).toBe("conflict")
      expect(await code(put(1, 4))).toBe("conflict")
      expect(await put(1, 7)).toBe(3)
      expect(await engine.directory(org, 0, all)).toEqual({
        version: 3,
        entries: [bytesOf(6, 100), bytesOf(7, 100)],
        more: false,
      })
      expect(await engine.directory(org, 0, { maxEntries: 1, maxBytes: 1e9 })).toEqual({
        version: 2,
        entries: [bytesOf(6, 100)],
        more: true,
      })
      expect((await engine.directory(org, 2, { maxEntries: 9, maxBytes: 1 })).entries).toEqual([bytesOf(7, 100)])
      await engine.removeDirectoryLine(org, device(1))
      expect(await engine.directory(org, 0, all)).toEqual({ version: 3, entries: [bytesOf(6, 100)], more: false })
      expect(await put(1, 1)).toBe(4)
    })

    test("[R2.14] one cosigned checkpoint is kept for each organisation, the last one put", async () => {
      expect(await engine.witnessed(org)).toBeUndefined()
      await found(other)
      expect((await engine.orgs()).map(hex)).toEqual([org, other].map(hex))
      const note = bytesOf(1)
      await engine.putWitnessed(org, note)
      note.fill(0)
      await engine.putWitnessed(other, bytesOf(2))
      expect(new Uint8Array((await engine.witnessed(org)) ?? [])).toEqual(bytesOf(1))
      await engine.putWitnessed(org, bytesOf(3, 8_192))
      await reopen()
      if (!storage.keeps) await engine.putWitnessed(org, bytesOf(3, 8_192))
      expect(new Uint8Array((await engine.witnessed(org)) ?? [])).toEqual(bytesOf(3, 8_192))
      const nobody = toOrgId(new Uint8Array(32).fill(9))
      expect(await code(engine.putWitnessed(nobody, bytesOf(1)))).toBe("unknown_organisation")
      expect(await code(engine.witnessed(nobody))).toBe("unknown_organisation")
    })

    test("[R3.4] invitations are kept to the hour, run out, and are limited", async () => {
      const guest = (n: number) => bytesOf(n, 32)
      await engine.putInvite(org, guest(1), 3_601, 10)
      expect(await engine.inviteExpiry(org, guest(1))).toBe(7_200)
      expect(await engine.inviteExpiry(org, guest(2))).toBeUndefined()
      await engine.putInvite(org, guest(1), 7_300, 10)
      expect(await engine.inviteExpiry(org, guest(1))).toBe(10_800)
      await engine.removeInvite(org, guest(1))
      expect(await engine.inviteExpiry(org, guest(1))).toBeUndefined()
      await reopen({ maxInvitesPerOrg: 2 })
      await engine.putInvite(org, guest(3), 3_600, 10)
      await engine.putInvite(org, guest(4), 7_200, 10)
      expect(await code(engine.putInvite(org, guest(5), 7_200, 10))).toBe("too_many")
      await engine.putInvite(org, guest(4), 7_200, 10)
      await engine.putInvite(org, guest(5), 7_200, 3_600)
      expect(await engine.inviteExpiry(org, guest(3))).toBeUndefined()
    })
  })
}
