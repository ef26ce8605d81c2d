import sqlite3InitModule from "@evolu/sqlite-wasm"
import type { Database, DatabaseOpener, SqlValue } from "@holdfast/client"
import { ClientError } from "@holdfast/client"
import { hex } from "@holdfast/wire"

type Sqlite = Awaited<ReturnType<typeof sqlite3InitModule>>
type Pool = Awaited<ReturnType<Sqlite["installOpfsSAHPoolVfs"]>>

const poolName = "opfs-sahpool"
// the encrypting layer (SQLite3 Multiple Ciphers) over the pool; its library builds the name by this rule
const encryptedVfs = `multipleciphers-${poolName}`

let starting: Promise<{ sqlite: Sqlite; pool: Pool }> | undefined

async function start(): Promise<{ sqlite: Sqlite; pool: Pool }> {
  const sqlite = await sqlite3InitModule({ print: () => undefined, printErr: () => undefined } as never)
  const pool = await sqlite
    .installOpfsSAHPoolVfs({ name: poolName, directory: "/databases", initialCapacity: 12 })
    .catch((cause: unknown) => {
      throw new ClientError(
        "store_busy",
        "Holdfast is open in another tab or window of this browser. Close it there first.",
        { cause },
      )
    })
  const made = (
    sqlite.capi as unknown as { sqlite3mc_vfs_create(name: string, isDefault: number): number }
  ).sqlite3mc_vfs_create(poolName, 0)
  if (made !== 0) throw new Error("the encrypting database layer could not be started")
  return { sqlite, pool }
}

function pathOf(name: string): string {
  return `/${name}.db`
}

/** SQLite's answers that mean something to a person; everything else is a defect and stays as it is. */
function translated(error: unknown): unknown {
  const code = (error as { resultCode?: number }).resultCode
  const message = error instanceof Error ? error.message : ""
  if (code === 13 || /SQLITE_FULL|QuotaExceeded/.test(message)) {
    return new ClientError(
      "disk_full",
      "This device has no room left. Nothing was lost; free some space and try again.",
      { cause: error },
    )
  }
  if (code === 11 || /SQLITE_CORRUPT/.test(message)) {
    return new ClientError(
      "damaged_store",
      "The data of this organisation is damaged on this device. Nothing was changed.",
      { cause: error },
    )
  }
  return error
}

function wrap(db: InstanceType<Pool["OpfsSAHPoolDb"]>): Database {
  type Bindable = Exclude<SqlValue, never>[]
  return {
    run(sql, ...values) {
      try {
        db.exec({ sql, ...(values.length > 0 ? { bind: values as Bindable } : {}) } as never)
      } catch (error) {
        throw translated(error)
      }
    },
    all(sql, ...values) {
      try {
        return db.exec({
          sql,
          ...(values.length > 0 ? { bind: values as Bindable } : {}),
          rowMode: "object",
          returnValue: "resultRows",
        } as never) as unknown as readonly Record<string, SqlValue>[]
      } catch (error) {
        throw translated(error)
      }
    },
    transaction(work) {
      this.run("BEGIN IMMEDIATE")
      try {
        const result = work()
        this.run("COMMIT")
        return result
      } catch (error) {
        try {
          this.run("ROLLBACK")
        } catch {
          // SQLite has rolled back by itself (disk full)
        }
        throw error
      }
    },
    close: () => db.close(),
  }
}

async function openKeyed(name: string, key: Uint8Array): Promise<Database> {
  starting ??= start()
  starting.catch(() => {
    starting = undefined
  })
  const { pool } = await starting
  if (pool.getCapacity() - pool.getFileCount() < 4) await pool.addCapacity(8)
  const db = new pool.OpfsSAHPoolDb(`file:${pathOf(name)}?vfs=${encryptedVfs}`)
  try {
    db.exec(`PRAGMA cipher = 'chacha20'; PRAGMA key = "x'${hex(key)}'";`)
    db.exec(
      "SELECT count(*) FROM sqlite_schema; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;",
    )
    return wrap(db)
  } catch (error) {
    db.close()
    const code = (error as { resultCode?: number }).resultCode
    if (code === 26)
      throw new ClientError(
        "damaged_store",
        "The data of this organisation is damaged on this device. Nothing was changed.",
        { cause: error },
      )
    throw translated(error)
  }
}

/** Encrypted SQLite in the origin's private file system; one database a vault. Works in a dedicated worker only. */
export const browserDatabases: DatabaseOpener = {
  async create(name, key) {
    starting ??= start()
    const { pool } = await starting
    if (pool.getFileNames().includes(pathOf(name)))
      throw new ClientError("malformed", "This organisation is already on this device.")
    return openKeyed(name, key)
  },
  async open(name, key) {
    starting ??= start()
    const { pool } = await starting
    if (!pool.getFileNames().includes(pathOf(name)))
      throw new ClientError("damaged_store", "The data of this organisation is missing on this device.")
    return openKeyed(name, key)
  },
  async remove(name) {
    starting ??= start()
    const { pool } = await starting
    for (const file of pool.getFileNames()) if (file.startsWith(pathOf(name))) pool.unlink(file)
  },
}
