import { useState } from "react"
import { desk, spanOf } from "../../desk-words.ts"
import { useSession } from "../session.tsx"
import { Choice } from "./fields.tsx"
import { type ToolProps, ToolWindow, useProposing } from "./tool.tsx"

const spans = [86_400, 259_200, 604_800, 1_209_600, 2_592_000] as const

export function Suspend({ governance, onClose }: ToolProps) {
  const { client } = useSession()
  const others = governance.keepers.filter(({ you }) => !you)
  const [keeper, setKeeper] = useState(others[0]?.id ?? "")
  const [seconds, setSeconds] = useState<number>(spans[1])
  const action = useProposing(() => client.proposeSuspension(keeper, seconds), onClose)
  return (
    <ToolWindow
      title={desk.suspend.title}
      body={desk.suspend.body}
      submit={desk.suspend.submit}
      action={action}
      onClose={onClose}
      cannot={
        others.length === 0 ? desk.suspend.nobody : governance.clock === undefined ? desk.suspend.noClock : undefined
      }
      testId="tool-window"
    >
      <Choice
        label={desk.suspend.who}
        value={keeper}
        options={others.map(({ id, name }) => [id, name])}
        onChange={setKeeper}
        testId="suspend-who"
      />
      <Choice
        label={desk.suspend.long}
        value={seconds}
        options={spans.map((span) => [span, spanOf(span)])}
        onChange={setSeconds}
        testId="suspend-long"
      />
    </ToolWindow>
  )
}
