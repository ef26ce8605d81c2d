import type { Overview, Proposal } from "@holdfast/client"
import { useState } from "react"
import { momentOf, text, timeLeft } from "../messages.ts"
import { linkTo } from "../state/route.ts"
import { Button, Code, Confirm, Problem } from "./parts.tsx"
import { Screen } from "./screen.tsx"
import { useAction, useResource, useSession } from "./session.tsx"

export function Decisions({ overview }: { overview: Overview }) {
  const { live } = useSession()
  const { value: proposals, problem } = useResource(live.proposals)
  const now = Date.now()
  // the number of names does not say that it is over: a device also needs its own member, who may be the last to agree
  const over = (proposal: Proposal) => proposal.expiresAt <= now
  const open = proposals?.filter((proposal) => !over(proposal)) ?? []
  const decided = proposals?.filter(over) ?? []
  return (
    <Screen title={text.decisions.title} intro={text.decisions.intro} testId="decisions">
      <Problem>{problem}</Problem>
      {overview.me.keeper ? null : <p className="hint">{text.decisions.notKeeper}</p>}
      {proposals !== undefined && open.length === 0 ? (
        <p className="nothing" data-testid="no-decisions">
          {text.decisions.none}
        </p>
      ) : null}
      <ul className="proposals">
        {open.map((proposal) => (
          <ProposalCard key={proposal.id} proposal={proposal} over={overview.standing !== "active"} />
        ))}
      </ul>
      {decided.length === 0 ? null : (
        <section>
          <h2 className="section-label">{text.decisions.history}</h2>
          <p className="hint">
            <a href={linkTo({ at: "timeline" })}>{text.decisions.seeTimeline}</a>
          </p>
          <ul className="proposals decided">
            {decided.map((proposal) => (
              <ProposalCard key={proposal.id} proposal={proposal} over />
            ))}
          </ul>
        </section>
      )}
    </Screen>
  )
}

function ProposalCard({ proposal, over = false }: { proposal: Proposal; over?: boolean }) {
  const { client } = useSession()
  const [comparing, setComparing] = useState(false)
  const approve = useAction(() => client.approve(proposal.id))
  const decline = useAction(() => client.decline(proposal.id))
  const have = proposal.approvedBy.length
  const { joinCode } = proposal
  return (
    <li className="card proposal" data-testid="proposal" data-mine={proposal.mine} data-id={proposal.id}>
      <h2>{proposal.sentence}</h2>
      {proposal.details.length === 0 ? null : (
        <ul className="details">
          {proposal.details.map((detail) => (
            <li key={detail}>{detail}</li>
          ))}
        </ul>
      )}
      {joinCode === undefined || over ? null : (
        <div className="join-code">
          <p className="label">{text.decisions.joinCode}</p>
          <Code large testId="proposal-join-code">
            {joinCode}
          </Code>
          <p className="hint">{text.decisions.joinCodeHint}</p>
        </div>
      )}
      <div className="progress-words">
        <span className="pips" aria-hidden="true">
          {Array.from({ length: proposal.needed }, (_, at) => (
            <i key={at} className={at < have ? "on" : ""} />
          ))}
        </span>
        <strong data-testid="proposal-progress">{text.decisions.progress(have, proposal.needed)}</strong>
        <span>{over ? "" : text.decisions.progressWords(have, proposal.needed)}</span>
      </div>
      <p className="hint">
        {have === 0 ? text.decisions.nobody : text.decisions.approved(proposal.approvedBy)}
        {proposal.declinedBy.length === 0 ? "" : `. ${text.decisions.declined(proposal.declinedBy)}`}
      </p>
      <p className="hint">
        {text.decisions.by(proposal.proposedBy, momentOf(proposal.at))}
        {over ? "" : ` · ${timeLeft(proposal.expiresAt)}`} · {text.decisions.code} <Code>{proposal.code}</Code>
      </p>
      <Problem>{approve.problem ?? decline.problem}</Problem>
      {over ? null : proposal.mine === "can-approve" ? (
        <div className="row wrap">
          <Button
            look="main"
            onPress={() => (joinCode === undefined ? void approve.run() : setComparing(true))}
            isPending={approve.busy}
            isDisabled={decline.busy}
            testId="approve"
          >
            {approve.busy ? text.decisions.approving : text.decisions.approve}
          </Button>
          <Button
            onPress={() => void decline.run()}
            isPending={decline.busy}
            isDisabled={approve.busy}
            testId="decline"
          >
            {text.decisions.decline}
          </Button>
        </div>
      ) : proposal.mine === "approved" ? (
        <p role="status">{text.decisions.youApproved}</p>
      ) : proposal.mine === "declined" ? (
        <p role="status">{text.decisions.youDeclined}</p>
      ) : null}
      <Confirm
        title={text.decisions.confirmTitle}
        isOpen={comparing}
        onClose={() => setComparing(false)}
        onConfirm={async () => {
          if (await approve.run()) setComparing(false)
        }}
        confirm={text.decisions.confirm}
        busy={approve.busy}
        problem={approve.problem}
      >
        <Code large>{joinCode ?? ""}</Code>
        <p>{text.decisions.confirmBody(joinCode ?? "")}</p>
      </Confirm>
    </li>
  )
}
