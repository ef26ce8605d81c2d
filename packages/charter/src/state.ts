import type { DeviceId, KeeperId, MemberId } from "@holdfast/wire"
import { type KnownAct, subjectOf } from "./act.ts"
import type { DeviceEntry } from "./admission.ts"
import { emptyIdMap, type IdMap } from "./id-map.ts"
import type { RelayEntry } from "./relay-entry.ts"
import { isEvaluation, type Keeper, type Rules } from "./rules.ts"
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
}

export const emptyState: OrgState = {
  founded: false,
  evaluation: false,
  nameCommitment: new Uint8Array(32),
  rules: { version: 0, keepers: [], acts: new Map(), baseWindow: 0 },
  relays: [],
  members: emptyIdMap(),
  devices: emptyIdMap(),
  subjects: emptyIdMap(),
  applied: emptyIdMap(),
  keyByKeeper: emptyIdMap(),
  keeperByKey: emptyIdMap(),
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

/** Applies a statement that has passed every rule. (C7.3) */
export function applyAct(state: OrgState, statement: Statement & KnownAct, index: number): OrgState {
  const mark = { index, statementId: statement.id }
  const subject = subjectOf(statement)
  return {
    ...changed(state, statement, mark),
    applied: state.applied.with(statement.id, index),
    subjects: state.subjects.with(subject, { nextSeq: statement.seq + 1, prev: statement.id }),
  }
}

function changed(state: OrgState, act: KnownAct, mark: Mark): OrgState {
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
    case "device-add": {
      const { member, device } = act.body
      const before = state.members.get(member) as Member
      const members = state.members.with(member, { ...before, devices: [...before.devices, device.id] })
      return { ...state, members, devices: withDevices(state.devices, member, [device], mark) }
    }
    case "device-remove":
      return { ...state, devices: withoutDevice(state.devices, act.body.device, mark) }
  }
}

function withRules(state: OrgState, rules: Rules): OrgState {
  let { keyByKeeper, keeperByKey } = state
  for (const keeper of rules.keepers) {
    keyByKeeper = keyByKeeper.with(keeper.id, keeper.publicKey)
    keeperByKey = keeperByKey.with(keeper.publicKey, keeper.id)
  }
  return { ...state, rules, evaluation: isEvaluation(rules), keyByKeeper, keeperByKey }
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
  let devices = state.devices
  for (const device of activeDevicesOf(state, id)) devices = withoutDevice(devices, device.id, mark)
  return { ...state, members: state.members.with(id, { ...member, removed: mark }), devices }
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
