import type { ActRule, Keeper } from "./rules.ts"

/** How far a set of keepers meets a rule. (C6.10) */
export interface Tally {
  readonly needed: number
  readonly given: number
  readonly short: "too_few_keepers" | "too_few_organisations" | "too_few_jurisdictions" | undefined
}

/** `approved`: distinct keepers with a seat under the rule. Empty labels do not count as different from anything. */
export function tallyOf(rule: ActRule, approved: readonly Keeper[]): Tally {
  return { needed: rule.k, given: approved.length, short: shortOf(rule, approved) }
}

function shortOf(rule: ActRule, approved: readonly Keeper[]): Tally["short"] {
  if (approved.length < rule.k) return "too_few_keepers"
  if (distinctLabels(approved, "organisation") < rule.minOrganisations) return "too_few_organisations"
  if (distinctLabels(approved, "jurisdiction") < rule.minJurisdictions) return "too_few_jurisdictions"
  return undefined
}

export function distinctLabels(keepers: readonly Keeper[], label: "organisation" | "jurisdiction"): number {
  return new Set(keepers.map((keeper) => keeper[label]).filter((text) => text !== "")).size
}
