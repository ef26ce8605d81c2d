// From one keeper to several: who is asked, who has accepted, and the RULES statement once all have (E5.9, E5.10).

import {
  actNumbers,
  actRuleOf,
  admissionBytes,
  type Charter,
  CharterError,
  isActiveMember,
  type Keeper,
  type LaterAct,
  type Rules,
  simpleRules,
} from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import { decode, encode, equalBytes, fromHex, hex, type OrgId, toKeeperId } from "@holdfast/wire"
import { type Account, keeperEntry, newKey } from "./account.ts"
import type { Id, KeeperPlan } from "./api.ts"
import type { Changes } from "./changes.ts"
import { KeeperAsk, type KeeperKey, type KnownBody } from "./content.ts"
import { ClientError } from "./error.ts"
import type { KeeperOffers } from "./keeper-offers.ts"
import type { People } from "./people.ts"
import type { Proposals, Said } from "./proposals.ts"
import type { GovernanceTable } from "./store/governance.ts"
import type { Meta } from "./store/meta.ts"

export interface KeeperPlansDeps {
  readonly account: () => Account
  readonly saveAccount: (account: Account) => void
  readonly charter: () => Charter
  readonly table: GovernanceTable
  readonly meta: Meta
  readonly people: People
  readonly proposals: () => Proposals
  readonly changes: Changes
  readonly randomBytes: (length: number) => Uint8Array
  readonly transaction: <T>(work: () => T) => T
  readonly post: (body: KnownBody) => void
  readonly offers: KeeperOffers
}

export interface KeeperPlans {
  /** Inside a transaction. Only what a keeper asks counts; the newest plan replaces the one before. */
  addAsk(ask: KeeperAsk, said: Said): void
  current(): KeeperAsk | undefined
  view(): KeeperPlan | undefined
  ask(people: KeeperAsk["people"], needed: number): void
  accept(): Promise<void>
  review(): Promise<void>
}

/** Why these numbers cannot be, in words; undefined when they can (C3.6). */
export function planProblem(total: number, needed: number): string | undefined {
  if (total < 3) return "At least three keepers are needed, so that the loss of one does not stop the organisation."
  if (!Number.isInteger(needed) || needed < 2) return "At least two keepers have to agree."
  if (needed > total - 1) return "One keeper fewer than there are must be enough, or the loss of one stops everything."
  if (2 * needed <= total) return "More than half of the keepers have to agree."
  if (total > 64) return "There can be at most 64 keepers."
  return undefined
}

/** What an organisation has agreed on besides its keepers stays: other rules than those of a founding are not for a plan to undo. */
function plannedRules(rules: Rules, keepers: readonly Keeper[], needed: number): Rules {
  const simple = simpleRules(keepers, needed, rules.version + 1)
  if (rules.keepers.length === 1) return { ...simple, witnesses: rules.witnesses, witnessQuorum: rules.witnessQuorum }
  const forRules = { ...actRuleOf(rules, actNumbers.rules), k: needed }
  const acts = new Map([...rules.acts, [actNumbers.rules, forRules]] as const)
  return { ...rules, version: simple.version, keepers: simple.keepers, acts }
}

const planKey = "keeper plan"
const plannerKey = "keeper planner"
const draftedKey = "keeper plan drafted"

export function createKeeperPlans(deps: KeeperPlansDeps): KeeperPlans {
  const { table, meta, people, offers } = deps

  function current(): KeeperAsk | undefined {
    const stored = meta.get(planKey)
    return stored === undefined ? undefined : decode(KeeperAsk, stored)
  }

  function memberOf(person: KeeperAsk["people"][number]): Id | undefined {
    if (person.member !== undefined) return hex(person.member)
    if (person.guestKey === undefined) return undefined
    const guestKey = hex(person.guestKey)
    const { state } = deps.charter()
    for (const member of state.members.values()) {
      if (member.requestId === undefined) continue
      if (table.request(hex(member.requestId))?.guestKey === guestKey) return hex(member.id)
    }
    return undefined
  }

  function hasSeat(member: Id): boolean {
    return people.isKeeper(member)
  }

  /** This member has a seat that none of their offered keys is for, and this device has no key: the one with it is gone. */
  function isOwnKeyLost(account: Account): boolean {
    const { rules } = deps.charter().state
    const seat = rules.keepers.find(({ member }) => member !== undefined && equalBytes(member, account.member))
    return seat?.kind === 1 && (account.keeper === undefined || !equalBytes(seat.id, account.keeper))
  }

  function stateOf(member: Id | undefined): KeeperPlan["people"][number]["state"] {
    if (member === hex(deps.account().member)) return "you"
    if (member === undefined || !isActiveMember(deps.charter().state, fromHex(member) as never)) return "invited"
    return hasSeat(member) || offers.of(member) !== undefined ? "accepted" : "joined"
  }

  function isDone(plan: KeeperAsk): boolean {
    return plan.people.every((person) => {
      const member = memberOf(person)
      return member !== undefined && hasSeat(member)
    })
  }

  function nextKeepers(plan: KeeperAsk): readonly Keeper[] | undefined {
    const { state } = deps.charter()
    const kept = state.rules.keepers.filter(({ member }) => member === undefined || isActiveMember(state, member))
    const added: Keeper[] = []
    for (const person of plan.people) {
      const member = memberOf(person)
      if (member === undefined) return undefined
      if (hasSeat(member)) continue
      const key = offers.of(member)
      if (key === undefined || !isActiveMember(state, fromHex(member) as never)) return undefined
      added.push({
        ...key,
        member: fromHex(member) as NonNullable<Keeper["member"]>,
        organisation: "",
        jurisdiction: "",
      })
    }
    return [...kept, ...added]
  }

  return {
    addAsk(ask, said) {
      if (!people.isKeeper(said.member)) return
      meta.set(planKey, encode(KeeperAsk, ask))
      meta.setText(plannerKey, said.member)
      deps.changes.mark({ topic: "overview" })
    },
    current,
    view() {
      const plan = current()
      if (plan === undefined || isDone(plan)) return undefined
      const me = hex(deps.account().member)
      const planner = meta.getText(plannerKey)
      const planned = plan.people.map((person) => ({ person, member: memberOf(person) }))
      const shown = planned.map(({ person, member }) => ({
        name: member === undefined ? person.name : people.nameOf(member),
        ...(member === undefined ? {} : { member }),
        state: stateOf(member),
      }))
      const isAskedMe = planned.some(({ member }) => member === me) && !hasSeat(me) && offers.of(me) === undefined
      const first =
        planner !== undefined && !planned.some(({ member }) => member === planner)
          ? [
              {
                name: people.nameOf(planner),
                member: planner,
                state: planner === me ? ("you" as const) : ("accepted" as const),
              },
            ]
          : []
      return { needed: plan.needed, people: [...first, ...shown], asksMe: isAskedMe }
    },
    ask(planned, needed) {
      const me = hex(deps.account().member)
      if (!people.isKeeper(me)) throw new ClientError("not_allowed", "Only a keeper can ask others to become keepers.")
      const { state } = deps.charter()
      const seats = state.rules.keepers.filter(({ member }) => member === undefined || isActiveMember(state, member))
      const isNew = planned.filter(({ member }) => member === undefined || !hasSeat(hex(member)))
      const problem = planProblem(seats.length + isNew.length, needed)
      if (problem !== undefined) throw new ClientError("not_allowed", problem)
      const ask = { needed, people: isNew }
      meta.remove(draftedKey)
      meta.set(planKey, encode(KeeperAsk, ask))
      meta.setText(plannerKey, me)
      deps.post({ kind: "keeperAsk", value: ask })
      deps.changes.mark({ topic: "overview" })
    },
    async accept() {
      const account = deps.account()
      const me = hex(account.member)
      const isAsked = current()?.people.some((person) => memberOf(person) === me) === true
      if (!isAsked && !isOwnKeyLost(account)) {
        throw new ClientError("not_allowed", "Nobody has asked you to become a keeper.")
      }
      if (!isOwnKeyLost(account) && (hasSeat(me) || offers.of(me) !== undefined)) return
      const made = account.keeperSeed === undefined ? await newKey(deps.randomBytes) : undefined
      const next: Account =
        made === undefined ? account : { ...account, keeper: toKeeperId(deps.randomBytes(16)), keeperSeed: made.seed }
      const keeper = (await keeperEntry(next, account.org)) as Keeper
      await offers.offer(keeper, { alongside: () => deps.saveAccount(next) })
    },
    async review() {
      const plan = current()
      const account = deps.account()
      if (plan === undefined || meta.getText(plannerKey) !== hex(account.member) || isDone(plan)) return
      // the member may have several devices; the one with the keeper's key drafts
      if (account.keeperSeed === undefined || deps.proposals().hasOpen("rules")) return
      const keepers = nextKeepers(plan)
      if (keepers === undefined) return
      const { rules } = deps.charter().state
      const drafted = meta.getText(draftedKey)
      if (drafted !== undefined && table.proposal(drafted)?.state !== "dead") return
      const act: LaterAct = { type: "rules", body: plannedRules(rules, keepers, plan.needed) }
      try {
        meta.setText(draftedKey, await deps.proposals().propose(act))
      } catch (error) {
        // A key that somebody offered cannot be a keeper's, such as one that serves as a device's. Whoever planned may ask others.
        if (!(error instanceof ClientError || error instanceof CharterError)) throw error
      }
    },
  }
}

export async function keeperKeyFrom(org: OrgId, id: Uint8Array, seed: Uint8Array): Promise<KeeperKey> {
  const signer = await signerFromSeed(seed)
  const proof = await signer.sign(admissionBytes(org, { keeper: toKeeperId(id) }, signer.publicKey))
  return { keeper: id, publicKey: signer.publicKey, proof }
}
