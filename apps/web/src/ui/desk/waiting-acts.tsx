import type { WaitingAct } from "@holdfast/client"
import { useState } from "react"
import { desk, spanOf } from "../../desk-words.ts"
import { momentOf, text, untilIn } from "../../messages.ts"
import { waitingInOrder } from "../../state/desk.ts"
import { linkTo } from "../../state/route.ts"
import { sentenceLook } from "../act-entry.tsx"
import { announce } from "../announce.tsx"
import { Icon } from "../icon.tsx"
import { Button, Code, Confirm } from "../parts.tsx"
import { useAction, useNow, useSession } from "../session.tsx"

/** What is decided and has not taken effect, the next first, each with the time in which it can still be stopped. */
export function WaitingActs({ waiting, active }: { waiting: readonly WaitingAct[]; active: boolean }) {
  return (
    <ul className="proposals">
      {waitingInOrder(waiting).map((act) => (
        <Waiting key={act.statement} act={act} active={active} />
      ))}
    </ul>
  )
}

function Waiting({ act, active }: { act: WaitingAct; active: boolean }) {
  const { client } = useSession()
  const now = useNow()
  const [asking, setAsking] = useState(false)
  const alone = act.canVeto === "alone"
  const veto = useAction(async () => {
    await client.veto(act.statement)
    announce(desk.wait.vetoed)
    setAsking(false)
  })
  return (
    <li className="card proposal" data-testid="waiting-act" data-statement={act.statement}>
      {act.aboutMe ? (
        <p className="reminder urgent">
          <Icon name="warning" size={16} />
          {desk.wait.aboutMe}
        </p>
      ) : null}
      <h3 className={sentenceLook(act.sentence)}>{act.sentence}</h3>
      <p className="countdown">
        <Icon name="clock" size={18} />
        <span>
          {act.effectAt === undefined
            ? desk.wait.notBegun(spanOf(act.delaySeconds))
            : desk.wait.at(untilIn(act.effectAt, now), momentOf(act.effectAt))}
        </span>
      </p>
      <p className="hint">
        {alone ? desk.wait.memberCan : act.vetoK > 0 ? desk.wait.canVeto(act.vetoK) : desk.wait.nobody} {desk.code}{" "}
        <Code>{act.code}</Code>
        {" · "}
        <a href={linkTo({ at: "timeline", entry: act.index })}>{text.timeline.entry(act.index)}</a>
      </p>
      {act.canVeto === "no" || !active ? null : (
        <div className="row wrap">
          <Button look={alone ? "danger" : "plain"} onPress={() => setAsking(true)} testId="veto">
            {alone ? desk.wait.vetoAlone : desk.wait.veto}
          </Button>
        </div>
      )}
      <Confirm
        title={desk.wait.vetoTitle}
        isOpen={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => void veto.run()}
        confirm={alone ? desk.wait.confirmAlone : desk.wait.confirm}
        danger
        busy={veto.busy}
        problem={veto.problem}
      >
        <p className="quoted">{act.sentence}</p>
        <p>{alone ? desk.wait.vetoBodyAlone : desk.wait.vetoBody(act.vetoK)}</p>
      </Confirm>
    </li>
  )
}
