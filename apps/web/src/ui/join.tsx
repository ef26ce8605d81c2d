import type { JoinOptions } from "@holdfast/client"
import { useState } from "react"
import { Form } from "react-aria-components"
import { text, timeLeft } from "../messages.ts"
import { type ReadInvitation, readInvitation } from "../state/invitation.ts"
import { guessDeviceLabel } from "./device-label.ts"
import { Button, Code, Field, Problem } from "./parts.tsx"
import { type ChosenPassphrase, PassphraseFields, passphraseProblem } from "./passphrase-fields.tsx"
import { useAction } from "./session.tsx"
import { Entrance } from "./welcome.tsx"

export function Join(props: {
  invitation: string
  onBack: () => void
  onJoin: (options: JoinOptions) => Promise<void>
}) {
  const [pasted, setPasted] = useState(props.invitation)
  const [accepted, setAccepted] = useState(() => readInvitation(props.invitation))
  const [tried, setTried] = useState(props.invitation !== "")

  if (accepted === null) {
    const read = readInvitation(pasted)
    return (
      <Entrance title={text.join.title} onBack={props.onBack}>
        <Form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            setTried(true)
            setAccepted(read)
          }}
        >
          <Field
            label={text.join.paste}
            hint={text.join.pasteHint}
            value={pasted}
            onChange={(value) => {
              setPasted(value)
              setTried(false)
              // somebody who pastes a whole one need not press anything
              if (value.length - pasted.length > 20) setAccepted(readInvitation(value))
            }}
            problem={tried && read === null ? text.join.bad : undefined}
            autoComplete="off"
            spellCheck="false"
            mono
            testId="invitation"
          />
          <Button look="main" type="submit" isDisabled={pasted.trim() === ""} testId="invitation-next">
            {text.handOut.continue}
          </Button>
        </Form>
      </Entrance>
    )
  }
  return <Ask invitation={accepted} onBack={props.onBack} onChange={() => setAccepted(null)} onJoin={props.onJoin} />
}

function Ask(props: {
  invitation: ReadInvitation
  onBack: () => void
  onChange: () => void
  onJoin: (options: JoinOptions) => Promise<void>
}) {
  const { invitation } = props
  const [name, setName] = useState("")
  const [device, setDevice] = useState(guessDeviceLabel)
  const [passphrase, setPassphrase] = useState<ChosenPassphrase>({ first: "", again: "" })
  const [tried, setTried] = useState(false)
  const expired = invitation.expiresAt <= Date.now()
  const missing = (value: string) => (tried && value.trim() === "" ? text.found.missing : undefined)
  // the organisation knows already who they are
  const isDevice = invitation.purpose === "device" || invitation.purpose === "recovery"
  const ready = (isDevice || name.trim() !== "") && device.trim() !== "" && passphraseProblem(passphrase) === undefined
  const action = useAction(async () =>
    props.onJoin({
      invitation: invitation.text,
      name: name.trim(),
      passphrase: passphrase.first,
      deviceLabel: device.trim(),
    }),
  )
  return (
    <Entrance title={text.join.title} onBack={props.onBack}>
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          setTried(true)
          if (ready) void action.run()
        }}
      >
        <section className="card">
          <p className="label">{text.join.organisationCode}</p>
          <Code large testId="organisation-code">
            {invitation.organisationCode}
          </Code>
          <p>{text.join.check}</p>
          <p className="hint">
            {text.join.purpose[invitation.purpose]} {text.join.relay(invitation.relayHost)}{" "}
            {text.join.expires(timeLeft(invitation.expiresAt))}
          </p>
          <div>
            <Button look="quiet" onPress={props.onChange}>
              {text.join.change}
            </Button>
          </div>
        </section>
        {expired ? (
          <Problem>{text.join.expired}</Problem>
        ) : (
          <>
            {isDevice ? null : (
              <Field
                label={text.found.yourName}
                hint={text.found.yourNameHint}
                value={name}
                onChange={setName}
                problem={missing(name)}
                maxLength={80}
                autoComplete="off"
                testId="your-name"
              />
            )}
            <Field
              label={text.found.device}
              hint={text.found.deviceHint}
              value={device}
              onChange={setDevice}
              problem={missing(device)}
              maxLength={40}
              autoComplete="off"
              testId="device-label"
            />
            <PassphraseFields value={passphrase} onChange={setPassphrase} tried={tried} />
            <Problem>{action.problem}</Problem>
            <Button look="main" type="submit" isPending={action.busy} testId="join-submit">
              {action.busy ? text.join.busy : text.join.submit}
            </Button>
          </>
        )}
      </Form>
    </Entrance>
  )
}
