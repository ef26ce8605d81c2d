import { DatabaseSync, type StatementSync } from "node:sqlite"
import { ClientError, type Database, type DatabaseOpener, type SqlValue } from "@holdfast/client"
import { hex } from "@holdfast/wire"

type Row = Readonly<Record<string, SqlValue>>

/** A database that lives as long as this object: what a machine's disk is to a program that is killed and started again. */
class Disk {
  readonly sqlite = new DatabaseSync(":memory:")
  readonly key: string
  readonly #statements = new Map<string, StatementSync>()
  isOpen = false

  constructor(key: string) {
    this.key = key
  }

  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.sqlite.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/** Called before every statement and every commit; may throw, as a process that is killed does nothing more. */
export type Probe = (what: "statement" | "commit") => void

export interface MemoryDatabases extends DatabaseOpener {
  /** As after a crash: whoever had a database open has it no more, and what was not committed is gone. */
  crash(): void
  /** No room left: commits fail until `free`. */
  fill(): void
  free(): void
  /** For looking at what is stored, and for damaging it. */
  inspect(name: string): DatabaseSync
}

export function createMemoryDatabases(probe: Probe = () => {}): MemoryDatabases {
  const disks = new Map<string, Disk>()
  let isFull = false

  function open(disk: Disk): Database {
    disk.isOpen = true
    let closed = false
    const use = () => {
      if (closed) throw new Error("the database is closed")
      probe("statement")
    }
    return {
      run(sql, ...values) {
        use()
        if (values.length === 0) disk.sqlite.exec(sql)
        else disk.statement(sql).run(...values)
      },
      all(sql, ...values) {
        use()
        return (disk.statement(sql).all(...values) as Row[]).map((row) => ({ ...row }))
      },
      transaction(work) {
        use()
        disk.sqlite.exec("BEGIN")
        try {
          const result = work()
          probe("commit")
          if (isFull) throw new ClientError("disk_full", "This machine has no room left. Nothing was lost.")
          disk.sqlite.exec("COMMIT")
          return result
        } catch (error) {
          disk.sqlite.exec("ROLLBACK")
          throw error
        }
      },
      close() {
        closed = true
        disk.isOpen = false
      },
    }
  }

  return {
    async create(name, key) {
      if (disks.has(name)) throw new ClientError("malformed", "This organisation is already on this machine.")
      const disk = new Disk(hex(key))
      disks.set(name, disk)
      return open(disk)
    },
    async open(name, key) {
      const disk = disks.get(name)
      if (disk === undefined) throw new ClientError("damaged_store", "The data of this organisation is missing.")
      if (disk.key !== hex(key)) throw new ClientError("wrong_passphrase", "That is not the right key.")
      if (disk.isOpen) throw new ClientError("store_busy", "This organisation is already open.")
      return open(disk)
    },
    async remove(name) {
      disks.delete(name)
    },
    crash() {
      for (const disk of disks.values()) {
        disk.isOpen = false
        if (disk.sqlite.isTransaction) disk.sqlite.exec("ROLLBACK")
      }
    },
    fill() {
      isFull = true
    },
    free() {
      isFull = false
    },
    inspect(name) {
      const disk = disks.get(name)
      if (disk === undefined) throw new Error(`no database ${name}`)
      return disk.sqlite
    },
  }
}
