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
import { type DeviceId, deviceIdOf, equalBytes, fromHex, hex, WireError } from "@holdfast/wire"
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
import type { GovernanceTable, ProposalState, StoredInvite, StoredRequest } from "./store/governance.ts"
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

/** A stored request, read. */
interface Known {
  readonly stored: StoredRequest
  readonly request: JoinRequest
  readonly device: DeviceId
}

/** All of them, and the ways in which they are looked for: there may be thousands, and every look at one asks about others. */
interface KnownRequests {
  readonly all: readonly Known[]
  readonly byId: ReadonlyMap<Id, Known>
  readonly byInvite: ReadonlyMap<Id, readonly Known[]>
  readonly byMember: ReadonlyMap<Id, readonly Known[]>
  readonly byDevice: ReadonlyMap<Id, readonly Known[]>
}

function readAll(requests: readonly StoredRequest[]): KnownRequests {
  const all = requests.map((stored): Known => {
    const request = decodeJoinRequest(stored.request)
    return { stored, request, device: deviceIdOf(request.devicePublicKey) }
  })
  return {
    all,
    byId: new Map(all.map((one) => [one.stored.id, one])),
    byInvite: Map.groupBy(all, ({ stored }) => stored.guestKey),
    byMember: Map.groupBy(all, ({ request }) => hex(request.member)),
    byDevice: Map.groupBy(all, ({ device }) => hex(device)),
  }
}

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

  let read: KnownRequests | undefined

  /** Requests are never changed and never removed, so their number tells if there are others. */
  function known(): KnownRequests {
    if (read === undefined || read.all.length !== table.requestCount()) read = readAll(table.requests())
    return read
  }

  function isIn({ device }: Known): boolean {
    return deps.charter().state.devices.has(device)
  }

  /** An invitation brings in one device: whoever else has used it is not shown any more. */
  function isUsedUp({ stored }: Known): boolean {
    return othersOf(stored).some(isIn)
  }

  /** By the same invitation. */
  function othersOf({ guestKey, id }: StoredRequest): readonly Known[] {
    return (known().byInvite.get(guestKey) ?? []).filter(({ stored }) => stored.id !== id)
  }

  function detailsOf({ stored, request }: Known, invite: StoredInvite | undefined): readonly string[] {
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
    if (othersOf(stored).length > 0)
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
        return !state.members.has(request.member) || requests.isAnswered(request)
    }
  }

  function pauseFor(invite: StoredInvite): number {
    const me = hex(deps.account().member)
    const fraction = 1 + randomFraction(deps.randomBytes)
    if (invite.secret !== undefined) return 0
    return fraction * (deps.people().isKeeper(me) ? keeperPauseMillis : otherPauseMillis)
  }

  /** Those that were approved: they may still wait, and after a veto nobody asks again by itself. */
  function decidedRequests(): (request: Id) => boolean {
    const { waiting } = deps.charter().state
    const applied = requestsOf("applied")
    return (request) => applied.has(request) || waiting.some(({ statement }) => answersIn(statement, request))
  }

  function requestsOf(state: ProposalState): ReadonlySet<Id> {
    return new Set(table.proposals(state).flatMap(({ request }) => request ?? []))
  }

  function checkAct(act: KnownAct | Statement): RequestCheck {
    if (act.type !== "member-add" && act.type !== "device-add" && act.type !== "recover") return { kind: "none" }
    const candidates =
      act.type === "device-add"
        ? (known().byDevice.get(hex(act.body.device.id)) ?? [])
        : [known().byId.get(hex(act.body.requestId))].filter((one) => one !== undefined)
    const found = candidates.find(({ stored, request }) => isAnswerTo(act, stored.id, request))
    if (found === undefined) {
      return { kind: "unknown", details: ["The request behind it is not known on this device yet."] }
    }
    const { stored, request } = found
    if (!isExactly(act, request)) return { kind: "differs" }
    if (isUsedUp(found)) return { kind: "used" }
    return {
      kind: "matches",
      request: stored.id,
      details: detailsOf(found, table.invite(stored.guestKey)),
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
        if ((known().byInvite.get(guestKey)?.length ?? 0) >= requestsPerInvite) return
        read = undefined
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
      for (const { request } of known().byMember.get(member) ?? []) {
        if (isForMember(purposeOf(request))) continue
        const commitment = deps.charter().state.members.get(request.member)?.nameCommitment
        if (commitment === undefined || checkName(commitment, request.salt, request.name)) return request.name
      }
      return undefined
    },
    askedNames: () =>
      known()
        .all.filter((one) => one.request.salt.length === 16 && !isIn(one))
        .map(({ request: { member, name, salt } }) => ({ id: member, name, salt })),
    check(statement) {
      if (statement.type !== "batch") return checkAct(statement)
      const checks = statement.body.acts
        .filter(({ type }) => type === "member-add" || type === "device-add")
        .map(checkAct)
      const bad = checks.find(({ kind }) => kind !== "matches")
      if (bad !== undefined) return bad
      const matching = checks.filter((one) => one.kind === "matches")
      const invited = matching.map(({ request }) => known().byId.get(request)?.stored.guestKey ?? "")
      // an invitation brings in one device
      if (new Set(invited).size < invited.length) return { kind: "used" }
      const details = matching.map(({ name, joinCode }, i) => {
        const isContested = (known().byInvite.get(invited[i] ?? "")?.length ?? 0) > 1
        const warning = isContested
          ? " This invitation was used more than once: compare the code with the right person."
          : ""
        return `${name}: the code ${joinCode}.${warning}`
      })
      return checks.length === 0 ? { kind: "none" } : { kind: "matches-all", details }
    },
    undecided() {
      const people = deps.people()
      const isDecided = decidedRequests()
      return known().all.flatMap((one) => {
        const { stored, request } = one
        const invite = table.invite(stored.guestKey)
        if (invite === undefined || invite.revoked || isIn(one) || isUsedUp(one)) return []
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
      const found = known().byId.get(id)
      if (found === undefined || isIn(found) || isUsedUp(found)) return undefined
      return actOfRequest(id, found.request)
    },
    async review() {
      const now = deps.timers.now()
      const charter = deps.charter()
      if (!isActiveMember(charter.state, deps.account().member)) return
      const isDecided = decidedRequests()
      const overtaken = requestsOf("dead")
      const open = deps.proposals().openRequests()
      for (const one of known().all) {
        const { stored, request } = one
        const invite = table.invite(stored.guestKey)
        if (invite === undefined || invite.revoked || isIn(one) || isUsedUp(one) || isDecided(stored.id)) continue
        // a list of people is decided about as a whole, when somebody proposes it (E5.16)
        if (now - stored.at > requestMillis || readAnnounced(invite).together === 1) continue
        if (open.has(stored.id)) continue
        const act = actOfRequest(stored.id, request)
        // A draft that expired was not wanted; one that another act overtook is drafted anew. How old a draft is its sender
        // says; how old the request is, this device knows.
        if (overtaken.has(stored.id) && now - stored.at > 7 * 86_400_000) continue
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
      for (const one of known().all) {
        if (!isIn(one)) continue
        const { request, device } = one
        deps.peopleTable.putLabel(hex(device), request.label, true)
        const member = hex(request.member)
        if (isForMember(purposeOf(request)) || deps.peopleTable.name(member) !== undefined) continue
        people.learn({ member: request.member, name: request.name, salt: request.salt })
      }
    },
    isAnswered: (request) => deps.charter().state.devices.has(deviceIdOf(request.devicePublicKey)),
    requestOf(member) {
      const { state } = deps.charter()
      const admitted = state.members.get(fromHex(member))?.requestId
      return admitted === undefined ? undefined : known().byId.get(hex(admitted))?.request
    },
  }
  return requests
}
