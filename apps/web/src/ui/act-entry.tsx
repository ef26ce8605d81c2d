import type { Act } from "@holdfast/client"
import { momentOf, text } from "../messages.ts"
import { actAsTold } from "../state/act-words.ts"
import { linkTo } from "../state/route.ts"
import { Code } from "./parts.tsx"

/** Whole rules in one sentence are read like prose, not like a heading. */
export const sentenceLook = (sentence: string): string => (sentence.length > 140 ? "long-sentence" : "")

/** One entry of the timeline: what was done, what became of it, and the way to everything about it. */
export function ActEntry({ act, testId = "act" }: { act: Act; testId?: string }) {
  const { outcome } = act
  return (
    <li className={`act ${outcome}`} data-testid={testId} data-outcome={outcome} data-type={act.type}>
      <p className="hint">
        <a
          href={linkTo({ at: "timeline", entry: act.index })}
          aria-label={text.timeline.follow(act.index)}
          data-testid="act-link"
        >
          {text.timeline.entry(act.index)}
        </a>
        {act.at === undefined ? null : (
          <>
            {" · "}
            <time dateTime={new Date(act.at).toISOString()}>{text.timeline.seenAt(momentOf(act.at))}</time>
          </>
        )}
        {" · "}
        {text.timeline.code} <Code>{act.code}</Code>
        {outcome === "applied" ? null : (
          <span className={outcome === "waiting" ? "tag waits" : "tag danger"}>{text.timeline.outcome[outcome]}</span>
        )}
      </p>
      <p className={`act-sentence ${sentenceLook(actAsTold(act))}`}>{actAsTold(act)}</p>
      {outcome === "applied" ? null : (
        <p className="hint">
          {act.reason === undefined ? "" : `${text.timeline.reason(act.reason)} `}
          {text.timeline[`${outcome}Hint`]}
        </p>
      )}
      {act.approvedBy.length === 0 ? null : <p className="hint">{text.timeline.approvedBy(act.approvedBy)}</p>}
    </li>
  )
}
