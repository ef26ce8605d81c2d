// Statements on their way: drafted by one, shown to all, approved by those who count, sealed by whoever sees enough (E5.6 to E5.8).
import {
  type Approval,
  actInWords,
  type BeforeSigning,
  type Charter,
  CharterError,
  checkBeforeSigning,
  decodeApproval,
  decodeStatement,
  draft,
  encodeApproval,
  type LaterAct,
  type Progress,
  progress,
  type Refusal,
  refusalInWords,
  refusals,
  type Signer,
  type Statement,
  seal,
  shortCode,
  approve as sign,
} from "@holdfast/charter"
import { equalBytes, fromHex, hex } from "@holdfast/wire"
import { type Account, approvingDevice, approvingKeeper, deviceOf } from "./account.ts"
import type { Alarms } from "./alarms.ts"
import type { Id, Proposal } from "./api.ts"
import { randomFraction } from "./backoff.ts"
import type { Changes } from "./changes.ts"
import type { KnownBody } from "./content.ts"
import { ClientError } from "./error.ts"
import type { People } from "./people.ts"
import type { Timers } from "./ports.ts"
import type { GovernanceTable, StoredProposal } from "./store/governance.ts"

/** Who said something in the everyone conversation, and where in the lane. */
export interface Said {
  readonly member: Id
  readonly device: Id
  readonly place: number
  readonly at: number
}

/** What a join request has to do with a statement, and what to say of it. */
export type RequestCheck =
  | { readonly kind: "none" }
  | { readonly kind: "matches"; readonly details: readonly string[]; readonly joinCode: string; readonly request: Id }
  | { readonly kind: "unknown"; readonly details: readonly string[] }
  | { readonly kind: "differs" }
  /** Somebody else was admitted by the same invitation. */
  | { readonly kind: "used" }

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
  /** Keys that members themselves have not offered; empty when all is well (E5.9). */
  readonly checkKeepers: (statement: Statement) => readonly string[]
}

export interface Proposals {
  /** Inside a transaction. Bytes that are no statement of this organisation are ignored and reported. */
  add(statement: Uint8Array, said: Said): void
  addApproval(statement: Uint8Array, approval: Uint8Array, said: Said): void
  /** As passed on by somebody else: counted only if its signature is right. */
  addPassedApproval(statement: Uint8Array, approval: Uint8Array): void
  addDecline(statement: Uint8Array, said: Said): void
  /** Brings every open proposal up to date with the charter, and seals those that have enough. Idempotent. */
  review(): Promise<void>
  list(): Promise<readonly Proposal[]>
  /** Drafts and posts. Throws `not_allowed` with the reason when it would not be applied. */
  propose(act: LaterAct): Promise<Id>
  approve(id: Id): Promise<void>
  decline(id: Id): Promise<void>
  openFor(request: Id): StoredProposal | undefined
  hasOpen(type: Statement["type"]): boolean
}

const validitySeconds = 7 * 86_400
/** Others wait for as long before they seal what somebody else completed. */
const sealDelayMillis = 2_000
const sealAgainMillis = 15_000

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

  async function signersFor(statement: Statement): Promise<readonly Signer[]> {
    const account = deps.account()
    const { rules } = deps.charter().state
    const signers: Signer[] = []
    const keeper = await approvingKeeper(account)
    const seats = [...rules.keepers, ...(statement.type === "rules" ? statement.body.keepers : [])]
    if (keeper !== undefined && seats.some(({ id }) => equalBytes(id, keeper.id))) signers.push(keeper)
    const isOwn =
      (statement.type === "device-add" || statement.type === "device-remove") &&
      equalBytes(statement.body.member, account.member)
    if (isOwn) signers.push(await approvingDevice(account))
    return signers
  }

  function approverName(statement: Statement, approval: Approval): string {
    const { state } = deps.charter()
    if (approval.kind === 3) {
      const device = state.devices.get(approval.signer)
      return device === undefined ? "unknown" : people.nameOf(hex(device.member))
    }
    const seats = [...state.rules.keepers, ...(statement.type === "rules" ? statement.body.keepers : [])]
    const keeper = seats.find(({ id }) => equalBytes(id, approval.signer))
    return keeper?.member === undefined ? "unknown" : people.nameOf(hex(keeper.member))
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
    deps.submit(seal(statement, state.usable))
  }

  async function toProposal(proposal: StoredProposal): Promise<Proposal | undefined> {
    const statement = statementOf(proposal)
    const check = deps.checkRequest(statement)
    if (check.kind === "differs" || check.kind === "used" || statement.type === "unknown") return undefined
    const state = await progress(deps.charter(), statement, approvalsOf(proposal.id))
    const signers = await signersFor(statement)
    const declines = table.declines(proposal.id)
    const me = hex(deps.account().member)
    const hasApproved = signers.some(({ id }) => state.usable.some(({ signer }) => equalBytes(signer, id)))
    const details = check.kind === "none" ? [] : [...check.details]
    if (state.byMember !== undefined && statement.type === "device-add" && !state.byMember.given) {
      details.push(`${people.nameOf(hex(state.byMember.member))} also has to agree on a device of theirs.`)
    }
    if (statement.type === "rules") details.push(...deps.checkKeepers(statement))
    if (isAhead(statement)) details.push("This device has not yet received the history that it refers to.")
    return {
      id: proposal.id,
      sentence: actInWords(statement, people.names),
      details,
      code: shortCode(statement.id),
      proposedBy: people.nameOf(proposal.proposer),
      at: proposal.at,
      needed: state.needed,
      approvedBy: [...new Set(state.usable.map((approval) => approverName(statement, approval)))],
      declinedBy: declines.map((member) => people.nameOf(member)),
      mine:
        signers.length === 0
          ? "not-a-keeper"
          : hasApproved
            ? "approved"
            : declines.includes(me)
              ? "declined"
              : "can-approve",
      // whatever it says: no later than a Date can hold
      expiresAt: Math.min(statement.notAfter * 1_000, 8_640_000_000_000_000),
      ...(check.kind === "matches" ? { joinCode: check.joinCode } : {}),
    }
  }

  function find(id: Id): { readonly proposal: StoredProposal; readonly statement: Statement } {
    const proposal = table.proposal(id)
    if (proposal === undefined) throw new ClientError("not_found", "There is no such proposal.")
    if (proposal.state !== "open") throw new ClientError("not_allowed", "This proposal is no longer open.")
    return { proposal, statement: statementOf(proposal) }
  }

  async function checked(statement: Statement): Promise<void> {
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
    if (statement.type === "rules" && deps.checkKeepers(statement).length > 0) {
      throw new ClientError(
        "not_allowed",
        "A key in this proposal was not offered by the member it is said to belong to.",
      )
    }
    const [reason] = await checkBeforeSigning(deps.charter(), statement, nowSeconds())
    if (reason === undefined) return
    const words = Object.hasOwn(refusals, reason) ? refusalInWords(reason as Refusal) : unsignable[reason as Unsignable]
    throw new ClientError("not_allowed", `${words}.`)
  }

  const proposals: Proposals = {
    add(bytes, said) {
      const statement = read(bytes)
      if (statement === undefined || statement.type === "unknown") {
        deps.alarms.raise("junk", bytes, { detail: `It was said to be a proposal, by ${people.nameOf(said.member)}.` })
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
            : statement.type === "member-add"
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
      if (approval !== undefined) table.addApproval(hex(statement), hex(approval.signer), bytes.slice())
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
        const view = await toProposal(proposal)
        if (view !== undefined) shown.push(view)
      }
      return shown
    },
    async propose(act) {
      const account = deps.account()
      const statement = draft(deps.charter(), {
        ...act,
        notAfter: nowSeconds() + validitySeconds,
        nonce: deps.randomBytes(16),
      })
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
    async approve(id) {
      const { statement } = find(id)
      const signers = await signersFor(statement)
      if (signers.length === 0) throw new ClientError("not_allowed", "Only keepers decide about this.")
      const given = await rightApprovalsOf(statement)
      const missing = signers.filter((signer) => !given.some((one) => equalBytes(one.signer, signer.id)))
      if (missing.length === 0) return
      await checked(statement)
      const made = await Promise.all(missing.map((signer) => sign(statement, signer)))
      deps.transaction(() => {
        for (const approval of made) {
          const bytes = encodeApproval(approval)
          table.addApproval(id, hex(approval.signer), bytes)
          deps.post({ kind: "approval", value: { statement: statement.id, approval: bytes } })
        }
      })
      deps.changes.mark({ topic: "proposals" }, { topic: "overview" })
      await proposals.review()
    },
    async decline(id) {
      const { statement } = find(id)
      const signers = await signersFor(statement)
      if (signers.length === 0) throw new ClientError("not_allowed", "Only keepers decide about this.")
      const given = await rightApprovalsOf(statement)
      if (signers.some((signer) => given.some((one) => equalBytes(one.signer, signer.id)))) {
        throw new ClientError("not_allowed", "You have approved this. A signature cannot be taken back.")
      }
      deps.transaction(() => {
        table.addDecline(id, hex(deps.account().member))
        deps.post({ kind: "decline", value: { statement: statement.id } })
      })
      deps.changes.mark({ topic: "proposals" }, { topic: "overview" })
    },
    openFor: (request) => table.proposals("open").find((one) => one.request === request && isHere(one)),
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
