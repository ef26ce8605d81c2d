import { equalBytes } from "@holdfast/wire"
import { actNumberOf } from "./act.ts"
import type { Refusal } from "./refusal.ts"
import { actRuleOf, type Keeper, keeperOf, type Rules } from "./rules.ts"
import type { Approvers } from "./signatures.ts"
import { activeDevicesOf, type OrgState } from "./state.ts"
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
  if (statement.type === "genesis") return [everyKeeper(statement.body.rules, approvers)]
  const current = quorum("rules in force", state.rules, actNumberOf(statement), approvers)
  // The new keepers also have to agree among themselves, or a mistake could leave rules that nobody can meet. (C3.1)
  return statement.type === "rules" ? [current, quorum("new rules", statement.body, 2, approvers)] : [current]
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

/** What is still missing for the statement to be applied. (C5.4, C5.5, C6.10) */
export function shortOf(state: OrgState, statement: Statement, approvers: Approvers): Refusal | undefined {
  const short = quorumsOf(state, statement, approvers).find(({ tally }) => tally.short !== undefined)?.tally.short
  if (statement.type !== "device-add" && statement.type !== "device-remove") return short
  const { member } = statement.body
  const byMember = approvers.devices.some((device) => equalBytes(device.member, member))
  if (statement.type === "device-add") return short ?? (byMember ? undefined : "no_device_approval")
  if (short === undefined || !byMember) return short
  return activeDevicesOf(state, member).length === 1 ? "last_device" : undefined
}
