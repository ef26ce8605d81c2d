import type { Overview } from "@holdfast/client"
import { useState } from "react"
import { Form } from "react-aria-components"
import { text } from "../messages.ts"
import { go } from "../state/route.ts"
import { Button, Field, Popup, Problem } from "./parts.tsx"
import { PersonPicker } from "./person-picker.tsx"
import { useAction, useResource, useSession } from "./session.tsx"

export function NewConversation({ overview, onClose }: { overview: Overview; onClose: () => void }) {
  const { client, live } = useSession()
  const people = useResource(live.people).value ?? []
  const conversations = useResource(live.conversations).value ?? []
  const others = people.filter((person) => person.active && !person.you)
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [title, setTitle] = useState("")
  const [tried, setTried] = useState(false)
  const group = chosen.length > 1
  const action = useAction(async () => {
    const only = chosen[0]
    // two people need one direct conversation, not two
    const known = group
      ? undefined
      : conversations.find(
          ({ kind, members, state }) => kind === "direct" && state !== "left" && members.includes(only ?? ""),
        )
    const id =
      known?.id ??
      (await client.startConversation({
        kind: group ? "group" : "direct",
        title: group ? title.trim() : "",
        members: chosen,
      }))
    onClose()
    go({ at: "conversation", id, readers: false })
  })
  const ready = chosen.length > 0 && (!group || title.trim() !== "")
  return (
    <Popup
      title={text.newConversation.title}
      isOpen
      onClose={onClose}
      busy={action.busy}
      testId="new-conversation-popup"
    >
      {others.length === 0 ? (
        <p>{text.newConversation.alone}</p>
      ) : (
        <Form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            setTried(true)
            if (ready) void action.run()
          }}
        >
          <PersonPicker label={text.newConversation.who} people={others} chosen={chosen} onChange={setChosen} />
          {!group ? null : (
            <Field
              label={text.newConversation.name}
              hint={text.newConversation.nameHint}
              value={title}
              onChange={setTitle}
              maxLength={80}
              autoComplete="off"
              problem={tried && title.trim() === "" ? text.newConversation.needTitle : undefined}
              testId="conversation-title"
            />
          )}
          <Problem>{tried && chosen.length === 0 ? text.newConversation.pick : action.problem}</Problem>
          <div className="row end">
            <Button onPress={onClose}>{text.cancel}</Button>
            <Button
              look="main"
              type="submit"
              isPending={action.busy}
              isDisabled={overview.standing !== "active"}
              testId="start-conversation"
            >
              {text.newConversation.start}
            </Button>
          </div>
        </Form>
      )}
    </Popup>
  )
}
