// Frames of the message lane into the replica, in order and under the relay's own signature, and what comes out of it into
// the store: each step one transaction (E3.4, E7.2, E7.3).
import { type Lane, LaneError, type LaneEvent } from "@holdfast/lanes"
import { LogError, laneOrigin, NOTE_SIGNATURE, noteKey, verifyCheckpoint } from "@holdfast/log"
import { equalBytes, type Frames, hex, type OrgId, utf8 } from "@holdfast/wire"
import type { Alarms } from "./alarms.ts"
import type { Timers } from "./ports.ts"
import type { LaneTable } from "./store/lane.ts"

export interface LaneSyncDeps {
  readonly org: OrgId
  readonly lane: Lane
  readonly table: LaneTable
  readonly timers: Timers
  readonly alarms: Alarms
  readonly transaction: <T>(work: () => T) => T
  /** What events mean; the returned function runs inside the transaction that stores them. */
  readonly prepare: (events: readonly LaneEvent[]) => Promise<() => void>
  /** After a transaction with events. */
  readonly settled: () => void
  /** A proof that the relay shows different histories: nothing goes on. */
  readonly stop: (how: "fork" | "rollback", evidence: readonly Uint8Array[]) => void
  readonly nameOf: (member: Uint8Array) => string
  readonly charterSize: () => number
  /** The relay in use cannot be believed; another connection may do better. */
  readonly abandon: () => void
  /** Have the charter's head looked at again. */
  readonly askCharter: () => void
  /** Fetch raw frames from the relay, then `supply` them in a turn of their own. */
  readonly fetchFrames: (from: number, to: number) => void
  /** Call `resume` in a turn, later. */
  readonly resumeAfter: (millis: number) => void
}

/** All of it is called in a turn. */
export interface LaneSync {
  receive(frames: Frames, logPublicKey: Uint8Array): Promise<void>
  /** A checkpoint alone. `least`: the size that this device had when the connection opened. */
  check(note: string, logPublicKey: Uint8Array, least: number): Promise<void>
  /** The charter has grown, or `isCurrent`: it was read to its head just now. */
  resume(isCurrent?: boolean): Promise<void>
  /** Null: the relay does not have them any more. */
  supply(from: number, frames: readonly Uint8Array[] | null): Promise<void>
  supplyBlob(blob: Uint8Array, ciphertext: Uint8Array | null): Promise<void>
  /** Forgets frames that wait: they came over a connection that is gone. */
  forget(): void
  /** Called now and then: the relay has signed for more than it has handed out. */
  overdue(): void
  /** Frames that the relay said it has and that are not applied yet. */
  isBehind(): boolean
}

interface Head {
  readonly size: number
  readonly root: Uint8Array
}

/** So many frames wait for the checkpoint that covers them; a longer catch-up is applied in pieces. */
const maxHeldFrames = 2_048
/** How long a relay may be behind what it has signed itself, or what a member has seen (E7.3). */
export const withheldMillis = 30_000
/** How long a frame holds the lane up whose sender claims more of the charter than there is, without proof (N4.4). */
const giveUpMillis = 30_000
const askAgainMillis = 3_000

export function createLaneSync(deps: LaneSyncDeps): LaneSync {
  const { lane, table, timers, alarms } = deps
  let held: { first: number; frames: Uint8Array[] } | undefined
  let head: Head | undefined
  /** The frame that was last stopped at. */
  let stuck: { readonly index: number; readonly since: number } | undefined
  let shortSince: number | undefined
  /** By device: since when it has claimed a size of the charter that there is not here. */
  const aheadSince = new Map<string, { readonly size: number; readonly since: number }>()
  /** Somebody claimed what there was not, without proof: no such claim is given time any more. */
  let isDisproven = false
  let blocked:
    | { readonly on: "charter"; readonly size: number; readonly proven: boolean; readonly since: number }
    | { readonly on: "frames" }
    | undefined

  /** A member's word alone, so nothing stops: the relay keeps something back, or that member lies (E7.3). */
  function lookAtClaims(now: number): void {
    for (const [device, { size }] of aheadSince) if (size <= deps.charterSize()) aheadSince.delete(device)
    for (const { charterSize, member, device } of lane.claimsAhead()) {
      const known = aheadSince.get(hex(device)) ?? { size: charterSize, since: now }
      aheadSince.set(hex(device), known)
      if (now - known.since < withheldMillis) continue
      const name = deps.nameOf(member)
      alarms.raise("withheld", `claim ${hex(member)}`, {
        sentence: `${name}'s device says that it has seen ${charterSize} entries of the charter, which the relay does not show here. Either the relay keeps something back, or that device lies. Ask ${name} in person.`,
      })
    }
  }

  async function verifyHead(note: string, logPublicKey: Uint8Array): Promise<Head | undefined> {
    const origin = laneOrigin(deps.org, lane.id)
    try {
      const logKeys = [noteKey(origin, NOTE_SIGNATURE, logPublicKey)]
      const { size, root } = await verifyCheckpoint(utf8(note), { origin, logKeys, witnessKeys: [] })
      return { size, root }
    } catch (error) {
      if (error instanceof LogError) return undefined
      throw error
    }
  }

  /** False when the relay contradicts what it had signed before. */
  function agrees(next: Head, note: string): boolean {
    if (next.size > lane.size) return true
    const own = lane.rootAt(next.size)
    if (own === null || equalBytes(own, next.root)) return true
    deps.stop("fork", [utf8(note), own])
    return false
  }

  function distrust(kind: "bad_checkpoint" | "reordered", evidence: readonly Uint8Array[]): void {
    alarms.raise(kind, "lane", { evidence })
    held = undefined
    deps.abandon()
  }

  async function keep(events: readonly LaneEvent[], from: number, frames: readonly Uint8Array[]): Promise<void> {
    const apply = await deps.prepare(events)
    deps.transaction(() => {
      lane.flush(table.writer)
      if (lane.next > from) table.keepFrames(from, frames.slice(0, lane.next - from))
      apply()
    })
    if (events.length > 0) deps.settled()
    for (const event of events) {
      if (event.kind === "needs-charter") block(event)
      if (event.kind === "needs-frames") {
        blocked = { on: "frames" }
        await find(event.from, event.to)
      }
    }
  }

  function block(event: LaneEvent & { kind: "needs-charter" }): void {
    const since = stuck?.index === event.index ? stuck.since : timers.now()
    stuck = { index: event.index, since }
    blocked = { on: "charter", size: event.size, proven: event.proven, since }
    deps.askCharter()
    deps.resumeAfter(askAgainMillis)
  }

  async function find(from: number, to: number): Promise<void> {
    const frames = table.frames(from, to)
    if (frames === undefined) deps.fetchFrames(from, to)
    else await supply(from, frames)
  }

  async function supply(from: number, frames: readonly Uint8Array[] | null): Promise<void> {
    blocked = undefined
    try {
      await keep(await lane.supply(from, frames), lane.next, [])
    } catch (error) {
      if (!(error instanceof LaneError) || error.code !== "out_of_order") throw error
      return distrust("reordered", frames ?? [])
    }
    await drain()
  }

  async function drain(charterIsCurrent = false): Promise<void> {
    while (held !== undefined && blocked === undefined) {
      const first = Math.max(held.first, lane.next)
      const frames = held.frames.slice(first - held.first)
      const end = first + frames.length
      if (frames.length === 0) {
        held = undefined
        return
      }
      const covered = head !== undefined && head.size >= first && head.size <= end ? head : undefined
      if (covered === undefined && frames.length < maxHeldFrames && !charterIsCurrent) return
      let events: readonly LaneEvent[]
      try {
        events = await lane.receive(first, frames, {
          ...(covered === undefined ? {} : { head: covered }),
          ...(charterIsCurrent ? { charterIsCurrent } : {}),
        })
      } catch (error) {
        if (!(error instanceof LaneError) || error.code !== "out_of_order") throw error
        return distrust("reordered", [])
      }
      charterIsCurrent = false
      await keep(events, first, frames)
      const lie = events.find(
        (event) => event.kind === "alarm" && (event.alarm.kind === "wrong-root" || event.alarm.kind === "rewritten"),
      )
      if (lie !== undefined) {
        held = undefined
        return deps.abandon()
      }
    }
  }

  return {
    async receive(frames, logPublicKey) {
      const next = await verifyHead(frames.checkpoint, logPublicKey)
      if (next === undefined || next.size < frames.first + frames.frames.length) {
        return distrust("bad_checkpoint", [utf8(frames.checkpoint)])
      }
      if (!agrees(next, frames.checkpoint)) return
      head = next
      const end = held === undefined ? lane.next : held.first + held.frames.length
      if (frames.first > end) return distrust("reordered", [utf8(frames.checkpoint)])
      if (held === undefined) held = { first: frames.first, frames: [...frames.frames] }
      else held.frames.push(...frames.frames.slice(end - frames.first))
      await drain()
    },
    async check(note, logPublicKey, least) {
      const next = await verifyHead(note, logPublicKey)
      if (next === undefined) return distrust("bad_checkpoint", [utf8(note)])
      if (!agrees(next, note)) return
      if (next.size < least) return deps.stop("rollback", [utf8(note)])
    },
    async resume(isCurrent = false) {
      await keep(await lane.checkClaims(), lane.next, [])
      if (blocked?.on !== "charter") return drain()
      const { size, since, proven } = blocked
      const waited = timers.now() - since
      // without the relay's signature it is one member's word, and the relay may have nothing to show
      if (proven && waited >= withheldMillis) {
        alarms.raise("withheld", `charter ${size}`, { detail: `A member has seen ${size} entries of the charter.` })
      }
      blocked = undefined
      const isOver = !proven && isCurrent && (isDisproven || waited >= giveUpMillis)
      if (isOver) isDisproven = true
      // asked again, the replica says if the charter is still too small
      await drain(isOver)
    },
    overdue() {
      const now = timers.now()
      lookAtClaims(now)
      const isShort =
        head !== undefined && head.size > (held === undefined ? lane.next : held.first + held.frames.length)
      if (!isShort) {
        shortSince = undefined
        return
      }
      shortSince ??= now
      if (now - shortSince < withheldMillis) return
      shortSince = undefined
      alarms.raise("withheld", `lane ${head?.size}`, {
        detail: "It has signed for messages that it does not hand out.",
      })
      deps.abandon()
    },
    supply,
    async supplyBlob(blob, ciphertext) {
      await keep(await lane.supplyBlob(blob as never, ciphertext), lane.next, [])
      await drain()
    },
    forget() {
      held = undefined
      head = undefined
      shortSince = undefined
      if (blocked?.on === "frames") blocked = undefined
    },
    isBehind: () => held !== undefined || (head !== undefined && head.size > lane.next),
  }
}
