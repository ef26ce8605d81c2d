// Statements on their way: drafted by one, shown to all, approved by those who count, sealed by whoever sees enough (E5.6 to E5.8).
import {
  type Approval,
  type BeforeSigning,
  type Charter,
  CharterError,
  checkBeforeSigning,
  decodeApproval,
  decodeStatement,
  draft,
  encodeApproval,
  isSuspended,
  type Keeper,
  type LaterAct,
  type Progress,
  progress,
  type Refusal,
  refusalInWords,
  refusals,
  type Statement,
  seal,
  approve as sign,
} from "@holdfast/charter"
import { equalBytes, fromHex, hex } from "@holdfast/wire"
import { type Account, deviceOf } from "./account.ts"
import type { Alarms } from "./alarms.ts"
import type { Id, Proposal } from "./api.ts"
import { randomFraction } from "./backoff.ts"
import type { Changes } from "./changes.ts"
import type { KnownBody } from "./content.ts"
import { ClientError } from "./error.ts"
import { type OwnRole, ownRoles } from "./own-roles.ts"
import type { People } from "./people.ts"
import type { Timers } from "./ports.ts"
import { createProposalView, type KeeperCheck, type RequestCheck } from "./proposal-view.ts"
import { requestAnsweredBy } from "./request-act.ts"
import type { GovernanceTable, StoredProposal } from "./store/governance.ts"

/** Who said something in the everyone conversation, and where in the lane. */
export interface Said {
  readonly member: Id
  readonly device: Id
  readonly place: number
  readonly at: number
}

export interface ProposalsDeps {
  readonly account: () => Account
  readonly charter: () => Charter
  readonly table: GovernanceTable
  readonly people: People
  readonly alarms: Alarms
  readonly changes: Changes
  readonly timers: Timers
  readonly randomBytes: (length: number) => Uint8Array
  readonly transaction: <T>(work: () => T) => T
  /** Into the everyone conversation; inside a transaction. */
  readonly post: (body: KnownBody) => void
  /** To the relay, when there is one; not waited for. */
  readonly submit: (envelope: Uint8Array) => void
  readonly reviewAfter: (millis: number) => void
  readonly checkRequest: (statement: Statement) => RequestCheck
  readonly checkKeepers: (statement: Statement) => KeeperCheck
  readonly isDeviceHeld: (seat: Keeper) => boolean
  /** Why nothing is approved here now, in words; `undefined`: nothing speaks against it (E10.6). */
  readonly heldBack: () => string | undefined
}

export interface Proposals {
  /**
   * Inside a transaction. Bytes that are no statement of this organisation are ignored and reported, and so is what is too much by
   * one proposer (E5.21). `isPassed`: somebody else says that it is theirs.
   */
  add(statement: Uint8Array, said: Said, isPassed?: boolean): void
  addApproval(statement: Uint8Array, approval: Uint8Array, said: Said): void
  /** As passed on by somebody else, once it was found to be right. */
  addPassedApproval(statement: Uint8Array, approval: Uint8Array): void
  /** Whether its signer has a say in the statement, and the signature is right. `bytes`: of a statement that is not stored yet. */
  isRightApproval(statement: Uint8Array, approval: Uint8Array, bytes?: Uint8Array): Promise<boolean>
  /** Those of them that are right, each signer's first: what somebody passes on is kept only then. */
  rightApprovals(statement: Uint8Array, approvals: readonly Uint8Array[]): Promise<readonly Uint8Array[]>
  addDecline(statement: Uint8Array, said: Said): void
  /** Brings every open proposal up to date with the charter, and seals those that have enough. Idempotent. */
  review(): Promise<void>
  list(): Promise<readonly Proposal[]>
  history(): Promise<readonly Proposal[]>
  /** Drafts and posts. Throws `not_allowed` with the reason when it would not be applied. */
  propose(act: LaterAct): Promise<Id>
  /** With every role that this device can sign for by itself. */
  approve(id: Id): Promise<void>
  /** What this member could approve it as, after every check of C8. Throws `not_allowed` with the reason. */
  rolesToApprove(id: Id): Promise<{ readonly statement: Statement; readonly roles: readonly OwnRole[] }>
  /** An approval that was signed elsewhere. Throws `not_allowed` unless it counts. */
  bring(id: Id, approval: Approval): Promise<void>
  decline(id: Id): Promise<void>
  /** Requests that an open proposal would answer. */
  openRequests(): ReadonlySet<Id>
  hasOpen(type: Statement["type"]): boolean
}

const validitySeconds = 7 * 86_400
/** Others wait for as long before they seal what somebody else completed. */
const sealDelayMillis = 2_000
const sealAgainMillis = 15_000
const maxHistory = 200
/** By one proposer: each is judged again with every change of the charter. What others pass on in somebody's name leaves room for their own. */
const maxOpen = 256
const maxOpenPassed = 128

function requestsIn({ request, statement }: StoredProposal): readonly Id[] {
  const act = decodeStatement(statement)
  const answered = act.type === "batch" ? act.body.acts.flatMap(requestAnsweredBy) : []
  return request === undefined ? answered : [request, ...answered]
}

/** Why this device cannot sign by itself. */
function elsewhere(roles: readonly OwnRole[]): string {
  return roles.some(({ how }) => how === "passkey")
    ? "Your keeper's key is a passkey: approve with it."
    : "Your keeper's key is in a file: sign there, and bring the approval."
}

/** What may still change by itself; every other refusal is for good. */
const passing: ReadonlySet<Refusal> = new Set([
  "too_few_keepers",
  "too_few_organisations",
  "too_few_jurisdictions",
  "no_device_approval",
  "last_device",
])

type Unsignable = Exclude<BeforeSigning, Refusal>
const unsignable: Readonly<Record<Unsignable, string>> = {
  not_after_too_far: "It would stay valid for too long",
  canary_too_far: "The canary would promise something for longer than 100 days",
  canary_past: "The canary would be over already",
}

export function createProposals(deps: ProposalsDeps): Proposals {
  const { table, people, timers } = deps
  const sealAt = new Map<Id, number>()

  function nowSeconds(): number {
    return Math.floor(timers.now() / 1_000)
  }

  function read(bytes: Uint8Array): Statement | undefined {
    try {
      const statement = decodeStatement(bytes)
      const isOurs = equalBytes(statement.orgId, deps.account().org)
      return isOurs && statement.type !== "genesis" ? statement : undefined
    } catch (error) {
      if (error instanceof CharterError) return undefined
      throw error
    }
  }

  function statementOf(proposal: StoredProposal): Statement {
    return decodeStatement(proposal.statement)
  }

  function approvalsOf(id: Id): readonly Approval[] {
    return table.approvals(id).map(decodeApproval)
  }

  /** Others may have said that somebody approved; what counts is that person's signature. */
  async function rightApprovalsOf(statement: Statement): Promise<readonly Approval[]> {
    return (await progress(deps.charter(), statement, approvalsOf(hex(statement.id)))).usable
  }

  function isAhead(statement: Statement): boolean {
    return statement.base.size > deps.charter().size
  }

  /** A history that is not here may never come: nobody waits for such a proposal with a right one. */
  function isHere(proposal: StoredProposal): boolean {
    return !isAhead(statementOf(proposal))
  }

  function isDead(statement: Statement, state: Progress): boolean {
    const reason = state.reasons[0]
    if (reason !== undefined && !passing.has(reason) && !isAhead(statement)) return true
    return !state.satisfied && nowSeconds() > statement.notAfter
  }

  /** The first in lane order speaks for a request; later ones wait in case it dies (E5.6). */
  function isShadowed(proposal: StoredProposal, open: readonly StoredProposal[]): boolean {
    return (
      proposal.request !== undefined &&
      open.some((other) => other.request === proposal.request && other.place < proposal.place && isHere(other))
    )
  }

  function rolesFor(statement: Statement): Promise<readonly OwnRole[]> {
    const own = { account: deps.account(), charter: deps.charter(), isDeviceHeld: deps.isDeviceHeld }
    return ownRoles(own, statement)
  }

  function sealWhenDue(id: Id, statement: Statement, state: Progress): void {
    const now = timers.now()
    const known = sealAt.get(id)
    if (known === undefined || now < known) {
      const account = deps.account()
      const own = [account.keeper, deviceOf(account)].filter((one) => one !== undefined)
      const isMine = state.usable.some(({ signer }) => own.some((one) => equalBytes(one, signer)))
      const wait =
        known === undefined ? (isMine ? 0 : sealDelayMillis * (1 + randomFraction(deps.randomBytes))) : known - now
      sealAt.set(id, now + wait)
      if (wait > 0) {
        deps.reviewAfter(wait)
        return
      }
    }
    sealAt.set(id, now + sealAgainMillis)
    deps.reviewAfter(sealAgainMillis)
    const envelope = sealed(statement, state.usable)
    if (envelope !== undefined) {
      deps.submit(envelope)
      return
    }
    table.setProposalState(id, "dead")
    deps.changes.mark({ topic: "proposals" }, { topic: "overview" })
  }

  /** `undefined`: no envelope holds it with its approvals. Whoever made it so large must not stop everything else. */
  function sealed(statement: Statement, approvals: readonly Approval[]): Uint8Array | undefined {
    try {
      return seal(statement, approvals)
    } catch (error) {
      if (error instanceof CharterError) return undefined
      throw error
    }
  }

  const view = createProposalView({
    account: deps.account,
    charter: deps.charter,
    table,
    people,
    now: () => timers.now(),
    checkRequest: deps.checkRequest,
    checkKeepers: deps.checkKeepers,
    isDeviceHeld: deps.isDeviceHeld,
  })

  function find(id: Id): { readonly proposal: StoredProposal; readonly statement: Statement } {
    const proposal = table.proposal(id)
    if (proposal === undefined) throw new ClientError("not_found", "There is no such proposal.")
    if (proposal.state !== "open") throw new ClientError("not_allowed", "This proposal is no longer open.")
    return { proposal, statement: statementOf(proposal) }
  }

  /** Everything that speaks against a signature here and now. Throws `not_allowed`. */
  async function checked(statement: Statement): Promise<void> {
    // A veto changes nothing, and who keeps a member in the past must not keep them from stopping what is done to them. (E10.6)
    const held = statement.type === "veto" ? undefined : deps.heldBack()
    if (held !== undefined) throw new ClientError("not_allowed", held)
    const check = deps.checkRequest(statement)
    if (check.kind === "differs") {
      throw new ClientError("not_allowed", "This proposal does not match the request that it names.")
    }
    if (check.kind === "used") {
      throw new ClientError("not_allowed", "Somebody else was admitted by this invitation.")
    }
    if (check.kind === "unknown") {
      throw new ClientError("not_allowed", "The request behind this proposal is not known on this device yet.")
    }
    const [problem] = deps.checkKeepers(statement).problems
    if (problem !== undefined) throw new ClientError("not_allowed", problem)
    const [reason] = await checkBeforeSigning(deps.charter(), statement, nowSeconds())
    if (reason === undefined) return
    const words = Object.hasOwn(refusals, reason) ? refusalInWords(reason as Refusal) : unsignable[reason as Unsignable]
    throw new ClientError("not_allowed", `${words}.`)
  }

  function drafted(act: LaterAct): Statement {
    try {
      return draft(deps.charter(), {
        ...act,
        notAfter: Math.max(nowSeconds(), deps.charter().state.clock ?? 0) + validitySeconds,
        nonce: deps.randomBytes(16),
      })
    } catch (cause) {
      if (!(cause instanceof CharterError)) throw cause
      if (cause.code === "too_large") throw new ClientError("too_large", "This is too much for one act.", { cause })
      throw new ClientError("malformed", "This cannot be written down as an act.", { cause })
    }
  }

  async function give(id: Id, statement: Statement, approvals: readonly Approval[]): Promise<void> {
    if (approvals.length === 0) return
    deps.transaction(() => {
      for (const approval of approvals) {
        const bytes = encodeApproval(approval)
        table.addApproval(id, hex(approval.signer), bytes)
        deps.post({ kind: "approval", value: { statement: statement.id, approval: bytes } })
      }
    })
    deps.changes.mark({ topic: "proposals" }, { topic: "overview" })
    await proposals.review()
  }

  const proposals: Proposals = {
    add(bytes, said, isPassed = false) {
      const statement = read(bytes)
      if (statement === undefined || statement.type === "unknown") {
        deps.alarms.raise("junk", bytes, { detail: `It was said to be a proposal, by ${people.nameOf(said.member)}.` })
        return
      }
      const isNew = table.proposal(hex(statement.id)) === undefined
      if (isNew && table.openCount(said.member) >= (isPassed ? maxOpenPassed : maxOpen)) {
        deps.alarms.raise("junk", `proposals ${said.member}`, {
          detail: `They were more proposals than can be looked at, by ${people.nameOf(said.member)}.`,
        })
        return
      }
      const check = deps.checkRequest(statement)
      if (check.kind === "differs") {
        deps.alarms.raise("bad_proposal", statement.id, {
          detail: `It came from ${people.nameOf(said.member)}.`,
          evidence: [bytes],
        })
      }
      const isApplied = deps.charter().state.applied.has(statement.id)
      table.addProposal({
        id: hex(statement.id),
        statement: bytes.slice(),
        request:
          check.kind === "matches"
            ? check.request
            : statement.type === "member-add" || statement.type === "recover"
              ? hex(statement.body.requestId)
              : undefined,
        proposer: said.member,
        at: said.at,
        place: said.place,
        state: isApplied ? "applied" : check.kind === "differs" ? "dead" : "open",
      })
      deps.changes.mark({ topic: "proposals" }, { topic: "overview" })
    },
    addApproval(statement, bytes, said) {
      const approval = readApproval(bytes)
      if (approval === undefined) return
      const { state } = deps.charter()
      // Whoever speaks can only bring their own approval: nobody can fill another's place with a bad one.
      const seats = [
        ...state.rules.keepers,
        ...table.proposals("open").flatMap((one) => {
          const other = statementOf(one)
          return other.type === "rules" ? other.body.keepers : []
        }),
      ]
      const isOwn =
        approval.kind === 3
          ? hex(approval.signer) === said.device
          : seats.some(
              ({ id, member }) =>
                equalBytes(id, approval.signer) && member !== undefined && hex(member) === said.member,
            )
      if (!isOwn) return
      table.addApproval(hex(statement), hex(approval.signer), bytes.slice())
      deps.changes.mark({ topic: "proposals" }, { topic: "overview" })
    },
    addPassedApproval(statement, bytes) {
      const approval = readApproval(bytes)
      if (approval === undefined) return
      table.addApproval(hex(statement), hex(approval.signer), bytes.slice())
      deps.changes.mark({ topic: "proposals" }, { topic: "overview" })
    },
    async isRightApproval(id, bytes, statementBytes) {
      const known = table.proposal(hex(id))?.statement ?? statementBytes
      const statement = known === undefined ? undefined : read(known)
      const approval = readApproval(bytes)
      if (statement === undefined || approval === undefined || !equalBytes(statement.id, id)) return false
      return (await progress(deps.charter(), statement, [approval])).usable.length === 1
    },
    async rightApprovals(bytes, passed) {
      const statement = read(bytes)
      if (statement === undefined) return []
      const approvals = passed.flatMap((approval) => readApproval(approval) ?? [])
      return (await progress(deps.charter(), statement, approvals)).usable.map(encodeApproval)
    },
    addDecline(statement, said) {
      table.addDecline(hex(statement), said.member)
      deps.changes.mark({ topic: "proposals" }, { topic: "overview" })
    },
    async review() {
      const charter = deps.charter()
      for (const proposal of table.proposals("open")) {
        const statement = statementOf(proposal)
        if (charter.state.applied.has(statement.id)) {
          table.setProposalState(proposal.id, "applied")
          deps.changes.mark({ topic: "proposals" }, { topic: "overview" }, { topic: "invites" })
          continue
        }
        const state = await progress(charter, statement, approvalsOf(proposal.id))
        if (isDead(statement, state)) {
          table.setProposalState(proposal.id, "dead")
          deps.changes.mark({ topic: "proposals" }, { topic: "overview" })
        } else if (state.satisfied) {
          sealWhenDue(proposal.id, statement, state)
        }
      }
    },
    async list() {
      const open = table.proposals("open")
      const shown: Proposal[] = []
      for (const proposal of open) {
        if (isShadowed(proposal, open)) continue
        const one = await view.open(proposal)
        if (one !== undefined) shown.push(one)
      }
      return shown
    },
    async history() {
      const closed = [...table.proposals("applied"), ...table.proposals("dead")]
      const newest = closed.sort((a, b) => b.at - a.at).slice(0, maxHistory)
      const shown = await Promise.all(newest.map((proposal) => view.closed(proposal)))
      return shown.filter((one) => one !== undefined)
    },
    async propose(act) {
      const account = deps.account()
      if (table.openCount(hex(account.member)) >= maxOpen) {
        throw new ClientError("not_allowed", "Too many of your proposals are open. Wait until some are decided.")
      }
      const statement = drafted(act)
      const [reason] = await checkBeforeSigning(deps.charter(), statement, nowSeconds())
      if (reason !== undefined) {
        const words = Object.hasOwn(refusals, reason) ? refusalInWords(reason as Refusal) : "It is not valid"
        throw new ClientError("not_allowed", `${words}.`)
      }
      deps.transaction(() => {
        proposals.add(statement.bytes, {
          member: hex(account.member),
          device: hex(deviceOf(account)),
          place: Number.MAX_SAFE_INTEGER,
          at: timers.now(),
        })
        deps.post({ kind: "proposal", value: { statement: statement.bytes } })
      })
      return hex(statement.id)
    },
    async rolesToApprove(id) {
      const { statement } = find(id)
      const roles = await rolesFor(statement)
      if (roles.length === 0) throw new ClientError("not_allowed", "Only keepers decide about this.")
      const given = await rightApprovalsOf(statement)
      const missing = roles.filter((role) => !given.some((one) => equalBytes(one.signer, role.id)))
      if (missing.length > 0) await checked(statement)
      return { statement, roles: missing }
    },
    async approve(id) {
      const { statement, roles } = await proposals.rolesToApprove(id)
      const signers = roles.flatMap((role) => (role.how === "device" ? [role.signer] : []))
      if (signers.length === 0 && roles.length > 0) throw new ClientError("not_allowed", elsewhere(roles))
      await give(id, statement, await Promise.all(signers.map((signer) => sign(statement, signer))))
    },
    async bring(id, approval) {
      const { statement } = find(id)
      if (!(await proposals.isRightApproval(statement.id, encodeApproval(approval)))) {
        throw new ClientError(
          "not_allowed",
          "This approval is not by a keeper who has a say, or its signature is wrong.",
        )
      }
      if (isSuspended(deps.charter().state, approval.signer)) {
        throw new ClientError("not_allowed", "This keeper is suspended; the approval would not count.")
      }
      await checked(statement)
      await give(id, statement, [approval])
    },
    async decline(id) {
      const { statement } = find(id)
      const roles = await rolesFor(statement)
      if (roles.length === 0) throw new ClientError("not_allowed", "Only keepers decide about this.")
      const given = await rightApprovalsOf(statement)
      if (roles.some(({ id: own }) => given.some((one) => equalBytes(one.signer, own)))) {
        throw new ClientError("not_allowed", "You have approved this. A signature cannot be taken back.")
      }
      deps.transaction(() => {
        table.addDecline(id, hex(deps.account().member))
        deps.post({ kind: "decline", value: { statement: statement.id } })
      })
      deps.changes.mark({ topic: "proposals" }, { topic: "overview" })
    },
    openRequests: () => new Set(table.proposals("open").filter(isHere).flatMap(requestsIn)),
    hasOpen: (type) => table.proposals("open").some((one) => statementOf(one).type === type && isHere(one)),
  }
  return proposals
}

function readApproval(bytes: Uint8Array): Approval | undefined {
  try {
    return decodeApproval(bytes)
  } catch (error) {
    if (error instanceof CharterError) return undefined
    throw error
  }
}

export function idBytes(id: Id): Uint8Array {
  try {
    return fromHex(id)
  } catch (cause) {
    throw new ClientError("malformed", "That is not an id.", { cause })
  }
}
