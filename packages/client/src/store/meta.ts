import { fromUtf8, utf8 } from "@holdfast/wire"
import type { Database } from "../ports.ts"
import { bytesOf } from "./rows.ts"

/** Single values by name. */
export interface Meta {
  get(key: string): Uint8Array | undefined
  set(key: string, value: Uint8Array): void
  getText(key: string): string | undefined
  setText(key: string, value: string): void
  getNumber(key: string): number | undefined
  setNumber(key: string, value: number): void
  remove(key: string): void
}

export function metaTable(db: Database): Meta {
  const meta: Meta = {
    get(key) {
      const row = db.all("SELECT value FROM meta WHERE key = ?", key)[0]
      return row === undefined ? undefined : bytesOf(row, "value")
    },
    set: (key, value) => db.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, value),
    getText(key) {
      const value = meta.get(key)
      return value === undefined ? undefined : fromUtf8(value, key)
    },
    setText: (key, value) => meta.set(key, utf8(value)),
    getNumber(key) {
      const value = meta.getText(key)
      return value === undefined ? undefined : Number(value)
    },
    setNumber: (key, value) => meta.setText(key, String(value)),
    remove: (key) => db.run("DELETE FROM meta WHERE key = ?", key),
  }
  return meta
}
