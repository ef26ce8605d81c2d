import { CompactRange, leafHash, parseCheckpoint, parseNote } from "@holdfast/log"
import { directorySigningInput, encodeDirectoryEntry, equalBytes, limits, sealKeyBytes, utf8 } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { createMemoryEngine, EngineError, type LaneEngine } from "../src/index.ts"
import { frame, messageId, numberOf, stage } from "./harness.ts"

const numbers = (frames: readonly Uint8Array[]) => frames.map(numberOf)
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe("append", () => {
  test("[R6.2] many at once keep their order and get consecutive indices", async () => {
    const { harbour, ana, open } = await stage()
    const { caller } = await open(ana)
    const { lane } = harbour
    const answers = await Promise.all(
      upTo(40).map((n) =>
        caller.get(
          {
            kind: "append",
            value: {
              lane,
              frames: [frame(2 * n), frame(2 * n + 1)],
              messageIds: [messageId(2 * n), messageId(2 * n + 1)],
            },
          },
          "appended",
        ),
      ),
    )
    expect(answers.flatMap(({ indices }) => indices)).toEqual(upTo(80))
    const read = await caller.get({ kind: "read", value: { lane, from: 0, maxFrames: 1_024 } }, "frames")
    expect(numbers(read.frames)).toEqual(upTo(80))
  })

  test("[R2.3] a frame sent again keeps its place", async () => {
    const { harbour, ana, open } = await stage()
    const [first, second] = [await open(ana), await open(ana)]
    const value = { lane: harbour.lane, frames: [frame(1)], messageIds: [messageId(1)] }
    expect((await first.caller.get({ kind: "append", value }, "appended")).indices).toEqual([0])
    expect((await second.caller.get({ kind: "append", value }, "appended")).indices).toEqual([0])
  })

  test("[R6.2] lengths that are no class, missing ids, and too much are refused, and nothing is stored", async () => {
    const { harbour, ana, open } = await stage()
    const { caller } = await open(ana)
    const { lane, charterLane } = harbour
    const append = (frames: Uint8Array[], ids = frames.length, to = lane) =>
      caller.get({ kind: "append", value: { lane: to, frames, messageIds: upTo(ids).map(messageId) } }, "appended")
    await expect(append([])).rejects.toThrow("malformed")
    await expect(append([frame(1, 513)])).rejects.toThrow("malformed")
    await expect(append([new Uint8Array(0)])).rejects.toThrow("malformed")
    await expect(append([frame(1)], 2)).rejects.toThrow("malformed")
    await expect(append([frame(1), frame(2)], 1)).rejects.toThrow("malformed")
    await expect(append([frame(1)], 1, charterLane)).rejects.toThrow("forbidden")
    await expect(append([frame(1)], 1, new Uint8Array(16) as typeof lane)).rejects.toThrow("unknown_lane")
    const { size } = await caller.get({ kind: "subscribe", value: { lane, from: 0 } }, "subscribed")
    expect(size).toBe(0)
  })

  test("[R7.6] frames are counted for each device and day; what was there already is not", async () => {
    let now = Date.UTC(2026, 0, 1, 23, 0)
    const { harbour, ana, open } = await stage(
      { framesPerDay: 3 },
      { clock: { now: () => now, after: () => () => {} } },
    )
    const { lane } = harbour
    const append = async (n: number) =>
      (await open(ana)).caller.ask({ kind: "append", value: { lane, frames: [frame(n)], messageIds: [messageId(n)] } })
    for (const n of [0, 1, 1, 1, 2]) expect((await append(n)).kind).toBe("appended")
    const refused = await append(3)
    expect(refused).toMatchObject({ kind: "failure", value: { code: 9, retryAfterSeconds: 3_600 } })
    now += 3_600_000
    expect((await append(3)).kind).toBe("appended")
  })

  test("[R6.8] a full disk and a broken engine are told apart, and the relay goes on", async () => {
    const memory = createMemoryEngine()
    let failing: EngineError | Error | undefined
    const engine: LaneEngine = {
      ...memory,
      append: async (...request) => {
        if (failing !== undefined) throw failing
        return memory.append(...request)
      },
    }
    const { harbour, ana, open } = await stage({ framesPerDay: 1 }, { engine })
    const { caller } = await open(ana)
    const append = () =>
      caller.get(
        { kind: "append", value: { lane: harbour.lane, frames: [frame(1)], messageIds: [messageId(1)] } },
        "appended",
      )
    failing = new EngineError("storage_full")
    await expect(append()).rejects.toThrow("storage_full")
    failing = new EngineError("busy")
    await expect(append()).rejects.toThrow("unavailable: busy")
    failing = new Error("a path or a query that must not get out")
    await expect(append()).rejects.toThrow(/^unavailable$/)
    failing = undefined
    expect((await append()).indices).toEqual([0])
  })

  test("[R6.7] an engine that does not answer in time is not waited for", async () => {
    const memory = createMemoryEngine()
    const engine: LaneEngine = { ...memory, append: () => new Promise(() => {}) }
    const { harbour, ana, open } = await stage({ operationMillis: 50 }, { engine })
    const { caller } = await open(ana)
    await expect(
      caller.get(
        { kind: "append", value: { lane: harbour.lane, frames: [frame(1)], messageIds: [messageId(1)] } },
        "appended",
      ),
    ).rejects.toThrow("unavailable: timeout")
  })
})

describe("read and subscribe", () => {
  async function filled(count: number, length = 512, config = {}) {
    const scene = await stage({ framesPerDay: 1e9, ...config })
    const { caller } = await scene.open(scene.ana)
    const { lane } = scene.harbour
    for (let n = 0; n < count; n += 64) {
      const some = upTo(Math.min(64, count - n)).map((i) => n + i)
      const value = { lane, frames: some.map((i) => frame(i, length)), messageIds: some.map(messageId) }
      await caller.get({ kind: "append", value }, "appended")
    }
    return { ...scene, writer: caller, lane }
  }

  test("[R6.3] a read gives what fits, with a checkpoint that covers it", async () => {
    const { writer, lane } = await filled(5)
    const read = (from: number, maxFrames: number) =>
      writer.get({ kind: "read", value: { lane, from, maxFrames } }, "frames")
    const all = await read(0, 9)
    expect(numbers(all.frames)).toEqual(upTo(5))
    const range = new CompactRange()
    for (const bytes of all.frames) range.append(leafHash(bytes))
    const checkpoint = parseCheckpoint(parseNote(utf8(all.checkpoint)).text)
    expect(checkpoint.size).toBe(5)
    expect(equalBytes(checkpoint.root, range.root())).toBe(true)
    expect(numbers((await read(2, 2)).frames)).toEqual([2, 3])
    expect(await read(5, 1)).toMatchObject({ first: 5, frames: [], size: 5 })
    await expect(read(6, 1)).rejects.toThrow("conflict: ahead")
    await expect(read(0, 0)).rejects.toThrow("malformed")
  })

  test("[R6.3] what was pruned is said to be pruned", async () => {
    const { relay, writer, lane } = await filled(5)
    await relay.core.deps.engine.prune(lane, 3)
    await expect(writer.get({ kind: "read", value: { lane, from: 2, maxFrames: 1 } }, "frames")).rejects.toThrow(
      "pruned",
    )
    await expect(writer.get({ kind: "subscribe", value: { lane, from: 2 } }, "subscribed")).rejects.toThrow("pruned")
    await expect(writer.get({ kind: "subscribe", value: { lane, from: 6 } }, "subscribed")).rejects.toThrow("ahead")
    await writer.get({ kind: "subscribe", value: { lane, from: 3 } }, "subscribed")
    expect(numbers(await writer.frames(2))).toEqual([3, 4])
  })

  test("[R6.1] a subscription gives first what was missed, then what comes, in order and once", async () => {
    const { ana, open, writer, lane } = await filled(3_000)
    const { caller } = await open(ana)
    await caller.get({ kind: "subscribe", value: { lane, from: 10 } }, "subscribed")
    const sending = (async () => {
      for (let n = 3_000; n < 3_400; n++) {
        const value = { lane, frames: [frame(n)], messageIds: [messageId(n)] }
        if (n % 7 === 0) await writer.get({ kind: "append", value }, "appended")
        else void writer.ask({ kind: "append", value })
      }
    })()
    const frames = await caller.frames(3_390)
    await sending
    expect(numbers(frames)).toEqual(upTo(3_390).map((n) => n + 10))
  })

  test("[R6.1] every batch keeps to the limits, follows on the one before, and is covered by its checkpoint", async () => {
    const { ana, open, lane } = await filled(200, 65_536)
    const { caller } = await open(ana)
    await caller.get({ kind: "subscribe", value: { lane, from: 0 } }, "subscribed")
    let next = 0
    while (next < 200) {
      const batch = await caller.push("frames")
      expect(batch.first).toBe(next)
      expect(batch.frames.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(limits.batchBytes)
      next += batch.frames.length
      const checkpoint = parseCheckpoint(parseNote(utf8(batch.checkpoint)).text)
      expect(checkpoint.size).toBe(batch.size)
      expect(checkpoint.size).toBeGreaterThanOrEqual(next)
    }
  })

  test("[R6.1] subscribing anew starts over there; unsubscribing ends it", async () => {
    const { ana, open, writer, lane } = await filled(4)
    const { caller } = await open(ana)
    const subscribe = (from: number) => caller.get({ kind: "subscribe", value: { lane, from } }, "subscribed")
    await subscribe(0)
    expect(numbers(await caller.frames(4))).toEqual(upTo(4))
    await subscribe(2)
    expect(numbers(await caller.frames(2))).toEqual([2, 3])
    await caller.get({ kind: "unsubscribe", value: { lane } }, "done")
    await writer.get({ kind: "append", value: { lane, frames: [frame(9)], messageIds: [messageId(9)] } }, "appended")
    await caller.get({ kind: "ping", value: {} }, "done")
    expect(caller.pushes).toEqual([])
  })

  test("[R6.4] a slow reader holds a bounded number of bytes, and catches up when it reads again", async () => {
    const { ana, open, writer, lane } = await filled(0)
    const slow = await open(ana)
    await slow.caller.get({ kind: "subscribe", value: { lane, from: 0 } }, "subscribed")
    slow.hold(true)
    for (let n = 0; n < 400; n += 40) {
      const some = upTo(40).map((i) => n + i)
      const value = { lane, frames: some.map((i) => frame(i, 65_536)), messageIds: some.map(messageId) }
      await writer.get({ kind: "append", value }, "appended")
    }
    await expect.poll(() => slow.waiting()).toBeGreaterThan(2 ** 20)
    const most = 2 ** 20 + limits.batchBytes + 2 * limits.checkpointBytes
    expect(slow.waiting()).toBeLessThan(most)
    slow.hold(false)
    expect(numbers(await slow.caller.frames(400))).toEqual(upTo(400))
  })

  test("[R6.4] reads asked for without taking the answers wait, and the connection is not listened to meanwhile", async () => {
    const { ana, open, lane } = await filled(128, 65_536)
    const slow = await open(ana)
    slow.hold(true)
    const answers = upTo(20).map(() => slow.caller.ask({ kind: "read", value: { lane, from: 0, maxFrames: 1_024 } }))
    await expect.poll(() => slow.events.at(-1)).toBe("pause")
    expect(slow.waiting()).toBeLessThan(2 ** 20 + 2 * limits.batchBytes)
    slow.hold(false)
    for (const answer of await Promise.all(answers)) expect(answer.kind).toBe("frames")
    expect(slow.events.at(-1)).toBe("resume")
  })

  test("[R6.5] a reader that takes nothing for a minute is cut off; a silent one is asked, then let go", async () => {
    let now = 1_000_000_000_000
    const ticks: (() => void)[] = []
    const clock = {
      now: () => now,
      after: (millis: number, work: () => void) => {
        if (millis === 5_000) ticks.push(work)
        return () => {}
      },
    }
    const { harbour, ana, open } = await stage({}, { clock })
    const pass = (millis: number) => {
      now += millis
      ticks.pop()?.()
    }
    const [writer, stalled, silent] = [await open(ana), await open(ana), await open(ana)]
    const { lane } = harbour
    await stalled.caller.get({ kind: "subscribe", value: { lane, from: 0 } }, "subscribed")
    stalled.hold(true)
    await writer.caller.get(
      { kind: "append", value: { lane, frames: [frame(1)], messageIds: [messageId(1)] } },
      "appended",
    )
    await expect.poll(() => stalled.waiting()).toBeGreaterThan(0)
    pass(31_000)
    expect(silent.events).toContain("ping")
    writer.connection?.heard()
    pass(31_000)
    expect(stalled.events).toContain("cut")
    expect(silent.events).not.toContain("cut")
    writer.connection?.heard()
    pass(31_000)
    expect(silent.events).toContain("cut")
    expect(writer.events).not.toContain("cut")
  })
})

describe("directory", () => {
  test("[R4.11] a device puts its own line, signed by its charter key, and nobody goes back", async () => {
    const { harbour, ana, ben, open } = await stage()
    const { caller } = await open(ana)
    const line = async (change: object = {}, signer = ana) => {
      const unsigned = {
        org: harbour.org,
        device: ana.device,
        sequence: 2,
        issuedAt: 1,
        sealKey: new Uint8Array(sealKeyBytes),
        keyPackages: [],
        ...change,
      }
      const signature = await signer.key.sign(directorySigningInput(unsigned))
      return encodeDirectoryEntry({ ...unsigned, signature })
    }
    const put = (entry: Uint8Array) => caller.get({ kind: "putDirectoryEntry", value: { entry } }, "directoryStored")
    const good = await line()
    expect(await put(good)).toEqual({ version: 1 })
    expect(await put(good)).toEqual({ version: 1 })
    await expect(put(await line({ sequence: 1 }))).rejects.toThrow("conflict")
    await expect(put(await line({ sequence: 3 }, ben))).rejects.toThrow("refused: bad_signature")
    await expect(put(await line({ device: ben.device }, ben))).rejects.toThrow("forbidden")
    await expect(put(await line({ org: new Uint8Array(32) }))).rejects.toThrow("forbidden")
    await expect(put(good.subarray(0, 50))).rejects.toThrow("malformed")
    const page = await caller.get({ kind: "getDirectory", value: { since: 0 } }, "directoryEntries")
    expect(page).toEqual({ version: 1, entries: [good], more: 0 })
    expect((await caller.get({ kind: "getDirectory", value: { since: 1 } }, "directoryEntries")).entries).toEqual([])
  })
})
