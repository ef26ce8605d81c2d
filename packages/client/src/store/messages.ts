import type { Id, MessageState } from "../api.ts"
import type { Database } from "../ports.ts"
import { bytesOf, numberOf, optionalNumber, type Row, textOf } from "./rows.ts"

export type MessageKind = "text" | "file" | "event" | "unknown"

export interface StoredMessage {
  readonly id: Id
  readonly conversation: Id
  readonly from: Id
  readonly device: Id
  readonly at: number
  readonly state: MessageState
  readonly index: number | undefined
  /** Order within the conversation. */
  readonly place: number
  readonly kind: MessageKind
  /** Of a text, an event, or a file's caption: what a list shows. */
  readonly text: string
  /** Of a file: its encoded FileMessage. Of an unknown kind: its bytes, for a later release. */
  readonly body: Uint8Array
}

/** Places of what is in the lane: its index times this, so that a commit can leave several events behind. */
export const placesPerFrame = 16
/** What only this device has yet stands behind everything that is in the lane. */
const waitingPlace = 2 ** 52

export interface MessageTable {
  add(message: StoredMessage): void
  get(id: Id): StoredMessage | undefined
  /** Newest last, ending before the message `before`. */
  page(conversation: Id, before: Id | undefined, limit: number): readonly StoredMessage[]
  last(conversation: Id): StoredMessage | undefined
  nextWaitingPlace(): number
  /** An own message has its place in the lane now. */
  setPlaced(id: Id, index: number): void
  setState(id: Id, state: MessageState): void
  setBody(id: Id, body: Uint8Array): void
  countUnread(conversation: Id, readPlace: number): number
  lastPlaceInLane(conversation: Id): number
}

export function messageTable(db: Database): MessageTable {
  const table: MessageTable = {
    add(m) {
      // several contents may share a frame's index; the first free place behind it is taken
      const taken = (place: number) =>
        db.all("SELECT 1 AS one FROM messages WHERE conversation = ? AND place = ?", m.conversation, place).length > 0
      let place = m.place
      while (taken(place)) place += 1
      db.run(
        `INSERT INTO messages (id, conversation, sender, device, at, state, idx, place, kind, text, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        m.id,
        m.conversation,
        m.from,
        m.device,
        m.at,
        m.state,
        m.index ?? null,
        place,
        m.kind,
        m.text,
        m.body,
      )
    },
    get(id) {
      const row = db.all("SELECT * FROM messages WHERE id = ?", id)[0]
      return row === undefined ? undefined : toMessage(row)
    },
    page(conversation, before, limit) {
      const end = before === undefined ? Number.MAX_SAFE_INTEGER : (table.get(before)?.place ?? 0)
      const rows = db.all(
        "SELECT * FROM messages WHERE conversation = ? AND place < ? ORDER BY place DESC LIMIT ?",
        conversation,
        end,
        limit,
      )
      return rows.map(toMessage).reverse()
    },
    last: (conversation) => table.page(conversation, undefined, 1)[0],
    nextWaitingPlace() {
      const row = db.all("SELECT MAX(place) AS place FROM messages WHERE place >= ?", waitingPlace)[0] as Row
      return row.place === null ? waitingPlace : numberOf(row, "place") + 1
    },
    setPlaced(id, index) {
      const message = table.get(id)
      if (message === undefined || message.state === "sent") return
      db.run("DELETE FROM messages WHERE id = ?", id)
      table.add({ ...message, state: "sent", index, place: index * placesPerFrame })
    },
    setState: (id, state) => db.run("UPDATE messages SET state = ? WHERE id = ?", state, id),
    setBody: (id, body) => db.run("UPDATE messages SET body = ? WHERE id = ?", body, id),
    countUnread(conversation, readPlace) {
      const row = db.all(
        "SELECT COUNT(*) AS n FROM messages WHERE conversation = ? AND place > ? AND state = 'received' AND kind <> 'event'",
        conversation,
        readPlace,
      )[0] as Row
      return numberOf(row, "n")
    },
    lastPlaceInLane(conversation) {
      const row = db.all(
        "SELECT MAX(place) AS place FROM messages WHERE conversation = ? AND place < ?",
        conversation,
        waitingPlace,
      )[0] as Row
      return row.place === null ? 0 : numberOf(row, "place")
    },
  }
  return table
}

function toMessage(row: Row): StoredMessage {
  return {
    id: textOf(row, "id"),
    conversation: textOf(row, "conversation"),
    from: textOf(row, "sender"),
    device: textOf(row, "device"),
    at: numberOf(row, "at"),
    state: textOf(row, "state") as MessageState,
    index: optionalNumber(row, "idx"),
    place: numberOf(row, "place"),
    kind: textOf(row, "kind") as MessageKind,
    text: textOf(row, "text"),
    body: bytesOf(row, "body"),
  }
}
