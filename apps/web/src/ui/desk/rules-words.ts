import type { Governance, Person, RulesDraft, SeatDraft } from "@holdfast/client"
import { desk, rulePartsInWords } from "../../desk-words.ts"
import { type RulesChange, witnessName } from "../../state/rules-edit.ts"

export type SeatNames = (seat: SeatDraft) => string

/** The names of a draft's seats: of those in force, of members, and codes of key files that are no member's. */
export function seatNames(governance: Governance, people: readonly Person[]): SeatNames {
  const nameOfMember = (member: string) => people.find((each) => each.member === member)?.name ?? member.slice(0, 8)
  return (seat) => {
    if ("seat" in seat) return governance.keepers.find(({ id }) => id === seat.seat)?.name ?? seat.seat.slice(0, 8)
    if ("member" in seat) return nameOfMember(seat.member)
    return seat.forMember === undefined ? desk.rules.offerSeat(seat.offer.slice(4, 12)) : nameOfMember(seat.forMember)
  }
}

function labelsInWords({ organisation, jurisdiction }: SeatDraft): string {
  return [organisation, jurisdiction].filter((label) => label !== "").join(", ") || desk.seat.noLabels
}

/** One change as one line. */
export function changeInWords(change: RulesChange, names: SeatNames, after: RulesDraft, before: RulesDraft): string {
  const words = desk.rules.changed
  switch (change.kind) {
    case "seat-added":
    case "seat-removed":
      return words[change.kind](names(change.seat))
    case "labels":
      return words.labels(names(change.seat), labelsInWords(change.before), labelsInWords(change.seat))
    case "act":
      return words.act(change.act === "rules" ? words.rules : desk.rules.acts[change.act], [
        ...(change.own === undefined ? [] : [change.own ? words.own : words.follows]),
        ...rulePartsInWords(change.before, before.keepers.length, change.after, after.keepers.length),
      ])
    case "witness-quorum":
      return words["witness-quorum"](change.before, change.after)
    default:
      return words[change.kind](witnessName(change.vkey))
  }
}
