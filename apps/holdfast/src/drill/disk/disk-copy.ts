import { cpSync, readdirSync, readFileSync, statSync } from "node:fs"
import path from "node:path"
import { DatabaseSync } from "node:sqlite"

/** One file of a copied disk. */
export interface DiskFile {
  /** From the folder's top. */
  readonly name: string
  readonly bytes: Buffer
  readonly mtimeMs: number
}

/** A value in some row of some table, whatever the table is for. */
export interface Cell {
  readonly column: string
  readonly value: null | number | bigint | string | Uint8Array
}
export interface Row {
  readonly table: string
  readonly cells: readonly Cell[]
}

/** What an attacker of level T1 has: a copy of the relay's folder, made while it ran (D2). */
export interface DiskCopy {
  readonly folder: string
  readonly files: readonly DiskFile[]
  /** Every row of every table of every database found. */
  readonly rows: readonly Row[]
  /** Which table a page of a database belongs to; `undefined` for free pages. */
  tableOfPage(file: string, page: number): string | undefined
}

/** Copies the folder of a running relay, write-ahead log included, and opens the copy. */
export function copyDisk(from: string, to: string): DiskCopy {
  // As they lie there: times tell something, too.
  cpSync(from, to, { recursive: true, preserveTimestamps: true })
  return openDisk(to)
}

const sqliteHead = "SQLite format 3\0"

export function openDisk(folder: string): DiskCopy {
  const files = filesOf(folder)
  const rows: Row[] = []
  const owners = new Map<string, ReadonlyMap<number, string>>()
  for (const { name, bytes } of files) {
    if (bytes.toString("latin1", 0, sqliteHead.length) !== sqliteHead) continue
    // Opened last: SQLite folds the write-ahead log in when it closes, and the raw files were read before.
    const db = new DatabaseSync(path.join(folder, name))
    try {
      rows.push(...rowsOf(db))
      owners.set(name, ownersOf(db))
    } finally {
      db.close()
    }
  }
  return { folder, files, rows, tableOfPage: (file, page) => owners.get(file)?.get(page) }
}

function filesOf(folder: string): DiskFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const at = path.join(entry.parentPath, entry.name)
      return { name: path.relative(folder, at), bytes: readFileSync(at), mtimeMs: statSync(at).mtimeMs }
    })
}

function rowsOf(db: DatabaseSync): Row[] {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[]
  const rows: Row[] = []
  for (const { name } of tables) {
    const every = db.prepare(`SELECT * FROM "${name.replaceAll('"', '""')}"`)
    every.setReadBigInts(true)
    for (const row of every.all()) {
      const cells = Object.entries(row).map(([column, value]) => ({ column, value: value as Cell["value"] }))
      rows.push({ table: name, cells })
    }
  }
  return rows
}

function ownersOf(db: DatabaseSync): ReadonlyMap<number, string> {
  const tableOf = new Map<string, string>()
  for (const { name, tbl_name } of db.prepare("SELECT name, tbl_name FROM sqlite_schema").all() as {
    name: string
    tbl_name: string
  }[]) {
    tableOf.set(name, tbl_name)
  }
  const pages = db.prepare("SELECT name, pageno FROM dbstat").all() as { name: string; pageno: number }[]
  return new Map(pages.map(({ name, pageno }) => [pageno, tableOf.get(name) ?? name]))
}
