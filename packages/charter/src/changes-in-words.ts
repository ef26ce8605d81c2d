import { equalBytes, hex } from "@holdfast/wire"
import { shownName } from "./name.ts"
import type { RelayEntry } from "./relay-entry.ts"
import { type ActRule, actRuleOf, delayOf, type Keeper, keeperOf, type Rules } from "./rules.ts"
import { activeDevicesOf, isSuspended, type OrgState } from "./state.ts"
import type { Statement } from "./statement.ts"
import { dateInWords, durationInWords, keeperInWords, keyCode, type Names } from "./words.ts"

/** What would be otherwise than now, line by line; empty where the sentence of the act says all. Made from the bytes alone. (C8.7) */
export function changesInWords(state: OrgState, statement: Statement, names: Names): readonly string[] {
  switch (statement.type) {
    case "rules":
      return rulesChanges(state.rules, statement.body, names)
    case "relays":
      return relayChanges(state.relays, statement.body.relays)
    case "member-remove": {
      const { member } = statement.body
      const seat = state.rules.keepers.find(
        (keeper) => keeper.member !== undefined && equalBytes(keeper.member, member),
      )
      const ends = `${activeDevicesOf(state, member).length} devices of theirs end`
      return seat === undefined ? [ends] : [ends, "they keep their seat as a keeper until the rules change"]
    }
    case "recover":
      return activeDevicesOf(state, statement.body.member).map(({ id }) => `ends: the device with key ${keyCode(id)}`)
    case "suspend-keeper": {
      const left = state.rules.keepers.filter(
        ({ id }) => !isSuspended(state, id) && !equalBytes(id, statement.body.keeper),
      )
      return [`${left.length} of ${state.rules.keepers.length} keepers are left whose approvals count`]
    }
    case "canary": {
      const before = state.canary
      return before === undefined ? [] : [`until now it was declared until ${dateInWords(before.until)}`]
    }
    default:
      return []
  }
}

function rulesChanges(before: Rules, after: Rules, names: Names): readonly string[] {
  const lost = before.keepers.filter(({ id }) => keeperOf(after, id) === undefined)
  const gained = after.keepers.filter(({ id }) => keeperOf(before, id) === undefined)
  const stay = after.keepers.flatMap((keeper) => {
    const was = keeperOf(before, keeper.id)
    return was === undefined ? [] : seatChange(was, keeper, names)
  })
  const watched = (rules: Rules) =>
    rules.witnesses.map(({ name, publicKey }) => `${shownName(name)} (key ${keyCode(publicKey)})`)
  return [
    ...lost.map((keeper) => `loses the seat: ${keeperInWords(keeper, names)}`),
    ...gained.map((keeper) => `gains a seat: ${keeperInWords(keeper, names)}`),
    ...stay,
    ...actRuleChanges(before, after),
    ...difference(watched(before), watched(after)).map((it) => `is no witness any more: ${it}`),
    ...difference(watched(after), watched(before)).map((it) => `becomes a witness: ${it}`),
    ...change("witnesses that must agree", String(before.witnessQuorum), String(after.witnessQuorum)),
    ...change("entries that an act may lie behind", String(before.baseWindow), String(after.baseWindow)),
  ]
}

const ruledActs: readonly (readonly [type: number, what: string])[] = [
  [2, "changing the rules"],
  [3, "suspending a keeper"],
  [4, "adding members"],
  [5, "removing members"],
  [6, "adding devices"],
  [7, "removing devices"],
  [8, "changing relays"],
  [9, "releasing client code"],
  [10, "recovering a member"],
  [12, "the canary"],
]

/** Acts for which the same becomes the same stand together: ten lines that say one thing are read by nobody. */
function actRuleChanges(before: Rules, after: Rules): readonly string[] {
  const actsByChange = new Map<string, string[]>()
  for (const [type, what] of ruledActs) {
    const [was, is] = [actRuleInWords(before, type), actRuleInWords(after, type)]
    if (was !== is) actsByChange.set(`${was} → ${is}`, [...(actsByChange.get(`${was} → ${is}`) ?? []), what])
  }
  return [...actsByChange].map(
    ([how, acts]) => `${acts.length === ruledActs.length ? "every act" : acts.join(", ")}: ${how}`,
  )
}

function actRuleInWords(rules: Rules, type: number): string {
  const rule: ActRule = actRuleOf(rules, type)
  const delay = delayOf(rules, type)
  return [
    `${rule.k} of ${rules.keepers.length} keepers`,
    ...(rule.minOrganisations > 1 ? [`from ${rule.minOrganisations} organisations`] : []),
    ...(rule.minJurisdictions > 1 ? [`from ${rule.minJurisdictions} jurisdictions`] : []),
    ...(delay > 0 ? [`waits ${durationInWords(delay)}, ${rule.vetoK} can veto`] : []),
  ].join(", ")
}

function change(what: string, before: string, after: string): readonly string[] {
  return before === after ? [] : [`${what}: ${before} → ${after}`]
}

function difference(all: readonly string[], without: readonly string[]): readonly string[] {
  return all.filter((it) => !without.includes(it))
}

function seatChange(before: Keeper, after: Keeper, names: Names): readonly string[] {
  const [was, is] = [keeperInWords(before, names), keeperInWords(after, names)]
  return was === is ? [] : [`seat changes: ${was} → ${is}`]
}

function relayChanges(before: readonly RelayEntry[], after: readonly RelayEntry[]): readonly string[] {
  const inWords = ({ id, urls, operator, jurisdiction, logPublicKey }: RelayEntry) =>
    [
      `${urls.join(" or ")}`,
      ...[operator, jurisdiction].filter((label) => label !== "").map(shownName),
      `key ${keyCode(logPublicKey)}`,
      `id ${hex(id).slice(0, 8)}`,
    ].join(", ")
  const [were, are] = [before.map(inWords), after.map(inWords)]
  return [
    ...difference(were, are).map((it) => `clients leave: ${it}`),
    ...difference(are, were).map((it) => `clients begin to talk to: ${it}`),
  ]
}
