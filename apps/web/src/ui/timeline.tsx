import type { Act } from "@holdfast/client"
import { useState } from "react"
import { saveBytes } from "../downloads/save-file.ts"
import { text } from "../messages.ts"
import { timelineRows } from "../state/act-words.ts"
import { encodeCharterFile } from "../state/charter-file.ts"
import { ActEntry } from "./act-entry.tsx"
import { Button, Problem } from "./parts.tsx"
import { Screen } from "./screen.tsx"
import { useAction, useResource, useSession } from "./session.tsx"

/** A history of ten thousand entries opens as fast as one of ten. */
const rowsAtOnce = 200

export function Timeline() {
  const { live, client } = useSession()
  const { value: acts, problem } = useResource(live.timeline)
  const overview = useResource(live.overview).value
  const rows = timelineRows(acts ?? [])
  const [shown, setShown] = useState(rowsAtOnce)
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
        {rows
          .slice(0, shown)
          .map((row) =>
            row.kind === "act" ? (
              <ActEntry key={row.act.index} act={row.act} />
            ) : (
              <Readings key={`clock ${row.acts.at(-1)?.index}`} acts={row.acts} />
            ),
          )}
      </ol>
      {rows.length <= shown ? null : (
        <div>
          <Button onPress={() => setShown(shown + rowsAtOnce)} testId="older-acts">
            {text.timeline.older(Math.min(rowsAtOnce, rows.length - shown))}
          </Button>
        </div>
      )}
      <p className="hint">{text.timeline.exportHint}</p>
    </Screen>
  )
}

/** What relays record when witnesses have signed: one line, unless somebody wants to see each. */
function Readings({ acts }: { acts: readonly Act[] }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <li className="act clock" data-testid="clock-readings">
        <button type="button" className="plain-link" aria-expanded={open} onClick={() => setOpen(!open)}>
          {text.timeline.clock(acts.length)}
        </button>
      </li>
      {open ? acts.map((act) => <ActEntry key={act.index} act={act} />) : null}
    </>
  )
}
