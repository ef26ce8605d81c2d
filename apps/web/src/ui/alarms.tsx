import type { Alarm } from "@holdfast/client"
import { saveArchive } from "../downloads/save-archive.ts"
import { momentOf, text } from "../messages.ts"
import { Icon } from "./icon.tsx"
import { Button, Problem } from "./parts.tsx"
import { useAction, useSession } from "./session.tsx"

/** Those that rest on bytes which somebody else can check. */
const withEvidence: ReadonlySet<string> = new Set([
  "fork",
  "rollback",
  "withheld",
  "bad_checkpoint",
  "reordered",
  "substituted_key",
  "ghost_device",
  "wrong_relay",
])

/** What stops something: as wide as the window, over everything else, until somebody has read it. */
export function DangerAlarms({ alarms }: { alarms: readonly Alarm[] }) {
  return alarms.filter(({ level }) => level === "danger").map((alarm) => <DangerAlarm key={alarm.id} alarm={alarm} />)
}

function DangerAlarm({ alarm }: { alarm: Alarm }) {
  const { client } = useSession()
  const dismiss = useAction(() => client.dismissAlarm(alarm.id))
  const save = useAction(async () => saveArchive(await client.evidence(alarm.id), `evidence-${alarm.kind}.zip`))
  return (
    <div className="danger-alarm" role="alert" data-testid="alarm" data-kind={alarm.kind}>
      <Icon name="warning" size={28} />
      <div>
        <p className="alarm-sentence">{alarm.sentence}</p>
        <p>
          <strong>{text.alarm.whatToDo}</strong> {text.alarm.advice[alarm.kind] ?? text.alarm.otherwise}
        </p>
        <p className="alarm-foot">
          <time dateTime={new Date(alarm.at).toISOString()}>{momentOf(alarm.at)}</time>
          {withEvidence.has(alarm.kind) ? (
            <Button onPress={() => void save.run()} isPending={save.busy} testId="alarm-evidence">
              {text.alarm.evidence}
            </Button>
          ) : null}
          <Button onPress={() => void dismiss.run()} isPending={dismiss.busy} testId="alarm-dismiss">
            {text.alarm.dismiss}
          </Button>
        </p>
        <Problem>{dismiss.problem ?? save.problem}</Problem>
      </div>
    </div>
  )
}
