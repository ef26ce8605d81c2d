import { CompactRange } from "@holdfast/log"
import { equalBytes, hex, type LaneId, type LaneNumber, laneIdOf, type OrgId } from "@holdfast/wire"
import { toHour } from "./hour.ts"
import { KnownIds, knownIdOf } from "./known-ids.ts"
import { LaneDraft, type LaneState } from "./lane-draft.ts"
import {
  type DirectoryLine,
  EngineError,
  type EngineLimits,
  type Entry,
  engineLimits,
  type HostedLane,
  type LaneEngine,
} from "./lane-engine.ts"
import { Watchers } from "./watchers.ts"

interface MemoryLane extends LaneState {
  readonly hosted: HostedLane
  /** From `first` on. */
  entries: Uint8Array[]
}
interface MemoryOrg {
  readonly id: OrgId
  witnessed: Uint8Array | undefined
  readonly lanes: readonly HostedLane[]
  readonly directory: Map<string, DirectoryLine & { readonly version: number }>
  directoryVersion: number
  readonly expiryByGuest: Map<string, number>
}

/** Forgets everything when the process ends: for tests and for trying things out. */
export function createMemoryEngine(options: Partial<EngineLimits> = {}): LaneEngine {
  const bounds = { ...engineLimits, ...options }
  const orgs = new Map<string, MemoryOrg>()
  const lanes = new Map<string, MemoryLane>()
  const watchers = new Watchers()
  let isClosed = false

  const ready = () => {
    if (isClosed) throw new EngineError("broken")
  }
  const laneOf = (id: LaneId): MemoryLane => {
    ready()
    const lane = lanes.get(hex(id))
    if (lane === undefined) throw new EngineError("unknown_lane")
    return lane
  }
  const orgOf = (id: OrgId): MemoryOrg => {
    ready()
    const org = orgs.get(hex(id))
    if (org === undefined) throw new EngineError("unknown_organisation")
    return org
  }
  const newLane = (org: OrgId, number: LaneNumber): MemoryLane => {
    const id = laneIdOf(org, number)
    return {
      id,
      hosted: { id, number },
      size: 0,
      first: 0,
      tree: new CompactRange(),
      known: new KnownIds(bounds.knownIds),
      entries: [],
    }
  }
  const store = (lane: MemoryLane, entries: readonly Entry[], expectSize?: number) => {
    const draft = new LaneDraft(lane)
    // Copies: what comes in may be a view into a buffer that someone else goes on using.
    const copies = entries.map(({ messageId, bytes }) => ({ messageId, bytes: bytes.slice() }))
    const stored = draft.add(copies, expectSize)
    draft.settle()
    lane.entries.push(...draft.entries)
    if (draft.entries.length > 0) {
      const news = { first: draft.first, entries: draft.entries, size: lane.size }
      queueMicrotask(() => watchers.tell(lane.id, news))
    }
    return stored
  }

  return {
    async createOrg(org, genesis) {
      ready()
      if (orgs.has(hex(org))) return false
      if (orgs.size >= bounds.maxOrgs) throw new EngineError("too_many")
      const charter = newLane(org, "charter")
      const messages = newLane(org, 0)
      for (const lane of [charter, messages]) lanes.set(hex(lane.id), lane)
      orgs.set(hex(org), {
        id: org.slice() as OrgId,
        witnessed: undefined,
        lanes: [charter.hosted, messages.hosted],
        directory: new Map(),
        directoryVersion: 0,
        expiryByGuest: new Map(),
      })
      store(charter, [genesis])
      return true
    },
    async lanesOf(org) {
      ready()
      return orgs.get(hex(org))?.lanes
    },
    async countOrgs() {
      ready()
      return orgs.size
    },
    async orgs() {
      ready()
      return [...orgs.values()].map(({ id }) => id)
    },
    async putWitnessed(id, note) {
      orgOf(id).witnessed = note.slice()
    },
    async witnessed(id) {
      return orgOf(id).witnessed?.slice()
    },
    async append(lane, entries, expectSize) {
      return store(laneOf(lane), entries, expectSize)
    },
    async find(id, messageIds) {
      const lane = laneOf(id)
      return messageIds.map((messageId) => lane.known.get(knownIdOf(id, messageId)))
    },
    async head(id) {
      const { size, first, tree } = laneOf(id)
      return { size, first, tree: tree.clone() }
    },
    async read(id, from, { maxEntries, maxBytes }) {
      const lane = laneOf(id)
      if (from < lane.first) return { kind: "pruned", first: lane.first, size: lane.size }
      const entries: Uint8Array[] = []
      let length = 0
      for (const bytes of lane.entries.slice(from - lane.first, from - lane.first + maxEntries)) {
        length += bytes.length
        if (length > maxBytes && entries.length > 0) break
        entries.push(bytes)
      }
      return { kind: "entries", first: from, entries, size: lane.size }
    },
    async prune(id, below) {
      const lane = laneOf(id)
      const first = Math.max(lane.first, Math.min(below, lane.size))
      lane.entries = lane.entries.slice(first - lane.first)
      lane.first = first
      return first
    },
    watch: (lane, onNews) => watchers.watch(lane, onNews),
    async putDirectoryLine(id, line) {
      const org = orgOf(id)
      const before = org.directory.get(hex(line.device))
      if (before !== undefined && equalBytes(before.bytes, line.bytes)) return before.version
      if (before !== undefined && line.sequence <= before.sequence) throw new EngineError("conflict")
      const version = ++org.directoryVersion
      org.directory.set(hex(line.device), { ...line, bytes: line.bytes.slice(), version })
      return version
    },
    async removeDirectoryLine(id, device) {
      orgOf(id).directory.delete(hex(device))
    },
    async directory(id, since, { maxEntries, maxBytes }) {
      const org = orgOf(id)
      const lines = [...org.directory.values()].filter((line) => line.version > since)
      lines.sort((a, b) => a.version - b.version)
      const taken: Uint8Array[] = []
      let length = 0
      for (const line of lines) {
        length += line.bytes.length
        if (taken.length === maxEntries || (length > maxBytes && taken.length > 0)) {
          const last = lines[taken.length - 1] as { readonly version: number }
          return { version: last.version, entries: taken, more: true }
        }
        taken.push(line.bytes)
      }
      return { version: org.directoryVersion, entries: taken, more: false }
    },
    async putInvite(id, guestKey, expiresAt, now) {
      const { expiryByGuest } = orgOf(id)
      for (const [guest, expiry] of expiryByGuest) if (expiry <= now) expiryByGuest.delete(guest)
      if (!expiryByGuest.has(hex(guestKey)) && expiryByGuest.size >= bounds.maxInvitesPerOrg) {
        throw new EngineError("too_many")
      }
      expiryByGuest.set(hex(guestKey), toHour(expiresAt))
    },
    async inviteExpiry(id, guestKey) {
      return orgOf(id).expiryByGuest.get(hex(guestKey))
    },
    async removeInvite(id, guestKey) {
      orgOf(id).expiryByGuest.delete(hex(guestKey))
    },
    async check() {
      ready()
    },
    async close() {
      isClosed = true
    },
  }
}
