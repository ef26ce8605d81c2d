import type { Conversation, Overview } from "@holdfast/client"
import { useState } from "react"
import { shortTimeOf, text } from "../messages.ts"
import { lastWords, titleOf } from "../state/conversation-words.ts"
import { linkTo, type Route } from "../state/route.ts"
import { Connection } from "./connection.tsx"
import { Icon, type IconName } from "./icon.tsx"
import { NewConversation } from "./new-conversation.tsx"
import { Avatar, IconButton, Problem } from "./parts.tsx"
import { useResource, useSession } from "./session.tsx"
import { WatchGlance } from "./watch.tsx"

export function Sidebar({ overview, route }: { overview: Overview; route: Route }) {
  const { live } = useSession()
  const { value: conversations, problem } = useResource(live.conversations)
  const [starting, setStarting] = useState(false)
  const notices = overview.alarms.filter(({ level }) => level === "notice").length
  return (
    <nav className="sidebar" aria-label={text.nav.label}>
      <header className="sidebar-head">
        <h1 data-testid="organisation-name">{overview.organisation.name}</h1>
        <Connection overview={overview} short />
        <WatchGlance overview={overview} />
      </header>
      <div className="sidebar-section">
        <h2>{text.nav.conversations}</h2>
        <IconButton
          icon="plus"
          label={text.nav.newConversation}
          onPress={() => setStarting(true)}
          isDisabled={overview.standing !== "active"}
          testId="new-conversation"
        />
      </div>
      <Problem>{problem}</Problem>
      <ul className="conversations" data-testid="conversations">
        {conversations?.length === 0 ? <li className="hint">{text.nav.none}</li> : null}
        {conversations?.map((conversation) => (
          <li key={conversation.id}>
            <ConversationLink
              conversation={conversation}
              current={route.at === "conversation" && route.id === conversation.id}
              me={overview.me.member}
            />
          </li>
        ))}
      </ul>
      <ul className="places">
        <Place at="people" icon="people" label={text.nav.people} current={route.at} />
        <Place
          at="decisions"
          icon="decisions"
          label={text.nav.decisions}
          current={route.at}
          badge={overview.standing === "active" ? overview.decisions : 0}
          badgeWords={text.nav.waiting(overview.decisions)}
        />
        <Place at="timeline" icon="timeline" label={text.nav.timeline} current={route.at} />
        {notices === 0 && route.at !== "notices" ? null : (
          <Place at="notices" icon="notices" label={text.nav.notices} current={route.at} count={notices} />
        )}
        <Place at="settings" icon="device" label={text.nav.settings} current={route.at} />
      </ul>
      {starting ? <NewConversation overview={overview} onClose={() => setStarting(false)} /> : null}
    </nav>
  )
}

function Place(props: {
  at: "people" | "decisions" | "timeline" | "notices" | "settings"
  icon: IconName
  label: string
  current: Route["at"]
  badge?: number
  badgeWords?: string
  count?: number
}) {
  const { badge = 0, count = 0 } = props
  return (
    <li>
      <a
        className="place"
        href={linkTo({ at: props.at })}
        aria-current={props.current === props.at ? "page" : undefined}
        data-testid={`nav-${props.at}`}
      >
        <Icon name={props.icon} />
        <span>{props.label}</span>
        {badge === 0 ? null : (
          <span className="badge" title={props.badgeWords} data-testid="decisions-badge">
            {badge}
          </span>
        )}
        {count === 0 ? null : <span className="count">{count}</span>}
      </a>
    </li>
  )
}

function ConversationLink(props: { conversation: Conversation; current: boolean; me: string }) {
  const { conversation, current, me } = props
  const people = useResource(useSession().live.people).value
  const last = conversation.last
  const title = titleOf(conversation)
  const other = conversation.kind === "direct" ? conversation.members.find((id) => id !== me) : undefined
  return (
    <a
      className="conversation-link"
      href={linkTo({ at: "conversation", id: conversation.id, readers: false })}
      aria-current={current ? "page" : undefined}
      data-testid="conversation"
      data-kind={conversation.kind}
    >
      <Avatar id={other ?? conversation.id} name={title} />
      <span className="conversation-words">
        <span className="conversation-title">{title}</span>
        <span className="conversation-last">{lastWords(conversation, people ?? [], me)}</span>
      </span>
      <span className="conversation-side">
        {last === undefined ? null : <time dateTime={new Date(last.at).toISOString()}>{shortTimeOf(last.at)}</time>}
        {conversation.unread === 0 ? null : (
          <span className="badge" role="img" aria-label={text.nav.unread(conversation.unread)} data-testid="unread">
            {conversation.unread}
          </span>
        )}
      </span>
    </a>
  )
}
