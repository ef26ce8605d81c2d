import type { RecordWriter, Table } from "./ports.ts"

/**
 * Changes to the stored records, held back until `flushTo`. What an operation under way has changed is apart from what
 * finished ones have, so that a flush never writes half a step (N10.1).
 */
export class Records {
  #changed = new Map<string, readonly [Table, string, Uint8Array | null]>()

  get isClean(): boolean {
    return this.#changed.size === 0
  }

  put(table: Table, key: string, bytes: Uint8Array): void {
    this.#changed.set(`${table}/${key}`, [table, key, bytes])
  }

  delete(table: Table, key: string): void {
    this.#changed.set(`${table}/${key}`, [table, key, null])
  }

  /** Moves all changes into `target`. */
  moveTo(target: Records): void {
    for (const [at, change] of this.#changed) target.#changed.set(at, change)
    this.#changed.clear()
  }

  /** If the writer throws, the changes stay and can be flushed again. */
  flushTo(writer: RecordWriter): void {
    for (const [table, key, bytes] of this.#changed.values()) {
      if (bytes === null) writer.delete(table, key)
      else writer.put(table, key, bytes)
    }
    this.#changed.clear()
  }
}
