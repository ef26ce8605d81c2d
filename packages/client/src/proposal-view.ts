// A proposal as the desk shows it: what it says, who has approved, who still can, and what happens then (E5.13).
import {
  type Approval,
  actInWords,
  actNumberOf,
  actRuleOf,
  type Charter,
  changesInWords,
  decodeApproval,
  decodeStatement,
  durationInWords,
  isSuspended,
  type Keeper,
  type KnownAct,
  type Progress,
  progress,
  type Statement,
  shortCode,
  waitOf,
} from "@holdfast/charter"
import { equalBytes, hex } from "@holdfast/wire"
import type { Account } from "./account.ts"
import type { Proposal } from "./api.ts"
import type { Id } from "./id.ts"
import { keeperKeyCode } from "./offline/index.ts"
import { type OwnRole, ownRoles, seatsFor } from "./own-roles.ts"
import type { People } from "./people.ts"
import type { GovernanceTable, StoredProposal } from "./store/governance.ts"

/** What a join request has to do with a statement, and what to say of it. */
export type RequestCheck =
  | { readonly kind: "none" }
  | {
      readonly kind: "matches"
      readonly details: readonly string[]
      readonly joinCode: string
      readonly request: Id
      readonly name: string
    }
  /** Several requests, answered together. */
  | { readonly kind: "matches-all"; readonly details: readonly string[] }
  | { readonly kind: "unknown"; readonly details: readonly string[] }
  | { readonly kind: "differs" }
  /** Somebody else was admitted by the same invitation. */
  | { readonly kind: "used" }

export interface ProposalViewDeps {
  readonly account: () => Account
  readonly charter: () => Charter
  readonly table: GovernanceTable
  readonly people: People
  readonly now: () => number
  readonly checkRequest: (statement: Statement) => RequestCheck
  /** What to say of new keepers, and what speaks against them (E5.9). */
  readonly checkKeepers: (statement: Statement) => KeeperCheck
  readonly isDeviceHeld: (seat: Keeper) => boolean
}

export interface KeeperCheck {
  readonly details: readonly string[]
  readonly problems: readonly string[]
}

export interface ProposalView {
  /** `undefined`: it is not shown, because its request tells otherwise. */
  open(proposal: StoredProposal): Promise<Proposal | undefined>
  closed(proposal: StoredProposal): Promise<Proposal | undefined>
}

const day = 86_400_000
/** The last moment that a Date can hold. */
const lastMillis = 8_640_000_000_000_000

/** A keeper's member, labels or key: never empty. */
export function keeperName(people: People, { member, organisation, jurisdiction, publicKey }: Keeper): string {
  if (member !== undefined) return people.nameOf(hex(member))
  const labels = [organisation, jurisdiction].filter((label) => label !== "")
  return labels.length > 0 ? labels.join(", ") : `the keeper with the key ${keeperKeyCode(publicKey)}`
}

export function createProposalView(deps: ProposalViewDeps): ProposalView {
  const { people, table } = deps

  function rulesFor(act: KnownAct) {
    const { rules } = deps.charter().state
    if (act.type === "veto") return []
    return (act.type === "batch" ? act.body.acts : [act]).map((one) => actRuleOf(rules, actNumberOf(one)))
  }

  function base(proposal: StoredProposal, statement: Statement & KnownAct) {
    const charter = deps.charter()
    const needs = rulesFor(statement)
    const wait = waitOf(charter.state.rules, statement)
    return {
      id: proposal.id,
      type: statement.type,
      sentence: actInWords(statement, people.names),
      code: shortCode(statement.id),
      proposedBy: people.nameOf(proposal.proposer),
      at: proposal.at,
      declinedBy: table.declines(proposal.id).map((member) => people.nameOf(member)),
      // whatever it says: no later than a Date can hold
      expiresAt: Math.min(statement.notAfter * 1_000, lastMillis),
      labels: {
        organisations: Math.max(0, ...needs.map(({ minOrganisations }) => minOrganisations)),
        jurisdictions: Math.max(0, ...needs.map(({ minJurisdictions }) => minJurisdictions)),
      },
      waitsSeconds: wait?.delaySeconds ?? 0,
      vetoK: wait?.vetoK ?? 0,
    }
  }

  /** Keepers whose approvals count, and members whose own devices have agreed: two different things. */
  function namesOf(statement: Statement, approvals: readonly Pick<Approval, "kind" | "signer">[]) {
    const charter = deps.charter()
    const seats = seatsFor(charter, statement)
    const keepers = approvals.flatMap(({ kind, signer }) => {
      const seat = kind === 3 ? undefined : seats.find(({ id }) => equalBytes(id, signer))
      return seat === undefined || isSuspended(charter.state, signer) ? [] : [keeperName(people, seat)]
    })
    const members = approvals.flatMap(({ kind, signer }) => {
      const device = kind === 3 ? charter.state.devices.get(signer) : undefined
      return device === undefined ? [] : [people.nameOf(hex(device.member))]
    })
    return { approvedBy: [...new Set(keepers)], agreedBy: [...new Set(members)] }
  }

  /** Labels are counted over those who have approved. */
  function missingOf(state: Progress, labels: NonNullable<Proposal["labels"]>): NonNullable<Proposal["missing"]> {
    const { rules } = deps.charter().state
    const approved = rules.keepers.filter(({ id }) => state.usable.some(({ signer }) => equalBytes(signer, id)))
    const distinct = (label: "organisation" | "jurisdiction") =>
      new Set(approved.map((keeper) => keeper[label]).filter((text) => text !== "")).size
    return {
      keepers: state.missing
        .filter(({ id }) => !isSuspended(deps.charter().state, id))
        .map((keeper) => keeperName(people, keeper)),
      organisations: Math.max(0, labels.organisations - distinct("organisation")),
      jurisdictions: Math.max(0, labels.jurisdictions - distinct("jurisdiction")),
    }
  }

  function waitDetails(statement: Statement & KnownAct): readonly string[] {
    const charter = deps.charter()
    if (statement.type === "veto") {
      const stopped = charter.state.waiting.find((it) => equalBytes(it.statement.id, statement.body.statement))
      return stopped === undefined ? [] : [`It stops: ${actInWords(stopped.statement, people.names)}.`]
    }
    const wait = waitOf(charter.state.rules, statement)
    if (wait === undefined) return []
    const who =
      statement.type === "recover" ? [`any device of ${people.nameOf(hex(statement.body.member))} can stop it`] : []
    const keepers = wait.vetoK === 0 ? [] : [`${wait.vetoK} keepers can stop it`]
    const stop = [...who, ...keepers]
    const until = stop.length === 0 ? "" : ` Until then ${stop.join(", and ")}.`
    return [`Once approved it waits ${durationInWords(wait.delaySeconds)} before it takes effect.${until}`]
  }

  function suspensionDetails(): readonly string[] {
    const { state } = deps.charter()
    const me = deps.account().member
    const own = state.rules.keepers.find(({ member }) => member !== undefined && equalBytes(member, me))
    return own !== undefined && isSuspended(state, own.id)
      ? ["You are suspended as a keeper; your approval would not count."]
      : []
  }

  function mineOf(proposal: StoredProposal, roles: readonly OwnRole[], approvals: readonly Approval[]) {
    const hasApproved = ({ id }: OwnRole) => approvals.some(({ signer }) => equalBytes(signer, id))
    const left = roles.filter((role) => !hasApproved(role))
    if (roles.length === 0) return { mine: "not-a-keeper", approveWith: "nothing" } as const
    const here = left.filter(({ how }) => how !== "key-file")
    // a key file of one's own that is still to sign does not undo what a device has said
    if (left.length === 0 || (here.length === 0 && left.length < roles.length)) {
      return { mine: "approved", approveWith: "nothing" } as const
    }
    const isDeclined = table.declines(proposal.id).includes(hex(deps.account().member))
    return {
      mine: isDeclined ? "declined" : "can-approve",
      approveWith: here.some(({ how }) => how === "passkey") ? "passkey" : here.length > 0 ? "device" : "key-file",
    } as const
  }

  function reminderOf(proposal: StoredProposal, expiresAt: number): Pick<Proposal, "reminder"> {
    const now = deps.now()
    if (expiresAt - now < day) return { reminder: "expiring" }
    return now - proposal.at > day ? { reminder: "undecided" } : {}
  }

  return {
    async open(proposal) {
      const statement = decodeStatement(proposal.statement)
      const check = deps.checkRequest(statement)
      if (check.kind === "differs" || check.kind === "used" || statement.type === "unknown") return undefined
      const charter = deps.charter()
      const state = await progress(charter, statement, table.approvals(proposal.id).map(decodeApproval))
      const roles = await ownRoles({ account: deps.account(), charter, isDeviceHeld: deps.isDeviceHeld }, statement)
      const details = check.kind === "none" ? [] : [...check.details]
      if (state.byMember !== undefined && statement.type === "device-add" && !state.byMember.given) {
        details.push(`${people.nameOf(hex(state.byMember.member))} also has to agree on a device of theirs.`)
      }
      const keepers = deps.checkKeepers(statement)
      const changes = changesInWords(charter.state, statement, people.names)
      // what speaks against it first
      details.push(...keepers.problems, ...keepers.details)
      details.push(...changes.map((line) => `Compared with now: ${line}.`))
      details.push(...waitDetails(statement), ...suspensionDetails())
      if (statement.base.size > charter.size) {
        details.push("This device has not yet received the history that it refers to.")
      }
      const shown = base(proposal, statement)
      return {
        ...shown,
        ...namesOf(statement, state.usable),
        ...mineOf(proposal, roles, state.usable),
        ...reminderOf(proposal, shown.expiresAt),
        details,
        state: "open",
        needed: state.needed,
        given: state.given,
        missing: missingOf(state, shown.labels),
        ...(check.kind === "matches" ? { joinCode: check.joinCode } : {}),
      }
    },
    async closed(proposal) {
      const statement = decodeStatement(proposal.statement)
      if (statement.type === "unknown") return undefined
      const charter = deps.charter()
      const index = charter.state.applied.get(statement.id)
      const recorded = index === undefined ? undefined : charter.records.at(index)?.approvals
      const given = table.approvals(proposal.id).map(decodeApproval)
      const names = namesOf(
        statement,
        recorded?.filter(({ counted }) => counted) ?? (await progress(charter, statement, given)).usable,
      )
      const isExpired = deps.now() > statement.notAfter * 1_000
      return {
        ...base(proposal, statement),
        ...names,
        details: waitDetails(statement),
        state: proposal.state === "applied" ? "approved" : isExpired ? "expired" : "overtaken",
        needed: Math.max(0, ...rulesFor(statement).map(({ k }) => k)),
        given: names.approvedBy.length,
        mine: "not-a-keeper",
        approveWith: "nothing",
      }
    },
  }
}
