import { type CharterTable, charterTable } from "../charter-sync.ts"
import type { Database } from "../ports.ts"
import { type AlarmTable, alarmTable } from "./alarms.ts"
import { type ConversationTable, conversationTable } from "./conversations.ts"
import { type DirectoryTable, directoryTable } from "./directory.ts"
import { type GovernanceTable, governanceTable } from "./governance.ts"
import { type LaneTable, laneTable } from "./lane.ts"
import { type MessageTable, messageTable } from "./messages.ts"
import { type Meta, metaTable } from "./meta.ts"
import { type OutboxTable, outboxTable } from "./outbox.ts"
import { type PeopleTable, peopleTable } from "./people.ts"
import { migrate } from "./schema.ts"
import { type SeenTable, seenTable } from "./seen.ts"

/** All that this device keeps of one organisation. */
export interface Store {
  readonly db: Database
  readonly meta: Meta
  readonly charter: CharterTable
  readonly lane: LaneTable
  readonly directory: DirectoryTable
  readonly conversations: ConversationTable
  readonly messages: MessageTable
  readonly outbox: OutboxTable
  readonly seen: SeenTable
  readonly people: PeopleTable
  readonly governance: GovernanceTable
  readonly alarms: AlarmTable
  transaction<T>(work: () => T): T
}

/** Brings the database up to this version first. Throws `newer_store`. */
export function openStore(db: Database): Store {
  migrate(db)
  return {
    db,
    meta: metaTable(db),
    charter: charterTable(db),
    lane: laneTable(db),
    directory: directoryTable(db),
    conversations: conversationTable(db),
    messages: messageTable(db),
    outbox: outboxTable(db),
    seen: seenTable(db),
    people: peopleTable(db),
    governance: governanceTable(db),
    alarms: alarmTable(db),
    transaction: (work) => db.transaction(work),
  }
}
