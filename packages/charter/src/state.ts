import { type DeviceId, equalBytes, type KeeperId, type MemberId } from "@holdfast/wire"
import { type KnownAct, subjectOf } from "./act.ts"
import type { DeviceEntry } from "./admission.ts"
import { emptyIdMap, type IdMap } from "./id-map.ts"
import type { RelayEntry } from "./relay-entry.ts"
import { bareKey, isEvaluation, type Keeper, type Rules, seatKey } from "./rules.ts"
import { noStatement, type Statement, type StatementId } from "./statement.ts"

/** Which entry did it. What entry `index` changes is in force at log sizes above `index`. (C7.4) */
export interface Mark {
  readonly index: number
  readonly statementId: StatementId
}

/** Everything that was ever admitted stays here; `removed` tells what still counts. Nothing that was removed returns. (C7.5) */
export interface Device {
  readonly id: DeviceId
  readonly member: MemberId
  readonly publicKey: Uint8Array
  readonly added: Mark
  readonly removed: Mark | undefined
}
export interface Member {
  readonly id: MemberId
  readonly nameCommitment: Uint8Array
  /** Of the join request; the founder has none. */
  readonly requestId: Uint8Array | undefined
  /** All there ever were, in the order of their admission. */
  readonly devices: readonly DeviceId[]
  readonly added: Mark
  readonly removed: Mark | undefined
}

/** Where the sequence of one subject stands. (C6.6) */
export interface SubjectHead {
  readonly nextSeq: number
  readonly prev: Uint8Array
}

/** An act that has its approvals and not yet its effect. (C10) */
export interface Waiting {
  /** The entry that it came with. */
  readonly index: number
  readonly statement: Statement & KnownAct
  readonly delaySeconds: number
  /** Keepers that can stop it; 0: none can. */
  readonly vetoK: number
  /** Devices of members that have agreed to it. (C10.4) */
  readonly agreed: readonly DeviceId[]
  /** By the log's clock; `undefined` until witnesses have cosigned a tree that holds it. */
  readonly begins: number | undefined
}

/** A keeper whose approvals do not count for a while. (C5.6) */
export interface Suspension {
  readonly keeper: KeeperId
  readonly seconds: number
  readonly begins: number | undefined
  readonly rulesVersion: number
  readonly mark: Mark
}

/** What the applied entries add up to. Never changed: an act makes a new one that shares what stayed the same. */
export interface OrgState {
  readonly founded: boolean
  /** One keeper rules alone; every client says so everywhere. (C3.5) */
  readonly evaluation: boolean
  readonly nameCommitment: Uint8Array
  readonly rules: Rules
  readonly relays: readonly RelayEntry[]
  readonly members: IdMap<Member>
  readonly devices: IdMap<Device>
  readonly subjects: IdMap<SubjectHead>
  /** Entry index by the id of each applied statement. */
  readonly applied: IdMap<number>
  /** The key of every keeper id that ever had a seat, and the other way round. (C3.3) */
  readonly keyByKeeper: IdMap<Uint8Array>
  readonly keeperByKey: IdMap<KeeperId>
  /** Seconds since 1970 that enough witnesses have vouched for; `undefined` until the first ANCHOR. Never goes back. (C10.2) */
  readonly clock: number | undefined
  /** The largest size of this log that an ANCHOR has carried. */
  readonly anchoredSize: number
  /** In the order of their entries. */
  readonly waiting: readonly Waiting[]
  /** The newest of each keeper that ever had one. */
  readonly suspensions: IdMap<Suspension>
  readonly canary: { readonly until: number; readonly mark: Mark } | undefined
}

export const emptyState: OrgState = {
  founded: false,
  evaluation: false,
  nameCommitment: new Uint8Array(32),
  rules: { version: 0, keepers: [], acts: new Map(), baseWindow: 0, witnesses: [], witnessQuorum: 0 },
  relays: [],
  members: emptyIdMap(),
  devices: emptyIdMap(),
  subjects: emptyIdMap(),
  applied: emptyIdMap(),
  keyByKeeper: emptyIdMap(),
  keeperByKey: emptyIdMap(),
  clock: undefined,
  anchoredSize: 0,
  waiting: [],
  suspensions: emptyIdMap(),
  canary: undefined,
}

const firstOfSubject: SubjectHead = { nextSeq: 0, prev: noStatement }

export function subjectHead(state: OrgState, subject: Uint8Array): SubjectHead {
  return state.subjects.get(subject) ?? firstOfSubject
}

export function isActiveMember(state: OrgState, id: MemberId): boolean {
  const member = state.members.get(id)
  return member !== undefined && member.removed === undefined
}

export function activeDevicesOf(state: OrgState, id: MemberId): readonly Device[] {
  const devices = (state.members.get(id)?.devices ?? []).map((device) => state.devices.get(device) as Device)
  return devices.filter((device) => device.removed === undefined)
}

/** Whether an act about this subject waits to take effect. (C10.3) */
export function isWaitedFor({ waiting }: OrgState, subject: Uint8Array): boolean {
  return waiting.some(({ statement }) => equalBytes(statement.subject, subject))
}

/** Whether this keeper's approvals count for nothing now. (C5.6) */
export function isSuspended({ suspensions, clock }: OrgState, keeper: Uint8Array): boolean {
  const suspension = suspensions.get(keeper)
  if (suspension === undefined) return false
  const { begins, seconds } = suspension
  return begins === undefined || clock === undefined || clock < begins + seconds
}

/** The statement's id is used up and its subject's sequence moves on, whatever else it changes. (C6.2, C6.6) */
export function withStatement(state: OrgState, statement: Statement & KnownAct, index: number): OrgState {
  return {
    ...state,
    applied: state.applied.with(statement.id, index),
    subjects: state.subjects.with(subjectOf(statement), { nextSeq: statement.seq + 1, prev: statement.id }),
  }
}

/** What an act that has passed every rule changes. ANCHOR and VETO act on what waits: see `settle.ts`. (C7.3) */
export function withAct(state: OrgState, act: KnownAct, mark: Mark): OrgState {
  switch (act.type) {
    case "genesis": {
      const { nameCommitment, rules, relays, founder } = act.body
      const founded = { ...withRules(state, rules), founded: true, nameCommitment, relays }
      return withMember(founded, { ...founder, requestId: undefined }, mark)
    }
    case "rules":
      return withRules(state, act.body)
    case "relays":
      return { ...state, relays: act.body.relays }
    case "member-add":
      return withMember(state, act.body, mark)
    case "member-remove":
      return withoutMember(state, act.body.member, mark)
    case "device-add":
      return withDevice(state, act.body.member, act.body.device, mark)
    case "device-remove":
      return { ...state, devices: withoutDevice(state.devices, act.body.device, mark) }
    case "recover": {
      const { member, device } = act.body
      return withDevice({ ...state, devices: withoutDevicesOf(state, member, mark) }, member, device, mark)
    }
    case "suspend-keeper": {
      const { keeper, seconds } = act.body
      const suspension = { keeper, seconds, begins: undefined, rulesVersion: state.rules.version, mark }
      return { ...state, suspensions: state.suspensions.with(keeper, suspension) }
    }
    case "canary":
      return { ...state, canary: { until: act.body.until, mark } }
    case "batch":
      return act.body.acts.reduce((next, one) => withAct(next, one, mark), state)
    case "veto":
    case "anchor":
      return state
  }
}

function withRules(state: OrgState, rules: Rules): OrgState {
  let { keyByKeeper, keeperByKey } = state
  for (const keeper of rules.keepers) {
    keyByKeeper = keyByKeeper.with(keeper.id, seatKey(keeper))
    keeperByKey = keeperByKey.with(bareKey(keeper), keeper.id)
  }
  // Without witnesses no suspension could ever lapse.
  const suspensions = rules.witnesses.length === 0 ? emptyIdMap<Suspension>() : state.suspensions
  return { ...state, rules, evaluation: isEvaluation(rules), keyByKeeper, keeperByKey, suspensions }
}

interface NewMember {
  readonly member: MemberId
  readonly nameCommitment: Uint8Array
  readonly devices: readonly DeviceEntry[]
  readonly requestId: Uint8Array | undefined
}

function withMember(state: OrgState, { member, nameCommitment, devices, requestId }: NewMember, mark: Mark): OrgState {
  const ids = devices.map((device) => device.id)
  const added = { id: member, nameCommitment, requestId, devices: ids, added: mark, removed: undefined }
  return {
    ...state,
    members: state.members.with(member, added),
    devices: withDevices(state.devices, member, devices, mark),
  }
}

/** A keeper's seat outlives the member: taking it away here would lower n behind the floors' back. (C5.3) */
function withoutMember(state: OrgState, id: MemberId, mark: Mark): OrgState {
  const member = state.members.get(id) as Member
  const members = state.members.with(id, { ...member, removed: mark })
  return { ...state, members, devices: withoutDevicesOf(state, id, mark) }
}

function withDevice(state: OrgState, member: MemberId, device: DeviceEntry, mark: Mark): OrgState {
  const before = state.members.get(member) as Member
  const members = state.members.with(member, { ...before, devices: [...before.devices, device.id] })
  return { ...state, members, devices: withDevices(state.devices, member, [device], mark) }
}

function withoutDevicesOf(state: OrgState, id: MemberId, mark: Mark): IdMap<Device> {
  let devices = state.devices
  for (const device of activeDevicesOf(state, id)) devices = withoutDevice(devices, device.id, mark)
  return devices
}

function withDevices(
  devices: IdMap<Device>,
  member: MemberId,
  entries: readonly DeviceEntry[],
  mark: Mark,
): IdMap<Device> {
  let all = devices
  for (const { id, publicKey } of entries)
    all = all.with(id, { id, member, publicKey, added: mark, removed: undefined })
  return all
}

function withoutDevice(devices: IdMap<Device>, id: DeviceId, mark: Mark): IdMap<Device> {
  return devices.with(id, { ...(devices.get(id) as Device), removed: mark })
}

/** Keepers who are members no more and still have their seat: an alarm until RULES changes it. (C5.3) */
export function keepersWithoutMember(state: OrgState): readonly Keeper[] {
  return state.rules.keepers.filter(({ member }) => member !== undefined && !isActiveMember(state, member))
}
