import type { Refusal } from "./refusal.ts"
import { type ActRule, isEvaluation, type Rules } from "./rules.ts"
import { distinctLabels } from "./tally.ts"

/** Smallest and largest number of entries that may come between a base and its statement. (C3.9) */
const minBaseWindow = 16
const maxBaseWindow = 65_536

type Floor = readonly [refusal: Refusal, holds: (rules: Rules, wasEvaluation: boolean) => boolean]

/** What no configuration can undercut, whatever quorum asks for it. (C3.5 to C3.9) */
const floors: readonly Floor[] = [
  ["floor_evaluation", (rules, wasEvaluation) => wasEvaluation || !isEvaluation(rules)],
  ["floor_k", (rules) => everyAct(rules, ({ k }) => (isEvaluation(rules) ? k === 1 : k >= 2))],
  ["floor_loss", (rules) => isEvaluation(rules) || everyAct(rules, ({ k }) => rules.keepers.length - k >= 1)],
  ["floor_majority", (rules) => 2 * (rules.acts.get(2)?.k ?? 0) > rules.keepers.length],
  ["floor_diversity", (rules) => everyAct(rules, (act) => canBeMet(rules, act))],
  ["floor_window", ({ baseWindow }) => baseWindow >= minBaseWindow && baseWindow <= maxBaseWindow],
  ["delay_unsupported", (rules) => everyAct(rules, ({ delaySeconds }) => delaySeconds === 0)],
]

/** `wasEvaluation`: the organisation is new, or one keeper has ruled it so far. */
export function brokenFloor(rules: Rules, wasEvaluation: boolean): Refusal | undefined {
  return floors.find(([, holds]) => !holds(rules, wasEvaluation))?.[0]
}

function everyAct(rules: Rules, holds: (act: ActRule) => boolean): boolean {
  return [...rules.acts.values()].every(holds)
}

function canBeMet({ keepers }: Rules, act: ActRule): boolean {
  return (
    act.minOrganisations <= Math.min(act.k, distinctLabels(keepers, "organisation")) &&
    act.minJurisdictions <= Math.min(act.k, distinctLabels(keepers, "jurisdiction")) &&
    act.vetoK <= keepers.length
  )
}
