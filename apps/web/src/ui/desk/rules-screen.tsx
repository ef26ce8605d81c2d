import type { Governance, Overview, Person, RulesDraft, RulesProblem } from "@holdfast/client"
import { useEffect, useMemo, useRef, useState } from "react"
import { desk, ruleMeaning } from "../../desk-words.ts"
import { text } from "../../messages.ts"
import { sentenceOf } from "../../state/resource.ts"
import { linkTo } from "../../state/route.ts"
import { changesOf, draftOf, editableActs, ruleFor } from "../../state/rules-edit.ts"
import { Icon } from "../icon.tsx"
import { Button, Confirm, Problem } from "../parts.tsx"
import { Screen } from "../screen.tsx"
import { useAction, useResource, useSession } from "../session.tsx"
import { KeeperList } from "./keeper-list.tsx"
import { ActRules } from "./rules-acts.tsx"
import { Seats } from "./rules-seats.tsx"
import { Witnesses } from "./rules-witnesses.tsx"
import { changeInWords, seatNames } from "./rules-words.ts"
import { useProposing } from "./tool.tsx"

const back = { href: linkTo({ at: "decisions" }), label: desk.rules.back }

/** The rules: for keepers to change, for everybody else to read. */
export function RulesScreen({ overview }: { overview: Overview }) {
  const { live } = useSession()
  const { value: governance, problem } = useResource(live.governance)
  const kept = useResource(live.rulesDraft).value
  const people = useResource(live.people).value
  if (governance === undefined || kept === undefined || people === undefined) {
    return (
      <Screen title={desk.rules.title} back={back} testId="rules">
        {problem === undefined ? <p className="hint">{text.loading}</p> : <Problem>{problem}</Problem>}
      </Screen>
    )
  }
  const mayChange = overview.me.keeper && !governance.evaluation && overview.standing === "active"
  return mayChange ? (
    <Editor key={governance.version} governance={governance} kept={kept} people={people} />
  ) : (
    <Reading governance={governance} />
  )
}

function Reading({ governance }: { governance: Governance }) {
  const draft = draftOf(governance)
  const seats = draft.keepers.length
  return (
    <Screen title={desk.rules.title} intro={desk.rules.intro} back={back} testId="rules">
      <p className="hint">{desk.rules.onlyKeepers}</p>
      <section className="card">
        <h2>{desk.rules.seats}</h2>
        <KeeperList keepers={governance.keepers} />
      </section>
      <section className="card">
        <h2>{desk.rules.numbers}</h2>
        <dl className="facts">
          {(["rules", ...editableActs] as const).map((act) => (
            <div key={act} className="fact">
              <dt>{desk.rules.acts[act]}</dt>
              <dd>
                {draft.acts[act] === undefined ? desk.rules.follows : ruleMeaning(ruleFor(draft, act), seats, act)}
              </dd>
            </div>
          ))}
        </dl>
      </section>
    </Screen>
  )
}

function Editor(props: { governance: Governance; kept: RulesDraft | null; people: readonly Person[] }) {
  const { governance, people } = props
  const inForce = useMemo(() => draftOf(governance), [governance])
  const [draft, setDraft] = useState(() => props.kept ?? inForce)
  const [confirming, setConfirming] = useState(false)
  const names = seatNames(governance, people)
  const changes = changesOf(inForce, draft)
  const check = useCheck(draft, changes.length > 0)
  const { client, live } = useSession()
  useKeeping(draft, changes.length > 0)
  const propose = useProposing(
    async () => {
      await client.proposeRules(draft)
      await client.keepRulesDraft(undefined)
      live.rulesDraft.refresh()
    },
    () => setConfirming(false),
  )
  const discard = useAction(async () => {
    await client.keepRulesDraft(undefined)
    live.rulesDraft.refresh()
    setDraft(inForce)
  })
  const lines = changes.map((change) => changeInWords(change, names, draft, inForce))
  return (
    <Screen title={desk.rules.title} intro={desk.rules.intro} back={back} testId="rules">
      <Seats draft={draft} governance={governance} people={people} names={names} onChange={setDraft} />
      <ActRules draft={draft} onChange={setDraft} />
      <Witnesses draft={draft} onChange={setDraft} />
      <section className="card review" aria-label={desk.rules.changes} data-testid="rules-review">
        <h2>{desk.rules.changes}</h2>
        {lines.length === 0 ? (
          <p className="hint">{desk.rules.noChanges}</p>
        ) : (
          <ul className="details" data-testid="rules-changes">
            {lines.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
        {lines.length === 0 ? null : <Verdict check={check} />}
        <Problem>{propose.problem ?? discard.problem}</Problem>
        {lines.length === 0 ? null : (
          <div className="row between wrap">
            <p className="hint">{desk.rules.kept}</p>
            <div className="row wrap">
              <Button onPress={() => void discard.run()} isPending={discard.busy} testId="rules-discard">
                {desk.rules.discard}
              </Button>
              <Button
                look="main"
                onPress={() => setConfirming(true)}
                isDisabled={check.state !== "fine"}
                testId="rules-propose"
              >
                {desk.rules.submit}
              </Button>
            </div>
          </div>
        )}
      </section>
      <Confirm
        title={desk.rules.confirmTitle}
        isOpen={confirming}
        onClose={() => setConfirming(false)}
        onConfirm={() => void propose.run()}
        confirm={desk.rules.submit}
        busy={propose.busy}
        problem={propose.problem}
      >
        <ul className="details">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        {governance.waiting.length === 0 ? null : <p className="meaning">{desk.rules.confirmBody}</p>}
      </Confirm>
    </Screen>
  )
}

type Check =
  | { readonly state: "checking" }
  | { readonly state: "fine" }
  | { readonly state: "broken"; readonly problems: readonly RulesProblem[] }
  | { readonly state: "failed"; readonly sentence: string }

/** Asks the engine about the newest draft, a moment after the last change. */
function useCheck(draft: RulesDraft, wanted: boolean): Check {
  const { client } = useSession()
  const [check, setCheck] = useState<Check>({ state: "checking" })
  const asked = useRef(0)
  useEffect(() => {
    asked.current += 1
    const turn = asked.current
    if (!wanted) return
    setCheck({ state: "checking" })
    const timer = setTimeout(async () => {
      let found: Check
      try {
        const problems = await client.checkRules(draft)
        found = problems.length === 0 ? { state: "fine" } : { state: "broken", problems }
      } catch (error) {
        found = { state: "failed", sentence: sentenceOf(error) }
      }
      if (turn === asked.current) setCheck(found)
    }, 250)
    return () => clearTimeout(timer)
  }, [client, draft, wanted])
  return check
}

/** Keeps what was begun, sealed with everything else on this device. */
function useKeeping(draft: RulesDraft, differs: boolean): void {
  const { client, live } = useSession()
  const last = useRef(draft)
  useEffect(() => {
    if (last.current === draft) return
    last.current = draft
    void client
      .keepRulesDraft(differs ? draft : undefined)
      .then(live.rulesDraft.refresh)
      .catch(() => undefined)
  }, [client, live, draft, differs])
}

function Verdict({ check }: { check: Check }) {
  return (
    <div role="status" data-testid="rules-verdict" data-state={check.state}>
      {check.state === "checking" ? (
        <p className="hint">{desk.rules.checking}</p>
      ) : check.state === "fine" ? (
        <p className="decided-words">
          <Icon name="check" size={18} />
          {desk.rules.fine}
        </p>
      ) : check.state === "failed" ? (
        <Problem>{check.sentence}</Problem>
      ) : (
        <div className="problem">
          <Icon name="warning" />
          <div>
            <p>
              <strong>{desk.rules.problems}</strong>
            </p>
            <ul className="details">
              {check.problems.map(({ floor, sentence }) => (
                <li key={`${floor} ${sentence}`} data-testid="rules-problem" data-floor={floor}>
                  {sentence}
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
    </div>
  )
}
