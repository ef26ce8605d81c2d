import type { Alarm } from "../api.ts"
import type { Database } from "../ports.ts"
import { bytesOf, numberOf, textOf } from "./rows.ts"

export interface AlarmTable {
  /** False when this alarm is there already, dismissed or not. */
  add(alarm: Alarm, evidence: Uint8Array): boolean
  /** Not dismissed, newest first. */
  list(): readonly Alarm[]
  /** False when there is none. */
  dismiss(id: string): boolean
  /** Dismissed or not. */
  get(id: string): { readonly kind: string; readonly sentence: string; readonly evidence: Uint8Array } | undefined
}

/**
 * So many of each kind are shown, and kept: whoever can make one again and again must not drown the others, nor fill the disk. Those
 * that were dismissed make room for new ones, or that many, once seen, would silence their kind for good. (E7.9)
 */
const shownOfKind = 20
const keptOfKind = 500

const newestOfEachKind = `SELECT * FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY kind ORDER BY at DESC, id) AS nth FROM alarms WHERE dismissed = 0)
  WHERE nth <= ${shownOfKind} ORDER BY at DESC, id`

export function alarmTable(db: Database): AlarmTable {
  /** False when none was dismissed. Proof is never given up. */
  function makeRoom(kind: string): boolean {
    const [oldest] = db.all(
      "SELECT id FROM alarms WHERE kind = ? AND dismissed = 1 AND kind NOT IN ('fork', 'rollback') ORDER BY at, id LIMIT 1",
      kind,
    )
    if (oldest === undefined) return false
    db.run("DELETE FROM alarms WHERE id = ?", textOf(oldest, "id"))
    return true
  }

  return {
    add(alarm, evidence) {
      if (db.all("SELECT 1 AS one FROM alarms WHERE id = ?", alarm.id).length > 0) return false
      const [kept] = db.all("SELECT COUNT(*) AS n FROM alarms WHERE kind = ?", alarm.kind)
      if (kept !== undefined && numberOf(kept, "n") >= keptOfKind && !makeRoom(alarm.kind)) return false
      db.run(
        "INSERT INTO alarms (id, at, level, kind, sentence, evidence, dismissed) VALUES (?, ?, ?, ?, ?, ?, 0)",
        alarm.id,
        alarm.at,
        alarm.level,
        alarm.kind,
        alarm.sentence,
        evidence,
      )
      return true
    },
    list: () =>
      db.all(newestOfEachKind).map((row) => ({
        id: textOf(row, "id"),
        at: numberOf(row, "at"),
        level: textOf(row, "level") === "danger" ? ("danger" as const) : ("notice" as const),
        kind: textOf(row, "kind"),
        sentence: textOf(row, "sentence"),
      })),
    get: (id) =>
      db.all("SELECT kind, sentence, evidence FROM alarms WHERE id = ?", id).map((row) => ({
        kind: textOf(row, "kind"),
        sentence: textOf(row, "sentence"),
        evidence: bytesOf(row, "evidence"),
      }))[0],
    dismiss(id) {
      if (db.all("SELECT 1 AS one FROM alarms WHERE id = ?", id).length === 0) return false
      db.run("UPDATE alarms SET dismissed = 1 WHERE id = ?", id)
      return true
    },
  }
}
