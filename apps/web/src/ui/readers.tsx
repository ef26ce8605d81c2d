import type { Conversation, Reader } from "@holdfast/client"
import { useEffect, useRef } from "react"
import { text } from "../messages.ts"
import { linkTo } from "../state/route.ts"
import { Icon } from "./icon.tsx"
import { Avatar, Code, IconButton, Problem } from "./parts.tsx"
import { useResource, useSession } from "./session.tsx"

/** Who can read a conversation: every device that holds its keys, traced to the act that let it in. */
export function Readers({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const { live } = useSession()
  const { value: readers, problem } = useResource(live.readers(conversation.id))
  const panel = useRef<HTMLElement>(null)
  useEffect(() => panel.current?.focus({ preventScroll: true }), [])
  const people = byPerson(readers ?? [])
  const ghosts = (readers ?? []).filter(({ inCharter, device }) => !inCharter && !device.you)
  return (
    <aside
      className="readers"
      aria-label={text.conversation.readers}
      tabIndex={-1}
      ref={panel}
      data-testid="readers"
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose()
      }}
    >
      <header className="screen-head">
        <div className="screen-title">
          <h2>{text.conversation.readers}</h2>
          {readers === undefined ? null : (
            <p className="hint" data-testid="readers-count">
              {text.conversation.readersCount(people.length, readers.length)}
            </p>
          )}
        </div>
        <IconButton icon="close" label={text.close} onPress={onClose} testId="readers-close" />
      </header>
      <div className="readers-scroll">
        <Problem>{problem}</Problem>
        {ghosts.length === 0 ? null : (
          <div className="ghost-words" role="alert">
            <Icon name="warning" />
            <p>
              <strong>{text.conversation.ghostTitle}.</strong> {text.conversation.ghostBody}
            </p>
          </div>
        )}
        <p className="hint">{text.conversation.readersIntro}</p>
        <ul className="reader-people">
          {people.map(([member, devices]) => (
            <li key={member}>
              <p className="reader-name">
                <Avatar id={member} name={devices[0]?.name ?? ""} small />
                <strong>{devices[0]?.name}</strong>
              </p>
              <ul>
                {devices.map((reader) => (
                  <ReaderDevice key={reader.device.id} reader={reader} />
                ))}
              </ul>
            </li>
          ))}
        </ul>
      </div>
    </aside>
  )
}

function ReaderDevice({ reader }: { reader: Reader }) {
  const { device } = reader
  return (
    <li
      className={reader.inCharter ? "reader-device" : "reader-device ghost"}
      data-testid="reader"
      data-in-charter={reader.inCharter}
    >
      <p>
        {device.label}
        {device.you ? <span className="tag">{text.people.thisDevice}</span> : null}
        {reader.inCharter ? null : <span className="tag danger">{text.conversation.ghost}</span>}
      </p>
      <p className="hint">
        {text.people.fingerprint} <Code>{device.fingerprint}</Code>
      </p>
      {reader.inCharter ? (
        <p className="hint">
          {reader.act} (
          <a href={linkTo({ at: "timeline", entry: reader.admittedAt })}>
            {text.conversation.entry(reader.admittedAt)}
          </a>
          )
        </p>
      ) : null}
    </li>
  )
}

/** Ghosts first, then in the order in which the people were let in. */
function byPerson(readers: readonly Reader[]): readonly (readonly [string, readonly Reader[]])[] {
  const groups = Map.groupBy(readers, ({ member }) => member)
  const weight = (devices: readonly Reader[]) => (devices.some(({ inCharter }) => !inCharter) ? 0 : 1)
  return [...groups].sort(([, a], [, b]) => weight(a) - weight(b) || (a[0]?.admittedAt ?? 0) - (b[0]?.admittedAt ?? 0))
}
