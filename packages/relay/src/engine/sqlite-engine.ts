import type { DatabaseSync, StatementSync } from "node:sqlite"
import { CompactRange, decodeCompactRange, encodeCompactRange } from "@holdfast/log"
import { equalBytes, hex, type LaneId, type LaneNumber, laneIdOf, type OrgId } from "@holdfast/wire"
import { FlushQueue, type Job } from "./flush-queue.ts"
import { toHour } from "./hour.ts"
import { KnownIds, knownIdBytes, knownIdOf } from "./known-ids.ts"
import { LaneDraft, type LaneState } from "./lane-draft.ts"
import {
  type DirectoryLine,
  type DirectoryPage,
  EngineError,
  type EngineLimits,
  type Entry,
  engineLimits,
  type HostedLane,
  type LaneEngine,
  type LaneHead,
  type LaneNews,
  type Slice,
  type Stored,
} from "./lane-engine.ts"
import { type DatabaseOptions, engineErrorOf, laneSpan, maxLanes, openDatabase } from "./sqlite-database.ts"
import { Watchers } from "./watchers.ts"

export type SqliteEngineOptions = DatabaseOptions & { readonly limits?: Partial<EngineLimits> }

/** One file, durable at every acknowledgement: WAL, synchronous FULL, one fsync for all writes that wait (R2.6). Throws RelayStartError. */
export function openSqliteEngine(options: SqliteEngineOptions): LaneEngine {
  return new SqliteEngine(openDatabase(options), { ...engineLimits, ...options.limits })
}

interface SqlLane extends LaneState {
  /** Row number times the span: where the lane's entries begin. */
  readonly base: number
}

const charterNumber = 0xffffffff
const numberToSql = (number: LaneNumber) => (number === "charter" ? charterNumber : number)
const numberFromSql = (number: number): LaneNumber => (number === charterNumber ? "charter" : number)
/** Entries forgotten in one transaction; a longer prune is several, so that appends come in between. */
const pruneStep = 4_096

class SqliteEngine implements LaneEngine {
  readonly #db: DatabaseSync
  readonly #limits: EngineLimits
  readonly #sql: Statements
  readonly #queue: FlushQueue
  readonly #watchers = new Watchers()
  /** Lanes in use. Emptied after a failed flush: the disk then says how far each has come. */
  readonly #lanes = new Map<string, SqlLane>()
  readonly #drafts = new Map<SqlLane, LaneDraft>()
  #isClosed = false

  constructor(db: DatabaseSync, limits: EngineLimits) {
    this.#db = db
    this.#limits = limits
    this.#sql = statementsOf(db)
    this.#queue = new FlushQueue((jobs) => this.#flush(jobs), {
      maxWaitingBytes: limits.maxWaitingBytes,
      maxFlushBytes: 4 * 1_048_576,
      maxFlushJobs: 1_024,
    })
  }

  createOrg(org: OrgId, genesis: Entry): Promise<boolean> {
    return this.#write(genesis.bytes.length, () => {
      if (this.#sql.orgNo.get(org) !== undefined) return false
      const { orgs, lanes } = this.#sql.counts.get() as { orgs: number; lanes: number }
      if (orgs >= this.#limits.maxOrgs || lanes + 2 >= maxLanes) throw new EngineError("too_many")
      const no = Number(this.#sql.insertOrg.run(org).lastInsertRowid)
      for (const number of ["charter", 0] as const) {
        this.#sql.insertLane.run(no, numberToSql(number), laneIdOf(org, number), emptyTree)
      }
      this.#draftOf(laneIdOf(org, "charter")).add([genesis], 0)
      return true
    })
  }

  async lanesOf(org: OrgId): Promise<readonly HostedLane[] | undefined> {
    return this.#read(() => {
      const rows = this.#sql.lanesOf.all(org) as { id: Uint8Array; number: number }[]
      if (rows.length === 0) return undefined
      return rows.map(({ id, number }) => ({ id: id as LaneId, number: numberFromSql(number) }))
    })
  }

  async countOrgs(): Promise<number> {
    return this.#read(() => (this.#sql.counts.get() as { orgs: number }).orgs)
  }

  async orgs(): Promise<readonly OrgId[]> {
    return this.#read(() => (this.#sql.orgs.all() as { id: Uint8Array }[]).map(({ id }) => id as OrgId))
  }

  putWitnessed(org: OrgId, note: Uint8Array): Promise<void> {
    return this.#write(note.length, () => void this.#sql.putWitnessed.run(this.#orgNo(org), note))
  }

  async witnessed(org: OrgId): Promise<Uint8Array | undefined> {
    return this.#read(() => {
      const row = this.#sql.witnessed.get(this.#orgNo(org)) as { note: Uint8Array } | undefined
      return row?.note
    })
  }

  append(lane: LaneId, entries: readonly Entry[], expectSize?: number): Promise<Stored> {
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0)
    return this.#write(bytes, () => this.#draftOf(lane).add(entries, expectSize))
  }

  async find(id: LaneId, messageIds: readonly Uint8Array[]): Promise<readonly (number | undefined)[]> {
    return this.#read(() => {
      const { known } = this.#lane(id)
      return messageIds.map((messageId) => known.get(knownIdOf(id, messageId)))
    })
  }

  async head(id: LaneId): Promise<LaneHead> {
    return this.#read(() => {
      const { size, first, tree } = this.#lane(id)
      return { size, first, tree: tree.clone() }
    })
  }

  async read(id: LaneId, from: number, bounds: { maxEntries: number; maxBytes: number }): Promise<Slice> {
    return this.#read(() => {
      const { base, size, first } = this.#lane(id)
      if (from < first) return { kind: "pruned", first, size }
      const entries: Uint8Array[] = []
      const end = Math.min(size, from + bounds.maxEntries)
      if (from >= end) return { kind: "entries", first: from, entries, size }
      let length = 0
      for (const row of this.#sql.readEntries.iterate(base + from, base + end)) {
        const bytes = row.bytes as Uint8Array
        length += bytes.length
        if (length > bounds.maxBytes && entries.length > 0) break
        entries.push(bytes)
      }
      return { kind: "entries", first: from, entries, size }
    })
  }

  async prune(id: LaneId, below: number): Promise<number> {
    let first = this.#read(() => this.#lane(id).first)
    for (;;) {
      const before = first
      first = await this.#write(
        0,
        () => {
          const lane = this.#lane(id)
          const next = Math.max(lane.first, Math.min(below, lane.size, lane.first + pruneStep))
          this.#sql.deleteEntries.run(lane.base + lane.first, lane.base + next)
          this.#sql.updateFirst.run(next, lane.id)
          return next
        },
        (next) => {
          this.#lane(id).first = next
        },
      )
      if (first === before) break
    }
    // The log beside the database still holds what was deleted until it starts anew.
    this.#read(() => this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)"))
    return first
  }

  watch(lane: LaneId, onNews: (news: LaneNews) => void): () => void {
    return this.#watchers.watch(lane, onNews)
  }

  putDirectoryLine(org: OrgId, line: DirectoryLine): Promise<number> {
    return this.#write(line.bytes.length, () => {
      const no = this.#orgNo(org)
      const before = this.#sql.directoryLine.get(no, line.device) as
        | { version: number; sequence: number; bytes: Uint8Array }
        | undefined
      if (before !== undefined && equalBytes(before.bytes, line.bytes)) return before.version
      if (before !== undefined && line.sequence <= before.sequence) throw new EngineError("conflict")
      const { version } = this.#sql.nextDirectoryVersion.get(no) as { version: number }
      this.#sql.putDirectoryLine.run(no, line.device, version, line.sequence, line.bytes)
      return version
    })
  }

  removeDirectoryLine(org: OrgId, device: Uint8Array): Promise<void> {
    return this.#write(0, () => void this.#sql.deleteDirectoryLine.run(this.#orgNo(org), device))
  }

  async directory(org: OrgId, since: number, bounds: { maxEntries: number; maxBytes: number }): Promise<DirectoryPage> {
    return this.#read(() => {
      const no = this.#orgNo(org)
      const entries: Uint8Array[] = []
      let length = 0
      let last = since
      for (const row of this.#sql.directorySince.iterate(no, since)) {
        const bytes = row.bytes as Uint8Array
        length += bytes.length
        if (entries.length === bounds.maxEntries || (length > bounds.maxBytes && entries.length > 0)) {
          return { version: last, entries, more: true }
        }
        entries.push(bytes)
        last = row.version as number
      }
      const { version } = this.#sql.directoryVersion.get(no) as { version: number }
      return { version, entries, more: false }
    })
  }

  putInvite(org: OrgId, guestKey: Uint8Array, expiresAt: number, now: number): Promise<void> {
    return this.#write(64, () => {
      const no = this.#orgNo(org)
      this.#sql.expireInvites.run(no, now)
      const { n } = this.#sql.countOtherInvites.get(no, guestKey) as { n: number }
      if (n >= this.#limits.maxInvitesPerOrg) throw new EngineError("too_many")
      this.#sql.putInvite.run(no, guestKey, toHour(expiresAt))
    })
  }

  async inviteExpiry(org: OrgId, guestKey: Uint8Array): Promise<number | undefined> {
    return this.#read(() => {
      const row = this.#sql.invite.get(this.#orgNo(org), guestKey) as { expires_at: number } | undefined
      return row?.expires_at
    })
  }

  removeInvite(org: OrgId, guestKey: Uint8Array): Promise<void> {
    return this.#write(0, () => void this.#sql.deleteInvite.run(this.#orgNo(org), guestKey))
  }

  async check(): Promise<void> {
    this.#read(() => this.#sql.counts.get())
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#queue.close()
    this.#isClosed = true
    this.#lanes.clear()
    this.#db.close()
  }

  #read<T>(work: () => T): T {
    if (this.#isClosed) throw new EngineError("broken")
    try {
      return work()
    } catch (error) {
      throw engineErrorOf(error)
    }
  }

  #write<T>(bytes: number, run: () => T, settle?: (result: T) => void): Promise<T> {
    return new Promise((resolve, refuse) => {
      this.#queue.push({
        bytes,
        run: () => {
          const result = run()
          return () => {
            settle?.(result)
            resolve(result)
          }
        },
        refuse,
      })
    })
  }

  #flush(jobs: readonly Job[]): void {
    const settled: (() => void)[] = []
    const taken: Job[] = []
    try {
      this.#db.exec("BEGIN IMMEDIATE")
      for (const job of jobs) {
        try {
          settled.push(job.run())
          taken.push(job)
        } catch (error) {
          // An EngineError is this job's own, thrown before it wrote anything; all else is the database's.
          if (!(error instanceof EngineError)) throw error
          job.refuse(error)
        }
      }
      for (const [lane, draft] of this.#drafts) this.#writeDraft(lane, draft)
      this.#db.exec("COMMIT")
    } catch (error) {
      this.#giveUp()
      const refusal = engineErrorOf(error)
      for (const job of jobs) job.refuse(refusal)
      return
    }
    const drafts = [...this.#drafts.values()]
    this.#drafts.clear()
    for (const draft of drafts) draft.settle()
    for (const settle of settled) settle()
    for (const { lane, first, entries, size } of drafts) {
      if (entries.length > 0) this.#watchers.tell(lane.id, { first, entries, size })
    }
  }

  #giveUp(): void {
    this.#drafts.clear()
    this.#lanes.clear()
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK")
    } catch {
      // The first failure is the one to report; the next flush meets this one again if it stays.
    }
  }

  #writeDraft(lane: SqlLane, draft: LaneDraft): void {
    const { entries, ids, first, size } = draft
    if (entries.length === 0) return
    entries.forEach((bytes, i) => {
      this.#sql.insertEntry.run(lane.base + first + i, bytes)
    })
    this.#sql.insertKnown.run(lane.base + first, Buffer.from(ids.join(""), "latin1"))
    const oldest = size - this.#limits.knownIds
    // A row may reach from before the oldest id to after it; the largest flush bounds how much too much is kept.
    if (oldest > 0) this.#sql.deleteKnown.run(lane.base, lane.base + Math.max(0, oldest - maxEntriesPerFlush))
    this.#sql.updateLane.run(size, encodeCompactRange(draft.tree()), lane.id)
  }

  #draftOf(id: LaneId): LaneDraft {
    const lane = this.#lane(id)
    const draft = this.#drafts.get(lane) ?? new LaneDraft(lane)
    this.#drafts.set(lane, draft)
    return draft
  }

  #lane(id: LaneId): SqlLane {
    const key = hex(id)
    const lane = this.#lanes.get(key) ?? this.#loadLane(id)
    this.#lanes.set(key, lane)
    return lane
  }

  #loadLane(id: LaneId): SqlLane {
    const row = this.#sql.lane.get(id) as
      | { no: number; id: Uint8Array; first: number; size: number; tree: Uint8Array }
      | undefined
    if (row === undefined) throw new EngineError("unknown_lane")
    const base = row.no * laneSpan
    const known = new KnownIds(this.#limits.knownIds)
    const from = base + Math.max(0, row.size - this.#limits.knownIds - maxEntriesPerFlush)
    for (const { at, ids } of this.#sql.knownFrom.iterate(from, base + laneSpan)) {
      const text = Buffer.from(ids as Uint8Array).toString("latin1")
      for (let i = 0; i * knownIdBytes < text.length; i++) {
        known.add(text.slice(i * knownIdBytes, (i + 1) * knownIdBytes), (at as number) - base + i)
      }
    }
    const tree = decodeCompactRange(row.tree)
    return { id: row.id as LaneId, base, size: row.size, first: row.first, tree, known }
  }

  #orgNo(org: OrgId): number {
    const row = this.#sql.orgNo.get(org) as { no: number } | undefined
    if (row === undefined) throw new EngineError("unknown_organisation")
    return row.no
  }
}

const emptyTree = encodeCompactRange(new CompactRange())
/** 1,024 jobs of 64 entries each. */
const maxEntriesPerFlush = 65_536

type Statements = Readonly<Record<keyof typeof statements, StatementSync>>

function statementsOf(db: DatabaseSync): Statements {
  const prepared = Object.entries(statements).map(([name, sql]) => [name, db.prepare(sql)] as const)
  return Object.fromEntries(prepared) as Statements
}

const statements = {
  counts: "SELECT (SELECT count(*) FROM org) AS orgs, (SELECT count(*) FROM lane) AS lanes",
  orgs: "SELECT id FROM org ORDER BY no",
  putWitnessed: `INSERT INTO witnessed (org, note) VALUES (?, ?)
    ON CONFLICT (org) DO UPDATE SET note = excluded.note`,
  witnessed: "SELECT note FROM witnessed WHERE org = ?",
  orgNo: "SELECT no FROM org WHERE id = ?",
  insertOrg: "INSERT INTO org (id) VALUES (?)",
  insertLane: "INSERT INTO lane (org, number, id, first, size, tree) VALUES (?, ?, ?, 0, 0, ?)",
  lanesOf: "SELECT lane.id, lane.number FROM lane JOIN org ON org.no = lane.org WHERE org.id = ? ORDER BY lane.no",
  lane: "SELECT no, id, first, size, tree FROM lane WHERE id = ?",
  updateLane: "UPDATE lane SET size = ?, tree = ? WHERE id = ?",
  updateFirst: "UPDATE lane SET first = ? WHERE id = ?",
  insertEntry: "INSERT INTO entry (at, bytes) VALUES (?, ?)",
  readEntries: "SELECT bytes FROM entry WHERE at >= ? AND at < ? ORDER BY at",
  deleteEntries: "DELETE FROM entry WHERE at >= ? AND at < ?",
  insertKnown: "INSERT INTO known (at, ids) VALUES (?, ?)",
  knownFrom: "SELECT at, ids FROM known WHERE at >= ? AND at < ? ORDER BY at",
  deleteKnown: "DELETE FROM known WHERE at >= ? AND at < ?",
  directoryVersion: "SELECT directory_version AS version FROM org WHERE no = ?",
  nextDirectoryVersion:
    "UPDATE org SET directory_version = directory_version + 1 WHERE no = ? RETURNING directory_version AS version",
  directoryLine: "SELECT version, sequence, bytes FROM directory WHERE org = ? AND device = ?",
  putDirectoryLine: `INSERT INTO directory (org, device, version, sequence, bytes) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (org, device) DO UPDATE SET version = excluded.version, sequence = excluded.sequence, bytes = excluded.bytes`,
  deleteDirectoryLine: "DELETE FROM directory WHERE org = ? AND device = ?",
  directorySince: "SELECT version, bytes FROM directory WHERE org = ? AND version > ? ORDER BY version",
  expireInvites: "DELETE FROM invite WHERE org = ? AND expires_at <= ?",
  countOtherInvites: "SELECT count(*) AS n FROM invite WHERE org = ? AND guest <> ?",
  putInvite: `INSERT INTO invite (org, guest, expires_at) VALUES (?, ?, ?)
    ON CONFLICT (org, guest) DO UPDATE SET expires_at = excluded.expires_at`,
  invite: "SELECT expires_at FROM invite WHERE org = ? AND guest = ?",
  deleteInvite: "DELETE FROM invite WHERE org = ? AND guest = ?",
} as const
