// The lane replica's records and the raw frames that a conversation just joined may ask for.
import { type RecordReader, type RecordWriter, type Table, tables } from "@holdfast/lanes"
import type { Database } from "../ports.ts"
import { bytesOf, damagedStore, numberOf, textOf } from "./rows.ts"

/** Raw frames that are kept (E3.7). */
export const keptFrames = 4_096

export interface LaneTable {
  readonly reader: RecordReader
  readonly writer: RecordWriter
  keepFrames(first: number, frames: readonly Uint8Array[]): void
  /** The frames `from` ≤ index < `to` that are kept, or undefined when one of them is not. */
  frames(from: number, to: number): readonly Uint8Array[] | undefined
  keptTags(): readonly { readonly index: number; readonly tag: Uint8Array }[]
}

export function laneTable(db: Database): LaneTable {
  const known = new Set<string>(tables)
  return {
    reader: {
      all(table: Table) {
        return db
          .all("SELECT key, value FROM lane WHERE tbl = ?", table)
          .map((row) => [textOf(row, "key"), bytesOf(row, "value")] as const)
      },
    },
    writer: {
      put(table, key, bytes) {
        if (!known.has(table)) throw damagedStore(table)
        db.run("INSERT OR REPLACE INTO lane (tbl, key, value) VALUES (?, ?, ?)", table, key, bytes)
      },
      delete: (table, key) => db.run("DELETE FROM lane WHERE tbl = ? AND key = ?", table, key),
    },
    keepFrames(first, frames) {
      const least = first + frames.length - keptFrames
      frames.forEach((frame, i) => {
        if (first + i >= least) db.run("INSERT OR REPLACE INTO frames (idx, frame) VALUES (?, ?)", first + i, frame)
      })
      if (least > 0) db.run("DELETE FROM frames WHERE idx < ?", least)
    },
    frames(from, to) {
      const rows = db.all("SELECT idx, frame FROM frames WHERE idx >= ? AND idx < ? ORDER BY idx", from, to)
      return rows.length === to - from ? rows.map((row) => bytesOf(row, "frame")) : undefined
    },
    keptTags: () =>
      db
        .all("SELECT idx, substr(frame, 1, 16) AS tag FROM frames ORDER BY idx")
        .map((row) => ({ index: numberOf(row, "idx"), tag: bytesOf(row, "tag") })),
  }
}
