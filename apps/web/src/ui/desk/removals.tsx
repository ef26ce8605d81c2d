import type { Id } from "@holdfast/client"
import { useState } from "react"
import { desk } from "../../desk-words.ts"
import { PersonPicker } from "../person-picker.tsx"
import { useResource, useSession } from "../session.tsx"
import { type ToolProps, ToolWindow, useProposing } from "./tool.tsx"

export function Removals({ onClose }: ToolProps) {
  const { client, live } = useSession()
  const people = (useResource(live.people).value ?? []).filter(({ active, you }) => active && !you)
  const [chosen, setChosen] = useState<readonly Id[]>([])
  const action = useProposing(() => client.proposeRemovals(chosen), onClose)
  return (
    <ToolWindow
      title={desk.removals.title}
      body={desk.removals.body}
      submit={desk.removals.submit(chosen.length)}
      action={action}
      onClose={onClose}
      isReady={chosen.length > 0}
      cannot={people.length === 0 ? desk.removals.nobody : undefined}
      testId="tool-window"
    >
      <PersonPicker label={desk.removals.who} people={people} chosen={chosen} onChange={setChosen} />
    </ToolWindow>
  )
}
