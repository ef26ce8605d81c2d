import type { RecordReader, RecordWriter, Table } from "../../src/index.ts"

/** A store in memory that keeps copies, as a database would. */
export class MemoryStore implements RecordReader, RecordWriter {
  readonly #tables = new Map<Table, Map<string, Uint8Array>>()
  writes = 0

  #table(table: Table): Map<string, Uint8Array> {
    let found = this.#tables.get(table)
    if (found === undefined) {
      found = new Map()
      this.#tables.set(table, found)
    }
    return found
  }

  put(table: Table, key: string, bytes: Uint8Array): void {
    if (!/^[0-9a-z]*$/.test(key)) throw new Error(`key ${key}`)
    this.writes++
    this.#table(table).set(key, bytes.slice())
  }

  delete(table: Table, key: string): void {
    this.writes++
    this.#table(table).delete(key)
  }

  *all(table: Table): Iterable<readonly [string, Uint8Array]> {
    for (const [key, bytes] of this.#table(table)) yield [key, bytes.slice()]
  }

  count(table: Table): number {
    return this.#table(table).size
  }

  copy(): MemoryStore {
    const copy = new MemoryStore()
    for (const [table, records] of this.#tables) for (const [key, bytes] of records) copy.put(table, key, bytes)
    return copy
  }
}
