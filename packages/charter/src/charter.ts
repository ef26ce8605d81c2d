import { CompactRange, leafHash } from "@holdfast/log"
import { type DeviceId, equalBytes, type KeeperId, type MemberId, type OrgId, orgIdOf } from "@holdfast/wire"
import { noOrg } from "./admission.ts"
import type { Approval, ApprovalKind } from "./approval.ts"
import { decodeEnvelope, type Envelope } from "./envelope.ts"
import { CharterError } from "./error.ts"
import { Journal } from "./journal.ts"
import { type Before, judge } from "./judge.ts"
import { shortOf } from "./quorum.ts"
import { type Refusal, reservedRefusals } from "./refusal.ts"
import { keeperOf, type Rules } from "./rules.ts"
import { type Approvers, allRight, approversOf, proofClaims, type Verify, verifyClaim } from "./signatures.ts"
import { applyAct, type Device, emptyState, keepersWithoutMember, type Member, type OrgState } from "./state.ts"
import type { Statement } from "./statement.ts"

/** What became of one entry of the log. (C7.2) */
export interface CharterRecord {
  readonly index: number
  /** Leaf hash of the entry. */
  readonly leaf: Uint8Array
  /** Absent when the bytes are no envelope. */
  readonly statement: Statement | undefined
  readonly approvals: readonly ApprovalRecord[]
  readonly outcome: "applied" | { readonly refused: Refusal }
}
export interface ApprovalRecord {
  readonly signer: Uint8Array
  readonly kind: ApprovalKind
  /** The signer was known and the signature right. */
  readonly counted: boolean
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
  /** The first entry that only a newer version of this program can judge; from there on its state may differ. (C4.8) */
  readonly updateNeededAt: number | undefined
  /** Of this size. Never appended to: the next charter gets its own. */
  readonly range: CompactRange
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
  const verdict: Verdict =
    typeof read === "string" ? { refused: read, approvers: nobody } : await examine(charter, read, verify)
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
}

const nobody: Approvers = { keepers: [], devices: [] }

/** All rules, the cheap ones first. (C6) */
export async function examine(charter: Charter, envelope: Envelope, verify: Verify): Promise<Verdict> {
  const { statement, approvals } = envelope
  const before = beforeNext(charter)
  const broken = judge(before, statement)
  if (broken !== undefined) {
    const signed = reservedRefusals.has(broken) ? approvals.filter(({ kind }) => kind === 1) : []
    const approvers = await approversOf(before.state, statement, signed, verify)
    return { refused: broken, approvers: typeof approvers === "string" ? nobody : approvers }
  }
  const approvers = await approversOf(before.state, statement, approvals, verify)
  if (typeof approvers === "string") return { refused: approvers, approvers: nobody }
  if (!(await allRight(proofClaims(before.org, before.state, statement), verify)))
    return { refused: "bad_proof", approvers }
  return { refused: shortOf(before.state, statement, approvers), approvers }
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
  const record: CharterRecord = {
    index,
    leaf,
    statement: envelope?.statement,
    approvals: (envelope?.approvals ?? []).map((approval) => approvalRecord(approval, approvers)),
    outcome: refused === undefined ? "applied" : { refused },
  }
  const statement = envelope?.statement
  const isApplied = refused === undefined && statement !== undefined && statement.type !== "unknown"
  const state = isApplied ? applyAct(charter.state, statement, index) : charter.state
  const hasNewRules = state.rules !== charter.state.rules
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
      rulesHistory: hasNewRules
        ? charter.rulesHistory.with({ since: index + 1, rules: state.rules })
        : charter.rulesHistory,
      refused: refused === undefined ? charter.refused : charter.refused.with(index),
      updateNeededAt: charter.updateNeededAt ?? (needsUpdate ? index : undefined),
      range,
    },
  }
}

function approvalRecord({ signer, kind }: Approval, approvers: Approvers): ApprovalRecord {
  const known: readonly { readonly id: Uint8Array }[] = kind === 3 ? approvers.devices : approvers.keepers
  return { signer, kind, counted: known.some(({ id }) => equalBytes(id, signer)) }
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

/** What people must be shown: standing conditions first, then every refused entry, oldest first. (C7.7) */
export function alarmsOf(charter: Charter): readonly Alarm[] {
  const alarms: Alarm[] = []
  if (charter.updateNeededAt !== undefined) alarms.push({ kind: "update_needed", index: charter.updateNeededAt })
  for (const { id, member } of keepersWithoutMember(charter.state)) {
    alarms.push({ kind: "keeper_without_member", keeper: id, member: member as MemberId })
  }
  for (const index of charter.refused) {
    const outcome = charter.records.at(index)?.outcome
    if (outcome !== undefined && outcome !== "applied")
      alarms.push({ kind: "entry_refused", index, refusal: outcome.refused })
  }
  return alarms
}
