// What is on its way out: contents that wait for their turn, frames that wait for the relay, members that wait to be let in.
import { bytes, decode, encode, type MessageId, message, type Of, repeated, required } from "@holdfast/wire"
import type { Id } from "../api.ts"
import type { Database } from "../ports.ts"
import { bytesOf, numberOf, optionalBytes, optionalNumber, optionalText, type Row, textOf } from "./rows.ts"

export interface Waiting {
  /** Content id. */
  readonly id: Id
  readonly conversation: Id
  /** The message that people see, if it is one. */
  readonly message: Id | undefined
  readonly content: Uint8Array
  /** False while a file is still being uploaded. */
  readonly ready: boolean
  /** Local id under which the lane knows it, once it is encrypted. */
  readonly sending: string | undefined
}

const SentFrames = message("SentFrames", {
  frames: repeated(1, bytes({ max: 65_536 }), 64),
  ids: repeated(2, bytes<MessageId>({ length: 16 }), 64),
})
const WelcomeBlob = message("WelcomeBlob", {
  blob: required(1, bytes({ length: 32 })),
  ciphertext: required(2, bytes({ max: 33_554_432 })),
})
export type WelcomeBlob = Of<typeof WelcomeBlob>

/** One append: these bytes under these ids, however often it takes. */
export interface Sending {
  readonly id: number
  /** Undefined for a letter, which nothing but the relay's answer confirms. */
  readonly local: string | undefined
  readonly frames: readonly Uint8Array[]
  readonly ids: readonly MessageId[]
  /** To be stored as a blob before the frames go out. */
  readonly welcome: Uint8Array | undefined
  /** Index that the relay gave its last frame. */
  readonly place: number | undefined
}

export type Wish = "in" | "out"

export interface OutboxTable {
  add(waiting: Omit<Waiting, "sending">): void
  get(id: Id): Waiting | undefined
  ofMessage(message: Id): Waiting | undefined
  list(): readonly Waiting[]
  bySending(local: string): Waiting | undefined
  setReady(id: Id, content: Uint8Array): void
  setSending(id: Id, local: string | undefined): void
  remove(id: Id): void

  addSending(sending: Omit<Sending, "id" | "place">): void
  /** Not confirmed by the relay, in the order in which they were made. */
  unconfirmed(): readonly Sending[]
  /** Confirmed, but not yet seen in the lane. */
  unseen(): readonly { readonly local: string; readonly place: number }[]
  confirm(id: number, place: number): void
  removeSending(local: string): void
  removeLetter(id: number): void

  wish(conversation: Id, member: Id, wish: Wish): void
  wishes(conversation: Id): readonly { readonly member: Id; readonly wish: Wish }[]
  dropWish(conversation: Id, member: Id): void
}

export function outboxTable(db: Database): OutboxTable {
  return {
    add: (w) =>
      db.run(
        `INSERT OR IGNORE INTO outbox (id, seq, conversation, message, content, ready, sending)
         VALUES (?, (SELECT COALESCE(MAX(seq), 0) + 1 FROM outbox), ?, ?, ?, ?, NULL)`,
        w.id,
        w.conversation,
        w.message ?? null,
        w.content,
        w.ready ? 1 : 0,
      ),
    get: (id) => db.all("SELECT * FROM outbox WHERE id = ?", id).map(toWaiting)[0],
    ofMessage: (id) => db.all("SELECT * FROM outbox WHERE message = ?", id).map(toWaiting)[0],
    list: () => db.all("SELECT * FROM outbox ORDER BY seq").map(toWaiting),
    bySending: (local) => db.all("SELECT * FROM outbox WHERE sending = ?", local).map(toWaiting)[0],
    setReady: (id, content) => db.run("UPDATE outbox SET ready = 1, content = ? WHERE id = ?", content, id),
    setSending: (id, local) => db.run("UPDATE outbox SET sending = ? WHERE id = ?", local ?? null, id),
    remove: (id) => db.run("DELETE FROM outbox WHERE id = ?", id),

    addSending: (s) =>
      db.run(
        "INSERT INTO sendings (local, frames, welcome, place) VALUES (?, ?, ?, NULL)",
        s.local ?? null,
        encode(SentFrames, { frames: s.frames, ids: s.ids }),
        s.welcome ?? null,
      ),
    unconfirmed: () => db.all("SELECT * FROM sendings WHERE place IS NULL ORDER BY id").map(toSending),
    unseen: () =>
      db
        .all("SELECT local, place FROM sendings WHERE place IS NOT NULL AND local IS NOT NULL ORDER BY id")
        .map((row) => ({ local: textOf(row, "local"), place: numberOf(row, "place") })),
    confirm: (id, place) => db.run("UPDATE sendings SET place = ? WHERE id = ?", place, id),
    removeSending: (local) => db.run("DELETE FROM sendings WHERE local = ?", local),
    removeLetter: (id) => db.run("DELETE FROM sendings WHERE id = ?", id),

    wish: (conversation, member, wish) =>
      db.run("INSERT OR REPLACE INTO wishes (conversation, member, wish) VALUES (?, ?, ?)", conversation, member, wish),
    wishes: (conversation) =>
      db
        .all("SELECT member, wish FROM wishes WHERE conversation = ? ORDER BY member", conversation)
        .map((row) => ({ member: textOf(row, "member"), wish: textOf(row, "wish") === "out" ? "out" : "in" })),
    dropWish: (conversation, member) =>
      db.run("DELETE FROM wishes WHERE conversation = ? AND member = ?", conversation, member),
  }
}

export function encodeWelcomeBlob(blob: Uint8Array, ciphertext: Uint8Array): Uint8Array<ArrayBuffer> {
  return encode(WelcomeBlob, { blob, ciphertext })
}

export function decodeWelcomeBlob(input: Uint8Array): WelcomeBlob {
  return decode(WelcomeBlob, input)
}

function toWaiting(row: Row): Waiting {
  return {
    id: textOf(row, "id"),
    conversation: textOf(row, "conversation"),
    message: optionalText(row, "message"),
    content: bytesOf(row, "content"),
    ready: numberOf(row, "ready") === 1,
    sending: optionalText(row, "sending"),
  }
}

function toSending(row: Row): Sending {
  const { frames, ids } = decode(SentFrames, bytesOf(row, "frames"))
  return {
    id: numberOf(row, "id"),
    local: optionalText(row, "local"),
    frames,
    ids,
    welcome: optionalBytes(row, "welcome"),
    place: optionalNumber(row, "place"),
  }
}
