import type { ClaimAhead, Lane, LaneEvent, ReceiveOptions } from "@holdfast/lanes"
import {
  formatCheckpoint,
  formatNote,
  laneOrigin,
  NOTE_SIGNATURE,
  noteKey,
  signerFromSeed,
  signNote,
} from "@holdfast/log"
import { fromUtf8, laneIdOf, type OrgId, toDeviceId, toMemberId } from "@holdfast/wire"
import { expect, test, vi } from "vitest"
import { createLaneSync, type LaneSyncDeps } from "../src/lane-sync.ts"

const org = new Uint8Array(32).fill(1) as OrgId
const laneId = laneIdOf(org, 0)

interface Junk {
  readonly size: number
  readonly proven: boolean
}

/** A lane whose frames are all commits beyond the charter, and a clock that is set by hand. */
async function stage(commits: readonly Junk[]) {
  let now = 0
  let next = 0
  const claims: ClaimAhead[] = []
  let charterSize = 8
  const lane = {
    id: laneId,
    rootAt: () => null,
    get size() {
      return next
    },
    get next() {
      return next
    },
    checkClaims: async () => [],
    claimsAhead: () => claims,
    flush() {},
    async receive(first: number, frames: readonly Uint8Array[], options: ReceiveOptions): Promise<LaneEvent[]> {
      const end = first + frames.length
      while (next < end) {
        const { size, proven } = commits[next] as Junk
        if (proven || options.charterIsCurrent !== true) return [{ kind: "needs-charter", index: next, size, proven }]
        next++
        // what was sent later is asked about for itself
        return []
      }
      return []
    },
  }
  const raise = vi.fn()
  const deps: Omit<LaneSyncDeps, "lane" | "table"> & { lane: object; table: object } = {
    org,
    lane,
    table: { writer: {}, keepFrames() {} },
    timers: { now: () => now, setTimeout: () => () => {} },
    alarms: { raise, clear() {} },
    transaction: (work) => work(),
    prepare: async () => () => {},
    settled() {},
    stop() {},
    abandon() {},
    nameOf: () => "ana",
    charterSize: () => charterSize,
    askCharter() {},
    fetchFrames() {},
    resumeAfter() {},
  }
  const sync = createLaneSync(deps as unknown as LaneSyncDeps & { lane: Lane })
  const relay = await signerFromSeed(new Uint8Array(32).fill(2))
  const origin = laneOrigin(org, laneId)
  const size = commits.length
  const text = formatCheckpoint({ origin, size, root: new Uint8Array(32), extensions: [] })
  const signature = await signNote(text, noteKey(origin, NOTE_SIGNATURE, relay.publicKey), relay)
  const checkpoint = fromUtf8(formatNote({ text, signatures: [signature] }))
  const frames = commits.map(() => new Uint8Array(512))
  await sync.receive({ lane: laneId, first: 0, frames, size, checkpoint }, relay.publicKey)
  const grow = (size: number) => (charterSize = size)
  return { sync, raise, claims, grow, next: () => next, pass: (millis: number) => (now += millis) }
}

test("[N4.4, E7.3] an unproven pin is given up after 30 s, further ones at once, and the relay is not blamed", async () => {
  const junk = [10 ** 12, 10 ** 12 - 1, 5, 7].map((size) => ({ size, proven: false }))
  const { sync, raise, next, pass } = await stage(junk)
  pass(29_000)
  await sync.resume(true)
  expect(next()).toBe(0)
  pass(1_000)
  // the charter was not read to its head: what is missing may still come
  await sync.resume(false)
  expect(next()).toBe(0)
  await sync.resume(true)
  expect(next()).toBe(1)
  for (let count = 2; count <= junk.length; count++) {
    await sync.resume(true)
    expect(next()).toBe(count)
  }
  expect(raise).not.toHaveBeenCalled()
})

test("[N4.4] asking again in between does not begin the wait anew", async () => {
  const { sync, next, pass } = await stage([{ size: 5, proven: false }])
  for (let i = 0; i < 4; i++) {
    pass(7_000)
    await sync.resume(true)
    expect(next()).toBe(0)
  }
  pass(2_000)
  await sync.resume(true)
  expect(next()).toBe(1)
})

test("[E7.3] a proven pin is never given up, and the relay is told of", async () => {
  const { sync, raise, next, pass } = await stage([{ size: 9, proven: true }])
  pass(30_000)
  await sync.resume(true)
  expect(raise).toHaveBeenCalledWith("withheld", "charter 9", expect.anything())
  pass(3_600_000)
  await sync.resume(true)
  expect(next()).toBe(0)
})

test("[E7.3] a message from beyond what the relay shows of the charter is told of after 30 s, once for each member", async () => {
  const { sync, raise, claims, grow, pass } = await stage([{ size: 9, proven: false }])
  const [member, device] = [toMemberId(new Uint8Array(16).fill(3)), toDeviceId(new Uint8Array(16).fill(4))]
  claims[0] = { charterSize: 9, member, device }
  sync.overdue()
  pass(29_999)
  // the charter has come so far meanwhile; what is claimed now has 30 s of its own
  claims[0] = { charterSize: 10, member, device }
  grow(9)
  sync.overdue()
  pass(29_999)
  sync.overdue()
  expect(raise).not.toHaveBeenCalled()
  pass(1)
  sync.overdue()
  const sentence = expect.stringContaining("ana's device says that it has seen 10 entries of the charter")
  expect(raise).toHaveBeenCalledExactlyOnceWith("withheld", `claim ${"03".repeat(16)}`, { sentence })
})
