import { closeSync, openSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { formatVkey, parseVkey } from "@holdfast/log"
import { utf8 } from "@holdfast/wire"
import { WitnessError } from "../error.ts"
import { sha256 } from "./sha256.ts"
import {
  type CosignedHead,
  checkLogKey,
  type Evidence,
  type EvidenceKind,
  followVerdict,
  type LogState,
  storeLimits,
  tooManyLogs,
  type WitnessStore,
} from "./witness-store.ts"

/** Raised with every change of the tables; kept in `user_version`. */
const schemaVersion = 1
const applicationId = 0x48465754

const schema = `
  CREATE TABLE log (
    no INTEGER PRIMARY KEY,
    origin TEXT NOT NULL UNIQUE,
    origin_hash BLOB NOT NULL UNIQUE,
    size INTEGER,
    root BLOB,
    note BLOB,
    cosigned_at INTEGER,
    followed_size INTEGER,
    followed_root BLOB
  ) STRICT;
  CREATE TABLE log_key (
    log INTEGER NOT NULL REFERENCES log (no),
    is_followed INTEGER NOT NULL,
    vkey TEXT NOT NULL,
    PRIMARY KEY (log, is_followed, vkey)
  ) STRICT;
  CREATE TABLE evidence (
    no INTEGER PRIMARY KEY,
    log INTEGER NOT NULL REFERENCES log (no),
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    note BLOB NOT NULL,
    held BLOB,
    UNIQUE (log, kind, note)
  ) STRICT;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

interface LogRow {
  readonly no: number
  readonly origin: string
  readonly size: number | null
  readonly root: Uint8Array | null
  readonly note: Uint8Array | null
  readonly cosigned_at: number | null
  readonly followed_size: number | null
  readonly followed_root: Uint8Array | null
}

/**
 * Opens or makes the database. Several processes may have it open: each step is one immediate transaction, durable (WAL, synchronous FULL)
 * before it resolves. Throws WitnessError. (V2.2, V2.3, V2.4)
 */
export function openSqliteStore(file: string): WitnessStore {
  const db = openDatabase(file)
  const rowOf = db.prepare("SELECT * FROM log WHERE origin = ?")
  const rowByHash = db.prepare("SELECT * FROM log WHERE origin_hash = ?")
  const keysOfLog = db.prepare("SELECT DISTINCT vkey FROM log_key WHERE log = ? ORDER BY vkey")
  const insertLog = db.prepare("INSERT INTO log (origin, origin_hash) VALUES (?, ?)")
  const insertKey = db.prepare("INSERT OR IGNORE INTO log_key (log, is_followed, vkey) VALUES (?, ?, ?)")
  const writeHead = db.prepare("UPDATE log SET size = ?, root = ?, note = ?, cosigned_at = ? WHERE no = ?")
  const countEvidence = db.prepare("SELECT count(*) AS n FROM evidence WHERE log = ? AND (kind = 'unproven') = ?")
  const insertEvidence = db.prepare(
    "INSERT OR IGNORE INTO evidence (log, kind, at, size, note, held) VALUES (?, ?, ?, ?, ?, ?)",
  )

  const find = (origin: string) => rowOf.get(origin) as LogRow | undefined
  const stateOf = (row: LogRow): LogState => ({
    keys: (keysOfLog.all(row.no) as { vkey: string }[]).map(({ vkey }) => parseVkey(vkey)),
    head: headOf(row),
  })
  const transaction = <T>(work: () => T): T => {
    db.exec("BEGIN IMMEDIATE")
    try {
      const result = work()
      db.exec("COMMIT")
      return result
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK")
      throw error
    }
  }
  const countOf = (sql: string, ...values: number[]) => (db.prepare(sql).get(...values) as { n: number }).n
  const logFor = (origin: string): number => {
    const found = find(origin)
    if (found !== undefined) return found.no
    if (countOf("SELECT count(*) AS n FROM log") >= storeLimits.logs) throw tooManyLogs()
    return Number(insertLog.run(origin, sha256(utf8(origin))).lastInsertRowid)
  }
  const keep = (log: number, one: Evidence) => {
    const { n } = countEvidence.get(log, one.kind === "unproven" ? 1 : 0) as { n: number }
    if (n >= storeLimits.evidencePerLog) return
    insertEvidence.run(log, one.kind, one.at, one.size, one.note, one.held ?? null)
  }

  return {
    async logOf(origin) {
      const row = find(origin)
      return row === undefined ? undefined : stateOf(row)
    },
    async logByHash(hash) {
      const row = rowByHash.get(hash) as LogRow | undefined
      return row === undefined ? undefined : stateOf(row)
    },
    async step(origin, decide) {
      return transaction(() => {
        const row = find(origin)
        const { head, evidence, result } = decide(row === undefined ? undefined : stateOf(row))
        if (row !== undefined && head !== undefined)
          writeHead.run(head.size, head.root, head.note, head.cosignedAt, row.no)
        if (row !== undefined && evidence !== undefined) keep(row.no, evidence)
        return result
      })
    },
    async trust(origin, key) {
      checkLogKey(key)
      transaction(() => {
        const log = logFor(origin)
        insertKey.run(log, 0, formatVkey(key))
        const count = countOf("SELECT count(*) AS n FROM log_key WHERE log = ? AND is_followed = 0", log)
        if (count > storeLimits.keysPerLog) throw tooManyLogs()
      })
    },
    async distrust(origin, key) {
      return transaction(() => {
        const row = find(origin)
        if (row === undefined) return false
        const drop = db.prepare("DELETE FROM log_key WHERE log = ? AND is_followed = 0 AND vkey = ?")
        return drop.run(row.no, formatVkey(key)).changes > 0
      })
    },
    async follow(origin, charter) {
      for (const key of charter.keys) checkLogKey(key)
      if (charter.keys.length > storeLimits.keysPerLog) throw tooManyLogs()
      return transaction(() => {
        const row = find(origin)
        const verdict = followVerdict(charter, row && followedOf(row), row && headOf(row))
        if (verdict !== "followed") return verdict
        const log = logFor(origin)
        db.prepare("DELETE FROM log_key WHERE log = ? AND is_followed = 1").run(log)
        for (const key of charter.keys) insertKey.run(log, 1, formatVkey(key))
        const write = db.prepare("UPDATE log SET followed_size = ?, followed_root = ? WHERE no = ?")
        write.run(charter.size, charter.rootAt(charter.size)!, log)
        return verdict
      })
    },
    async logs() {
      const rows = db.prepare("SELECT * FROM log ORDER BY no").all() as unknown as LogRow[]
      return rows.map((row) => ({
        origin: row.origin,
        ...stateOf(row),
        followedSize: row.followed_size ?? undefined,
      }))
    },
    async evidence() {
      const rows = db.prepare("SELECT e.*, origin FROM evidence e JOIN log l ON l.no = e.log ORDER BY e.no").all()
      return rows.map((row) => ({
        kind: row.kind as EvidenceKind,
        origin: row.origin as string,
        at: row.at as number,
        size: row.size as number,
        note: row.note as Uint8Array,
        held: (row.held as Uint8Array | null) ?? undefined,
      }))
    },
    async close() {
      if (db.isOpen) db.close()
    },
  }
}

function headOf({ size, root, note, cosigned_at }: LogRow): CosignedHead | undefined {
  if (size === null || root === null || note === null || cosigned_at === null) return undefined
  return { size, root, note, cosignedAt: cosigned_at }
}

function followedOf({ followed_size, followed_root }: LogRow) {
  return followed_size === null || followed_root === null ? undefined : { size: followed_size, root: followed_root }
}

function openDatabase(file: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    // Made here so that only its owner can read it; SQLite's own files beside it take over the mode.
    closeSync(openSync(file, "a", 0o600))
    db = new DatabaseSync(file, { timeout: 10_000 })
    db.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
    )
    prepareSchema(db, file)
    const verdict = db.prepare("PRAGMA quick_check(1)").get() as { quick_check?: unknown } | undefined
    if (verdict?.quick_check !== "ok") throw damaged(file)
    return db
  } catch (error) {
    db?.close()
    throw startErrorOf(error, file)
  }
}

function prepareSchema(db: DatabaseSync, file: string): void {
  db.exec("BEGIN IMMEDIATE")
  try {
    const version = numberOf(db, "PRAGMA user_version", "user_version")
    if (version > schemaVersion) {
      throw new WitnessError("database_newer", `${file} was written by a newer Holdfast. Start the newer one.`)
    }
    if (version === 0) {
      if (numberOf(db, "SELECT count(*) AS n FROM sqlite_schema", "n") > 0) throw damaged(file)
      db.exec(schema)
    } else if (numberOf(db, "PRAGMA application_id", "application_id") !== applicationId) throw damaged(file)
    db.exec("COMMIT")
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK")
    throw error
  }
}

function numberOf(db: DatabaseSync, sql: string, column: string): number {
  return (db.prepare(sql).get() as Record<string, number>)[column] as number
}

function damaged(file: string, cause?: unknown): WitnessError {
  const sentence = `The database ${file} is damaged. Nothing was changed in it. Do not put an older copy in its place: the witness would cosign a history that it has already moved past. Start a new witness in an empty folder, under another name.`
  return new WitnessError("database_damaged", sentence, { cause })
}

const damagedCodes = new Set([11, 26])
const accessCodes = new Set([8, 10, 14])

function startErrorOf(error: unknown, file: string): unknown {
  if (error instanceof WitnessError) return error
  const { errcode, code } = error as { readonly errcode?: number; readonly code?: string }
  const result = errcode === undefined ? -1 : errcode & 0xff
  if (damagedCodes.has(result)) return damaged(file, error)
  if (result === 13 || code === "ENOSPC")
    return new WitnessError("storage_full", `There is no room left for ${file}.`, { cause: error })
  if (accessCodes.has(result) || ["EACCES", "EPERM", "EROFS", "EISDIR", "ENOTDIR", "ENOENT"].includes(code ?? "")) {
    const sentence = `The database ${file} cannot be opened for writing. Check who owns it and its permissions.`
    return new WitnessError("folder_not_writable", sentence, { cause: error })
  }
  return error
}
