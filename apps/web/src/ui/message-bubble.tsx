import type { Message } from "@holdfast/client"
import { memo } from "react"
import { momentOf, text, timeOf } from "../messages.ts"
import { FileBox } from "./file-box.tsx"
import { Icon } from "./icon.tsx"
import { Markdown } from "./markdown.tsx"
import { Avatar } from "./parts.tsx"

export interface MessageBubbleProps {
  readonly message: Message
  readonly name: string
  readonly own: boolean
  /** First and last of a run of messages by one sender. */
  readonly first: boolean
  readonly last: boolean
}

export const MessageBubble = memo(function MessageBubble({ message, name, own, first, last }: MessageBubbleProps) {
  return (
    <article
      className={`message ${own ? "own" : "theirs"}${first ? " first" : ""}${last ? " last" : ""}`}
      aria-label={`${name}, ${momentOf(message.at)}`}
      data-testid="message"
      data-state={message.state}
      data-id={message.id}
    >
      {own ? null : (
        <div className="message-avatar">{first ? <Avatar id={message.from} name={name} small /> : null}</div>
      )}
      <div className="bubble">
        {first && !own ? <p className="sender">{name}</p> : null}
        <Body message={message} />
        <p className="message-foot">
          <time dateTime={new Date(message.at).toISOString()} title={momentOf(message.at)}>
            {timeOf(message.at)}
          </time>
          {own ? <State state={message.state} /> : null}
        </p>
      </div>
    </article>
  )
})

function Body({ message }: { message: Message }) {
  switch (message.body.kind) {
    case "text":
      return <Markdown text={message.body.text} />
    case "file":
      return (
        <>
          <FileBox message={message.id} own={message.state !== "received"} file={message.body.file} />
          {message.body.caption === "" ? null : <Markdown text={message.body.caption} />}
        </>
      )
    default:
      return <p className="hint">{text.conversation.unknown}</p>
  }
}

function State({ state }: { state: Message["state"] }) {
  if (state === "waiting") {
    return (
      <span className="state" data-testid="message-state">
        <Icon name="clock" size={14} />
        <span>{text.conversation.waiting}</span>
      </span>
    )
  }
  if (state === "failed") {
    return (
      <span className="state failed" data-testid="message-state">
        <Icon name="warning" size={14} />
        <span>{text.conversation.failed}</span>
      </span>
    )
  }
  return (
    <span className="state" data-testid="message-state">
      <Icon name="check" size={14} />
      <span>{text.conversation.sent}</span>
    </span>
  )
}
