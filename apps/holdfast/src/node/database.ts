import { existsSync, mkdirSync, rmSync } from "node:fs"
import path from "node:path"
import { ClientError, type Database, type DatabaseOpener, type SqlValue } from "@holdfast/client"
import { hex } from "@holdfast/wire"
import Sqlite, { type Statement } from "better-sqlite3-multiple-ciphers"

const busySentence =
  "This organisation is already open in another window or program on this machine. Close it there first."
const damagedSentence = "The data of this organisation is damaged on this machine. Nothing was changed."

function translated(error: unknown): unknown {
  switch ((error as { code?: string }).code) {
    case "SQLITE_FULL":
    case "ENOSPC":
      return new ClientError(
        "disk_full",
        "This machine has no room left. Nothing was lost; free some space and try again.",
        { cause: error },
      )
    case "SQLITE_BUSY":
    case "SQLITE_LOCKED":
      return new ClientError("store_busy", busySentence, { cause: error })
    case "SQLITE_CORRUPT":
    case "SQLITE_NOTADB":
      return new ClientError("damaged_store", damagedSentence, { cause: error })
    default:
      return error
  }
}

function attempt<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw translated(error)
  }
}

type Row = Readonly<Record<string, SqlValue>>

/** The driver gives Buffers, whose `slice` shares memory; the engine is promised plain arrays. */
function plain(row: Row): Row {
  const out: Record<string, SqlValue> = {}
  for (const [name, value] of Object.entries(row))
    out[name] = value instanceof Uint8Array ? new Uint8Array(value) : value
  return out
}

function wrap(db: Sqlite): Database {
  const statements = new Map<string, Statement>()
  const prepare = (sql: string) => {
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = db.prepare(sql)
      statements.set(sql, statement)
    }
    return statement
  }
  return {
    run: (sql, ...values) =>
      attempt(() => {
        // several statements at once (migrations) have no values and no single prepared form
        if (values.length === 0) db.exec(sql)
        else prepare(sql).run(...values)
      }),
    all: (sql, ...values) => attempt(() => (prepare(sql).all(...values) as Row[]).map(plain)),
    transaction(work) {
      attempt(() => db.exec("BEGIN IMMEDIATE"))
      try {
        const result = work()
        attempt(() => db.exec("COMMIT"))
        return result
      } catch (error) {
        if (db.inTransaction) db.exec("ROLLBACK")
        throw error
      }
    },
    close: () => void db.close(),
  }
}

function openKeyed(file: string, key: Uint8Array): Database {
  const db = attempt(() => new Sqlite(file, { timeout: 200 }))
  try {
    db.pragma("cipher = 'chacha20'")
    db.pragma(`key = "x'${hex(key)}'"`)
    // one process at a time: a second one would advance the same ratchets
    db.pragma("locking_mode = EXCLUSIVE")
    db.pragma("journal_mode = WAL")
    db.pragma("synchronous = FULL")
    db.pragma("temp_store = MEMORY")
    db.pragma("secure_delete = ON")
    db.exec("BEGIN IMMEDIATE; COMMIT")
    return wrap(db)
  } catch (error) {
    db.close()
    throw translated(error)
  }
}

/** Encrypted SQLite files in one folder. The first opener of a file keeps others out until it closes. */
export function nodeDatabases(folder: string): DatabaseOpener {
  const fileOf = (name: string) => path.join(folder, `${name}.db`)
  return {
    async create(name, key) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      if (existsSync(fileOf(name))) throw new ClientError("malformed", "This organisation is already on this machine.")
      return openKeyed(fileOf(name), key)
    },
    async open(name, key) {
      if (!existsSync(fileOf(name)))
        throw new ClientError("damaged_store", "The data of this organisation is missing on this machine.")
      return openKeyed(fileOf(name), key)
    },
    async remove(name) {
      for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(fileOf(name) + end, { force: true })
    },
  }
}
