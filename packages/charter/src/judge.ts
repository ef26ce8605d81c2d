import { checkEd25519PublicKey, LogError } from "@holdfast/log"
import { deviceIdOf, equalBytes, type MemberId, type OrgId } from "@holdfast/wire"
import { type KnownAct, maxDevices, subjectOf } from "./act.ts"
import type { DeviceEntry } from "./admission.ts"
import { brokenFloor } from "./floors.ts"
import type { Refusal } from "./refusal.ts"
import { type Keeper, keeperOf, type Rules } from "./rules.ts"
import { activeDevicesOf, isActiveMember, type OrgState, subjectHead } from "./state.ts"
import type { Statement } from "./statement.ts"

/** What a statement is judged against: everything before the place it has or would get in the log. */
export interface Before {
  /** As statements name it: zeros before GENESIS. */
  readonly org: OrgId
  readonly state: OrgState
  readonly size: number
  rootAt(size: number): Uint8Array | undefined
}

type Rule<T> = readonly [refusal: Refusal, holds: (before: Before, it: T) => boolean]

/** First what any statement must meet, then what its type asks. Signatures are judged elsewhere. (C6.1 to C6.7, C4, C5) */
export function judge(before: Before, statement: Statement): Refusal | undefined {
  return brokenRule(identityRules, before, statement) ?? judgeKnown(before, statement)
}

function judgeKnown(before: Before, statement: Statement): Refusal | undefined {
  if (statement.type === "unknown") return "unknown_type"
  return brokenRule(headerRules, before, statement) ?? judgeAct(before, statement)
}

const identityRules: readonly Rule<Statement>[] = [
  ["wrong_organisation", ({ org }, { orgId }) => equalBytes(orgId, org)],
  ["replayed", ({ state }, { id }) => !state.applied.has(id)],
]

const headerRules: readonly Rule<Statement & KnownAct>[] = [
  ["second_genesis", ({ state }, { type }) => (type === "genesis") !== state.founded],
  ["wrong_subject", (_, statement) => equalBytes(statement.subject, subjectOf(statement))],
  ["wrong_rules_version", ({ state }, { rulesVersion }) => rulesVersion === state.rules.version],
  ["wrong_sequence", ({ state }, { subject, seq }) => seq === subjectHead(state, subject).nextSeq],
  ["wrong_sequence", ({ state }, { subject, prev }) => equalBytes(prev, subjectHead(state, subject).prev)],
  ["wrong_base", ({ size }, { base }) => base.size <= size && (base.size > 0 || size === 0)],
  ["wrong_base", ({ rootAt }, { base }) => equalBytes(base.root, rootAt(base.size) ?? new Uint8Array())],
  ["base_too_old", ({ size, state }, { base }) => size - base.size <= state.rules.baseWindow],
]

function judgeAct(before: Before, act: KnownAct): Refusal | undefined {
  const { state } = before
  switch (act.type) {
    case "genesis":
      return (
        brokenRules(before, act.body.rules, act.body.founder.member) ??
        brokenRule(newDeviceRules, before, ...act.body.founder.devices) ??
        // The state has no keepers yet, so the keys of this very statement are compared here.
        (sharesKey(act.body.rules, act.body.founder.devices) ? "key_reused" : undefined) ??
        weakRelayKey(act)
      )
    case "rules":
      return brokenRules(before, act.body)
    case "relays":
      return weakRelayKey(act)
    case "member-add":
      if (state.members.has(act.body.member)) return "member_known"
      return brokenRule(newDeviceRules, before, ...act.body.devices)
    case "member-remove":
      return brokenRule(memberRules, before, act.body.member)
    case "device-add":
      return (
        brokenRule(memberRules, before, act.body.member) ??
        brokenRule(newDeviceRules, before, act.body.device) ??
        (activeDevicesOf(state, act.body.member).length >= maxDevices ? "too_many_devices" : undefined)
      )
    case "device-remove":
      return brokenRule(memberRules, before, act.body.member) ?? brokenRule(goneDeviceRules, before, act.body)
  }
}

const memberRules: readonly Rule<MemberId>[] = [
  ["member_unknown", ({ state }, member) => state.members.has(member)],
  ["member_removed", ({ state }, member) => isActiveMember(state, member)],
]

const newDeviceRules: readonly Rule<DeviceEntry>[] = [
  ["wrong_device_id", (_, device) => equalBytes(device.id, deviceIdOf(device.publicKey))],
  ["bad_key", (_, device) => isSoundKey(device.publicKey)],
  ["device_known", ({ state }, device) => !state.devices.has(device.id)],
  ["key_reused", ({ state }, device) => !state.keeperByKey.has(device.publicKey)],
]

const goneDeviceRules: readonly Rule<(KnownAct & { type: "device-remove" })["body"]>[] = [
  ["device_unknown", ({ state }, { device }) => state.devices.has(device)],
  ["device_of_another", ({ state }, it) => equalBytes(state.devices.get(it.device)?.member ?? noMember, it.member)],
  ["device_removed", ({ state }, { device }) => state.devices.get(device)?.removed === undefined],
]

const noMember = new Uint8Array()

const seatRules: readonly Rule<Keeper>[] = [
  ["keeper_kind_unsupported", (_, keeper) => keeper.kind === 1],
  ["bad_key", (_, keeper) => isSoundKey(keeper.publicKey)],
  ["keeper_changed", ({ state }, { id, publicKey }) => equalBytes(state.keyByKeeper.get(id) ?? publicKey, publicKey)],
  ["key_reused", ({ state }, { id, publicKey }) => equalBytes(state.keeperByKey.get(publicKey) ?? id, id)],
  ["key_reused", ({ state }, { publicKey }) => !state.devices.has(deviceIdOf(publicKey))],
]

/** `founder`: the one member there is at GENESIS. */
function brokenRules(before: Before, rules: Rules, founder?: MemberId): Refusal | undefined {
  const { state } = before
  if (rules.version !== state.rules.version + 1) return "wrong_version"
  const broken = brokenRule(seatRules, before, ...rules.keepers)
  if (broken !== undefined) return broken
  const keys = rules.keepers.map((keeper) => keeper.publicKey)
  if (hasTwice(keys)) return "key_reused"
  const members = rules.keepers.flatMap(({ member }) => (member === undefined ? [] : [member]))
  if (hasTwice(members)) return "keeper_twice"
  const isThere = (member: MemberId) =>
    isActiveMember(state, member) || (founder !== undefined && equalBytes(member, founder))
  // Only for what is new: a seat whose member has gone must not block every other change of the rules.
  const unknown = rules.keepers.some(
    ({ id, member }) =>
      member !== undefined && !equalBytes(keeperOf(state.rules, id)?.member ?? noMember, member) && !isThere(member),
  )
  if (unknown) return "keeper_member_unknown"
  return brokenFloor(rules, !state.founded || state.evaluation)
}

function weakRelayKey(act: KnownAct & { type: "genesis" | "relays" }): Refusal | undefined {
  return act.body.relays.every((relay) => isSoundKey(relay.logPublicKey)) ? undefined : "bad_key"
}

function isSoundKey(publicKey: Uint8Array): boolean {
  try {
    checkEd25519PublicKey(publicKey)
    return true
  } catch (error) {
    if (error instanceof LogError) return false
    throw error
  }
}

function sharesKey(rules: Rules, devices: readonly DeviceEntry[]): boolean {
  return rules.keepers.some((keeper) => devices.some((device) => equalBytes(device.publicKey, keeper.publicKey)))
}

function hasTwice(list: readonly Uint8Array[]): boolean {
  return list.some((item, i) => list.some((other, j) => j < i && equalBytes(item, other)))
}

function brokenRule<T>(rules: readonly Rule<T>[], before: Before, ...items: readonly T[]): Refusal | undefined {
  for (const item of items) {
    const broken = rules.find(([, holds]) => !holds(before, item))
    if (broken !== undefined) return broken[0]
  }
  return undefined
}
