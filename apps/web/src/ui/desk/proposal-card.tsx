import type { KeeperView, Proposal } from "@holdfast/client"
import { useState } from "react"
import { decisions, desk, spanOf } from "../../desk-words.ts"
import { momentOf, text, timeLeft } from "../../messages.ts"
import { givenTo, missingFor, reminderOf } from "../../state/desk.ts"
import { sentenceLook } from "../act-entry.tsx"
import { Icon } from "../icon.tsx"
import { Button, Code, Confirm, Problem } from "../parts.tsx"
import { useAction, useNow, useSession } from "../session.tsx"
import { approveWithWhatIsHere, KeyFilePopup } from "./approving.tsx"
import { usePasskeyObstacle } from "./passkey-obstacle.ts"

export interface ProposalCardProps {
  readonly proposal: Proposal
  readonly keepers: readonly KeeperView[]
  /** Nothing can be done about it here: its time is over, or this device takes no part any more. */
  readonly over?: boolean
}

/** One decision, to read whole before anything is signed. */
export function ProposalCard({ proposal, keepers, over = false }: ProposalCardProps) {
  const deciding = !over && proposal.mine === "can-approve"
  return (
    <li
      className={deciding ? "card proposal deciding" : "card proposal"}
      data-testid="proposal"
      data-mine={proposal.mine}
      data-id={proposal.id}
    >
      {over ? null : <Reminder proposal={proposal} />}
      <h3 className={sentenceLook(proposal.sentence)}>{proposal.sentence}</h3>
      {proposal.details.length === 0 ? null : (
        <ul className="details">
          {proposal.details.map((detail) => (
            <li key={detail}>{detail}</li>
          ))}
        </ul>
      )}
      {proposal.joinCode === undefined || over ? null : (
        <div className="join-code">
          <p className="label">{decisions.joinCode}</p>
          <Code large testId="proposal-join-code">
            {proposal.joinCode}
          </Code>
          <p className="hint">{decisions.joinCodeHint}</p>
        </div>
      )}
      {deciding ? (
        <div className="compare-code">
          <p className="label">{desk.code}</p>
          <Code large testId="proposal-code">
            {proposal.code}
          </Code>
          <p className="hint">{desk.codeHint}</p>
        </div>
      ) : null}
      <Progress proposal={proposal} keepers={keepers} over={over} />
      <p className="hint">
        {decisions.by(proposal.proposedBy, momentOf(proposal.at))}
        {" · "}
        {proposal.state === "overtaken"
          ? desk.overtaken
          : proposal.expiresAt <= Date.now()
            ? desk.ranOut
            : timeLeft(proposal.expiresAt)}
        {deciding ? null : (
          <>
            {" · "}
            {desk.code} <Code>{proposal.code}</Code>
          </>
        )}
      </p>
      {deciding ? (
        <Decide proposal={proposal} />
      ) : over ? null : proposal.mine === "approved" ? (
        <p className="decided-words" role="status">
          <Icon name="check" size={18} />
          {decisions.youApproved}
        </p>
      ) : proposal.mine === "declined" ? (
        <p role="status">{decisions.youDeclined}</p>
      ) : null}
      {deciding || over || !keepers.some(({ you }) => you) ? null : <CarryRequest proposal={proposal} />}
    </li>
  )
}

/** A keeper whose only key is in a file has no device that shows this: any other keeper can carry the request there and back. */
function CarryRequest({ proposal }: { proposal: Proposal }) {
  const [shown, setShown] = useState(false)
  return (
    <div>
      <Button look="quiet" onPress={() => setShown(true)} testId="with-key-file">
        {desk.keyFileOfOthers}
      </Button>
      {shown ? <KeyFilePopup proposal={proposal} onClose={() => setShown(false)} /> : null}
    </div>
  )
}

function Reminder({ proposal }: { proposal: Proposal }) {
  const reminder = reminderOf(proposal, useNow())
  if (reminder === undefined) return null
  return (
    <p className="reminder" data-testid="reminder">
      <Icon name="clock" size={16} />
      {reminder.kind === "undecided" ? desk.reminder.undecided(reminder.days) : desk.reminder[reminder.kind]}
    </p>
  )
}

function Progress({ proposal, keepers, over }: Required<ProposalCardProps>) {
  const have = givenTo(proposal)
  const missing = missingFor(proposal, keepers)
  const { agreedBy = [], labels, waitsSeconds = 0, vetoK = 0 } = proposal
  const me = keepers.find(({ you }) => you)?.name
  return (
    <div className="stack tight">
      <div className="progress-words">
        <span className="pips" aria-hidden="true">
          {Array.from({ length: proposal.needed }, (_, at) => (
            <i key={at} className={at < have ? "on" : ""} />
          ))}
        </span>
        <strong data-testid="proposal-progress">{decisions.progress(have, proposal.needed)}</strong>
        <span>{over ? "" : decisions.progressWords(have, proposal.needed)}</span>
      </div>
      <p className="hint" data-testid="proposal-people">
        {proposal.approvedBy.length === 0 ? `${decisions.nobody}.` : `${decisions.approved(proposal.approvedBy)}.`}
        {proposal.declinedBy.length === 0 ? "" : ` ${decisions.declined(proposal.declinedBy)}.`}
        {over || missing.approvals === 0 || missing.keepers.length === 0
          ? ""
          : ` ${desk.missing.who(missing.keepers.map((name) => (name === me ? text.you : name)))}`}
      </p>
      {agreedBy.length === 0 ? null : <p className="hint">{desk.deviceAgreed(agreedBy)}</p>}
      {over || waitsSeconds === 0 ? null : <p className="hint">{desk.thenWaits(spanOf(waitsSeconds), vetoK)}</p>}
      {over || labels === undefined || Math.max(labels.organisations, labels.jurisdictions) < 2 ? null : (
        <p className="hint">{desk.labelsNeeded(labels.organisations, labels.jurisdictions)}</p>
      )}
      {over || missing.organisations === 0 ? null : (
        <p className="hint strong">{desk.missing.organisations(missing.organisations)}</p>
      )}
      {over || missing.jurisdictions === 0 ? null : (
        <p className="hint strong">{desk.missing.jurisdictions(missing.jurisdictions)}</p>
      )}
    </div>
  )
}

function Decide({ proposal }: { proposal: Proposal }) {
  const { client } = useSession()
  const [shown, setShown] = useState<"comparing" | "key-file" | null>(null)
  const approve = useAction(() => approveWithWhatIsHere(client, proposal.id))
  const decline = useAction(() => client.decline(proposal.id))
  const { joinCode, approveWith = "device" } = proposal
  const obstacle = usePasskeyObstacle(approveWith === "passkey")
  // the codes of many stand among the details
  const isRead = joinCode === undefined && proposal.type !== "batch"
  return (
    <>
      {obstacle === undefined ? null : <p className="meaning">{obstacle}</p>}
      <Problem>{shown === "comparing" ? undefined : (approve.problem ?? decline.problem)}</Problem>
      <div className="row wrap">
        {approveWith === "key-file" ? null : (
          <Button
            look="main"
            onPress={() => (isRead ? void approve.run() : setShown("comparing"))}
            isPending={approve.busy}
            isDisabled={decline.busy || obstacle !== undefined}
            testId="approve"
          >
            {approve.busy ? decisions.approving : approveWith === "passkey" ? desk.approvePasskey : decisions.approve}
          </Button>
        )}
        <Button onPress={() => void decline.run()} isPending={decline.busy} isDisabled={approve.busy} testId="decline">
          {decisions.decline}
        </Button>
        <Button
          look={approveWith === "key-file" ? "main" : "quiet"}
          onPress={() => setShown("key-file")}
          testId="with-key-file"
        >
          {approveWith === "key-file" ? desk.approveKeyFile : desk.keyFile}
        </Button>
      </div>
      <Confirm
        title={joinCode === undefined ? decisions.confirmManyTitle : decisions.confirmTitle}
        isOpen={shown === "comparing"}
        onClose={() => setShown(null)}
        onConfirm={async () => {
          if (await approve.run()) setShown(null)
        }}
        confirm={joinCode === undefined ? decisions.confirmMany : decisions.confirm}
        busy={approve.busy}
        problem={approve.problem}
      >
        {joinCode === undefined ? (
          <p>{decisions.confirmManyBody}</p>
        ) : (
          <>
            <Code large>{joinCode}</Code>
            <p>{decisions.confirmBody(joinCode)}</p>
          </>
        )}
      </Confirm>
      {shown === "key-file" ? <KeyFilePopup proposal={proposal} onClose={() => setShown(null)} /> : null}
    </>
  )
}
