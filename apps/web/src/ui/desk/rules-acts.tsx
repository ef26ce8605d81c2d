import type { ActRuleView, RuledAct, RulesDraft } from "@holdfast/client"
import { Checkbox } from "react-aria-components"
import { desk, ruleInShort, ruleMeaning, spanOf } from "../../desk-words.ts"
import { labelsOf } from "../../state/desk.ts"
import { delayChoices, editableActs, neverWaits, ruleFor, withRule } from "../../state/rules-edit.ts"
import { Icon } from "../icon.tsx"
import { Choice } from "./fields.tsx"

interface ActProps {
  readonly draft: RulesDraft
  readonly onChange: (draft: RulesDraft) => void
}

/** What each kind of act takes: the rule for "rules" in full, the others as they differ from it. */
export function ActRules({ draft, onChange }: ActProps) {
  return (
    <section className="card" aria-label={desk.rules.numbers}>
      <h2>{desk.rules.numbers}</h2>
      <div className="stack" data-testid="act-rules">
        <h3>{desk.rules.acts.rules}</h3>
        <Numbers draft={draft} act="rules" onChange={onChange} />
      </div>
      <div>
        {editableActs.map((act) => (
          <Act key={act} draft={draft} act={act} onChange={onChange} />
        ))}
      </div>
    </section>
  )
}

function Act({ draft, act, onChange }: ActProps & { act: RuledAct }) {
  const own = draft.acts[act] !== undefined
  const rule = ruleFor(draft, act)
  return (
    <details className="act-rule" data-testid={`act-rule-${act}`}>
      <summary>
        <span className="act-rule-name">{desk.rules.acts[act]}</span>
        <span className="hint">{own ? ruleInShort(rule, draft.keepers.length) : desk.rules.follows}</span>
      </summary>
      <div className="stack">
        <Checkbox
          className="pick"
          isSelected={own}
          onChange={(selected) => onChange(withRule(draft, act, selected ? rule : undefined))}
          data-testid={`own-${act}`}
        >
          <span className="pick-box" aria-hidden="true">
            <Icon name="check" size={16} />
          </span>
          <span>{desk.rules.own}</span>
        </Checkbox>
        {own ? (
          <Numbers draft={draft} act={act} onChange={onChange} />
        ) : (
          <p className="meaning">{ruleMeaning(rule, draft.keepers.length, act)}</p>
        )}
      </div>
    </details>
  )
}

/** As many as decide: fewer could stop for good what the others have decided. (C3.11) */
function fittingVeto({ k, vetoK }: ActRuleView, delaySeconds: number, act: RuledAct): number {
  if (delaySeconds === 0) return 0
  return vetoK >= k || (vetoK === 0 && act === "recover") ? vetoK : k
}

const upTo = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at)

function Numbers({ draft, act, onChange }: ActProps & { act: RuledAct }) {
  const n = draft.keepers.length
  const rule = ruleFor(draft, act)
  const set = (part: Partial<ActRuleView>) => onChange(withRule(draft, act, { ...rule, ...part }))
  const labelChoices = (label: "organisation" | "jurisdiction", chosen: number) =>
    [0, ...upTo(2, Math.max(labelsOf(draft.keepers, label).length, chosen))].map(
      (least) => [least, least === 0 ? desk.rules.any : desk.rules.atLeast(least)] as const,
    )
  // an older client may have chosen a span that is not in the list
  const delays = [...new Set([...delayChoices, rule.delaySeconds])].toSorted((a, b) => a - b)
  return (
    <div className="stack">
      <div className="numbers">
        <Choice
          label={desk.rules.k}
          value={rule.k}
          options={upTo(Math.min(2, n, rule.k), Math.max(n, rule.k)).map((k) => [k, desk.rules.kOption(k, n)])}
          onChange={(k) => set({ k, vetoK: fittingVeto({ ...rule, k }, rule.delaySeconds, act) })}
          testId={`${act}-k`}
        />
        <Choice
          label={desk.rules.minOrganisations}
          value={rule.minOrganisations === 1 ? 0 : rule.minOrganisations}
          options={labelChoices("organisation", rule.minOrganisations)}
          onChange={(minOrganisations) => set({ minOrganisations })}
          testId={`${act}-organisations`}
        />
        <Choice
          label={desk.rules.minJurisdictions}
          value={rule.minJurisdictions === 1 ? 0 : rule.minJurisdictions}
          options={labelChoices("jurisdiction", rule.minJurisdictions)}
          onChange={(minJurisdictions) => set({ minJurisdictions })}
          testId={`${act}-jurisdictions`}
        />
        {neverWaits(act) ? null : (
          <Choice
            label={desk.rules.delay}
            value={rule.delaySeconds}
            options={delays.map((span) => [span, span === 0 ? desk.rules.atOnce : spanOf(span)])}
            onChange={(delaySeconds) => set({ delaySeconds, vetoK: fittingVeto(rule, delaySeconds, act) })}
            testId={`${act}-delay`}
          />
        )}
        {neverWaits(act) || rule.delaySeconds === 0 ? null : (
          <Choice
            label={desk.rules.vetoK}
            value={rule.vetoK}
            options={[...(act === "recover" ? [0] : []), ...upTo(rule.k, Math.max(n - 1, rule.vetoK))].map((k) => [
              k,
              k === 0 ? desk.rules.vetoNobody : String(k),
            ])}
            onChange={(vetoK) => set({ vetoK })}
            testId={`${act}-veto`}
          />
        )}
      </div>
      {neverWaits(act) ? <p className="hint">{desk.rules.neverWaits}</p> : null}
      <p className="meaning" data-testid={`${act}-meaning`}>
        {ruleMeaning(rule, n, act)}
      </p>
    </div>
  )
}
