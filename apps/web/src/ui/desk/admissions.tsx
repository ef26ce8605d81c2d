import type { Id } from "@holdfast/client"
import { useState } from "react"
import { Checkbox, CheckboxGroup, Label } from "react-aria-components"
import { desk } from "../../desk-words.ts"
import { text } from "../../messages.ts"
import { Icon } from "../icon.tsx"
import { Code, Problem } from "../parts.tsx"
import { useResource, useSession } from "../session.tsx"
import { type ToolProps, ToolWindow, useProposing } from "./tool.tsx"

export function Admissions({ onClose }: Pick<ToolProps, "onClose">) {
  const { client, live } = useSession()
  const { value: requests, problem } = useResource(live.requests)
  const [chosen, setChosen] = useState<readonly Id[]>([])
  const [compared, setCompared] = useState(false)
  const action = useProposing(() => client.proposeAdmissions(chosen), onClose)
  return (
    <ToolWindow
      title={desk.admissions.title}
      body={desk.admissions.body}
      submit={desk.admissions.submit(chosen.length)}
      action={action}
      onClose={onClose}
      isReady={chosen.length > 0 && compared}
      cannot={requests?.length === 0 ? desk.admissions.none : undefined}
      wide
      testId="tool-window"
    >
      <Problem>{problem}</Problem>
      {requests === undefined ? (
        <p className="hint">{text.loading}</p>
      ) : (
        <CheckboxGroup className="picker" value={[...chosen]} onChange={(ids) => setChosen(ids)}>
          <Label>{desk.admissions.who}</Label>
          <div className="picker-list">
            {requests.map((request) => (
              <Checkbox key={request.id} value={request.id} className="pick" data-testid="pick-request">
                <span className="pick-box" aria-hidden="true">
                  <Icon name="check" size={16} />
                </span>
                <span className="pick-words">
                  <span>
                    {request.name} <span className="tag">{text.invite.purposeOf[request.purpose]}</span>
                  </span>
                  <span className="hint">{desk.admissions.invitedBy(request.invitedBy)}</span>
                </span>
                <Code>{request.joinCode}</Code>
              </Checkbox>
            ))}
          </div>
        </CheckboxGroup>
      )}
      <Checkbox className="pick" isSelected={compared} onChange={setCompared} data-testid="codes-compared">
        <span className="pick-box" aria-hidden="true">
          <Icon name="check" size={16} />
        </span>
        <span>{desk.admissions.compared}</span>
      </Checkbox>
    </ToolWindow>
  )
}
