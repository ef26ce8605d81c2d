import { fromHex, toKeeperId, toOrgId } from "@holdfast/wire"
import { useState } from "react"
import { Form, Label, Radio, RadioGroup } from "react-aria-components"
import { desk } from "../../desk-words.ts"
import type { RemoteClient } from "../../engine/protocol.ts"
import { text } from "../../messages.ts"
import { announce } from "../announce.tsx"
import { Button, Popup, Problem } from "../parts.tsx"
import { useAction, useResource, useSession } from "../session.tsx"
import { TextBox } from "./fields.tsx"
import { isOffer } from "./new-seat.tsx"
import { usePasskeyObstacle } from "./passkey-obstacle.ts"

type Kind = "device" | "passkey" | "file"

/** Makes a passkey for a new seat in the window, has it agree to its admission, and lets the engine offer it. */
async function offerPasskey(client: RemoteClient): Promise<void> {
  const { createPasskey, signWithPasskey } = await import("../../platform/passkey.ts")
  const { seat, organisation, name } = await client.newSeat()
  const key = await createPasskey({ name, keeperId: toKeeperId(fromHex(seat)), org: toOrgId(fromHex(organisation)) })
  const request = await client.admissionRequest(seat, key)
  const { authenticatorData, clientDataJson, signature } = await signWithPasskey(request.challenge, request)
  await client.acceptKeeperWithPasskey(seat, key, { authenticatorData, clientDataJson, signature })
}

/** Where a keeper's key is to be: on this device, in a passkey, or in a file on a machine that is never online. */
export function BecomeKeeper({ onClose }: { onClose: () => void }) {
  const { client, live } = useSession()
  const [kind, setKind] = useState<Kind>("device")
  const [offer, setOffer] = useState("")
  const overview = useResource(live.overview).value
  const obstacle = usePasskeyObstacle(true)
  const action = useAction(async () => {
    if (kind === "device") await client.acceptKeeper()
    else if (kind === "passkey") await offerPasskey(client)
    else await client.acceptKeeperWithKeyFile(offer.trim())
    announce(desk.become.done)
    onClose()
  })
  const ready = kind === "device" || (kind === "passkey" ? obstacle === undefined : isOffer(offer))
  return (
    <Popup title={desk.become.title} isOpen onClose={onClose} busy={action.busy} testId="become-keeper-popup">
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (ready) void action.run()
        }}
      >
        <p>{desk.become.intro}</p>
        <RadioGroup className="options" value={kind} onChange={(value) => setKind(value as Kind)}>
          <Label>{desk.become.how}</Label>
          {(["device", "passkey", "file"] as const).map((each) => (
            <Radio key={each} value={each} className="option" data-testid={`become-${each}`}>
              <strong>{desk.become[each]}</strong>
              <small>{desk.become[`${each}Hint`]}</small>
            </Radio>
          ))}
        </RadioGroup>
        {kind !== "passkey" ? null : (
          <p className="meaning" data-testid="passkey-words">
            {obstacle ?? desk.become.twice}
          </p>
        )}
        {kind !== "file" ? null : (
          <div className="stack inset">
            <p>{desk.become.fileSteps}</p>
            <pre className="command">{desk.become.fileCommand(overview?.organisation.id ?? "")}</pre>
            <TextBox
              label={desk.become.offer}
              value={offer}
              onChange={setOffer}
              hint={desk.become.offerHint}
              problem={offer === "" || isOffer(offer) ? undefined : desk.become.badOffer}
              mono
              testId="become-offer"
            />
          </div>
        )}
        <Problem>{action.problem}</Problem>
        <div className="row end">
          <Button onPress={onClose} isDisabled={action.busy}>
            {text.cancel}
          </Button>
          <Button look="main" type="submit" isPending={action.busy} isDisabled={!ready} testId="become-submit">
            {kind === "passkey" ? desk.become.submitPasskey : desk.become.submit}
          </Button>
        </div>
      </Form>
    </Popup>
  )
}
