// The local database. Everything in it is inside the encrypted file that the app opens.
import { ClientError } from "../error.ts"
import type { Database } from "../ports.ts"
import { numberOf } from "./rows.ts"

/** One step per version; a step that was released is never changed (E1.3). */
const migrations: readonly string[] = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
   CREATE TABLE charter (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
   CREATE TABLE lane (tbl TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (tbl, key)) STRICT;
   CREATE TABLE frames (idx INTEGER PRIMARY KEY, frame BLOB NOT NULL) STRICT;
   CREATE TABLE directory (
     device TEXT PRIMARY KEY, sequence INTEGER NOT NULL, issued_at INTEGER NOT NULL, entry BLOB NOT NULL) STRICT;
   CREATE TABLE own_entries (
     sequence INTEGER PRIMARY KEY, issued_at INTEGER NOT NULL, entry BLOB NOT NULL, seal_key BLOB NOT NULL,
     replaced_at INTEGER, stored INTEGER NOT NULL) STRICT;
   CREATE TABLE own_packages (ref TEXT PRIMARY KEY, sequence INTEGER NOT NULL, public BLOB NOT NULL, private BLOB NOT NULL,
     used INTEGER NOT NULL) STRICT;
   CREATE TABLE conversations (
     id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, members TEXT NOT NULL, state TEXT NOT NULL,
     epoch INTEGER NOT NULL, read_order INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
   CREATE TABLE messages (
     id TEXT PRIMARY KEY, conversation TEXT NOT NULL, sender TEXT NOT NULL, device TEXT NOT NULL, at INTEGER NOT NULL,
     state TEXT NOT NULL, idx INTEGER, place INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, body BLOB NOT NULL) STRICT;
   CREATE UNIQUE INDEX messages_by_place ON messages (conversation, place);
   CREATE TABLE outbox (
     id TEXT PRIMARY KEY, seq INTEGER NOT NULL, conversation TEXT NOT NULL, message TEXT, content BLOB NOT NULL,
     ready INTEGER NOT NULL, sending TEXT) STRICT;
   CREATE TABLE sendings (
     id INTEGER PRIMARY KEY, local TEXT, frames BLOB NOT NULL, welcome BLOB, place INTEGER) STRICT;
   CREATE TABLE wishes (conversation TEXT NOT NULL, member TEXT NOT NULL, wish TEXT NOT NULL, PRIMARY KEY (conversation, member)) STRICT;
   CREATE TABLE seen (id TEXT PRIMARY KEY) STRICT;
   CREATE TABLE names (id TEXT PRIMARY KEY, name TEXT NOT NULL, salt BLOB NOT NULL) STRICT;
   CREATE TABLE labels (device TEXT PRIMARY KEY, label TEXT NOT NULL, own INTEGER NOT NULL) STRICT;
   CREATE TABLE invites (
     guest_key TEXT PRIMARY KEY, announced BLOB NOT NULL, member TEXT NOT NULL, at INTEGER NOT NULL,
     secret BLOB, registered INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT;
   CREATE TABLE requests (
     id TEXT PRIMARY KEY, guest_key TEXT NOT NULL, request BLOB NOT NULL, at INTEGER NOT NULL, place INTEGER NOT NULL) STRICT;
   CREATE TABLE proposals (
     id TEXT PRIMARY KEY, statement BLOB NOT NULL, request TEXT, proposer TEXT NOT NULL, at INTEGER NOT NULL,
     place INTEGER NOT NULL, state TEXT NOT NULL) STRICT;
   CREATE TABLE approvals (
     proposal TEXT NOT NULL, signer TEXT NOT NULL, approval BLOB NOT NULL, PRIMARY KEY (proposal, signer, approval)) STRICT;
   CREATE TABLE declines (proposal TEXT NOT NULL, member TEXT NOT NULL, PRIMARY KEY (proposal, member)) STRICT;
   CREATE TABLE keeper_accepts (member TEXT PRIMARY KEY, key BLOB NOT NULL) STRICT;
   CREATE TABLE alarms (
     id TEXT PRIMARY KEY, at INTEGER NOT NULL, level TEXT NOT NULL, kind TEXT NOT NULL, sentence TEXT NOT NULL,
     evidence BLOB NOT NULL, dismissed INTEGER NOT NULL) STRICT`,
]

export const storeVersion = migrations.length

/** Brings the store up to this version, in one transaction per step. Throws `newer_store` and then nothing was changed (E1.3). */
export function migrate(db: Database): void {
  const row = db.all("PRAGMA user_version")[0]
  const version = row === undefined ? 0 : numberOf(row, "user_version")
  if (version > storeVersion) {
    throw new ClientError(
      "newer_store",
      "This data was written by a newer version of Holdfast. Update this program to open it.",
    )
  }
  for (let next = version; next < storeVersion; next++) {
    db.transaction(() => {
      for (const sql of (migrations[next] as string).split(";")) if (sql.trim() !== "") db.run(sql)
      db.run(`PRAGMA user_version = ${next + 1}`)
    })
  }
}
