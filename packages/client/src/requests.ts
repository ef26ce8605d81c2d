// Join requests: found in the lane by their tags, opened by every member, drafted into a statement by one (E5.3 to E5.6).
import {
  type Charter,
  checkName,
  isActiveMember,
  type KnownAct,
  type LaterAct,
  printableName,
  type Statement,
} from "@holdfast/charter"
import { deviceIdOf, equalBytes, fromHex, hex, WireError } from "@holdfast/wire"
import type { Account } from "./account.ts"
import type { Alarms } from "./alarms.ts"
import type { Id } from "./api.ts"
import { randomFraction } from "./backoff.ts"
import type { Changes } from "./changes.ts"
import type { InviteAnnounced } from "./content.ts"
import type { OpenRequest } from "./governance-api.ts"
import { readAnnounced, requestTags } from "./invites.ts"
import {
  decodeJoinRequest,
  isForMember,
  type JoinRequest,
  joinCodeOf,
  openJoinRequest,
  purposeOf,
  requestIdOf,
  verifyJoinRequest,
} from "./join-request.ts"
import { fingerprintOf, type People } from "./people.ts"
import type { Timers } from "./ports.ts"
import type { RequestCheck } from "./proposal-view.ts"
import type { Proposals } from "./proposals.ts"
import { actOfRequest, answersIn, isAnswerTo, isExactly } from "./request-act.ts"
import type { GovernanceTable, StoredInvite, StoredRequest } from "./store/governance.ts"
import type { PeopleTable } from "./store/people.ts"

export interface RequestsDeps {
  readonly account: () => Account
  readonly charter: () => Charter
  readonly table: GovernanceTable
  readonly peopleTable: PeopleTable
  readonly people: () => People
  readonly proposals: () => Proposals
  readonly alarms: Alarms
  readonly changes: Changes
  readonly timers: Timers
  readonly randomBytes: (length: number) => Uint8Array
  readonly reviewAfter: (millis: number) => void
}

export interface KnownInvite {
  readonly announced: InviteAnnounced
  readonly member: Id
}

export interface Requests {
  /** Tags that the lane has to look out for, each with its invitation. */
  tags(): ReadonlyMap<string, Id>
  /** A frame under one of these tags, or a request that somebody passed on: verified, and then to be stored in a transaction. */
  open(guestKey: Id, frame: Uint8Array, place: number): Promise<(() => void) | undefined>
  take(guestKey: Id, request: Uint8Array, place: number): Promise<(() => void) | undefined>
  /** The same, for an invitation that is stored in the same transaction. */
  takeFor(invite: KnownInvite, request: Uint8Array, place: number): Promise<(() => void) | undefined>
  /** The name somebody asks to be admitted under. */
  askedName(member: Id): string | undefined
  /** Of those who have asked and are not in yet: a statement that adds them commits to these. */
  askedNames(): readonly { readonly id: Uint8Array; readonly name: string; readonly salt: Uint8Array }[]
  check(statement: Statement): RequestCheck
  /** Those that have not been decided. */
  undecided(): readonly OpenRequest[]
  /** What would answer this request; `undefined`: it is answered, or there is none. */
  actFor(request: Id): LaterAct | undefined
  /** Drafts what waits for a draft, after a pause that leaves the inviter and then the keepers the first turn. */
  review(): Promise<void>
  /** Learns the names of those who were admitted meanwhile. */
  learnNames(): void
  isAnswered(request: JoinRequest): boolean
  /** The request by which this member was admitted. */
  requestOf(member: Id): JoinRequest | undefined
}

const keeperPauseMillis = 3_000
const otherPauseMillis = 12_000
/** Who was asked for so long ago is not drafted again without being asked anew. */
const requestMillis = 30 * 86_400_000
const requestsPerInvite = 8

function guestKeyOf(request: Uint8Array): Id | undefined {
  try {
    return hex(decodeJoinRequest(request).guestKey)
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}

export function createRequests(deps: RequestsDeps): Requests {
  const { table } = deps
  const draftAt = new Map<Id, number>()

  function decoded(stored: StoredRequest): JoinRequest {
    return decodeJoinRequest(stored.request)
  }

  function isAnswered(request: JoinRequest): boolean {
    const { state } = deps.charter()
    return state.devices.has(deviceIdOf(request.devicePublicKey))
  }

  /** An invitation brings in one device: whoever else has used it is not shown any more. */
  function isUsedUp(stored: StoredRequest): boolean {
    return table
      .requests()
      .some((other) => other.guestKey === stored.guestKey && other.id !== stored.id && isAnswered(decoded(other)))
  }

  function detailsOf(stored: StoredRequest, invite: StoredInvite | undefined): readonly string[] {
    const request = decoded(stored)
    const people = deps.people()
    const announced = invite === undefined ? undefined : readAnnounced(invite)
    const details = []
    if (invite !== undefined && announced !== undefined) {
      const whom = announced.name === "" ? "" : ` for “${printableName(announced.name)}”`
      details.push(`${people.nameOf(invite.member)} made the invitation${whom}.`)
    }
    if (purposeOf(request) === "recovery") {
      const whom = people.nameOf(hex(request.member))
      details.push(
        `Whoever used it says that they are ${whom} and have lost every device. Ask ${whom} in person, and compare the code.`,
      )
    } else if (purposeOf(request) !== "device") {
      details.push(`Whoever used it asks to be called “${printableName(request.name)}”.`)
    }
    if (purposeOf(request) === "keeper") details.push("They are asked to become a keeper too.")
    const label = request.label === "" ? "Their device" : `Their device “${printableName(request.label)}”`
    details.push(`${label} has the key ${fingerprintOf(request.devicePublicKey)}.`)
    const others = table.requests().filter(({ guestKey, id }) => guestKey === stored.guestKey && id !== stored.id)
    if (others.length > 0)
      details.push("This invitation was used more than once. Compare the code with the right person.")
    return details
  }

  /** One's own further device; a member who is there, for a recovery that somebody else asks for; somebody new. */
  function isRightMember(request: JoinRequest, inviter: Id): boolean {
    const { state } = deps.charter()
    switch (purposeOf(request)) {
      case "device":
        return hex(request.member) === inviter
      case "recovery":
        return hex(request.member) !== inviter && isActiveMember(state, request.member)
      default:
        return !state.members.has(request.member) || isAnswered(request)
    }
  }

  function pauseFor(invite: StoredInvite): number {
    const me = hex(deps.account().member)
    const fraction = 1 + randomFraction(deps.randomBytes)
    if (invite.secret !== undefined) return 0
    return fraction * (deps.people().isKeeper(me) ? keeperPauseMillis : otherPauseMillis)
  }

  /** It was approved: it may still wait, and when it was vetoed nobody asks again by itself. */
  function isDecided(request: Id): boolean {
    const { waiting } = deps.charter().state
    return (
      table.proposals("applied").some((one) => one.request === request) ||
      waiting.some(({ statement }) => answersIn(statement, request))
    )
  }

  function checkAct(act: KnownAct | Statement): RequestCheck {
    if (act.type !== "member-add" && act.type !== "device-add" && act.type !== "recover") return { kind: "none" }
    const stored = table.requests().find((one) => isAnswerTo(act, one.id, decoded(one)))
    if (stored === undefined) {
      return { kind: "unknown", details: ["The request behind it is not known on this device yet."] }
    }
    const request = decoded(stored)
    if (!isExactly(act, request)) return { kind: "differs" }
    if (isUsedUp(stored)) return { kind: "used" }
    return {
      kind: "matches",
      request: stored.id,
      details: detailsOf(stored, table.invite(stored.guestKey)),
      joinCode: joinCodeOf(deps.account().org, request.devicePublicKey),
      name: isForMember(purposeOf(request)) ? deps.people().nameOf(hex(request.member)) : printableName(request.name),
    }
  }

  const requests: Requests = {
    tags() {
      const tags = new Map<string, Id>()
      for (const invite of table.invites()) {
        for (const tag of requestTags(readAnnounced(invite))) tags.set(hex(tag), invite.guestKey)
      }
      return tags
    },
    async open(guestKey, frame, place) {
      const invite = table.invite(guestKey)
      if (invite === undefined) return undefined
      const bytes = await openJoinRequest(readAnnounced(invite).requestKey, frame)
      if (bytes === undefined) {
        deps.alarms.raise("junk", frame, { detail: "It was said to be a join request.", evidence: [frame] })
        return undefined
      }
      // several invitations may be announced with one request key: the request itself says whose it is
      return requests.take(guestKeyOf(bytes) ?? guestKey, bytes, place)
    },
    async take(guestKey, bytes, place) {
      const invite = table.invite(guestKey)
      if (invite === undefined || invite.revoked) return undefined
      return requests.takeFor({ announced: readAnnounced(invite), member: invite.member }, bytes, place)
    },
    async takeFor({ announced, member }, bytes, place) {
      const guestKey = hex(announced.guestKey)
      let request: JoinRequest
      try {
        request = decodeJoinRequest(bytes)
      } catch (error) {
        if (error instanceof WireError) return undefined
        throw error
      }
      const isFitting =
        equalBytes(request.guestKey, announced.guestKey) &&
        request.purpose === announced.purpose &&
        isRightMember(request, member) &&
        (isForMember(purposeOf(request)) || request.name.trim() !== "")
      if (!isFitting || !(await verifyJoinRequest(deps.account().org, request))) return undefined
      return () => {
        if (table.requests().filter((one) => one.guestKey === guestKey).length >= requestsPerInvite) return
        table.putRequest({
          id: hex(requestIdOf(bytes)),
          guestKey,
          request: bytes.slice(),
          at: deps.timers.now(),
          place,
        })
        deps.changes.mark({ topic: "invites" }, { topic: "proposals" })
      }
    },
    askedName(member) {
      for (const stored of table.requests()) {
        const request = decoded(stored)
        if (hex(request.member) !== member || isForMember(purposeOf(request))) continue
        const commitment = deps.charter().state.members.get(request.member)?.nameCommitment
        if (commitment === undefined || checkName(commitment, request.salt, request.name)) return request.name
      }
      return undefined
    },
    askedNames: () =>
      table
        .requests()
        .map(decoded)
        .filter((request) => request.salt.length === 16 && !isAnswered(request))
        .map(({ member, name, salt }) => ({ id: member, name, salt })),
    check(statement) {
      if (statement.type !== "batch") return checkAct(statement)
      const checks = statement.body.acts
        .filter(({ type }) => type === "member-add" || type === "device-add")
        .map(checkAct)
      const bad = checks.find(({ kind }) => kind !== "matches")
      if (bad !== undefined) return bad
      const matching = checks.filter((one) => one.kind === "matches")
      const invited = matching.map(({ request }) => table.request(request)?.guestKey)
      // an invitation brings in one device
      if (new Set(invited).size < invited.length) return { kind: "used" }
      const uses = new Map<Id, number>()
      for (const { guestKey } of table.requests()) uses.set(guestKey, (uses.get(guestKey) ?? 0) + 1)
      const details = matching.map(({ name, joinCode }, i) => {
        const isContested = (uses.get(invited[i] ?? "") ?? 0) > 1
        const warning = isContested
          ? " This invitation was used more than once: compare the code with the right person."
          : ""
        return `${name}: the code ${joinCode}.${warning}`
      })
      return checks.length === 0 ? { kind: "none" } : { kind: "matches-all", details }
    },
    undecided() {
      const people = deps.people()
      return table.requests().flatMap((stored) => {
        const request = decoded(stored)
        const invite = table.invite(stored.guestKey)
        if (invite === undefined || invite.revoked || isAnswered(request) || isUsedUp(stored)) return []
        if (isDecided(stored.id)) return []
        return {
          id: stored.id,
          purpose: purposeOf(request),
          name: isForMember(purposeOf(request)) ? people.nameOf(hex(request.member)) : printableName(request.name),
          invitedBy: people.nameOf(invite.member),
          joinCode: joinCodeOf(deps.account().org, request.devicePublicKey),
          keyCode: fingerprintOf(request.devicePublicKey),
          at: stored.at,
        }
      })
    },
    actFor(id) {
      const stored = table.request(id)
      if (stored === undefined || isAnswered(decoded(stored)) || isUsedUp(stored)) return undefined
      return actOfRequest(stored.id, decoded(stored))
    },
    async review() {
      const now = deps.timers.now()
      const charter = deps.charter()
      if (!isActiveMember(charter.state, deps.account().member)) return
      for (const stored of table.requests()) {
        const request = decoded(stored)
        const invite = table.invite(stored.guestKey)
        if (invite === undefined || invite.revoked || isAnswered(request) || isUsedUp(stored)) continue
        if (isDecided(stored.id)) continue
        if (now - stored.at > requestMillis || deps.proposals().openFor(stored.id) !== undefined) continue
        // a list of people is decided about as a whole, when somebody proposes it (E5.16)
        if (readAnnounced(invite).together === 1) continue
        const act = actOfRequest(stored.id, request)
        // A draft that expired was not wanted; one that another act overtook is drafted anew. How old a draft is its sender
        // says; how old the request is, this device knows.
        const wasDrafted = table.proposals("dead").some((one) => one.request === stored.id)
        if (wasDrafted && now - stored.at > 7 * 86_400_000) continue
        const due = draftAt.get(stored.id) ?? now + pauseFor(invite)
        draftAt.set(stored.id, due)
        if (due > now) {
          deps.reviewAfter(due - now)
          continue
        }
        draftAt.delete(stored.id)
        try {
          await deps.proposals().propose(act)
        } catch {
          // it would not be applied as things are; the next change of the charter brings us here again
          draftAt.set(stored.id, now + 60_000)
        }
      }
    },
    learnNames() {
      const people = deps.people()
      for (const stored of table.requests()) {
        const request = decoded(stored)
        if (!isAnswered(request)) continue
        deps.peopleTable.putLabel(hex(deviceIdOf(request.devicePublicKey)), request.label, true)
        const member = hex(request.member)
        if (isForMember(purposeOf(request)) || deps.peopleTable.name(member) !== undefined) continue
        people.learn({ member: request.member, name: request.name, salt: request.salt })
      }
    },
    isAnswered,
    requestOf(member) {
      const { state } = deps.charter()
      const admitted = state.members.get(fromHex(member))?.requestId
      if (admitted === undefined) return undefined
      const stored = table.request(hex(admitted))
      return stored === undefined ? undefined : decoded(stored)
    },
  }
  return requests
}
