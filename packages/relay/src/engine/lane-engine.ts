import type { CompactRange } from "@holdfast/log"
import type { DeviceId, LaneId, LaneNumber, OrgId } from "@holdfast/wire"

/** Why an engine refuses (R2.9). Closed list. */
export type EngineCode =
  | "unknown_lane"
  | "unknown_organisation"
  | "too_many"
  | "conflict"
  | "storage_full"
  | "busy"
  | "broken"

export class EngineError extends Error {
  override readonly name = "EngineError"
  readonly code: EngineCode

  constructor(code: EngineCode, options?: ErrorOptions) {
    super(code, options)
    this.code = code
  }
}

export interface Entry {
  /** 16 bytes. An entry with an id that the lane knows is not stored again (R2.3). */
  readonly messageId: Uint8Array
  readonly bytes: Uint8Array
}

export interface Stored {
  /** One for each entry, in order; that of the first copy where the id was known. */
  readonly indices: readonly number[]
  /** How many of the entries are new. They have consecutive indices. */
  readonly added: number
  /** Of the lane, with these entries. */
  readonly size: number
}

export interface LaneHead {
  readonly size: number
  /** The lowest index that can still be read; everything below is pruned. */
  readonly first: number
  /** Over all entries from index 0 on, pruned ones included. A copy. */
  readonly tree: CompactRange
}

export type Slice =
  | { readonly kind: "entries"; readonly first: number; readonly entries: readonly Uint8Array[]; readonly size: number }
  | { readonly kind: "pruned"; readonly first: number; readonly size: number }

/** Entries that have just become durable. News of a lane comes in order, but a watcher that misses some reads them (R2.8). */
export interface LaneNews {
  readonly first: number
  readonly entries: readonly Uint8Array[]
  readonly size: number
}

export interface HostedLane {
  readonly id: LaneId
  readonly number: LaneNumber
}

export interface DirectoryLine {
  readonly device: DeviceId
  /** The device's own count: a line replaces only one with a lower sequence (R2.10). */
  readonly sequence: number
  readonly bytes: Uint8Array
}

export interface DirectoryPage {
  readonly version: number
  readonly entries: readonly Uint8Array[]
  readonly more: boolean
}

/**
 * Durable, totally ordered lanes and the few small records beside them (R2). What resolves has reached the disk; what rejects
 * has left no trace. One engine may serve many relays: nothing here tells which database is behind it.
 */
export interface LaneEngine {
  /**
   * Puts an organisation here: its charter lane with the genesis entry at index 0, and message lane 0.
   * `false`: it is here already, and nothing changed. Throws `too_many`.
   */
  createOrg(org: OrgId, genesis: Entry): Promise<boolean>
  /** `undefined`: not here. */
  lanesOf(org: OrgId): Promise<readonly HostedLane[] | undefined>
  countOrgs(): Promise<number>
  /** Every organisation that is here, oldest first. */
  orgs(): Promise<readonly OrgId[]>

  /** Keeps a checkpoint note of the charter with its cosignatures; the one before is forgotten. Throws `unknown_organisation`. (R2.14) */
  putWitnessed(org: OrgId, note: Uint8Array): Promise<void>
  /** `undefined`: none was put. Throws `unknown_organisation`. */
  witnessed(org: OrgId): Promise<Uint8Array | undefined>

  /**
   * Appends all entries or none, at consecutive indices without a gap, in the order of the calls. With `expectSize`, only if
   * the lane has that size, else `conflict`. Throws `unknown_lane`, `storage_full`, and `busy` when too much is waiting.
   */
  append(lane: LaneId, entries: readonly Entry[], expectSize?: number): Promise<Stored>
  /** The index of each entry whose id the lane still knows (R2.4). Throws `unknown_lane`. */
  find(lane: LaneId, messageIds: readonly Uint8Array[]): Promise<readonly (number | undefined)[]>
  /** Throws `unknown_lane`. */
  head(lane: LaneId): Promise<LaneHead>
  /** At least one entry when there is one at `from`, whatever its length; then as many as fit both bounds. Throws `unknown_lane`. */
  read(lane: LaneId, from: number, bounds: { readonly maxEntries: number; readonly maxBytes: number }): Promise<Slice>
  /** Forgets the entries below an index, for good. Never moves back, never past the end. Returns the lowest index kept. */
  prune(lane: LaneId, below: number): Promise<number>
  /** Calls back after entries have become durable. Returns the way to stop. */
  watch(lane: LaneId, onNews: (news: LaneNews) => void): () => void

  /** Returns the directory's new version. Equal bytes again: the version they have. Throws `conflict` for a sequence that is not higher. */
  putDirectoryLine(org: OrgId, line: DirectoryLine): Promise<number>
  removeDirectoryLine(org: OrgId, device: DeviceId): Promise<void>
  /** Lines that changed after `since`, oldest change first; a page's version is the `since` of the next. */
  directory(
    org: OrgId,
    since: number,
    bounds: { readonly maxEntries: number; readonly maxBytes: number },
  ): Promise<DirectoryPage>

  /** `expiresAt` in seconds, kept to the full hour above (R3.4). Forgets what has expired by `now`. Throws `too_many`. */
  putInvite(org: OrgId, guestKey: Uint8Array, expiresAt: number, now: number): Promise<void>
  /** When the invitation expires, in seconds. `undefined`: not registered. */
  inviteExpiry(org: OrgId, guestKey: Uint8Array): Promise<number | undefined>
  removeInvite(org: OrgId, guestKey: Uint8Array): Promise<void>

  /** Throws unless the engine can answer now. */
  check(): Promise<void>
  /** Finishes what is waiting. Afterwards everything throws `broken`. */
  close(): Promise<void>
}

export interface EngineLimits {
  /** Ids remembered for each lane (R2.4). */
  readonly knownIds: number
  readonly maxOrgs: number
  readonly maxInvitesPerOrg: number
  /** Entries that may wait for the disk. */
  readonly maxWaitingBytes: number
}

export const engineLimits: EngineLimits = {
  knownIds: 100_000,
  maxOrgs: 1_000,
  maxInvitesPerOrg: 1_000,
  maxWaitingBytes: 64 * 1_048_576,
}
