import type { Conversation, Message } from "@holdfast/client"
import { useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react"
import { VList, type VListHandle } from "virtua"
import { dayOf, text } from "../messages.ts"
import { type Row, rowsOf } from "../state/message-rows.ts"
import { announce } from "./announce.tsx"
import { MessageBubble } from "./message-bubble.tsx"
import { Button, Problem } from "./parts.tsx"
import { useResource, useSession } from "./session.tsx"

/** Close enough to the end to follow new messages, in pixels. */
const nearEnd = 80
/** Close enough to the beginning to ask for older ones. */
const nearStart = 400

export function MessageList({ conversation, me }: { conversation: Conversation; me: string }) {
  const { live } = useSession()
  const store = live.messages(conversation.id)
  const { messages, older, loaded, problem } = useSyncExternalStore(store.subscribe, store.snapshot)
  const people = useResource(live.people).value
  const names = useMemo(() => new Map(people?.map(({ member, name }) => [member, name])), [people])
  const rows = useMemo(() => rowsOf(messages, loaded && !older), [messages, loaded, older])
  const list = useRef<VListHandle>(null)
  const [atEnd, setAtEnd] = useState(true)
  const follow = useRef(true)
  const before = useRef<{ first: string | undefined; last: string | undefined }>({ first: undefined, last: undefined })

  // rows that were put in front must not push what somebody is reading
  const first = messages[0]?.id
  const prepended = before.current.first !== undefined && first !== before.current.first
  const last = messages.at(-1)

  useAnnounced(messages, names, me)

  useLayoutEffect(() => {
    const arrived = last?.id !== before.current.last
    before.current = { first, last: last?.id }
    if (rows.length > 0 && (follow.current || (arrived && last?.from === me))) {
      list.current?.scrollToIndex(rows.length - 1, { align: "end" })
    }
  }, [rows, first, last, me])

  function look(offset: number): void {
    const { scrollSize = 0, viewportSize = 0 } = list.current ?? {}
    const end = scrollSize - offset - viewportSize < nearEnd
    follow.current = end
    setAtEnd(end)
    if (offset < nearStart && older && loaded) void store.loadOlder()
  }

  return (
    <div className="messages-box">
      <Problem>{problem}</Problem>
      {!loaded ? (
        <p className="hint centred">{text.loading}</p>
      ) : (
        <VList
          ref={list}
          className="messages"
          role="log"
          aria-live="off"
          aria-label={text.conversation.messages}
          tabIndex={0}
          shift={prepended}
          onScroll={look}
          onResize={() => {
            if (follow.current && rows.length > 0) list.current?.scrollToIndex(rows.length - 1, { align: "end" })
          }}
          data-testid="messages"
          data={rows}
        >
          {(row: Row) => <RowView key={row.key} row={row} names={names} me={me} />}
        </VList>
      )}
      {atEnd ? null : (
        <div className="to-newest">
          <Button
            icon="down"
            onPress={() => list.current?.scrollToIndex(rows.length - 1, { align: "end" })}
            testId="to-newest"
          >
            {text.conversation.newest}
          </Button>
        </div>
      )}
    </div>
  )
}

function RowView({ row, names, me }: { row: Row; names: ReadonlyMap<string, string>; me: string }) {
  switch (row.kind) {
    case "beginning":
      return (
        <div className="beginning">
          <p>{text.conversation.start}</p>
          <p>{text.conversation.startEncrypted}</p>
        </div>
      )
    case "day":
      return (
        <div className="day">
          <span>{dayOf(row.at)}</span>
        </div>
      )
    case "event":
      return (
        <p className="event" data-testid="event">
          {row.message.body.kind === "event" ? row.message.body.sentence : null}
        </p>
      )
    case "message":
      return (
        <MessageBubble
          message={row.message}
          name={names.get(row.message.from) ?? row.message.from.slice(0, 8)}
          own={row.message.from === me}
          first={row.first}
          last={row.last}
        />
      )
    case "end":
      return <div className="list-end" />
  }
}

/** Reads out what others write while the conversation is open. */
function useAnnounced(messages: readonly Message[], names: ReadonlyMap<string, string>, me: string): void {
  const newest = messages.at(-1)
  const known = useRef<string | undefined>(undefined)
  useEffect(() => {
    const before = known.current
    known.current = newest?.id
    if (newest === undefined || before === undefined || before === newest.id || newest.from === me) return
    const { body } = newest
    const from = names.get(newest.from) ?? ""
    if (body.kind === "text") announce(text.conversation.announced(from, body.text.slice(0, 300)))
    else if (body.kind === "file")
      announce(text.conversation.announced(from, text.conversation.fileAnnounced(body.file.name)))
    else if (body.kind === "event") announce(body.sentence)
  }, [newest, names, me])
}
