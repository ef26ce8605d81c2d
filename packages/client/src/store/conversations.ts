import type { ConversationKind, ConversationState, Id } from "../api.ts"
import type { Database } from "../ports.ts"
import { numberOf, type Row, textOf } from "./rows.ts"

export interface StoredConversation {
  readonly id: Id
  readonly kind: ConversationKind
  readonly title: string
  /** Members with at least one device in the group, sorted. */
  readonly members: readonly Id[]
  readonly state: ConversationState
  readonly epoch: number
  /** Place of the last message that was read. */
  readonly readPlace: number
  /** When something last happened in it, by this device's clock. */
  readonly at: number
}

export interface ConversationTable {
  put(conversation: StoredConversation): void
  get(id: Id): StoredConversation | undefined
  /** The latest first. */
  list(): readonly StoredConversation[]
}

export function conversationTable(db: Database): ConversationTable {
  return {
    put(c) {
      db.run(
        `INSERT OR REPLACE INTO conversations (id, kind, title, members, state, epoch, read_order, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        c.id,
        c.kind,
        c.title,
        c.members.join(" "),
        c.state,
        c.epoch,
        c.readPlace,
        c.at,
      )
    },
    get(id) {
      const row = db.all("SELECT * FROM conversations WHERE id = ?", id)[0]
      return row === undefined ? undefined : toConversation(row)
    },
    list: () => db.all("SELECT * FROM conversations ORDER BY at DESC, id").map(toConversation),
  }
}

function toConversation(row: Row): StoredConversation {
  const members = textOf(row, "members")
  return {
    id: textOf(row, "id"),
    kind: textOf(row, "kind") as ConversationKind,
    title: textOf(row, "title"),
    members: members === "" ? [] : members.split(" "),
    state: textOf(row, "state") as ConversationState,
    epoch: numberOf(row, "epoch"),
    readPlace: numberOf(row, "read_order"),
    at: numberOf(row, "at"),
  }
}
