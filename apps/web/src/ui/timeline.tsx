import type { Act } from "@holdfast/client"
import { saveBytes } from "../downloads/save-file.ts"
import { text } from "../messages.ts"
import { encodeCharterFile } from "../state/charter-file.ts"
import { Button, Code, Problem } from "./parts.tsx"
import { Screen } from "./screen.tsx"
import { useAction, useResource, useSession } from "./session.tsx"

export function Timeline() {
  const { live, client } = useSession()
  const { value: acts, problem } = useResource(live.timeline)
  const overview = useResource(live.overview).value
  const exporting = useAction(async () => {
    const entries = await client.exportCharter()
    saveBytes([encodeCharterFile(entries)], `charter-${overview?.organisation.id.slice(0, 8) ?? "holdfast"}.json`)
  })
  return (
    <Screen
      title={text.timeline.title}
      intro={text.timeline.intro}
      testId="timeline"
      action={
        <Button onPress={() => void exporting.run()} isPending={exporting.busy} testId="charter-export">
          {text.timeline.export}
        </Button>
      }
    >
      <Problem>{problem ?? exporting.problem}</Problem>
      {acts?.length === 0 ? <p className="nothing">{text.timeline.empty}</p> : null}
      <ol className="timeline" data-testid="acts">
        {acts?.toReversed().map((act) => (
          <Entry key={act.index} act={act} />
        ))}
      </ol>
      <p className="hint">{text.timeline.exportHint}</p>
    </Screen>
  )
}

function Entry({ act }: { act: Act }) {
  const refused = act.outcome === "refused"
  return (
    <li className={refused ? "act refused" : "act"} data-testid="act" data-outcome={act.outcome} data-type={act.type}>
      <p className="hint">
        {text.timeline.entry(act.index)} · {text.timeline.code} <Code>{act.code}</Code>
        {refused ? <span className="tag danger">{text.timeline.refused}</span> : null}
      </p>
      <p className="act-sentence">{act.sentence}</p>
      {refused ? (
        <p className="hint">
          {act.reason === undefined ? "" : `${text.timeline.reason(act.reason)} `}
          {text.timeline.refusedHint}
        </p>
      ) : null}
      {act.approvedBy.length === 0 ? null : <p className="hint">{text.timeline.approvedBy(act.approvedBy)}</p>}
    </li>
  )
}
