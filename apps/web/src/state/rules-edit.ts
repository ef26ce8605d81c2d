// Rules while somebody writes them. The draft is what the engine takes; everything here is pure.
import type { ActRuleView, Governance, Id, RuledAct, RulesDraft, SeatDraft } from "@holdfast/client"

/** In the order in which they are shown. RELEASE is reserved, so nobody has to decide about it. */
export const editableActs = [
  "member-add",
  "member-remove",
  "device-add",
  "device-remove",
  "recover",
  "suspend-keeper",
  "relays",
  "canary",
] as const satisfies readonly RuledAct[]
export type EditableAct = (typeof editableActs)[number]

/** These two have to be quick and never wait. (C3.8) */
export const neverWaits = (act: RuledAct): boolean => act === "suspend-keeper" || act === "canary"

export const delayChoices = [0, 3_600, 43_200, 86_400, 172_800, 259_200, 604_800, 1_209_600, 2_592_000] as const

/** The rules in force, as a draft of the same rules. */
export function draftOf(governance: Governance): RulesDraft {
  const { keepers, acts, watch } = governance
  return {
    keepers: keepers.map(({ id, organisation, jurisdiction }) => ({ seat: id, organisation, jurisdiction })),
    acts: Object.fromEntries(
      Object.entries(acts)
        .filter(([act, { own }]) => own || act === "rules")
        .map(([act, rule]) => [act, plainRule(rule)]),
    ),
    witnesses: watch.witnesses.map(({ vkey, url, organisation, jurisdiction }) => ({
      vkey,
      url,
      organisation,
      jurisdiction,
    })),
    witnessQuorum: watch.witnesses.length === 0 ? 0 : watch.needed,
  }
}

function plainRule({ k, delaySeconds, vetoK, minOrganisations, minJurisdictions }: ActRuleView): ActRuleView {
  return { k, delaySeconds, vetoK, minOrganisations, minJurisdictions }
}

const nothingYet: ActRuleView = { k: 2, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }

/** What holds for an act in this draft: its own rule, or that of "rules". */
export function ruleFor(draft: RulesDraft, act: RuledAct): ActRuleView {
  const own = draft.acts[act]
  if (own !== undefined) return own
  const main = draft.acts.rules ?? nothingYet
  return neverWaits(act) ? { ...main, delaySeconds: 0, vetoK: 0 } : main
}

/** `undefined`: it follows the rule for "rules" again. */
export function withRule(draft: RulesDraft, act: RuledAct, rule: ActRuleView | undefined): RulesDraft {
  const { [act]: _, ...others } = draft.acts
  return { ...draft, acts: rule === undefined ? others : { ...others, [act]: plainRule(rule) } }
}

/** A seat that is taken out or put in changes how many there are; numbers that no longer can be are brought within. */
export function withSeats(draft: RulesDraft, keepers: readonly SeatDraft[]): RulesDraft {
  const most = Math.max(1, keepers.length)
  const acts = Object.fromEntries(
    Object.entries(draft.acts).map(([act, rule]) => [
      act,
      { ...rule, k: Math.min(rule.k, most), vetoK: Math.min(rule.vetoK, most) },
    ]),
  )
  return { ...draft, keepers, acts }
}

export function withWitnesses(draft: RulesDraft, witnesses: RulesDraft["witnesses"]): RulesDraft {
  const n = witnesses.length
  const least = n === 0 ? 0 : Math.floor(n / 2) + 1
  return { ...draft, witnesses, witnessQuorum: Math.min(Math.max(draft.witnessQuorum, least), n) }
}

/** Which seat it is, whatever its labels say. */
export function seatKey(seat: SeatDraft): string {
  if ("seat" in seat) return `seat ${seat.seat}`
  return "member" in seat ? `member ${seat.member}` : `offer ${seat.offer}`
}

export type RulesChange =
  | { readonly kind: "seat-added" | "seat-removed"; readonly seat: SeatDraft }
  | { readonly kind: "labels"; readonly seat: SeatDraft; readonly before: SeatDraft }
  /** `own`: it gets a rule of its own, or (false) follows "rules" again; absent where that stays as it is. */
  | {
      readonly kind: "act"
      readonly act: RuledAct
      readonly before: ActRuleView
      readonly after: ActRuleView
      readonly own?: boolean
    }
  | { readonly kind: "witness-added" | "witness-removed" | "witness-changed"; readonly vkey: string }
  | { readonly kind: "witness-quorum"; readonly before: number; readonly after: number }

/** What would be different, part by part. Empty: nothing. */
export function changesOf(before: RulesDraft, after: RulesDraft): readonly RulesChange[] {
  return [...seatChanges(before, after), ...actChanges(before, after), ...witnessChanges(before, after)]
}

function seatChanges(before: RulesDraft, after: RulesDraft): readonly RulesChange[] {
  const old = new Map(before.keepers.map((seat) => [seatKey(seat), seat]))
  const kept = new Set(after.keepers.map(seatKey))
  return [
    ...before.keepers
      .filter((seat) => !kept.has(seatKey(seat)))
      .map((seat): RulesChange => ({ kind: "seat-removed", seat })),
    ...after.keepers.flatMap((seat): RulesChange[] => {
      const was = old.get(seatKey(seat))
      if (was === undefined) return [{ kind: "seat-added", seat }]
      const same = was.organisation === seat.organisation && was.jurisdiction === seat.jurisdiction
      return same ? [] : [{ kind: "labels", seat, before: was }]
    }),
  ]
}

function actChanges(before: RulesDraft, after: RulesDraft): readonly RulesChange[] {
  return (["rules", ...editableActs] as const).flatMap((act): RulesChange[] => {
    const [hadOwn, hasOwn] = [before.acts[act] !== undefined, after.acts[act] !== undefined]
    // what follows "rules" before and after changes with it, which is said once
    if (!hadOwn && !hasOwn) return []
    const own = hadOwn === hasOwn ? {} : { own: hasOwn }
    const [was, is] = [ruleFor(before, act), ruleFor(after, act)]
    return sameRule(was, is) && hadOwn === hasOwn ? [] : [{ kind: "act", act, before: was, after: is, ...own }]
  })
}

function sameRule(a: ActRuleView, b: ActRuleView): boolean {
  return JSON.stringify(plainRule(a)) === JSON.stringify(plainRule(b))
}

function witnessChanges(before: RulesDraft, after: RulesDraft): readonly RulesChange[] {
  const old = new Map(before.witnesses.map((witness) => [witness.vkey, witness]))
  const kept = new Set(after.witnesses.map(({ vkey }) => vkey))
  const lines: RulesChange[] = before.witnesses
    .filter(({ vkey }) => !kept.has(vkey))
    .map(({ vkey }) => ({ kind: "witness-removed", vkey }))
  for (const witness of after.witnesses) {
    const was = old.get(witness.vkey)
    if (was === undefined) lines.push({ kind: "witness-added", vkey: witness.vkey })
    else if (!sameWitness(was, witness)) lines.push({ kind: "witness-changed", vkey: witness.vkey })
  }
  if (before.witnessQuorum !== after.witnessQuorum)
    lines.push({ kind: "witness-quorum", before: before.witnessQuorum, after: after.witnessQuorum })
  return lines
}

function sameWitness(a: RulesDraft["witnesses"][number], b: RulesDraft["witnesses"][number]): boolean {
  return a.url === b.url && a.organisation === b.organisation && a.jurisdiction === b.jurisdiction
}

/** What somebody pastes as a witness: its key, or the whole line "witness NAME KEY ADDRESS" that it prints. */
export function pastedWitness(pasted: string): { readonly vkey: string; readonly url?: string } {
  const [word, , vkey, url, ...more] = pasted.trim().split(/\s+/)
  if (word !== "witness" || vkey === undefined || more.length > 0) return { vkey: pasted.trim() }
  return { vkey, ...(url === undefined ? {} : { url }) }
}

/** "name" of "name+id+base64", for people. */
export const witnessName = (vkey: string): string => vkey.split("+")[0] ?? ""

/** Members who could be given a seat: active, and without one in the draft. */
export function membersWithoutSeat<P extends { readonly member: Id; readonly active: boolean }>(
  people: readonly P[],
  draft: RulesDraft,
  governance: Governance,
): readonly P[] {
  const memberBySeat = new Map(governance.keepers.map(({ id, member }) => [id, member]))
  const seated = new Set(
    draft.keepers.map((seat) =>
      "seat" in seat ? memberBySeat.get(seat.seat) : "member" in seat ? seat.member : seat.forMember,
    ),
  )
  return people.filter(({ member, active }) => active && !seated.has(member))
}
