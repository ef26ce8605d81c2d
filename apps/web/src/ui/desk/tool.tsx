import type { Governance, Overview } from "@holdfast/client"
import type { ReactNode } from "react"
import { Form } from "react-aria-components"
import { desk } from "../../desk-words.ts"
import { text } from "../../messages.ts"
import { go } from "../../state/route.ts"
import { announce } from "../announce.tsx"
import { Button, Popup, Problem } from "../parts.tsx"
import { type Action, useAction } from "../session.tsx"

/** What the window of each act is given. */
export interface ToolProps {
  readonly overview: Overview
  readonly governance: Governance
  readonly onClose: () => void
}

/** Something that is proposed: when it worked the window closes, and the proposal is on the desk, to be read and approved. */
export function useProposing(work: () => Promise<unknown>, onClose: () => void): Action<[]> {
  return useAction(async () => {
    await work()
    announce(desk.proposed)
    onClose()
    go({ at: "decisions" })
  })
}

/** The window of one act: what it does, what it needs to know, and the button that proposes it. */
export function ToolWindow(props: {
  title: string
  body: string
  submit: string
  action: Action<[]>
  onClose: () => void
  /** Why it cannot be done at all; then nothing else is asked. */
  cannot?: string | undefined
  isReady?: boolean
  wide?: boolean
  testId: string
  children?: ReactNode
}) {
  const { action, isReady = true } = props
  return (
    <Popup
      title={props.title}
      isOpen
      onClose={props.onClose}
      busy={action.busy}
      wide={props.wide ?? false}
      testId={props.testId}
    >
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (isReady && props.cannot === undefined) void action.run()
        }}
      >
        <p>{props.body}</p>
        {props.cannot === undefined ? props.children : <p className="meaning">{props.cannot}</p>}
        <Problem>{action.problem}</Problem>
        <div className="row end">
          <Button onPress={props.onClose} isDisabled={action.busy}>
            {props.cannot === undefined ? text.cancel : text.close}
          </Button>
          {props.cannot === undefined ? (
            <Button look="main" type="submit" isPending={action.busy} isDisabled={!isReady} testId="tool-submit">
              {props.submit}
            </Button>
          ) : null}
        </div>
      </Form>
    </Popup>
  )
}
