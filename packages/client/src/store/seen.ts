import type { Id } from "../api.ts"
import type { Database } from "../ports.ts"

/** Contents that have arrived: one that arrives again is not shown again (E3.5). */
export interface SeenTable {
  /** False when it was there. */
  add(id: Id): boolean
}

export function seenTable(db: Database): SeenTable {
  return {
    add(id) {
      if (db.all("SELECT 1 AS one FROM seen WHERE id = ?", id).length > 0) return false
      db.run("INSERT INTO seen (id) VALUES (?)", id)
      return true
    },
  }
}
