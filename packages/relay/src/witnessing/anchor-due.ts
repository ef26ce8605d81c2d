import { isSuspended, type OrgState, type Suspension } from "@holdfast/charter"

/** What an anchor would tell, in seconds since 1970. (C10.1) */
export interface Vouched {
  /** It is at least as late as this, say enough witnesses. */
  readonly time: number
  /** They had seen the tree by this time. */
  readonly seenBy: number
  readonly size: number
}

/** Why an anchor is worth an entry; the list is closed. (R10.6) */
export type AnchorReason = "first" | "begins" | "takes_effect" | "suspension_begins" | "suspension_over" | "daily"

const daySeconds = 86_400
/** A beginning that lies further ahead than this was put off by a witness whose clock is wrong. (C10.3) */
const putOffSeconds = 60

/** Why this should be written into the charter as an anchor now; `undefined`: nothing depends on it. (R10.6) */
export function anchorDue(state: OrgState, { time, seenBy, size }: Vouched): AnchorReason | undefined {
  const { rules, clock, anchoredSize, waiting } = state
  if (rules.witnesses.length === 0) return undefined
  if (clock === undefined) return "first"
  // Replay refuses an anchor without news (C10.1).
  if (time <= clock && size <= anchoredSize) return undefined
  const earliest = Math.max(clock, time, seenBy) + putOffSeconds
  const begins = (index: number, before: number | undefined) =>
    index < size && (before === undefined || before > earliest)
  if (waiting.some((it) => begins(it.index, it.begins))) return "begins"
  if (waiting.some((it) => endOf(it.begins, it.delaySeconds) <= time)) return "takes_effect"
  const suspensions = suspensionsOf(state)
  if (suspensions.some((it) => begins(it.mark.index, it.begins))) return "suspension_begins"
  if (suspensions.some((it) => endOf(it.begins, it.seconds) <= time)) return "suspension_over"
  return time - clock >= daySeconds ? "daily" : undefined
}

/** The next time, in seconds, from which on an anchor is due without anything else happening; `undefined`: the first one is due already. (R10.7) */
export function nextAnchorTime(state: OrgState): number | undefined {
  if (state.clock === undefined) return undefined
  const ends = [
    ...state.waiting.map((it) => endOf(it.begins, it.delaySeconds)),
    ...suspensionsOf(state).map((it) => endOf(it.begins, it.seconds)),
  ]
  return Math.min(state.clock + daySeconds, ...ends)
}

function endOf(begins: number | undefined, seconds: number): number {
  return begins === undefined ? Number.POSITIVE_INFINITY : begins + seconds
}

/** Those that have not run out by the log's clock. */
function suspensionsOf(state: OrgState): readonly Suspension[] {
  return [...state.suspensions.values()].filter(({ keeper }) => isSuspended(state, keeper))
}
