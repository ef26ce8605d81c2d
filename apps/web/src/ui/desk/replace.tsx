import { useState } from "react"
import { desk } from "../../desk-words.ts"
import { draftOf, membersWithoutSeat } from "../../state/rules-edit.ts"
import { useResource, useSession } from "../session.tsx"
import { Choice } from "./fields.tsx"
import { NewSeatFields, noSeat, seatOf } from "./new-seat.tsx"
import { type ToolProps, ToolWindow, useProposing } from "./tool.tsx"

export function Replace({ governance, onClose }: ToolProps) {
  const { client, live } = useSession()
  const people = useResource(live.people).value ?? []
  const { keepers } = governance
  const [lost, setLost] = useState(keepers.find(({ you }) => !you)?.id ?? "")
  const labelsOf = (id: string) => {
    const { organisation = "", jurisdiction = "" } = keepers.find((keeper) => keeper.id === id) ?? {}
    return { organisation, jurisdiction }
  }
  const [seat, setSeat] = useState(() => ({ ...noSeat, ...labelsOf(lost) }))
  const by = seatOf(seat)
  // whoever lost the key may get the seat back with another one
  const draft = draftOf(governance)
  const others = { ...draft, keepers: draft.keepers.filter((each) => !("seat" in each) || each.seat !== lost) }
  const action = useProposing(async () => (by === undefined ? undefined : client.proposeReplacement(lost, by)), onClose)
  return (
    <ToolWindow
      title={desk.replace.title}
      body={desk.replace.body}
      submit={desk.replace.submit}
      action={action}
      onClose={onClose}
      isReady={by !== undefined}
      testId="tool-window"
    >
      <Choice
        label={desk.replace.lost}
        value={lost}
        options={keepers.map(({ id, name }) => [id, name])}
        onChange={(id) => {
          setLost(id)
          setSeat({ ...seat, ...labelsOf(id) })
        }}
        testId="replace-lost"
      />
      <NewSeatFields seat={seat} onChange={setSeat} members={membersWithoutSeat(people, others, governance)} />
    </ToolWindow>
  )
}
