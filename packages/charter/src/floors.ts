import type { Refusal } from "./refusal.ts"
import { type ActRule, isEvaluation, type Keeper, type Rules } from "./rules.ts"
import { distinctLabels } from "./tally.ts"

/** Smallest and largest number of entries that may come between a base and its statement. (C3.9) */
const minBaseWindow = 16
const maxBaseWindow = 65_536
/** Longest wait: what takes longer would look like a lock-out. (C3.8) */
const maxDelaySeconds = 30 * 86_400
const rulesAct = 2
const suspendAct = 3
const recoverAct = 10
const vetoAct = 11
const canaryAct = 12

type Floor = readonly [refusal: Refusal, holds: (rules: Rules, wasEvaluation: boolean) => boolean]

/** What no configuration can undercut, whatever quorum asks for it. (C3.5 to C3.11) */
const floors: readonly Floor[] = [
  ["floor_evaluation", (rules, wasEvaluation) => wasEvaluation || !isEvaluation(rules)],
  ["floor_k", (rules) => everyAct(rules, ({ k }) => (isEvaluation(rules) ? k === 1 : k >= 2))],
  ["floor_loss", (rules) => isEvaluation(rules) || everyAct(rules, ({ k }) => rules.keepers.length - k >= 1)],
  ["floor_majority", (rules) => 2 * (rules.acts.get(rulesAct)?.k ?? 0) > rules.keepers.length],
  ["floor_diversity", (rules) => everyAct(rules, (act) => survivesLoss(rules, act))],
  ["floor_window", ({ baseWindow }) => baseWindow >= minBaseWindow && baseWindow <= maxBaseWindow],
  ["floor_delay", (rules) => everyAct(rules, ({ delaySeconds }) => delaySeconds <= maxDelaySeconds)],
  ["floor_delay", ({ acts }) => [suspendAct, canaryAct].every((type) => (acts.get(type)?.delaySeconds ?? 0) === 0)],
  ["floor_veto", ({ acts }) => !acts.has(vetoAct)],
  ["floor_veto", (rules) => everyAct(rules, (act, type) => isVetoShared(rules, act, type))],
  ["floor_witnesses", ({ witnesses, witnessQuorum: w }) => 2 * w > witnesses.length || witnesses.length === 0],
  ["floor_witnesses", ({ witnesses, witnessQuorum: w }) => w <= witnesses.length],
  ["delay_without_witnesses", (rules) => hasClock(rules) || everyAct(rules, ({ delaySeconds }) => delaySeconds === 0)],
]

/** `wasEvaluation`: the organisation is new, or one keeper has ruled it so far. */
export function brokenFloor(rules: Rules, wasEvaluation: boolean): Refusal | undefined {
  return brokenFloors(rules, wasEvaluation)[0]
}

/** Every floor that these rules undercut, each once: for whoever drafts them. */
export function brokenFloors(rules: Rules, wasEvaluation: boolean): readonly Refusal[] {
  return [...new Set(floors.filter(([, holds]) => !holds(rules, wasEvaluation)).map(([refusal]) => refusal))]
}

/** Whether these keepers, all together, could still do and veto everything that the rules provide for. (C3.7, C5.6) */
export function canDoEverything(rules: Rules, keepers: readonly Keeper[]): boolean {
  return everyAct(rules, (act) => keepers.length >= Math.max(act.k, act.vetoK) && hasLabels(keepers, act))
}

function everyAct(rules: Rules, holds: (act: ActRule, type: number) => boolean): boolean {
  return [...rules.acts].every(([type, act]) => holds(act, type))
}

function hasClock({ witnesses }: Rules): boolean {
  return witnesses.length > 0
}

/** Labels that only one keeper brings must not be needed: that keeper's loss would lock everybody out. (C3.7) */
function survivesLoss(rules: Rules, act: ActRule): boolean {
  const { keepers } = rules
  if (act.minOrganisations > act.k || act.minJurisdictions > act.k) return false
  if (isEvaluation(rules)) return hasLabels(keepers, act)
  return keepers.every((lost) =>
    hasLabels(
      keepers.filter((keeper) => keeper !== lost),
      act,
    ),
  )
}

function hasLabels(keepers: readonly Keeper[], act: ActRule): boolean {
  return (
    distinctLabels(keepers, "organisation") >= act.minOrganisations &&
    distinctLabels(keepers, "jurisdiction") >= act.minJurisdictions
  )
}

/**
 * Fewer than decide cannot stop what was decided, and whatever waits can be stopped by somebody: keepers, or for a recovery
 * the member. (C3.11)
 */
function isVetoShared(rules: Rules, { k, vetoK, delaySeconds }: ActRule, type: number): boolean {
  if (isEvaluation(rules)) return vetoK <= 1
  // One keeper who is gone or will not must not be able to let everything through.
  if (vetoK > rules.keepers.length - 1) return false
  return vetoK === 0 ? delaySeconds === 0 || type === recoverAct : vetoK >= k
}
