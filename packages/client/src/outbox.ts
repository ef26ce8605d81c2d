// Contents on their way out. Nothing is encrypted before it can be sent, nothing is lost between here and the lane, and
// what goes out again goes out as the same bytes under the same ids (E3.3 to E3.6).
import { type Lane, LaneError, type LateWhy, type Outgoing } from "@holdfast/lanes"
import {
  type Answer,
  type ConversationId,
  codeOf,
  fromHex,
  hex,
  labelledHash,
  type MessageId,
  type Operation,
  toConversationId,
} from "@holdfast/wire"
import type { Id } from "./api.ts"
import type { Changes } from "./changes.ts"
import { encodeContent, type KnownBody } from "./content.ts"
import { ClientError } from "./error.ts"
import type { Timers } from "./ports.ts"
import type { LaneTable } from "./store/lane.ts"
import type { MessageTable } from "./store/messages.ts"
import { decodeWelcomeBlob, type OutboxTable, type Sending } from "./store/outbox.ts"

export interface OutboxDeps {
  readonly lane: Lane
  readonly table: OutboxTable
  readonly messages: MessageTable
  readonly laneTable: LaneTable
  readonly timers: Timers
  readonly changes: Changes
  readonly randomBytes: (length: number) => Uint8Array
  readonly transaction: <T>(work: () => T) => T
  readonly request: (operation: Operation) => Promise<Answer>
  readonly putBlob: (blob: Uint8Array, ciphertext: Uint8Array) => Promise<void>
  /** Online, everything read, and still a member: only then is anything encrypted. */
  readonly maySend: () => boolean
  /** Somebody is in it whose key is not accepted for now (E10.5). */
  readonly isHeld: (conversation: ConversationId) => boolean
  readonly kickAfter: (millis: number) => void
}

export interface Outbox {
  /** Inside a transaction. Gives the content's id. `ready` false: its content is completed by `complete`. */
  post(
    conversation: Id,
    body: KnownBody,
    options?: { message?: Id; contentId?: Uint8Array; ready?: boolean; at?: number },
  ): Uint8Array
  /** Inside a transaction: frames that the lane has made and that have to leave. */
  enqueue(outgoing: Outgoing): void
  enqueueLetter(frame: Uint8Array, welcome?: Uint8Array): void
  /** In a turn: encrypts what may go now. */
  encryptDue(): Promise<void>
  /** Not in a turn: hands the relay what it has not confirmed. Never rejects. */
  sendDue(): Promise<void>
  /** Inside a transaction: an own message has its place. Gives the message it was, if people see it. */
  placed(localId: string, index: number): void
  /** Inside a transaction: it never will have one under this id. */
  late(localId: string, why: LateWhy): void
  /** Inside a transaction: a commit has won, or lost. */
  settled(localId: string): void
  /** Confirmed for so long, and still not in the lane. */
  withheldPlace(): number | undefined
}

const retryMillis = 5_000
/** How long a confirmed frame may stay away from the lane before people are told. */
const withheldMillis = 30_000
const underWay = 8

/** The id people see: content ids are the sender's choice, so the sender's device is part of it. */
export function messageIdOf(device: Uint8Array, contentId: Uint8Array): Id {
  return hex(labelledHash("holdfast/message/v1", device, contentId).slice(0, 16))
}

export function createOutbox(deps: OutboxDeps): Outbox {
  const { lane, table, messages, timers, changes } = deps
  let sending: Promise<void> | undefined
  let again = false

  function newIds(count: number): readonly MessageId[] {
    return Array.from({ length: count }, () => deps.randomBytes(16) as MessageId)
  }

  function fail(content: Id, message: Id | undefined): void {
    deps.transaction(() => {
      table.remove(content)
      if (message !== undefined) messages.setState(message, "failed")
    })
    const found = message === undefined ? undefined : messages.get(message)
    if (found !== undefined) changes.mark({ topic: "messages", conversation: found.conversation })
  }

  async function encryptOne(waiting: ReturnType<OutboxTable["list"]>[number]): Promise<"done" | "blocked"> {
    const localId = `m${waiting.id}${hex(deps.randomBytes(4))}`
    let outgoing: Outgoing
    try {
      outgoing = await lane.send(toConversationId(fromHex(waiting.conversation)), waiting.content, localId)
    } catch (error) {
      if (!(error instanceof LaneError)) throw error
      if (error.code === "too_large") fail(waiting.id, waiting.message)
      return error.code === "too_large" ? "done" : "blocked"
    }
    deps.transaction(() => {
      lane.flush(deps.laneTable.writer)
      table.setSending(waiting.id, localId)
      outbox.enqueue(outgoing)
    })
    return "done"
  }

  /** False: the relay does not take it now, nor anything after it. */
  async function hand(row: Sending): Promise<boolean> {
    if (row.welcome !== undefined) {
      const { blob, ciphertext } = decodeWelcomeBlob(row.welcome)
      await deps.putBlob(blob, ciphertext)
    }
    const answer = await deps.request({
      kind: "append",
      value: { lane: lane.id, frames: row.frames, messageIds: row.ids },
    })
    if (answer.kind === "appended") {
      const place = answer.value.indices.at(-1) ?? 0
      if (row.local === undefined) table.removeLetter(row.id)
      else table.confirm(row.id, place)
      confirmedAt.set(place, timers.now())
      deps.kickAfter(withheldMillis)
      return true
    }
    if (answer.kind === "failure" && codeOf(answer.value) === "malformed" && row.local === undefined) {
      table.removeLetter(row.id)
      return true
    }
    return false
  }

  const confirmedAt = new Map<number, number>()

  async function sendAll(): Promise<void> {
    do {
      again = false
      const rows = table.unconfirmed()
      for (let at = 0; at < rows.length; at += underWay) {
        // in this order on one connection, which is the order in which the relay stores them
        const results = await Promise.all(rows.slice(at, at + underWay).map(hand))
        if (results.includes(false)) return deps.kickAfter(retryMillis)
      }
    } while (again)
  }

  const outbox: Outbox = {
    post(conversation, body, options = {}) {
      const id = options.contentId ?? deps.randomBytes(16)
      const content = encodeContent({ id, sentAt: options.at ?? timers.now(), body })
      table.add({
        id: hex(id),
        conversation,
        message: options.message,
        content,
        ready: options.ready ?? true,
      })
      return id
    },
    enqueue: ({ localId, frames }) =>
      table.addSending({ local: localId, frames, ids: newIds(frames.length), welcome: undefined }),
    enqueueLetter: (frame, welcome) => table.addSending({ local: undefined, frames: [frame], ids: newIds(1), welcome }),
    async encryptDue() {
      const blocked = new Set<Id>()
      for (const waiting of table.list()) {
        if (!deps.maySend()) return
        if (!waiting.ready || waiting.sending !== undefined || blocked.has(waiting.conversation)) continue
        const view = lane.conversations().find(({ id }) => hex(id) === waiting.conversation)
        const isFree =
          view !== undefined &&
          view.state === "open" &&
          view.strangers.length === 0 &&
          view.pendingChange === undefined &&
          !deps.isHeld(view.id)
        if (!isFree || (await encryptOne(waiting)) === "blocked") blocked.add(waiting.conversation)
      }
    },
    sendDue() {
      again = true
      sending ??= sendAll()
        .catch((error) => {
          if (!(error instanceof ClientError)) throw error
          // the link comes back by itself; everything is still in the table
        })
        .finally(() => {
          sending = undefined
        })
      return sending
    },
    placed(localId, index) {
      table.removeSending(localId)
      const waiting = table.bySending(localId)
      if (waiting === undefined) return
      table.remove(waiting.id)
      if (waiting.message === undefined) return
      messages.setPlaced(waiting.message, index)
      changes.mark({ topic: "messages", conversation: waiting.conversation }, { topic: "conversations" })
    },
    late(localId, why) {
      table.removeSending(localId)
      const waiting = table.bySending(localId)
      if (waiting === undefined) return
      if (why !== "left") return table.setSending(waiting.id, undefined)
      table.remove(waiting.id)
      if (waiting.message === undefined) return
      messages.setState(waiting.message, "failed")
      changes.mark({ topic: "messages", conversation: waiting.conversation })
    },
    settled: (localId) => table.removeSending(localId),
    withheldPlace() {
      const now = timers.now()
      for (const { place } of table.unseen()) {
        const since = confirmedAt.get(place) ?? now
        confirmedAt.set(place, since)
        // Also when another frame lies in its place by now: the relay has broken its word no less.
        if (now - since >= withheldMillis) return place
        deps.kickAfter(since + withheldMillis - now)
      }
      return undefined
    },
  }
  return outbox
}
