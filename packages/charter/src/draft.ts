import { equalBytes, type MemberId, type OrgId, orgIdOf } from "@holdfast/wire"
import { type Founder, type Genesis, type KnownAct, subjectOf } from "./act.ts"
import { noOrg } from "./admission.ts"
import type { Approval } from "./approval.ts"
import { beforeNext, type Charter, openCharter } from "./charter.ts"
import { CharterError } from "./error.ts"
import { judge } from "./judge.ts"
import { membersHeard, type Quorum, quorumsOf, shortOf } from "./quorum.ts"
import type { Refusal } from "./refusal.ts"
import type { RelayEntry } from "./relay-entry.ts"
import type { Keeper, Rules } from "./rules.ts"
import { type Approvers, allRight, approvalClaims, approversOf, proofClaims, verifyClaim } from "./signatures.ts"
import { type OrgState, subjectHead } from "./state.ts"
import { makeStatement, type Statement } from "./statement.ts"

/** What a statement carries besides its act. */
export interface Validity {
  /** Seconds since 1970. */
  readonly notAfter: number
  /** 16 random bytes, new for every statement. */
  readonly nonce: Uint8Array
}

/** Every act but the founding one, which `genesis` drafts. */
export type LaterAct = Exclude<KnownAct, { readonly type: "genesis" }>

/**
 * Drafts the next statement about the act's subject, on the charter as it stands. It may still break a rule of content:
 * `checkBeforeSigning` tells. Throws `not_founded`, `malformed`, `too_large`.
 */
export function draft(charter: Charter, act: LaterAct & Validity): Statement {
  if (!charter.state.founded) throw new CharterError("not_founded", "draft")
  return draftOn(charter, charter.orgId, act, act)
}

function draftOn(charter: Charter, orgId: OrgId, act: KnownAct, validity: Validity): Statement {
  const { state, size, root } = charter
  const subject = subjectOf(act)
  const head = subjectHead(state, subject)
  const header = {
    orgId,
    subject,
    seq: head.nextSeq,
    prev: head.prev,
    rulesVersion: state.rules.version,
    base: { size, root },
    notAfter: validity.notAfter,
    nonce: validity.nonce,
  }
  return makeStatement(header, act)
}

export interface Founding extends Validity {
  readonly nameCommitment: Uint8Array
  /** Version 1; `simpleRules` makes them. Their keepers' proofs are over `noOrg`, as are those of the founder's devices. */
  readonly rules: Rules
  readonly founder: Founder
  readonly relays: readonly RelayEntry[]
}

/** The statement that founds an organisation, and the id it gives it. Every keeper in it has to approve. (C4.3) */
export function genesis(founding: Founding): { readonly statement: Statement; readonly orgId: OrgId } {
  const { nameCommitment, rules, founder, relays } = founding
  const body: Genesis = { nameCommitment, rules, founder, relays }
  const statement = draftOn(openCharter(noOrg), noOrg, { type: "genesis", body }, founding)
  return { statement, orgId: orgIdOf(statement.bytes) }
}

/** Longest time ahead that a keeper should sign for: a statement that can be held back for longer is a weapon. (C8.2) */
export const maxValiditySeconds = 90 * 86_400

/** Longest time that a canary may promise: a quarter of a year and a few days. (C5.9) */
export const maxCanarySeconds = 100 * 86_400

export type BeforeSigning = Refusal | "not_after_too_far" | "canary_too_far" | "canary_past"

/**
 * Why this statement should not be signed now; empty when nothing speaks against it. `now` is in seconds. Replay
 * judges `notAfter` by the log's clock, which may be a day behind or not there at all; this check uses the signer's own. (C8.1, C8.2)
 */
export async function checkBeforeSigning(
  charter: Charter,
  statement: Statement,
  now: number,
): Promise<readonly BeforeSigning[]> {
  const before = beforeNext(charter)
  const reasons: BeforeSigning[] = []
  // A founding statement names no organisation; its own hash has to be the one that the charter was opened for.
  if (charter.size === 0 && !equalBytes(orgIdOf(statement.bytes), charter.orgId)) reasons.push("wrong_organisation")
  const broken = judge(before, statement)
  if (broken !== undefined) reasons.push(broken)
  else if (!(await allRight(proofClaims(before.org, before.state, statement), verifyClaim))) reasons.push("bad_proof")
  if (now > statement.notAfter && broken !== "expired") reasons.push("expired")
  if (statement.type === "canary" && statement.body.until - now > maxCanarySeconds) reasons.push("canary_too_far")
  if (statement.type === "canary" && statement.body.until <= now) reasons.push("canary_past")
  // Where the log's clock has run ahead, a statement that is short by the signer's own would be over before it is logged.
  if (statement.notAfter - Math.max(now, charter.state.clock ?? 0) > maxValiditySeconds)
    reasons.push("not_after_too_far")
  return reasons
}

/** Where a statement stands on its way to being applied. */
export interface Progress {
  /** Keepers that must approve and that have, in whichever quorum lacks most. */
  readonly needed: number
  readonly given: number
  /** Keepers who have not approved. Not all of them need to. */
  readonly missing: readonly Keeper[]
  /** Whose own device has approved or still could, for an act on that member's devices. (C5.4, C5.5) */
  readonly byMember: { readonly member: MemberId; readonly given: boolean } | undefined
  readonly quorums: readonly Quorum[]
  /** The approvals to seal: by those who have a say in it, each once, with a right signature. One bad one would spoil the entry. */
  readonly usable: readonly Approval[]
  /** Sealed now, it would be applied as the next entry. */
  readonly satisfied: boolean
  /** Why it would not be. */
  readonly reasons: readonly Refusal[]
}

/** For a keepers' desk. Approvals that do not count, for whatever reason, are left out. */
export async function progress(
  charter: Charter,
  statement: Statement,
  approvals: readonly Approval[],
): Promise<Progress> {
  const before = beforeNext(charter)
  const { org, state } = before
  const usable = await usableOf(state, statement, approvals)
  const approvers = (await approversOf(state, statement, usable, verifyClaim)) as Approvers
  const quorums = quorumsOf(state, statement, approvers)
  const most = quorums.toSorted((a, b) => lackOf(b) - lackOf(a))[0] as Quorum
  const broken = judge(before, statement)
  const isProven = await allRight(proofClaims(org, state, statement), verifyClaim)
  const reason = broken ?? (isProven ? shortOf(state, statement, approvers) : "bad_proof")
  const [heard] = membersHeard(state, statement)
  return {
    needed: most.tally.needed,
    given: most.tally.given,
    missing: most.missing,
    byMember:
      heard === undefined
        ? undefined
        : { member: heard, given: approvers.devices.some(({ member }) => equalBytes(member, heard)) },
    quorums,
    usable,
    satisfied: reason === undefined,
    reasons: reason === undefined ? [] : [reason],
  }
}

async function usableOf(
  state: OrgState,
  statement: Statement,
  approvals: readonly Approval[],
): Promise<readonly Approval[]> {
  const usable: Approval[] = []
  for (const approval of approvals) {
    const claims = approvalClaims(state, statement, [approval])
    const isTwice = usable.some(({ signer }) => equalBytes(signer, approval.signer))
    if (isTwice || claims.length !== 1 || !mayCount(state, statement, approval)) continue
    if (await allRight(claims, verifyClaim)) usable.push(approval)
  }
  return usable
}

/** A device speaks for its own member and for nobody else. (C5.4, C5.5, C10.5) */
function mayCount(state: OrgState, statement: Statement, { kind, signer }: Approval): boolean {
  if (kind !== 3) return true
  const member = state.devices.get(signer)?.member
  return member !== undefined && membersHeard(state, statement).some((heard) => equalBytes(heard, member))
}

function lackOf({ tally }: Quorum): number {
  return tally.needed - tally.given
}
