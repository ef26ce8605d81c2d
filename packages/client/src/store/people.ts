import type { Id } from "../api.ts"
import type { Database } from "../ports.ts"
import { bytesOf, numberOf, textOf } from "./rows.ts"

/** The organisation's own name lies under this id, beside those of the members. */
export const organisationName = "organisation"

export interface KnownName {
  readonly id: Id
  readonly name: string
  readonly salt: Uint8Array
}

export interface PeopleTable {
  /** The caller has checked the name against its commitment in the charter. */
  putName(entry: KnownName): void
  name(id: Id): string | undefined
  names(): readonly KnownName[]
  /** Somebody else has this very name. */
  isTaken(name: string, id: Id): boolean
  /** `own`: said by the member itself, and then what others pass on no longer counts. */
  putLabel(device: Id, label: string, own: boolean): void
  label(device: Id): string | undefined
  labels(): readonly { readonly device: Id; readonly label: string }[]
}

export function peopleTable(db: Database): PeopleTable {
  return {
    putName: ({ id, name, salt }) =>
      db.run("INSERT OR REPLACE INTO names (id, name, salt) VALUES (?, ?, ?)", id, name, salt),
    name(id) {
      const row = db.all("SELECT name FROM names WHERE id = ?", id)[0]
      return row === undefined ? undefined : textOf(row, "name")
    },
    names: () =>
      db
        .all("SELECT * FROM names ORDER BY id")
        .map((row) => ({ id: textOf(row, "id"), name: textOf(row, "name"), salt: bytesOf(row, "salt") })),
    isTaken: (name, id) =>
      db.all("SELECT 1 AS one FROM names WHERE name = ? AND id <> ? AND id <> ?", name, id, organisationName).length >
      0,
    putLabel(device, label, own) {
      const row = db.all("SELECT own FROM labels WHERE device = ?", device)[0]
      if (row !== undefined && numberOf(row, "own") === 1 && !own) return
      db.run("INSERT OR REPLACE INTO labels (device, label, own) VALUES (?, ?, ?)", device, label, own ? 1 : 0)
    },
    label(device) {
      const row = db.all("SELECT label FROM labels WHERE device = ?", device)[0]
      return row === undefined ? undefined : textOf(row, "label")
    },
    labels: () =>
      db
        .all("SELECT device, label FROM labels ORDER BY device")
        .map((row) => ({ device: textOf(row, "device"), label: textOf(row, "label") })),
  }
}
