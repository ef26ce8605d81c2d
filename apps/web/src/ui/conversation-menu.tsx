import type { Conversation, Id } from "@holdfast/client"
import { useState } from "react"
import { Button as AriaButton, Form, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components"
import { text } from "../messages.ts"
import { Icon } from "./icon.tsx"
import { Button, Field, Popup, Problem } from "./parts.tsx"
import { PersonPicker } from "./person-picker.tsx"
import { useAction, useResource, useSession } from "./session.tsx"

type Change = "rename" | "add" | "remove"

/** Title and members of a group. */
export function ConversationMenu({ conversation, me }: { conversation: Conversation; me: Id }) {
  const [change, setChange] = useState<Change | null>(null)
  const close = () => setChange(null)
  return (
    <>
      <MenuTrigger>
        <AriaButton className="icon-button" aria-label={text.conversation.more} data-testid="conversation-menu">
          <Icon name="more" />
        </AriaButton>
        <Popover className="popover" placement="bottom end">
          <Menu className="menu" onAction={(key) => setChange(key as Change)}>
            <MenuItem id="rename">{text.conversation.rename}</MenuItem>
            <MenuItem id="add">{text.conversation.add}</MenuItem>
            <MenuItem id="remove">{text.conversation.remove}</MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      {change === "rename" ? <Rename conversation={conversation} onClose={close} /> : null}
      {change === "add" || change === "remove" ? (
        <Membership conversation={conversation} me={me} change={change} onClose={close} />
      ) : null}
    </>
  )
}

function Rename({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const { client } = useSession()
  const [title, setTitle] = useState(conversation.title)
  const action = useAction(async () => {
    await client.renameConversation(conversation.id, title.trim())
    onClose()
  })
  return (
    <Popup title={text.conversation.rename} isOpen onClose={onClose} busy={action.busy}>
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (title.trim() !== "") void action.run()
        }}
      >
        <Field
          label={text.conversation.renameLabel}
          value={title}
          onChange={setTitle}
          maxLength={80}
          autoFocus
          testId="rename-title"
        />
        <Problem>{action.problem}</Problem>
        <div className="row end">
          <Button onPress={onClose}>{text.cancel}</Button>
          <Button
            look="main"
            type="submit"
            isPending={action.busy}
            isDisabled={title.trim() === ""}
            testId="rename-save"
          >
            {text.conversation.save}
          </Button>
        </div>
      </Form>
    </Popup>
  )
}

function Membership(props: { conversation: Conversation; me: Id; change: "add" | "remove"; onClose: () => void }) {
  const { conversation, change, onClose } = props
  const { client, live } = useSession()
  const people = useResource(live.people).value ?? []
  const [chosen, setChosen] = useState<readonly Id[]>([])
  const inside = new Set(conversation.members)
  const eligible = people.filter(
    ({ member, active, you }) => !you && (change === "add" ? active && !inside.has(member) : inside.has(member)),
  )
  const action = useAction(async () => {
    if (change === "add") await client.addToConversation(conversation.id, chosen)
    else await client.removeFromConversation(conversation.id, chosen)
    onClose()
  })
  return (
    <Popup title={text.conversation[change]} isOpen onClose={onClose} busy={action.busy}>
      <div className="stack">
        <p>{change === "add" ? text.conversation.addBody : text.conversation.removeBody}</p>
        <PersonPicker label={text.newConversation.who} people={eligible} chosen={chosen} onChange={setChosen} />
        <Problem>{action.problem}</Problem>
        <div className="row end">
          <Button onPress={onClose}>{text.cancel}</Button>
          <Button
            look={change === "add" ? "main" : "danger"}
            onPress={() => void action.run()}
            isPending={action.busy}
            isDisabled={chosen.length === 0}
            testId="membership-save"
          >
            {text.conversation[change]}
          </Button>
        </div>
      </div>
    </Popup>
  )
}
