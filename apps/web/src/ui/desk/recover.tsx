import type { Invite } from "@holdfast/client"
import { useState } from "react"
import { desk } from "../../desk-words.ts"
import { text } from "../../messages.ts"
import { InvitationLink } from "../invite.tsx"
import { Button, Popup } from "../parts.tsx"
import { useAction, useResource, useSession } from "../session.tsx"
import { Choice } from "./fields.tsx"
import { type ToolProps, ToolWindow } from "./tool.tsx"

const durations = [24, 72, 168] as const
const leastDelaySeconds = 86_400

/** The invitation for somebody who has lost every device. The proposal follows by itself when it is used. */
export function Recover({ governance, onClose }: ToolProps) {
  const { client, live } = useSession()
  const people = (useResource(live.people).value ?? []).filter(({ active, you }) => active && !you)
  const [chosen, setChosen] = useState("")
  const member = chosen === "" ? (people[0]?.member ?? "") : chosen
  const [hours, setHours] = useState<number>(durations[1])
  const [made, setMade] = useState<Invite | null>(null)
  const action = useAction(async () => setMade(await client.inviteToRecover(member, hours)))
  if (made !== null) {
    return (
      <Popup title={text.invite.madeTitle(made.name)} isOpen onClose={onClose} testId="invite-made">
        <div className="stack">
          <p>{text.invite.made}</p>
          <InvitationLink invite={made} />
          <div className="row end">
            <Button look="main" onPress={onClose}>
              {text.invite.done}
            </Button>
          </div>
        </div>
      </Popup>
    )
  }
  return (
    <ToolWindow
      title={desk.recover.title}
      body={desk.recover.body}
      submit={desk.recover.submit}
      action={action}
      onClose={onClose}
      cannot={
        people.length === 0
          ? desk.removals.nobody
          : governance.acts.recover.delaySeconds < leastDelaySeconds
            ? desk.recover.noDelay
            : undefined
      }
      testId="tool-window"
    >
      <Choice
        label={desk.recover.who}
        value={member}
        options={people.map((person) => [person.member, person.name])}
        onChange={setChosen}
        testId="recover-who"
      />
      <Choice
        label={desk.recover.hours}
        value={hours}
        options={durations.map((each) => [each, text.invite.hoursOption(each)])}
        onChange={setHours}
      />
    </ToolWindow>
  )
}
