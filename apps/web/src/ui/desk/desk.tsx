import type { Act, Governance, Overview, Proposal } from "@holdfast/client"
import { useState } from "react"
import { desk } from "../../desk-words.ts"
import { canaryStanding, decidedActs, deskSections, unproposed, withoutResult } from "../../state/desk.ts"
import { linkTo } from "../../state/route.ts"
import { ActEntry } from "../act-entry.tsx"
import { Button, Problem } from "../parts.tsx"
import { Screen } from "../screen.tsx"
import { useNow, useResource, useSession } from "../session.tsx"
import { Admissions } from "./admissions.tsx"
import { BecomeKeeper } from "./become-keeper.tsx"
import { KeeperList } from "./keeper-list.tsx"
import { ProposalCard } from "./proposal-card.tsx"
import { ProposeMenu } from "./propose-menu.tsx"
import { WaitingActs } from "./waiting-acts.tsx"
import { CanaryWords, WatchWords } from "./watch-card.tsx"

const shownHistory = 8

/** The keepers' desk: what waits for me, what waits for others, what waits for its time, and what became of the rest. */
export function Desk({ overview }: { overview: Overview }) {
  const { live } = useSession()
  const { value: proposals, problem } = useResource(live.proposals)
  const governance = useResource(live.governance).value
  const acts = useResource(live.timeline).value ?? []
  const now = useNow()
  const { mine, others } = deskSections(proposals ?? [], acts, now)
  const keepers = governance?.keepers ?? []
  const active = overview.standing === "active"
  const waiting = governance?.waiting ?? []
  return (
    <Screen
      title={desk.title}
      intro={desk.intro}
      testId="decisions"
      action={governance === undefined ? null : <ProposeMenu overview={overview} governance={governance} />}
    >
      <Problem>{problem}</Problem>
      {overview.me.keeper ? null : <NotKeeper active={active} />}
      {proposals !== undefined && mine.length + others.length + waiting.length === 0 ? (
        <p className="nothing" data-testid="no-decisions">
          {desk.none}
        </p>
      ) : null}
      {active ? <Asked proposals={proposals ?? []} /> : null}
      {mine.length === 0 ? null : (
        <section className="stack" aria-label={desk.mine} data-testid="desk-mine">
          <h2 className="section-label">
            {desk.mine} <span className="badge">{mine.length}</span>
          </h2>
          <ul className="proposals">
            {mine.map((proposal) => (
              <ProposalCard key={proposal.id} proposal={proposal} keepers={keepers} over={!active} />
            ))}
          </ul>
        </section>
      )}
      {waiting.length === 0 ? null : (
        <section className="stack" aria-label={desk.waiting} data-testid="desk-waiting">
          <h2 className="section-label">{desk.waiting}</h2>
          <WaitingActs waiting={waiting} active={active} />
        </section>
      )}
      {others.length === 0 ? null : (
        <section className="stack" aria-label={desk.others} data-testid="desk-others">
          <h2 className="section-label">{desk.others}</h2>
          <ul className="proposals">
            {others.map((proposal) => (
              <ProposalCard key={proposal.id} proposal={proposal} keepers={keepers} />
            ))}
          </ul>
        </section>
      )}
      <Draft />
      {governance === undefined || governance.evaluation ? null : <Standing governance={governance} now={now} />}
      <History acts={acts} keepers={keepers} />
    </Screen>
  )
}

/** Those who came by invitations from a list: nobody is asked about each of them, so it is said here. */
function Asked({ proposals }: { proposals: readonly Proposal[] }) {
  const requests = useResource(useSession().live.requests).value ?? []
  const [shown, setShown] = useState(false)
  const waiting = unproposed(requests, proposals).length
  return (
    <>
      {waiting === 0 ? null : (
        <section className="card" aria-label={desk.admissions.title} data-testid="desk-asked">
          <div className="row between wrap">
            <p>{desk.admissions.waiting(waiting)}</p>
            <Button onPress={() => setShown(true)} testId="admit-many">
              {desk.admissions.open}
            </Button>
          </div>
        </section>
      )}
      {shown ? <Admissions onClose={() => setShown(false)} /> : null}
    </>
  )
}

function NotKeeper({ active }: { active: boolean }) {
  const [offering, setOffering] = useState(false)
  return (
    <div className="row between wrap">
      <p className="hint">{desk.notKeeper}</p>
      {active ? (
        <Button icon="key" onPress={() => setOffering(true)} testId="become-keeper">
          {desk.become.open}
        </Button>
      ) : null}
      {offering ? <BecomeKeeper onClose={() => setOffering(false)} /> : null}
    </div>
  )
}

function Draft() {
  const { live } = useSession()
  const draft = useResource(live.rulesDraft).value
  if (draft === undefined || draft === null) return null
  return (
    <section className="stack" aria-label={desk.drafts} data-testid="desk-drafts">
      <h2 className="section-label">{desk.drafts}</h2>
      <div className="card">
        <div className="row between wrap">
          <div>
            <h3>{desk.rules.draft}</h3>
            <p className="hint">{desk.rules.draftHint}</p>
          </div>
          <a className="button" href={linkTo({ at: "decisions", part: "rules" })} data-testid="draft-go-on">
            {desk.rules.goOn}
          </a>
        </div>
      </div>
    </section>
  )
}

function Standing({ governance, now }: { governance: Governance; now: number }) {
  const { rules } = governance.acts
  return (
    <section className="card" aria-label={desk.keepers}>
      <div className="row between wrap">
        <h2>{desk.keepers}</h2>
        <a className="button quiet" href={linkTo({ at: "decisions", part: "rules" })} data-testid="open-rules">
          {desk.rules.title}
        </a>
      </div>
      <KeeperList keepers={governance.keepers} />
      <div className="stack tight top-line">
        <WatchWords governance={governance} />
        {canaryStanding(governance.canary, now) === "none" && rules.k < 2 ? null : (
          <CanaryWords canary={governance.canary} />
        )}
      </div>
    </section>
  )
}

function History(props: { acts: readonly Act[]; keepers: Governance["keepers"] }) {
  const history = useResource(useSession().live.history).value ?? []
  const nothing = withoutResult(history).slice(0, shownHistory)
  const decided = decidedActs(props.acts).slice(0, shownHistory)
  if (decided.length + nothing.length === 0) return null
  return (
    <section className="stack" aria-label={desk.history} data-testid="desk-history">
      <h2 className="section-label">{desk.history}</h2>
      {nothing.length === 0 ? null : (
        <ul className="proposals decided">
          {nothing.map((proposal) => (
            <ProposalCard key={proposal.id} proposal={proposal} keepers={props.keepers} over />
          ))}
        </ul>
      )}
      <ol className="timeline">
        {decided.map((act) => (
          <ActEntry key={act.index} act={act} testId="decided-act" />
        ))}
      </ol>
      <p className="hint">
        <a href={linkTo({ at: "timeline" })}>{desk.seeTimeline}</a>
      </p>
    </section>
  )
}
