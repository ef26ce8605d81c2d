import type { Id } from "../api.ts"
import type { Database } from "../ports.ts"
import { bytesOf, numberOf, type Row } from "./rows.ts"

export interface OwnLine {
  readonly sequence: number
  readonly issuedAt: number
  readonly entry: Uint8Array
  readonly sealKey: Uint8Array
  /** The relay has it. */
  readonly stored: boolean
}

export interface OwnPackage {
  readonly ref: Id
  readonly publicBytes: Uint8Array
  readonly privateBytes: Uint8Array
}

export interface DirectoryTable {
  /** Goes up with every line that is put, for as long as the store is open. */
  revision(): number
  line(device: Id): { readonly sequence: number; readonly entry: Uint8Array } | undefined
  putLine(device: Id, sequence: number, issuedAt: number, entry: Uint8Array): void
  addOwn(line: Omit<OwnLine, "stored">, packages: readonly OwnPackage[]): void
  newestOwn(): OwnLine | undefined
  setOwnStored(sequence: number): void
  /** Private keys to which others may have sealed something: the newest and its last two forerunners. */
  sealKeys(): readonly Uint8Array[]
  sealKeySince(key: Uint8Array): number
  ownPackage(ref: Id): OwnPackage | undefined
  ownPackages(): readonly OwnPackage[]
  /** Somebody has used it: a new line is due soon. It stays, because others may have the old line (E8.6). */
  setPackageUsed(ref: Id): void
  hasUsedPackage(sequence: number): boolean
  /** Forgets the private parts of lines that were replaced before this time. */
  forgetReplacedBefore(time: number): void
}

export function directoryTable(db: Database): DirectoryTable {
  let revision = 0
  return {
    revision: () => revision,
    line(device) {
      const row = db.all("SELECT sequence, entry FROM directory WHERE device = ?", device)[0]
      return row === undefined ? undefined : { sequence: numberOf(row, "sequence"), entry: bytesOf(row, "entry") }
    },
    putLine(device, sequence, issuedAt, entry) {
      revision += 1
      db.run(
        "INSERT OR REPLACE INTO directory (device, sequence, issued_at, entry) VALUES (?, ?, ?, ?)",
        device,
        sequence,
        issuedAt,
        entry,
      )
    },
    addOwn(line, packages) {
      db.run("UPDATE own_entries SET replaced_at = ? WHERE replaced_at IS NULL", line.issuedAt)
      db.run(
        "INSERT INTO own_entries (sequence, issued_at, entry, seal_key, replaced_at, stored) VALUES (?, ?, ?, ?, NULL, 0)",
        line.sequence,
        line.issuedAt,
        line.entry,
        line.sealKey,
      )
      for (const { ref, publicBytes, privateBytes } of packages) {
        db.run(
          "INSERT INTO own_packages (ref, sequence, public, private, used) VALUES (?, ?, ?, ?, 0)",
          ref,
          line.sequence,
          publicBytes,
          privateBytes,
        )
      }
    },
    newestOwn() {
      const row = db.all("SELECT * FROM own_entries ORDER BY sequence DESC LIMIT 1")[0]
      if (row === undefined) return undefined
      return {
        sequence: numberOf(row, "sequence"),
        issuedAt: numberOf(row, "issued_at"),
        entry: bytesOf(row, "entry"),
        sealKey: bytesOf(row, "seal_key"),
        stored: numberOf(row, "stored") === 1,
      }
    },
    setOwnStored: (sequence) => db.run("UPDATE own_entries SET stored = 1 WHERE sequence = ?", sequence),
    sealKeys: () =>
      db
        .all("SELECT seal_key FROM own_entries GROUP BY seal_key ORDER BY MAX(sequence) DESC LIMIT 3")
        .map((row) => bytesOf(row, "seal_key")),
    sealKeySince(key) {
      const row = db.all("SELECT MIN(issued_at) AS since FROM own_entries WHERE seal_key = ?", key)[0] as Row
      return row.since === null ? 0 : numberOf(row, "since")
    },
    ownPackage: (ref) => db.all("SELECT * FROM own_packages WHERE ref = ?", ref).map(toPackage)[0],
    ownPackages: () => db.all("SELECT * FROM own_packages ORDER BY sequence DESC, ref").map(toPackage),
    setPackageUsed: (ref) => db.run("UPDATE own_packages SET used = 1 WHERE ref = ?", ref),
    hasUsedPackage: (sequence) =>
      db.all("SELECT 1 AS one FROM own_packages WHERE sequence = ? AND used = 1 LIMIT 1", sequence).length > 0,
    forgetReplacedBefore(time) {
      db.run(
        "DELETE FROM own_packages WHERE sequence IN (SELECT sequence FROM own_entries WHERE replaced_at < ?)",
        time,
      )
      db.run("DELETE FROM own_entries WHERE replaced_at < ?", time)
    },
  }
}

function toPackage(row: Row): OwnPackage {
  return {
    ref: row.ref as string,
    publicBytes: bytesOf(row, "public"),
    privateBytes: bytesOf(row, "private"),
  }
}
