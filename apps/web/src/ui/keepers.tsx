import type { Id, KeeperPlan, Overview } from "@holdfast/client"
import { lazy, type ReactNode, Suspense, useState } from "react"
import { text } from "../messages.ts"
import { fittingQuorum, possibleQuorums } from "../state/keeper-choice.ts"
import { Icon } from "./icon.tsx"
import { InvitePopup } from "./invite.tsx"
import { Button, Popup, Problem } from "./parts.tsx"
import { PersonPicker } from "./person-picker.tsx"
import { QuorumChoice } from "./quorum-choice.tsx"
import { useAction, useResource, useSession } from "./session.tsx"

const BecomeKeeper = lazy(async () => ({ default: (await import("./desk/index.ts")).BecomeKeeper }))

/** Asks this member whether they want to be a keeper. */
export function KeeperQuestion({ plan }: { plan: KeeperPlan }) {
  const { client } = useSession()
  const accept = useAction(() => client.acceptKeeper())
  const [choosing, setChoosing] = useState(false)
  return (
    <section className="banner question" aria-label={text.keeperAsk.title} data-testid="keeper-question">
      <div>
        <p>
          <strong>{text.keeperAsk.title}.</strong> {text.keeperAsk.body(plan.needed, plan.people.length)}
        </p>
        <Problem>{accept.problem}</Problem>
      </div>
      <div className="row wrap">
        <Button look="main" onPress={() => void accept.run()} isPending={accept.busy} testId="keeper-accept">
          {accept.busy ? text.keeperAsk.busy : text.keeperAsk.accept}
        </Button>
        <Button look="quiet" onPress={() => setChoosing(true)} isDisabled={accept.busy} testId="keeper-other-key">
          {text.keeperAsk.otherKey}
        </Button>
      </div>
      {choosing ? (
        <Suspense fallback={null}>
          <BecomeKeeper onClose={() => setChoosing(false)} />
        </Suspense>
      ) : null}
    </section>
  )
}

/** Who is still missing until several people decide. */
export function KeeperPlanCard({ plan }: { plan: KeeperPlan }) {
  return (
    <section className="card" data-testid="keeper-plan">
      <h2>{text.people.plan.title(plan.needed, plan.people.length)}</h2>
      <ul className="plan">
        {plan.people.map((person) => {
          const ready = person.state === "accepted" || person.state === "you"
          return (
            <li key={person.member ?? person.name} className={ready ? "ready" : ""} data-state={person.state}>
              <Icon name={ready ? "check" : "clock"} size={16} />
              <span>{person.name}</span>
              <span className="hint">{text.people.plan[person.state]}</span>
            </li>
          )
        })}
      </ul>
      <p className="hint">{text.people.plan.body}</p>
    </section>
  )
}

/** The window in which an evaluation organisation is raised to several people who must agree. */
export function useRaise(overview: Overview): { open: () => void; popup: ReactNode } {
  const [shown, setShown] = useState<"raise" | "invite" | null>(null)
  const close = () => setShown(null)
  return {
    open: () => setShown("raise"),
    popup:
      shown === "raise" ? (
        <Raise me={overview.me.name} onClose={close} onInvite={() => setShown("invite")} />
      ) : shown === "invite" ? (
        <InvitePopup onClose={close} evaluation={overview.organisation.evaluation} start="keeper" />
      ) : null,
  }
}

function Raise({ me, onClose, onInvite }: { me: string; onClose: () => void; onInvite: () => void }) {
  const { client, live } = useSession()
  const people = (useResource(live.people).value ?? []).filter(({ active, you }) => active && !you)
  const [chosen, setChosen] = useState<readonly Id[]>([])
  const [wanted, setWanted] = useState(2)
  const names = [text.found.you(me), ...people.filter(({ member }) => chosen.includes(member)).map(({ name }) => name)]
  const action = useAction(async () => {
    await client.planKeepers({ members: chosen, needed: fittingQuorum(names.length, wanted) })
    onClose()
  })
  return (
    <Popup title={text.people.raiseTitle} isOpen onClose={onClose} busy={action.busy} testId="raise-popup">
      <div className="stack">
        <p>{text.people.raiseHint}</p>
        {people.length < 2 ? (
          <p className="meaning">{text.people.raiseInvite}</p>
        ) : (
          <>
            <PersonPicker label={text.found.who} people={people} chosen={chosen} onChange={setChosen} />
            <QuorumChoice people={names} needed={wanted} onChange={setWanted} />
            <p className="hint">{text.found.until}</p>
          </>
        )}
        <Problem>{action.problem}</Problem>
        <div className="row end">
          <Button onPress={onClose}>{text.cancel}</Button>
          {people.length < 2 ? (
            <Button look="main" onPress={onInvite} testId="raise-invite">
              {text.people.raiseInviteSubmit}
            </Button>
          ) : (
            <Button
              look="main"
              onPress={() => void action.run()}
              isPending={action.busy}
              isDisabled={possibleQuorums(names.length).length === 0}
              testId="raise-submit"
            >
              {text.people.raise}
            </Button>
          )}
        </div>
      </div>
    </Popup>
  )
}
