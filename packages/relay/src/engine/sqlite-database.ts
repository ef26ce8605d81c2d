import { closeSync, openSync, statSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { RelayStartError } from "../error.ts"
import { EngineError } from "./lane-engine.ts"

/** Raised with every change of the tables; kept in `user_version` (R2.11). */
export const schemaVersion = 2

const applicationId = 0x48464c52

// No account, no session, no sender, no address, no time (R3.1). `at` is lane number * 2^40 + index, so that a lane lies
// together and the order of entries of different lanes is not on the disk (R3.2).
const schema = `
  CREATE TABLE org (
    no INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    directory_version INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE lane (
    no INTEGER PRIMARY KEY,
    org INTEGER NOT NULL REFERENCES org (no),
    number INTEGER NOT NULL,
    id BLOB NOT NULL UNIQUE,
    first INTEGER NOT NULL,
    size INTEGER NOT NULL,
    tree BLOB NOT NULL,
    UNIQUE (org, number)
  ) STRICT;
  CREATE TABLE entry (at INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE known (at INTEGER PRIMARY KEY, ids BLOB NOT NULL) STRICT;
  CREATE TABLE directory (
    org INTEGER NOT NULL REFERENCES org (no),
    device BLOB NOT NULL,
    version INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (org, device),
    UNIQUE (org, version)
  ) STRICT;
  CREATE TABLE invite (
    org INTEGER NOT NULL REFERENCES org (no),
    guest BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (org, guest)
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${applicationId};
`
/** What each version adds to the one before. A new database runs all of them; an older one, those that it lacks. (R2.11) */
const additions: readonly string[] = [
  schema,
  "CREATE TABLE witnessed (org INTEGER PRIMARY KEY REFERENCES org (no), note BLOB NOT NULL) STRICT;",
]
export const laneSpan = 2 ** 40
/** Keeps `at` below 2^53. */
export const maxLanes = 2 ** 12

export interface DatabaseOptions {
  readonly file: string
  /** The most that the database may grow to. Beyond: `storage_full`. */
  readonly maxBytes?: number
  /** Up to this length every page is checked at opening; a longer file only in its ends. Default 1 GiB. */
  readonly fullCheckBytes?: number
}

/** Opens or makes the database, alone (R2.7). Throws RelayStartError with a sentence for people. */
export function openDatabase({ file, maxBytes, fullCheckBytes = 2 ** 30 }: DatabaseOptions): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    // Made here so that only its owner can read it; SQLite's own files beside it take over the mode.
    closeSync(openSync(file, "a", 0o600))
    const length = statSync(file).size
    db = new DatabaseSync(file)
    db.exec("PRAGMA locking_mode = EXCLUSIVE")
    // Before anything is written: setting the journal's mode already is.
    const version = versionOf(db, file)
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
    db.exec("PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")
    db.exec("PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;")
    if (maxBytes !== undefined) {
      const pageBytes = numberOf(db, "PRAGMA page_size", "page_size")
      db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageBytes))}`)
    }
    if (version !== schemaVersion) bringUp(db, version)
    checkWhole(db, file, length <= fullCheckBytes)
    return db
  } catch (error) {
    db?.close()
    throw startErrorOf(error, file)
  }
}

/** 0 for a database without tables. Throws for one that a newer Holdfast, or another program, has written. (R2.11) */
function versionOf(db: DatabaseSync, file: string): number {
  const version = numberOf(db, "PRAGMA user_version", "user_version")
  const tables = numberOf(db, "SELECT count(*) AS n FROM sqlite_schema", "n")
  const isOurs = numberOf(db, "PRAGMA application_id", "application_id") === applicationId
  if (version === 0 ? tables > 0 : !isOurs) throw damaged(file)
  if (version <= schemaVersion) return version
  const found = `The database ${file} was written by a newer Holdfast (its version is ${version}, this one knows ${schemaVersion}).`
  throw new RelayStartError(
    "database_newer",
    `${found} Start the newer one, or restore a backup made before the update.`,
  )
}

/** An older Holdfast refuses the database from here on. */
function bringUp(db: DatabaseSync, version: number): void {
  const missing = additions.slice(version).join("\n")
  db.exec(`BEGIN IMMEDIATE; ${missing} PRAGMA user_version = ${schemaVersion}; COMMIT;`)
}

function checkWhole(db: DatabaseSync, file: string, isFull: boolean): void {
  if (isFull) {
    const verdict = db.prepare("PRAGMA quick_check(1)").get() as { quick_check?: unknown } | undefined
    if (verdict?.quick_check !== "ok") throw damaged(file)
  }
  const lanes = db.prepare("SELECT no, first, size FROM lane").all() as { no: number; first: number; size: number }[]
  const ends = db.prepare("SELECT min(at) AS low, max(at) AS high FROM entry WHERE at >= ? AND at < ?")
  for (const { no, first, size } of lanes) {
    const base = no * laneSpan
    const { low, high } = ends.get(base, base + laneSpan) as { low: number | null; high: number | null }
    const isEmpty = first === size
    const isRight = isEmpty ? low === null : low === base + first && high === base + size - 1
    if (!isRight) throw damaged(file)
  }
}

function numberOf(db: DatabaseSync, sql: string, column: string): number {
  return (db.prepare(sql).get() as Record<string, number>)[column] as number
}

/** SQLite's primary result code, if the error is one of its own. */
function resultCodeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === "number" ? code & 0xff : undefined
}

const busy = 5
const readOnly = 8
const ioError = 10
const corrupt = 11
const full = 13
const cannotOpen = 14
const notADatabase = 26

function damaged(file: string, cause?: unknown): RelayStartError {
  const sentence = `The database ${file} is damaged. Nothing was changed in it. Restore a backup, or move the file away and keep it for examination.`
  return new RelayStartError("database_damaged", sentence, { cause })
}

function startErrorOf(error: unknown, file: string): unknown {
  if (error instanceof RelayStartError) return error
  const code = resultCodeOf(error)
  if (code === corrupt || code === notADatabase) return damaged(file, error)
  if (code === busy) {
    return new RelayStartError("folder_in_use", `Another process is using ${file}. Stop it first.`, { cause: error })
  }
  if (code === full || (error as { code?: unknown } | null)?.code === "ENOSPC") {
    return new RelayStartError("storage_full", `There is no room left for ${file}. Free some space and start again.`, {
      cause: error,
    })
  }
  if (code === readOnly || code === cannotOpen || code === ioError || isAccessError(error)) {
    const sentence = `The database ${file} cannot be opened for writing. Check who owns it and its permissions.`
    return new RelayStartError("folder_not_writable", sentence, { cause: error })
  }
  return error
}

export function isAccessError(error: unknown): boolean {
  return ["EACCES", "EPERM", "EROFS", "EISDIR", "ENOTDIR", "ENOENT"].includes(
    String((error as { code?: unknown } | null)?.code),
  )
}

/** What a running engine tells its callers. The cause stays with it, for the log's error name only. */
export function engineErrorOf(error: unknown): EngineError {
  if (error instanceof EngineError) return error
  return new EngineError(resultCodeOf(error) === full ? "storage_full" : "broken", { cause: error })
}
