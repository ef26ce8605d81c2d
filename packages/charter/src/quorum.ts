import { equalBytes, type MemberId } from "@holdfast/wire"
import { actNumberOf, actNumbers, type BatchedAct, type Veto } from "./act.ts"
import type { Refusal } from "./refusal.ts"
import { actRuleOf, type Keeper, keeperOf, type Rules } from "./rules.ts"
import type { Approvers } from "./signatures.ts"
import { activeDevicesOf, isWaitedFor, type OrgState, type Waiting } from "./state.ts"
import type { Statement } from "./statement.ts"
import { type Tally, tallyOf } from "./tally.ts"

/** One set of keepers that has to agree. RULES needs two of them. (C6.10) */
export interface Quorum {
  readonly under: "rules in force" | "new rules"
  readonly tally: Tally
  /** Keepers with a seat who have not approved. */
  readonly missing: readonly Keeper[]
}

export function quorumsOf(state: OrgState, statement: Statement, approvers: Approvers): readonly Quorum[] {
  const { rules } = state
  if (!state.founded && statement.type !== "genesis") return [beforeThereAreRules]
  switch (statement.type) {
    case "genesis":
      return [everyKeeper(statement.body.rules, approvers)]
    // The new keepers also have to agree among themselves, or a mistake could leave rules that nobody can meet. (C3.1)
    case "rules":
      return [
        inForce(rules, actNumbers.rules, approvers),
        quorum("new rules", statement.body, actNumbers.rules, approvers),
      ]
    case "batch":
      return [...new Set(statement.body.acts.map(actNumberOf))].map((type) => inForce(rules, type, approvers))
    case "suspend-keeper": {
      const before = state.suspensions.get(statement.body.keeper)
      // Few may suspend once; to go on with it takes as many as it takes to change the rules. (C5.6)
      const isAgain = before !== undefined && before.rulesVersion === rules.version
      const types = isAgain ? [actNumbers["suspend-keeper"], actNumbers.rules] : [actNumbers["suspend-keeper"]]
      return types.map((type) => inForce(rules, type, approvers))
    }
    case "veto":
      return [vetoQuorum(rules, waitingFor(state, statement.body)?.vetoK ?? 0, approvers)]
    default:
      return [inForce(rules, actNumberOf(statement), approvers)]
  }
}

/** A statement that was handed over without its charter: nobody's approval counts for it. */
const beforeThereAreRules: Quorum = {
  under: "rules in force",
  tally: { needed: 0, given: 0, short: "too_few_keepers" },
  missing: [],
}

function inForce(rules: Rules, actNumber: number, approvers: Approvers): Quorum {
  return quorum("rules in force", rules, actNumber, approvers)
}

function waitingFor(state: OrgState, { statement }: Veto): Waiting | undefined {
  return state.waiting.find((it) => equalBytes(it.statement.id, statement))
}

/** With 0 no number of keepers is enough: only the member concerned can stop it. (C10.5) */
function vetoQuorum(rules: Rules, vetoK: number, approvers: Approvers): Quorum {
  const k = vetoK === 0 ? rules.keepers.length + 1 : vetoK
  const rule = { k, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }
  return {
    under: "rules in force",
    tally: tallyOf(rule, approvers.keepers),
    missing: withoutThese(rules, approvers.keepers),
  }
}

function quorum(under: Quorum["under"], rules: Rules, actNumber: number, approvers: Approvers): Quorum {
  const approved = approvers.keepers.filter((keeper) => keeperOf(rules, keeper.id) !== undefined)
  // Labels count as the rules in question have them: a RULES act may change a keeper's labels.
  const seats = approved.map((keeper) => keeperOf(rules, keeper.id) as Keeper)
  return { under, tally: tallyOf(actRuleOf(rules, actNumber), seats), missing: withoutThese(rules, approved) }
}

function everyKeeper(rules: Rules, approvers: Approvers): Quorum {
  const rule = { ...actRuleOf(rules, 2), k: rules.keepers.length, minOrganisations: 0, minJurisdictions: 0 }
  return {
    under: "new rules",
    tally: tallyOf(rule, approvers.keepers),
    missing: withoutThese(rules, approvers.keepers),
  }
}

function withoutThese(rules: Rules, approved: readonly Keeper[]): readonly Keeper[] {
  return rules.keepers.filter((keeper) => !approved.some(({ id }) => equalBytes(id, keeper.id)))
}

/** What is still missing for the statement to be applied. (C5.4, C5.5, C6.10, C10.3, C10.5) */
export function shortOf(state: OrgState, statement: Statement, approvers: Approvers): Refusal | undefined {
  const short = shortOfApprovals(state, statement, approvers)
  if (short !== undefined || !isWaitedFor(state, statement.subject)) return short
  return needsNoWait(state, statement, approvers) ? undefined : "act_waiting"
}

function shortOfApprovals(state: OrgState, statement: Statement, approvers: Approvers): Refusal | undefined {
  const short = quorumsOf(state, statement, approvers).find(({ tally }) => tally.short !== undefined)?.tally.short
  const speaks = (member: MemberId) => hasSpoken(approvers, member)
  switch (statement.type) {
    case "device-add":
    case "batch":
      return short ?? (askedMembers(statement).every(speaks) ? undefined : "no_device_approval")
    case "device-remove":
      if (short === undefined || !speaks(statement.body.member)) return short
      return activeDevicesOf(state, statement.body.member).length === 1 ? "last_device" : undefined
    case "veto":
      return membersHeard(state, statement).some(speaks) ? undefined : short
    default:
      return short
  }
}

function hasSpoken(approvers: Approvers, member: MemberId): boolean {
  return approvers.devices.some((device) => equalBytes(device.member, member))
}

/** Members one of whose own devices has to agree. (C5.4) */
export function askedMembers(act: Statement | BatchedAct): readonly MemberId[] {
  if (act.type === "batch") return act.body.acts.flatMap(askedMembers)
  return act.type === "device-add" ? [act.body.member] : []
}

/** Members whose own devices have a say in it. (C5.4, C5.5, C10.5) */
export function membersHeard(state: OrgState, statement: Statement): readonly MemberId[] {
  switch (statement.type) {
    case "device-remove":
      return [statement.body.member]
    case "veto": {
      const vetoed = waitingFor(state, statement.body)?.statement
      return vetoed?.type === "recover" ? [vetoed.body.member] : []
    }
    default:
      return askedMembers(statement)
  }
}

/**
 * Whether it takes effect without the wait that its rule asks for: what a member's own device does to that member's devices,
 * the first relays, because nobody else could write an anchor, and rules that one keeper more than needed and all but one agree
 * to, so that witnesses which are gone lock nobody out. (C5.5, C10.7, C10.8)
 */
export function needsNoWait(state: OrgState, statement: Statement, approvers: Approvers): boolean {
  if (statement.type === "device-remove") {
    // Also when keepers have approved as well: more approvals must not make it slower.
    const { member } = statement.body
    return hasSpoken(approvers, member) && activeDevicesOf(state, member).length > 1
  }
  if (statement.type === "relays") return state.relays.length === 0
  if (statement.type !== "rules") return false
  const { keepers } = state.rules
  const { k } = actRuleOf(state.rules, actNumbers.rules)
  const given = approvers.keepers.filter(({ id }) => keeperOf(state.rules, id) !== undefined).length
  return given >= Math.min(keepers.length, Math.max(k + 1, keepers.length - 1))
}
