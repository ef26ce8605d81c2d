import type { Id, Overview, Proposal } from "@holdfast/client"
import { useState } from "react"
import { desk } from "../../desk-words.ts"
import { saveBytes } from "../../downloads/save-file.ts"
import { EngineError, type RemoteClient } from "../../engine/protocol.ts"
import { text } from "../../messages.ts"
import { announce } from "../announce.tsx"
import { Button, Code, Popup, Problem } from "../parts.tsx"
import { useAction, useSession } from "../session.tsx"
import { FilePick } from "./fields.tsx"

/** An approval is a few hundred bytes; a passkey's is a little more. */
const maxApprovalBytes = 65_536

/**
 * Approves with this device's own keys, or with the passkey of this member's seat. Passkeys sign in the window, the engine works
 * in a worker: so it says what is to be signed first, and checks what came back.
 */
export async function approveWithWhatIsHere(client: RemoteClient, proposal: Id): Promise<void> {
  const request = await client.approvalRequest(proposal)
  if (request === undefined) {
    await client.approve(proposal)
    return
  }
  const { signWithPasskey } = await import("../../platform/passkey.ts")
  const { authenticatorData, clientDataJson, signature } = await signWithPasskey(request.challenge, request)
  await client.approveWithPasskey(proposal, { authenticatorData, clientDataJson, signature })
}

/** The request goes to a machine that is never online, and the approval comes back. */
export function KeyFilePopup({ proposal, onClose }: { proposal: Proposal; onClose: () => void }) {
  const { client } = useSession()
  const [saved, setSaved] = useState("")
  const save = useAction(async () => {
    const { path, bytes } = await client.signingRequest(proposal.id)
    saveBytes([bytes], path)
    setSaved(path)
  })
  return (
    <Popup title={desk.keyFilePopup.title} isOpen onClose={onClose} busy={save.busy} testId="key-file-popup">
      <div className="stack">
        <p>{desk.keyFilePopup.intro}</p>
        <p className="quoted">{proposal.sentence}</p>
        <ol className="steps">
          <li>
            <p>{desk.keyFilePopup.one}</p>
            <Button onPress={() => void save.run()} isPending={save.busy} testId="save-request">
              {desk.keyFilePopup.save}
            </Button>
          </li>
          <li>
            <p>{desk.keyFilePopup.two}</p>
            <pre className="command">{desk.keyFilePopup.command(saved === "" ? "FILE" : saved)}</pre>
            <p className="hint">
              {desk.code} <Code>{proposal.code}</Code>
            </p>
          </li>
          <li>
            <p>{desk.keyFilePopup.three}</p>
            <ApprovalPick onDone={onClose} />
          </li>
        </ol>
        <Problem>{save.problem}</Problem>
      </div>
    </Popup>
  )
}

export function ImportApprovalPopup({ onClose }: { overview: Overview; onClose: () => void }) {
  return (
    <Popup title={desk.keyFilePopup.importTitle} isOpen onClose={onClose} testId="import-approval-popup">
      <div className="stack">
        <p>{desk.keyFilePopup.importIntro}</p>
        <ApprovalPick onDone={onClose} />
      </div>
    </Popup>
  )
}

function ApprovalPick({ onDone }: { onDone: () => void }) {
  const { client } = useSession()
  const load = useAction(async (file: File) => {
    if (file.size > maxApprovalBytes) throw new EngineError("too_large", desk.keyFilePopup.tooLarge)
    await client.importApproval(new Uint8Array(await file.arrayBuffer()))
    announce(desk.keyFilePopup.done)
    onDone()
  })
  return (
    <div className="stack tight">
      <FilePick
        label={load.busy ? text.loading : desk.keyFilePopup.choose}
        drop={desk.keyFilePopup.drop}
        accept=".holdfast-approval,application/json"
        onFile={(file) => void load.run(file)}
        isDisabled={load.busy}
        testId="approval-file"
      />
      <Problem>{load.problem}</Problem>
    </div>
  )
}
