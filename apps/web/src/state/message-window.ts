import type { Id, Message } from "@holdfast/client"
import type { RemoteClient } from "../engine/protocol.ts"
import { sentenceOf } from "./resource.ts"

/** The part of a conversation that is in memory: its newest messages, and older ones as far as somebody has scrolled. */
export interface MessageWindow {
  readonly messages: readonly Message[]
  /** False once the first message of the conversation is in. */
  readonly older: boolean
  readonly loaded: boolean
  readonly problem: string | undefined
}
export interface MessageStore {
  readonly snapshot: () => MessageWindow
  readonly subscribe: (listener: () => void) => () => void
  readonly loadOlder: () => Promise<void>
  /** Something about the messages changed. */
  readonly refresh: () => void
  /** A transfer moved; cheap to call often. */
  readonly refreshTransfer: (message: Id) => void
}

const pageSize = 50
const transferPause = 200

/** The newest page takes the place of everything from its first message on; a page that does not touch the rest starts anew. */
export function mergeNewest(before: readonly Message[], newest: readonly Message[]): readonly Message[] {
  const first = newest[0]
  if (first === undefined) return []
  const known = new Set(newest.map(({ id }) => id))
  const at = before.findIndex(({ id }) => known.has(id))
  return at === -1 ? newest : [...before.slice(0, at), ...newest]
}

export function messageStore(client: RemoteClient, conversation: Id): MessageStore {
  const listeners = new Set<() => void>()
  let state: MessageWindow = { messages: [], older: true, loaded: false, problem: undefined }
  let turn = Promise.resolve()
  let queued = false
  let stale = true
  let olderAsked: Promise<void> | undefined
  let transferTimer: ReturnType<typeof setTimeout> | undefined
  const transfers = new Set<Id>()

  function become(next: Partial<MessageWindow>): void {
    state = { ...state, ...next }
    for (const listener of listeners) listener()
  }
  function inTurn(work: () => Promise<void>): Promise<void> {
    turn = turn.then(work).catch((error: unknown) => become({ problem: sentenceOf(error) }))
    return turn
  }
  function refresh(): void {
    stale = true
    // what nobody looks at is asked for when somebody does
    if (queued || listeners.size === 0) return
    queued = true
    void inTurn(async () => {
      queued = false
      stale = false
      const newest = await client.messages(conversation, { limit: pageSize })
      const messages = mergeNewest(state.messages, newest)
      const restarted = messages === newest
      become({
        messages,
        loaded: true,
        problem: undefined,
        older: restarted ? newest.length === pageSize : state.older,
      })
    })
  }
  async function refreshOne(id: Id): Promise<void> {
    const at = state.messages.findIndex((message) => message.id === id)
    if (at === -1) return
    const next = state.messages[at + 1]
    const page = await client.messages(conversation, { limit: 1, ...(next === undefined ? {} : { before: next.id }) })
    const fresh = page.find((message) => message.id === id)
    if (fresh === undefined) refresh()
    else become({ messages: state.messages.map((message) => (message.id === id ? fresh : message)) })
  }
  return {
    snapshot: () => state,
    refresh,
    subscribe(listener) {
      listeners.add(listener)
      if (stale) refresh()
      return () => listeners.delete(listener)
    },
    loadOlder() {
      const first = state.messages[0]
      if (first === undefined || !state.older) return Promise.resolve()
      olderAsked ??= inTurn(async () => {
        const page = await client.messages(conversation, { before: first.id, limit: pageSize })
        const known = new Set(state.messages.map(({ id }) => id))
        become({
          messages: [...page.filter(({ id }) => !known.has(id)), ...state.messages],
          older: page.length === pageSize,
        })
      }).finally(() => {
        olderAsked = undefined
      })
      return olderAsked
    },
    refreshTransfer(message) {
      transfers.add(message)
      transferTimer ??= setTimeout(() => {
        transferTimer = undefined
        const due = [...transfers]
        transfers.clear()
        void inTurn(async () => {
          for (const id of due) await refreshOne(id)
        })
      }, transferPause)
    },
  }
}
