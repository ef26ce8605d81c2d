import type { Overview } from "@holdfast/client"
import { useState } from "react"
import { momentOf, text, untilIn } from "../messages.ts"
import { DangerAlarms } from "./alarms.tsx"
import { Connection } from "./connection.tsx"
import { Button, Code, Confirm } from "./parts.tsx"
import { useAction, useNow, useSession } from "./session.tsx"
import { Mark } from "./welcome.tsx"

/** After asking to join, until the keepers have decided. Goes away by itself. */
export function Waiting({ overview }: { overview: Overview }) {
  const session = useSession()
  const [leaving, setLeaving] = useState(false)
  const remove = useAction(session.removeFromDevice)
  const now = useNow()
  const { recovery } = overview
  return (
    <>
      <DangerAlarms alarms={overview.alarms} />
      <main className="entrance" id="main" data-testid="waiting">
        <div className="entrance-card">
          <Mark />
          <h1>{recovery === undefined ? text.waiting.title : text.waiting.recovery.title}</h1>
          {overview.joinCode === undefined ? null : (
            <section className="card">
              <p className="label">{text.waiting.codeTitle}</p>
              <Code large testId="join-code">
                {overview.joinCode}
              </Code>
              <p className="hint">{text.waiting.codeHint}</p>
            </section>
          )}
          {recovery === undefined ? null : (
            <p className="meaning" role="status" data-testid="recovery-words">
              {!recovery.approved
                ? text.waiting.recovery.asked
                : recovery.effectAt === undefined
                  ? text.waiting.recovery.notBegun
                  : text.waiting.recovery.waits(untilIn(recovery.effectAt, now), momentOf(recovery.effectAt))}
            </p>
          )}
          {recovery?.approved === true ? null : (
            <ol className="steps">
              {text.waiting.steps.map((step) => (
                <li key={step}>{step}</li>
              ))}
            </ol>
          )}
          <Connection overview={overview} />
          <div className="row wrap">
            <Button icon="lock" onPress={session.lock}>
              {text.waiting.lock}
            </Button>
            <Button look="quiet" onPress={() => setLeaving(true)}>
              {text.waiting.giveUp}
            </Button>
          </div>
          <Confirm
            title={text.settings.removeTitle}
            isOpen={leaving}
            onClose={() => setLeaving(false)}
            onConfirm={() => void remove.run()}
            confirm={text.settings.removeConfirm}
            danger
            busy={remove.busy}
            problem={remove.problem}
          >
            <p>{text.settings.removeBody}</p>
          </Confirm>
        </div>
      </main>
    </>
  )
}
