import { Label, Radio, RadioGroup } from "react-aria-components"
import { text } from "../messages.ts"
import { fittingQuorum, possibleQuorums } from "../state/keeper-choice.ts"

/** How many of these people must agree, and what that means in words. */
export function QuorumChoice(props: { people: readonly string[]; needed: number; onChange: (needed: number) => void }) {
  const possible = possibleQuorums(props.people.length)
  const needed = fittingQuorum(props.people.length, props.needed)
  if (possible.length === 0) return <p className="hint">{text.found.tooFew}</p>
  return (
    <div className="stack">
      <RadioGroup
        className="segments"
        orientation="horizontal"
        value={String(needed)}
        onChange={(value) => props.onChange(Number(value))}
      >
        <Label>{text.found.needed}</Label>
        <div className="segment-row">
          {possible.map((k) => (
            <Radio key={k} value={String(k)} className="segment" data-testid={`needed-${k}`}>
              {text.found.neededOption(k, props.people.length)}
            </Radio>
          ))}
        </div>
      </RadioGroup>
      <p className="meaning" data-testid="quorum-meaning">
        {text.found.meaning(needed, props.people)}
      </p>
      <p className="hint">{text.found.floors}</p>
    </div>
  )
}
