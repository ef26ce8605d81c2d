import { useState } from "react"
import { Label, Radio, RadioGroup } from "react-aria-components"
import { desk } from "../../desk-words.ts"
import { dateOf } from "../../messages.ts"
import { useSession } from "../session.tsx"
import { type ToolProps, ToolWindow, useProposing } from "./tool.tsx"

const lengths = { monthly: 31, quarterly: 92 } as const
type Length = keyof typeof lengths

export function Canary({ onClose }: ToolProps) {
  const { client } = useSession()
  const [length, setLength] = useState<Length>("monthly")
  const action = useProposing(() => client.proposeCanary(lengths[length]), onClose)
  return (
    <ToolWindow
      title={desk.tools.canary}
      body={desk.canary.what}
      submit={desk.canary.submit}
      action={action}
      onClose={onClose}
      testId="tool-window"
    >
      <RadioGroup className="options" value={length} onChange={(value) => setLength(value as Length)}>
        <Label>{desk.canary.title}</Label>
        {(["monthly", "quarterly"] as const).map((each) => (
          <Radio key={each} value={each} className="option" data-testid={`canary-${each}`}>
            <strong>{desk.canary[each]}</strong>
            <small>{dateOf(Date.now() + lengths[each] * 86_400_000)}</small>
          </Radio>
        ))}
      </RadioGroup>
      <p className="meaning">{desk.canary.honest}</p>
    </ToolWindow>
  )
}
