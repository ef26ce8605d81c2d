import type { Invite } from "@holdfast/client"
import { useState } from "react"
import { Form, Label, Radio, RadioGroup } from "react-aria-components"
import { text, timeLeft } from "../messages.ts"
import { invitationLink, isLocalAddress } from "../state/invitation.ts"
import { Button, CopyButton, Field, Popup, Problem } from "./parts.tsx"
import { Qr } from "./qr.tsx"
import { useAction, useSession } from "./session.tsx"

type Purpose = Exclude<Invite["purpose"], "recovery">
const durations = [1, 24, 72, 168] as const

export function InvitePopup(props: { onClose: () => void; evaluation: boolean; start?: Purpose }) {
  const { onClose, evaluation } = props
  const { client } = useSession()
  const [purpose, setPurpose] = useState<Purpose>(props.start ?? "member")
  const [name, setName] = useState("")
  const [hours, setHours] = useState<number>(72)
  const [tried, setTried] = useState(false)
  const [made, setMade] = useState<Invite | null>(null)
  const action = useAction(async () => setMade(await client.createInvite({ purpose, name: name.trim(), hours })))

  if (made !== null) {
    return (
      <Popup title={text.invite.madeTitle(made.name)} isOpen onClose={onClose} testId="invite-made">
        <div className="stack">
          <p>{text.invite.made}</p>
          <InvitationLink invite={made} />
          <div className="row end">
            <Button look="main" onPress={onClose} testId="invite-done">
              {text.invite.done}
            </Button>
          </div>
        </div>
      </Popup>
    )
  }
  const purposes: readonly Purpose[] = evaluation ? ["member", "keeper", "device"] : ["member", "device"]
  const words: Record<Purpose, readonly [string, string]> = {
    member: [text.invite.member, text.invite.memberHint],
    keeper: [text.invite.keeper, text.invite.keeperHint],
    device: [text.invite.device, text.invite.deviceHint],
  }
  return (
    <Popup title={text.invite.title} isOpen onClose={onClose} busy={action.busy} testId="invite-popup">
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          setTried(true)
          if (name.trim() !== "") void action.run()
        }}
      >
        <RadioGroup className="options" value={purpose} onChange={(value) => setPurpose(value as Purpose)}>
          <Label>{text.invite.purpose}</Label>
          {purposes.map((each) => (
            <Radio key={each} value={each} className="option" data-testid={`invite-${each}`}>
              <strong>{words[each][0]}</strong>
              <small>{words[each][1]}</small>
            </Radio>
          ))}
        </RadioGroup>
        <Field
          label={purpose === "device" ? text.invite.deviceName : text.invite.name}
          {...(purpose === "device" ? {} : { hint: text.invite.nameHint })}
          value={name}
          onChange={setName}
          maxLength={80}
          autoComplete="off"
          problem={tried && name.trim() === "" ? text.found.missing : undefined}
          testId="invite-name"
        />
        <RadioGroup
          className="segments"
          orientation="horizontal"
          value={String(hours)}
          onChange={(value) => setHours(Number(value))}
        >
          <Label>{text.invite.hours}</Label>
          <div className="segment-row">
            {durations.map((each) => (
              <Radio key={each} value={String(each)} className="segment">
                {text.invite.hoursOption(each)}
              </Radio>
            ))}
          </div>
        </RadioGroup>
        <Problem>{action.problem}</Problem>
        <div className="row end">
          <Button onPress={onClose}>{text.cancel}</Button>
          <Button look="main" type="submit" isPending={action.busy} testId="invite-create">
            {text.invite.create}
          </Button>
        </div>
      </Form>
    </Popup>
  )
}

/** Says so when links made here lead nowhere from elsewhere. */
export function LocalAddress() {
  return isLocalAddress() ? <p className="hint">{text.invite.local}</p> : null
}

/** Link, copy, share and QR code of one invitation that this device made. */
export function InvitationLink({ invite, plain = false }: { invite: Invite; plain?: boolean }) {
  if (invite.text === undefined) return <p className="hint">{text.invite.onlyHere}</p>
  const link = invitationLink(invite.text)
  return (
    <div className="invitation" data-testid="invitation-made">
      <Qr value={link} label={text.invite.qr(invite.name)} />
      <div className="stack">
        <Field label={text.invite.link} value={link} isReadOnly mono testId="invite-link" />
        {invite.state === "waiting" ? <p className="hint">{text.invite.notYet}</p> : null}
        <div className="row wrap">
          <CopyButton value={link} testId="invite-copy" />
          {typeof navigator.share !== "function" ? null : (
            <Button onPress={() => void navigator.share({ url: link }).catch(() => undefined)}>
              {text.invite.share}
            </Button>
          )}
          <span className="hint">{timeLeft(invite.expiresAt)}</span>
        </div>
        {plain ? null : <LocalAddress />}
      </div>
    </div>
  )
}

/** One invitation in the list of those that are under way. */
export function InviteRow({ invite, mine }: { invite: Invite; mine: boolean }) {
  const { client } = useSession()
  const [shown, setShown] = useState(false)
  const revoke = useAction(() => client.revokeInvite(invite.id))
  const open = ["waiting", "open", "asked"].includes(invite.state)
  return (
    <li className="invite-row" data-testid="invite-row" data-state={invite.state}>
      <div className="person-words">
        <p>
          <strong>{invite.name}</strong> <span className="tag">{text.invite.purposeOf[invite.purpose]}</span>
        </p>
        <p className="hint">
          {text.invite.state[invite.state]}
          {invite.state === "open" ? `, ${timeLeft(invite.expiresAt)}` : ""} · {text.invite.by(invite.invitedBy)}
        </p>
        <Problem>{revoke.problem}</Problem>
      </div>
      <div className="row wrap">
        {invite.text === undefined || !open ? null : (
          <Button onPress={() => setShown(true)} testId="invite-show">
            {text.invite.show}
          </Button>
        )}
        {!open || !mine ? null : (
          <Button look="quiet" onPress={() => void revoke.run()} isPending={revoke.busy} testId="invite-revoke">
            {text.invite.revoke}
          </Button>
        )}
      </div>
      {shown ? (
        <Popup title={text.invite.madeTitle(invite.name)} isOpen onClose={() => setShown(false)}>
          <div className="stack">
            <p>{text.invite.made}</p>
            <InvitationLink invite={invite} />
          </div>
        </Popup>
      ) : null}
    </li>
  )
}
