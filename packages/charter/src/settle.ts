import { type DeviceId, equalBytes, type MemberId } from "@holdfast/wire"
import { actNumberOf, type BatchedAct, type KnownAct } from "./act.ts"
import type { IdMap } from "./id-map.ts"
import { type Before, judgeAct } from "./judge.ts"
import { askedMembers } from "./quorum.ts"
import type { Refusal } from "./refusal.ts"
import { actRuleOf, delayOf, type Rules } from "./rules.ts"
import { type Mark, type OrgState, type Suspension, type Waiting, withAct, withStatement } from "./state.ts"
import type { Statement, StatementId } from "./statement.ts"

/** What became of an act that waited, and by which entry. (C10.6) */
export interface Settled {
  /** The entry that the act came with. */
  readonly index: number
  readonly statementId: StatementId
  /** The entry that decided it: an anchor, a veto, or other rules. */
  readonly by: number
  readonly how: "applied" | "vetoed" | { readonly lapsed: Refusal }
}

/** What enough witnesses have vouched for. (C10.1) */
export interface Anchored {
  /** It is at least as late as this. */
  readonly time: number
  /** They had seen so much of the log by this time. (C10.3) */
  readonly seenBy: number
  readonly size: number
}

export interface Moved {
  readonly state: OrgState
  readonly settled: readonly Settled[]
}

/** How long an act has to wait, and who can stop it; `undefined`: it takes effect at once. (C3.8, C5.10) */
export function waitOf(rules: Rules, act: KnownAct): { delaySeconds: number; vetoK: number } | undefined {
  // Before there are rules, nothing can be said to wait.
  if (act.type === "genesis") return undefined
  const parts: readonly (KnownAct | BatchedAct)[] = act.type === "batch" ? act.body.acts : [act]
  const types = [...new Set(parts.map(actNumberOf))]
  const delaySeconds = Math.max(...types.map((type) => delayOf(rules, type)))
  if (delaySeconds === 0) return undefined
  const vetoes = types.map((type) => actRuleOf(rules, type).vetoK).filter((vetoK) => vetoK > 0)
  return { delaySeconds, vetoK: vetoes.length === 0 ? 0 : Math.min(...vetoes) }
}

/** A statement that has its approvals and waits. Its id and its place in its subject's sequence are used up now. (C10.3) */
export function hold(
  state: OrgState,
  statement: Statement & KnownAct,
  wait: { readonly delaySeconds: number; readonly vetoK: number; readonly agreed: readonly DeviceId[] },
  index: number,
): OrgState {
  const held: Waiting = { index, statement, ...wait, begins: undefined }
  return { ...withStatement(state, statement, index), waiting: [...state.waiting, held] }
}

/** Applies a statement that does not wait, with all that follows for those that do. (C7.3, C10) */
export function apply(
  before: Before,
  statement: Statement & KnownAct,
  index: number,
  anchored: Anchored | undefined,
): Moved {
  const mark = { index, statementId: statement.id }
  const state = withStatement(withAct(before.state, statement, mark), statement, index)
  switch (statement.type) {
    case "anchor":
      return anchored === undefined ? { state, settled: [] } : moveClock({ ...before, state }, anchored, index)
    case "veto":
      return stopWaiting(state, index, (it) => (isStatement(it, statement.body.statement) ? "vetoed" : undefined))
    case "rules":
      return voided(state, index)
    default:
      return { state, settled: [] }
  }
}

function isStatement({ statement }: Waiting, id: Uint8Array): boolean {
  return equalBytes(statement.id, id)
}

/** Other rules void everything that was approved under those before. (C10.4) */
function voided(state: OrgState, by: number): Moved {
  return stopWaiting(state, by, ({ statement }) =>
    statement.rulesVersion === state.rules.version ? undefined : { lapsed: "wrong_rules_version" },
  )
}

function stopWaiting(state: OrgState, by: number, fate: (it: Waiting) => Settled["how"] | undefined): Moved {
  const settled: Settled[] = []
  const waiting: Waiting[] = []
  for (const it of state.waiting) {
    const how = fate(it)
    if (how === undefined) waiting.push(it)
    else settled.push(settledBy(by, it, how))
  }
  return settled.length === 0 ? { state, settled } : { state: { ...state, waiting }, settled }
}

function settledBy(by: number, { index, statement }: Waiting, how: Settled["how"]): Settled {
  return { index, statementId: statement.id, by, how }
}

/** Everything that the witnesses had seen by then begins to wait; what has waited long enough takes effect, in order. (C10.3) */
function moveClock(before: Before, anchored: Anchored, index: number): Moved {
  const clock = Math.max(before.state.clock ?? 0, anchored.time)
  const anchoredSize = Math.max(before.state.anchoredSize, anchored.size)
  // Not the clock alone: a witness that lies about the past could make a wait begin before anybody knew of the act.
  const begins = Math.max(clock, anchored.seenBy)
  let state: OrgState = {
    ...before.state,
    clock,
    anchoredSize,
    waiting: before.state.waiting.map((it) => begun(it, it.index, anchored.size, begins)),
    suspensions: begunAll(before.state.suspensions, anchored.size, begins),
  }
  const settled: Settled[] = []
  for (;;) {
    const due = state.waiting.find(({ begins, delaySeconds }) => begins !== undefined && begins + delaySeconds <= clock)
    if (due === undefined) return { state, settled }
    state = { ...state, waiting: state.waiting.filter((it) => it !== due) }
    const mark: Mark = { index, statementId: due.statement.id }
    const lapsed = judgeAct({ ...before, state }, due.statement) ?? disagreed(state, due)
    settled.push(settledBy(index, due, lapsed === undefined ? "applied" : { lapsed }))
    if (lapsed !== undefined) continue
    state = withAct(state, due.statement, mark)
    if (due.statement.type !== "rules") continue
    const next = voided(state, index)
    state = next.state
    settled.push(...next.settled)
  }
}

/** A device that was removed since must not bring in another: it may have been stolen. (C10.4) */
function disagreed(state: OrgState, { statement, agreed }: Waiting): Refusal | undefined {
  const devices = agreed.flatMap((id) => state.devices.get(id) ?? []).filter(({ removed }) => removed === undefined)
  const speaks = (member: MemberId) => devices.some((device) => equalBytes(device.member, member))
  return askedMembers(statement).every(speaks) ? undefined : "no_device_approval"
}

/** One that lies about the future can put the beginning off, and only until others say more. */
function begun<T extends { readonly begins: number | undefined }>(
  it: T,
  index: number,
  size: number,
  begins: number,
): T {
  return index < size && begins < (it.begins ?? Number.POSITIVE_INFINITY) ? { ...it, begins } : it
}

function begunAll(suspensions: IdMap<Suspension>, size: number, begins: number): IdMap<Suspension> {
  let all = suspensions
  for (const it of suspensions.values()) {
    const next = begun(it, it.mark.index, size, begins)
    if (next !== it) all = all.with(it.keeper, next)
  }
  return all
}
