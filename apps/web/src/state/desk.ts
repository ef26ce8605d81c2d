// What the keepers' desk makes of proposals and of the timeline. Pure; times are milliseconds.
import type { Act, Governance, KeeperView, OpenRequest, Proposal, WaitingAct } from "@holdfast/client"

const hour = 3_600_000
const day = 24 * hour

export interface DeskSections {
  /** Waits for this member's decision, the most urgent first. */
  readonly mine: readonly Proposal[]
  /** Under way without this member having to do anything. */
  readonly others: readonly Proposal[]
}

/** The number of names does not say that it is over: a device also needs its own member, who may be the last to agree. */
export function deskSections(proposals: readonly Proposal[], acts: readonly Act[], now: number): DeskSections {
  const recorded = new Set(acts.map(({ statement }) => statement))
  const open = proposals.filter(({ id, expiresAt }) => expiresAt > now && !recorded.has(id))
  return {
    mine: open.filter(({ mine }) => mine === "can-approve").toSorted((a, b) => a.expiresAt - b.expiresAt),
    others: open.filter(({ mine }) => mine !== "can-approve"),
  }
}

/** Proposals of which nothing came, newest first as the engine gives them. What was decided is in the timeline. */
export function withoutResult(history: readonly Proposal[]): readonly Proposal[] {
  return history.filter(({ state }) => state === "expired" || state === "overtaken")
}

/** What keepers decided, or what became of it: every act but the founding and readings of the clock, newest first. */
export function decidedActs(acts: readonly Act[]): readonly Act[] {
  return acts.filter(({ type }) => type !== "anchor" && type !== "genesis").toReversed()
}

/** Requests that no open decision is about: those for invitations from a list wait until somebody admits them together (E5.16). */
export function unproposed(requests: readonly OpenRequest[], proposals: readonly Proposal[]): readonly OpenRequest[] {
  return requests.filter(
    ({ joinCode }) =>
      !proposals.some(
        (proposal) => proposal.joinCode === joinCode || proposal.details.some((line) => line.includes(joinCode)),
      ),
  )
}

export type Reminder =
  | { readonly kind: "expires-today" | "expires-tomorrow" }
  | { readonly kind: "undecided"; readonly days: number }

/** Why somebody should look at it now. At most one, the most pressing. */
export function reminderOf(proposal: Pick<Proposal, "at" | "expiresAt">, now: number): Reminder | undefined {
  if (proposal.expiresAt - now <= day) return { kind: "expires-today" }
  if (proposal.expiresAt - now <= 2 * day) return { kind: "expires-tomorrow" }
  const days = Math.floor((now - proposal.at) / day)
  return days >= 2 ? { kind: "undecided", days } : undefined
}

export interface Missing {
  readonly keepers: readonly string[]
  /** How many more approvals it takes. */
  readonly approvals: number
  readonly organisations: number
  readonly jurisdictions: number
}

/** Approvals that count. Old rules and new ones may ask for different people: then what the engine says is less than there are names. */
export const givenTo = ({ given, approvedBy }: Proposal): number => given ?? approvedBy.length

/** Who could still approve. As the engine says it; from names alone where it does not. */
export function missingFor(proposal: Proposal, keepers: readonly KeeperView[]): Missing {
  const approvals = Math.max(0, proposal.needed - givenTo(proposal))
  if (proposal.missing !== undefined) return { ...proposal.missing, approvals }
  const done = new Set([...proposal.approvedBy, ...proposal.declinedBy])
  return {
    keepers: keepers
      .filter(({ name, suspended }) => suspended === undefined && !done.has(name))
      .map(({ name }) => name),
    approvals,
    organisations: 0,
    jurisdictions: 0,
  }
}

/** The nearest first; what has not begun to run comes last. */
export function waitingInOrder(waiting: readonly WaitingAct[]): readonly WaitingAct[] {
  const when = ({ effectAt }: WaitingAct) => effectAt ?? Number.POSITIVE_INFINITY
  return waiting.toSorted((a, b) => when(a) - when(b) || a.index - b.index)
}

/** The labels that the seats bring, each once and in order. */
export function labelsOf(
  keepers: readonly Pick<KeeperView, "organisation" | "jurisdiction">[],
  label: "organisation" | "jurisdiction",
): readonly string[] {
  return [...new Set(keepers.map((keeper) => keeper[label]).filter((each) => each !== ""))].toSorted()
}

export type CanaryStanding = "none" | "good" | "soon" | "lapsed"

/** `soon`: it lapses within a week. */
export function canaryStanding(canary: Governance["canary"], now: number): CanaryStanding {
  if (canary === undefined) return "none"
  if (canary.lapsed || canary.until <= now) return "lapsed"
  return canary.until - now <= 7 * day ? "soon" : "good"
}

/** Witnesses of whom this device has seen a cosignature within the last day. */
export function freshWitnesses({ watch }: Pick<Governance, "watch">): number {
  return watch.witnesses.filter(({ state }) => state === "fresh").length
}
