import { CompactRange, leafHash } from "@holdfast/log"
import { type DeviceId, equalBytes, type KeeperId, type MemberId, type OrgId, orgIdOf } from "@holdfast/wire"
import { noOrg } from "./admission.ts"
import { examineAnchor } from "./anchor.ts"
import type { Approval, ApprovalKind } from "./approval.ts"
import { decodeEnvelope, type Envelope } from "./envelope.ts"
import { CharterError } from "./error.ts"
import { emptyIdMap, type IdMap } from "./id-map.ts"
import { Journal } from "./journal.ts"
import { type Before, judge } from "./judge.ts"
import { needsNoWait, shortOf } from "./quorum.ts"
import { type Refusal, reservedRefusals } from "./refusal.ts"
import { keeperOf, type Rules } from "./rules.ts"
import { type Anchored, apply, hold, type Moved, type Settled, waitOf } from "./settle.ts"
import { type Approvers, allRight, approversOf, nobody, proofClaims, type Verify, verifyClaim } from "./signatures.ts"
import { type Device, emptyState, keepersWithoutMember, type Member, type OrgState } from "./state.ts"
import type { Statement } from "./statement.ts"

/** What became of one entry of the log. (C7.2) */
export interface CharterRecord {
  readonly index: number
  /** Leaf hash of the entry. */
  readonly leaf: Uint8Array
  /** Absent when the bytes are no envelope. */
  readonly statement: Statement | undefined
  readonly approvals: readonly ApprovalRecord[]
  /** `waiting`: it has its approvals, and its effect comes later or never; `fateOf` tells. (C10.3) */
  readonly outcome: "applied" | "waiting" | { readonly refused: Refusal }
  /** Acts that waited and that this entry decided. (C10.6) */
  readonly settled: readonly Settled[]
}
export interface ApprovalRecord {
  readonly signer: Uint8Array
  readonly kind: ApprovalKind
  /** The signer was known and the signature right. */
  readonly counted: boolean
  /** The signature is right, and does not count because the keeper is suspended. (C5.6) */
  readonly suspended: boolean
}

/** An organisation's history up to one size of its log. A value: `append` gives a new one and this one stays as it is. */
export interface Charter {
  readonly orgId: OrgId
  readonly size: number
  readonly root: Uint8Array
  readonly state: OrgState
  readonly records: Journal<CharterRecord>
  /** Roots by size, from that of the empty tree on. */
  readonly roots: Journal<Uint8Array>
  readonly rulesHistory: Journal<RulesPeriod>
  /** Indexes of the entries that were refused. */
  readonly refused: Journal<number>
  /** What became of acts that waited, by statement id. (C10.6) */
  readonly fates: IdMap<Settled>
  readonly suspendedApprovals: Journal<SuspendedApproval>
  /** The first entry that only a newer version of this program can judge; from there on its state may differ. (C4.8) */
  readonly updateNeededAt: number | undefined
  /** Of this size. Never appended to: the next charter gets its own. */
  readonly range: CompactRange
}
export interface SuspendedApproval {
  readonly index: number
  readonly keeper: KeeperId
}
export interface RulesPeriod {
  readonly since: number
  readonly rules: Rules
}

/** The charter of an organisation of which nothing has been read yet. Its first entry must be the one that `orgId` names. (C7.1) */
export function openCharter(orgId: OrgId): Charter {
  const range = new CompactRange()
  return {
    orgId,
    size: 0,
    root: range.root(),
    state: emptyState,
    records: Journal.empty(),
    roots: Journal.empty<Uint8Array>().with(range.root()),
    rulesHistory: Journal.empty(),
    refused: Journal.empty(),
    fates: emptyIdMap(),
    suspendedApprovals: Journal.empty(),
    updateNeededAt: undefined,
    range,
  }
}

export interface Appended {
  readonly charter: Charter
  readonly record: CharterRecord
}

/**
 * Adds the next entry of the log. An entry that breaks a rule is recorded with the reason and changes nothing else, so that
 * whoever writes the log cannot stop an organisation with junk. (C7.2)
 *
 * Throws `not_this_organisation` or `genesis_invalid`, for entry 0 only. (C7.1)
 */
export function append(charter: Charter, entry: Uint8Array): Promise<Appended> {
  return appendRead(charter, entry, readEnvelope(entry), verifyClaim)
}

/** An entry's envelope, or why it is none. */
export function readEnvelope(entry: Uint8Array): Envelope | Refusal {
  try {
    return decodeEnvelope(entry)
  } catch (error) {
    if (!(error instanceof CharterError)) throw error
    return error.code === "too_large" ? "too_large" : "malformed"
  }
}

export async function appendRead(
  charter: Charter,
  entry: Uint8Array,
  read: Envelope | Refusal,
  verify: Verify,
): Promise<Appended> {
  if (charter.size === 0) checkGenesis(charter.orgId, read)
  const verdict: Verdict = typeof read === "string" ? refuse(read) : await examine(charter, read, verify)
  if (charter.size === 0 && verdict.refused !== undefined) throw new CharterError("genesis_invalid", verdict.refused)
  return extend(charter, entry, read, verdict)
}

function checkGenesis(orgId: OrgId, read: Envelope | Refusal): void {
  const isOurs =
    typeof read !== "string" && read.statement.type === "genesis" && equalBytes(orgIdOf(read.statement.bytes), orgId)
  if (!isOurs) throw new CharterError("not_this_organisation", "entry 0")
}

export interface Verdict {
  readonly refused: Refusal | undefined
  readonly approvers: Approvers
  /** Set for an ANCHOR that proves something. */
  readonly anchored: Anchored | undefined
}

function refuse(refused: Refusal, approvers: Approvers = nobody): Verdict {
  return { refused, approvers, anchored: undefined }
}

/** All rules, the cheap ones first. (C6) */
export async function examine(charter: Charter, envelope: Envelope, verify: Verify): Promise<Verdict> {
  const { statement, approvals } = envelope
  const before = beforeNext(charter)
  const broken = judge(before, statement)
  if (broken !== undefined) {
    const signed = reservedRefusals.has(broken) ? approvals.filter(({ kind }) => kind !== 3) : []
    const approvers = await approversOf(before.state, statement, signed, verify)
    return refuse(broken, typeof approvers === "string" ? nobody : approvers)
  }
  if (statement.type === "anchor") {
    // Nobody approves it: what it carries proves itself. (C10.1)
    const anchored = await examineAnchor(before, statement.body, verify)
    return typeof anchored === "string" ? refuse(anchored) : { refused: undefined, approvers: nobody, anchored }
  }
  const approvers = await approversOf(before.state, statement, approvals, verify)
  if (typeof approvers === "string") return refuse(approvers)
  if (!(await allRight(proofClaims(before.org, before.state, statement), verify))) return refuse("bad_proof", approvers)
  return { refused: shortOf(before.state, statement, approvers), approvers, anchored: undefined }
}

/** What the next entry of this charter is judged against. */
export function beforeNext(charter: Charter): Before {
  return {
    org: charter.size === 0 ? noOrg : charter.orgId,
    state: charter.state,
    size: charter.size,
    rootAt: (size) => charter.roots.at(size),
  }
}

function extend(charter: Charter, entry: Uint8Array, read: Envelope | Refusal, verdict: Verdict): Appended {
  const { refused, approvers } = verdict
  const index = charter.size
  const leaf = leafHash(entry)
  const range = charter.range.clone()
  range.append(leaf)
  const root = range.root()
  const envelope = typeof read === "string" ? undefined : read
  const statement = envelope?.statement
  const taken = takeEffect(charter, statement, verdict)
  const { state, settled } = taken
  const record: CharterRecord = {
    index,
    leaf,
    statement,
    approvals: (envelope?.approvals ?? []).map((approval) => approvalRecord(approval, approvers)),
    outcome: taken.outcome,
    settled,
  }
  // Without a signature by someone who has a seat now, anyone could make every client ask for an update.
  const isSeated = approvers.keepers.some(({ id }) => keeperOf(charter.state.rules, id) !== undefined)
  const needsUpdate = refused !== undefined && reservedRefusals.has(refused) && isSeated
  return {
    record,
    charter: {
      orgId: charter.orgId,
      size: index + 1,
      root,
      state,
      records: charter.records.with(record),
      roots: charter.roots.with(root),
      rulesHistory:
        state.rules === charter.state.rules
          ? charter.rulesHistory
          : charter.rulesHistory.with({ since: index + 1, rules: state.rules }),
      refused: refused === undefined ? charter.refused : charter.refused.with(index),
      fates: settled.reduce((fates, it) => fates.with(it.statementId, it), charter.fates),
      suspendedApprovals: approvers.suspended.reduce(
        (all, { id }) => all.with({ index, keeper: id }),
        charter.suspendedApprovals,
      ),
      updateNeededAt: charter.updateNeededAt ?? (needsUpdate ? index : undefined),
      range,
    },
  }
}

interface Taken extends Moved {
  readonly outcome: CharterRecord["outcome"]
}

function takeEffect(charter: Charter, statement: Statement | undefined, verdict: Verdict): Taken {
  const { state } = charter
  const { refused, approvers, anchored } = verdict
  if (refused !== undefined || statement === undefined || statement.type === "unknown") {
    return { state, settled: [], outcome: { refused: refused ?? "malformed" } }
  }
  const wait = needsNoWait(state, statement, approvers) ? undefined : waitOf(state.rules, statement)
  if (wait !== undefined) {
    const agreed = approvers.devices.map(({ id }) => id)
    return { state: hold(state, statement, { ...wait, agreed }, charter.size), settled: [], outcome: "waiting" }
  }
  return { ...apply(beforeNext(charter), statement, charter.size, anchored), outcome: "applied" }
}

function approvalRecord({ signer, kind }: Approval, approvers: Approvers): ApprovalRecord {
  const known: readonly { readonly id: Uint8Array }[] = kind === 3 ? approvers.devices : approvers.keepers
  const isAmong = (list: readonly { readonly id: Uint8Array }[]) => list.some(({ id }) => equalBytes(id, signer))
  return { signer, kind, counted: isAmong(known), suspended: kind !== 3 && isAmong(approvers.suspended) }
}

/** What an entry has come to by now: its outcome, or for one that waited what was decided, and by which entry. (C10.6) */
export function fateOf(charter: Charter, index: number): Fate | undefined {
  const record = charter.records.at(index)
  if (record === undefined) return undefined
  const { outcome, statement } = record
  if (outcome !== "waiting" || statement === undefined) return { how: outcome, by: index }
  const settled = charter.fates.get(statement.id)
  return settled === undefined ? { how: "waiting", by: index } : { how: settled.how, by: settled.by }
}

export interface Fate {
  readonly how: CharterRecord["outcome"] | Settled["how"]
  /** The entry that decided it. */
  readonly by: number
}

/** The root of the log at any size up to the charter's own. (C7.6) */
export function rootAt(charter: Charter, size: number): Uint8Array | undefined {
  return charter.roots.at(size)
}

/**
 * The device, if it counted at that size of the log: admitted by an earlier entry and not yet removed. `undefined` also for a
 * size beyond the charter's own, which it cannot know. (C7.4)
 */
export function deviceAt(charter: Charter, id: DeviceId, size: number): Device | undefined {
  return inForce(charter, charter.state.devices.get(id), size)
}

/** Like `deviceAt`, for a member. */
export function memberAt(charter: Charter, id: MemberId, size: number): Member | undefined {
  return inForce(charter, charter.state.members.get(id), size)
}

function inForce<T extends Device | Member>(charter: Charter, it: T | undefined, size: number): T | undefined {
  if (it === undefined || size > charter.size || it.added.index >= size) return undefined
  return it.removed !== undefined && it.removed.index < size ? undefined : it
}

/** If at that size this key was an active device of this member, under this device id. The check of every MLS leaf. (C7.4) */
export function admits(charter: Charter, size: number, member: MemberId, id: DeviceId, publicKey: Uint8Array): boolean {
  const device = deviceAt(charter, id, size)
  return device !== undefined && equalBytes(device.member, member) && equalBytes(device.publicKey, publicKey)
}

/** The rules in force at a size of the log; `undefined` before GENESIS and beyond the charter's own size. */
export function rulesAt(charter: Charter, size: number): Rules | undefined {
  if (size > charter.size) return undefined
  return charter.rulesHistory.lastWhere(({ since }) => since <= size)?.rules
}

export type Alarm =
  | { readonly kind: "entry_refused"; readonly index: number; readonly refusal: Refusal }
  | { readonly kind: "keeper_without_member"; readonly keeper: KeeperId; readonly member: MemberId }
  | { readonly kind: "update_needed"; readonly index: number }
  | { readonly kind: "approval_by_suspended"; readonly index: number; readonly keeper: KeeperId }

/** What people must be shown: standing conditions first, then every refused entry, oldest first. (C7.7) */
export function alarmsOf(charter: Charter): readonly Alarm[] {
  const alarms: Alarm[] = []
  if (charter.updateNeededAt !== undefined) alarms.push({ kind: "update_needed", index: charter.updateNeededAt })
  for (const { id, member } of keepersWithoutMember(charter.state)) {
    alarms.push({ kind: "keeper_without_member", keeper: id, member: member as MemberId })
  }
  for (const approval of charter.suspendedApprovals) alarms.push({ kind: "approval_by_suspended", ...approval })
  for (const index of charter.refused) {
    const outcome = charter.records.at(index)?.outcome
    if (typeof outcome === "object") alarms.push({ kind: "entry_refused", index, refusal: outcome.refused })
  }
  return alarms
}
