import type { Conversation, Overview } from "@holdfast/client"
import { useEffect } from "react"
import { text } from "../messages.ts"
import { titleOf } from "../state/conversation-words.ts"
import { go, linkTo } from "../state/route.ts"
import { Composer } from "./composer.tsx"
import { ConversationMenu } from "./conversation-menu.tsx"
import { Icon } from "./icon.tsx"
import { MessageList } from "./message-list.tsx"
import { Avatar, Button, Problem } from "./parts.tsx"
import { Readers } from "./readers.tsx"
import { Screen } from "./screen.tsx"
import { useResource, useSession } from "./session.tsx"

export function ConversationPane(props: { id: string; readersOpen: boolean; overview: Overview }) {
  const { live } = useSession()
  const { value: conversations, problem } = useResource(live.conversations)
  const conversation = conversations?.find(({ id }) => id === props.id)
  if (conversation === undefined) {
    return (
      <Screen title={text.nav.conversations} testId="conversation-missing">
        {conversations === undefined ? <Problem>{problem}</Problem> : <p>{text.conversation.notFound}</p>}
      </Screen>
    )
  }
  return <Shown conversation={conversation} overview={props.overview} readersOpen={props.readersOpen} />
}

function Shown(props: { conversation: Conversation; overview: Overview; readersOpen: boolean }) {
  const { conversation, overview, readersOpen } = props
  const { client, live } = useSession()
  const readers = useResource(live.readers(conversation.id)).value
  const ghost = readers?.some(({ inCharter, device }) => !inCharter && !device.you) ?? false
  const other =
    conversation.kind === "direct" ? conversation.members.find((id) => id !== overview.me.member) : undefined
  const { id, unread } = conversation
  const title = titleOf(conversation)

  // what is on the screen of somebody who looks at it has been read
  useEffect(() => {
    const read = () => {
      if (unread > 0 && document.visibilityState === "visible") void client.markRead(id).catch(() => undefined)
    }
    read()
    document.addEventListener("visibilitychange", read)
    return () => document.removeEventListener("visibilitychange", read)
  }, [client, id, unread])

  const close = () => {
    go({ at: "conversation", id, readers: false })
    // the focus goes back to where it came from; on narrow screens the button is there again only after the panel is gone
    setTimeout(() => document.getElementById("readers-button")?.focus(), 50)
  }
  return (
    <>
      <main className="screen conversation" id="main" tabIndex={-1} aria-label={title} data-testid="conversation-pane">
        <header className="screen-head">
          <a
            className="icon-button only-narrow"
            href={linkTo({ at: "home" })}
            aria-label={text.back}
            data-testid="back"
          >
            <Icon name="back" />
          </a>
          <Avatar id={other ?? id} name={title} />
          <div className="screen-title">
            <h1 data-testid="conversation-name">{title}</h1>
            <p className="hint">
              {conversation.kind === "everyone" ? `${text.conversation.everyone}, ` : ""}
              {text.conversation.members(conversation.members.length)}
            </p>
          </div>
          <div className="screen-action">
            <Button
              look={ghost ? "danger" : "plain"}
              icon={ghost ? "warning" : "readers"}
              onPress={() => (readersOpen ? close() : go({ at: "conversation", id, readers: true }))}
              id="readers-button"
              aria-expanded={readersOpen}
              aria-label={text.conversation.readers}
              testId="readers-open"
            >
              <span className="only-wide">{text.conversation.readers}</span>
            </Button>
            {conversation.kind === "group" && conversation.state !== "left" && overview.standing === "active" ? (
              <ConversationMenu conversation={conversation} me={overview.me.member} />
            ) : null}
          </div>
        </header>
        <MessageList conversation={conversation} me={overview.me.member} />
        <Foot conversation={conversation} overview={overview} ghost={ghost} />
      </main>
      {readersOpen ? <Readers conversation={conversation} onClose={close} /> : null}
    </>
  )
}

function Foot({ conversation, overview, ghost }: { conversation: Conversation; overview: Overview; ghost: boolean }) {
  const words =
    overview.standing === "removed"
      ? text.conversation.standingRemoved
      : overview.standing === "stopped"
        ? text.conversation.standingStopped
        : conversation.state === "left"
          ? text.conversation.left
          : undefined
  if (words !== undefined) {
    return (
      <p className="foot-words" data-testid="composer-closed">
        {words}
      </p>
    )
  }
  const waiting =
    conversation.state === "healing"
      ? text.conversation.healing
      : conversation.state === "broken"
        ? text.conversation.broken
        : undefined
  return (
    <div className="foot">
      {ghost ? (
        <p className="foot-words danger" role="alert">
          <strong>{text.conversation.ghostTitle}.</strong> {text.conversation.ghostBody}
        </p>
      ) : waiting === undefined ? null : (
        <p className="foot-words" role="status">
          {waiting}
        </p>
      )}
      <Composer conversation={conversation} />
    </div>
  )
}
