import type { Alarm, Overview } from "@holdfast/client"
import { momentOf, text } from "../messages.ts"
import { linkTo } from "../state/route.ts"
import { Button, Problem } from "./parts.tsx"
import { Screen } from "./screen.tsx"
import { useAction, useSession } from "./session.tsx"

export function Notices({ overview }: { overview: Overview }) {
  const notices = overview.alarms.filter(({ level }) => level === "notice").toSorted((a, b) => b.at - a.at)
  return (
    <Screen title={text.notices.title} intro={text.notices.intro} testId="notices">
      {notices.length === 0 ? <p className="nothing">{text.notices.none}</p> : null}
      <ul className="rows">
        {notices.map((notice) => (
          <Notice key={notice.id} notice={notice} />
        ))}
      </ul>
    </Screen>
  )
}

/** Notices about something that people can decide or stop. */
const atDesk: ReadonlySet<string> = new Set(["act_waiting", "decision_due", "keeper_without_member"])

function Notice({ notice }: { notice: Alarm }) {
  const { client } = useSession()
  const dismiss = useAction(() => client.dismissAlarm(notice.id))
  return (
    <li className="invite-row" data-testid="notice" data-kind={notice.kind}>
      <div className="person-words">
        <p>{notice.sentence}</p>
        <p className="hint">
          <time dateTime={new Date(notice.at).toISOString()}>{momentOf(notice.at)}</time>
        </p>
        <Problem>{dismiss.problem}</Problem>
      </div>
      <div className="row wrap">
        {atDesk.has(notice.kind) ? (
          <a className="button" href={linkTo({ at: "decisions" })} data-testid="notice-to-desk">
            {text.notices.toDesk}
          </a>
        ) : null}
        <Button onPress={() => void dismiss.run()} isPending={dismiss.busy}>
          {text.notices.dismiss}
        </Button>
      </div>
    </li>
  )
}
