import { checkEd25519PublicKey, LogError } from "@holdfast/log"
import { deviceIdOf, equalBytes, type MemberId, type OrgId } from "@holdfast/wire"
import { type Batch, type Genesis, type KnownAct, maxDevices, subjectOf } from "./act.ts"
import type { DeviceEntry } from "./admission.ts"
import { decodeCoseKey } from "./cose-key.ts"
import { CharterError } from "./error.ts"
import { brokenFloor, canDoEverything } from "./floors.ts"
import { isLocalPasskey } from "./passkey.ts"
import type { Refusal } from "./refusal.ts"
import type { RelayEntry } from "./relay-entry.ts"
import { actRuleOf, bareKey, type Keeper, keeperOf, type Rules, seatKey, type Witness } from "./rules.ts"
import {
  activeDevicesOf,
  isActiveMember,
  isSuspended,
  isWaitedFor,
  type OrgState,
  subjectHead,
  withAct,
} from "./state.ts"
import { noStatement, type Statement, type StatementId } from "./statement.ts"

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
  // Of those that can need no wait, the approvals tell: see `shortOf`.
  ["act_waiting", ({ state }, { type, subject }) => canNeedNoWait.has(type) || !isWaitedFor(state, subject)],
  ["wrong_rules_version", ({ state }, { rulesVersion }) => rulesVersion === state.rules.version],
  ["wrong_sequence", ({ state }, { subject, seq }) => seq === subjectHead(state, subject).nextSeq],
  ["wrong_sequence", ({ state }, { subject, prev }) => equalBytes(prev, subjectHead(state, subject).prev)],
  ["wrong_base", ({ size }, { base }) => base.size <= size && (base.size > 0 || size === 0)],
  ["wrong_base", ({ rootAt }, { base }) => equalBytes(base.root, rootAt(base.size) ?? new Uint8Array())],
  ["base_too_old", ({ size, state }, { base }) => size - base.size <= state.rules.baseWindow],
  ["expired", ({ state }, { notAfter }) => state.clock === undefined || state.clock <= notAfter],
]

const canNeedNoWait: ReadonlySet<KnownAct["type"]> = new Set(["rules", "device-remove"])

/** The rules of the act itself: once when it is logged, and for one that waited again when it is to take effect. (C10.4) */
export function judgeAct(before: Before, act: KnownAct): Refusal | undefined {
  const { state } = before
  switch (act.type) {
    case "genesis":
      return (
        brokenRules(before, act.body.rules, act.body.founder.member) ??
        brokenRule(newDeviceRules, before, ...act.body.founder.devices) ??
        // The state has no keepers yet, so the keys of this very statement are compared here.
        (sharesId(act.body) ? "id_reused" : undefined) ??
        (sharesKey(act.body) ? "key_reused" : undefined) ??
        brokenRelays(before, act.body.rules, act.body.relays)
      )
    case "rules":
      return (
        brokenRules(before, act.body) ??
        brokenRelays(before, act.body, state.relays) ??
        (canStillDoEverything(state, act.body) ? undefined : "suspension_would_stop")
      )
    case "relays":
      return brokenRelays(before, state.rules, act.body.relays)
    case "member-add":
      if (state.members.has(act.body.member)) return "member_known"
      if (state.keyByKeeper.has(act.body.member)) return "id_reused"
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
    case "recover":
      return (
        brokenRule(memberRules, before, act.body.member) ??
        brokenRule(newDeviceRules, before, act.body.device) ??
        (actRuleOf(state.rules, recoverAct).delaySeconds < minRecoverySeconds ? "recover_without_delay" : undefined)
      )
    case "suspend-keeper":
      return brokenRule(suspensionRules, before, act.body)
    case "veto": {
      const it = state.waiting.find(({ statement }) => equalBytes(statement.id, act.body.statement))
      if (it === undefined) return "nothing_to_veto"
      return it.vetoK === 0 && it.statement.type !== "recover" ? "veto_not_allowed" : undefined
    }
    case "batch":
      return judgeBatch(before, act.body)
    case "canary":
    case "anchor":
      return undefined
  }
}

const recoverAct = 10
/** A day: long enough for a member to see that somebody else is being made them. (C5.8) */
const minRecoverySeconds = 86_400

/** One act after the other, each on what those before it leave. (C5.10) */
function judgeBatch(before: Before, { acts }: Batch): Refusal | undefined {
  const mark = { index: before.size, statementId: noStatement as StatementId }
  let { state } = before
  for (const act of acts) {
    const broken = judgeAct({ ...before, state }, act)
    if (broken !== undefined) return broken
    state = withAct(state, act, mark)
  }
  return undefined
}

/** Those whose approvals count at this moment can meet the rules that are to be; without witnesses suspensions end. (C5.6, C5.7) */
function canStillDoEverything(state: OrgState, rules: Rules): boolean {
  const active = rules.keepers.filter(({ id }) => !isSuspended(state, id))
  return rules.witnesses.length === 0 || canDoEverything(rules, active)
}

const suspensionRules: readonly Rule<(KnownAct & { type: "suspend-keeper" })["body"]>[] = [
  ["no_clock", ({ state }) => state.clock !== undefined && state.rules.witnesses.length > 0],
  ["keeper_unknown", ({ state }, { keeper }) => keeperOf(state.rules, keeper) !== undefined],
  [
    "suspension_would_stop",
    ({ state }, { keeper }) => {
      const left = state.rules.keepers.filter(({ id }) => !equalBytes(id, keeper) && !isSuspended(state, id))
      return canDoEverything(state.rules, left)
    },
  ],
]

const memberRules: readonly Rule<MemberId>[] = [
  ["member_unknown", ({ state }, member) => state.members.has(member)],
  ["member_removed", ({ state }, member) => isActiveMember(state, member)],
]

const newDeviceRules: readonly Rule<DeviceEntry>[] = [
  ["wrong_device_id", (_, device) => equalBytes(device.id, deviceIdOf(device.publicKey))],
  ["bad_key", (_, device) => isSoundKey(device.publicKey)],
  ["device_known", ({ state }, device) => !state.devices.has(device.id)],
  ["id_reused", ({ state }, device) => !state.keyByKeeper.has(device.id)],
  ["key_reused", ({ state }, device) => !state.keeperByKey.has(device.publicKey)],
  ["key_reused", ({ state }, device) => !isWitnessKey(state.rules, device.publicKey)],
  // Else whoever runs a relay and is let in with its log key would block every change of the rules: see `brokenRelays`.
  ["key_reused", ({ state }, device) => !isLogKey(state.relays, device.publicKey)],
]

const goneDeviceRules: readonly Rule<(KnownAct & { type: "device-remove" })["body"]>[] = [
  ["device_unknown", ({ state }, { device }) => state.devices.has(device)],
  ["device_of_another", ({ state }, it) => equalBytes(state.devices.get(it.device)?.member ?? noMember, it.member)],
  ["device_removed", ({ state }, { device }) => state.devices.get(device)?.removed === undefined],
]

const noMember = new Uint8Array()

const seatRules: readonly Rule<Keeper>[] = [
  // Names are known by ids: a seat under a member's id would read like that member.
  [
    "id_reused",
    ({ state }, { id }) => keeperOf(state.rules, id) !== undefined || !(state.members.has(id) || state.devices.has(id)),
  ],
  ["bad_key", (_, { kind, publicKey }) => (kind === 2 ? isCoseKey(publicKey) : isSoundKey(publicKey))],
  ["passkey_not_local", (_, { passkey }) => passkey === undefined || isLocalPasskey(passkey.rpId, passkey.origin)],
  [
    "keeper_changed",
    ({ state }, keeper) => equalBytes(state.keyByKeeper.get(keeper.id) ?? seatKey(keeper), seatKey(keeper)),
  ],
  ["key_reused", ({ state }, seat) => equalBytes(state.keeperByKey.get(bareKey(seat)) ?? seat.id, seat.id)],
  ["key_reused", ({ state }, seat) => !state.devices.has(deviceIdOf(bareKey(seat)))],
]

/** `founder`: the one member there is at GENESIS. */
function brokenRules(before: Before, rules: Rules, founder?: MemberId): Refusal | undefined {
  const { state } = before
  if (rules.version !== state.rules.version + 1) return "wrong_version"
  const broken = brokenRule(seatRules, before, ...rules.keepers)
  if (broken !== undefined) return broken
  const keys = rules.keepers.map(bareKey)
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
  const weak = brokenRule(witnessRules, before, ...rules.witnesses)
  if (weak !== undefined) return weak
  if (rules.witnesses.some(({ publicKey }) => keys.some((key) => equalBytes(key, publicKey)))) return "key_reused"
  return brokenFloor(rules, !state.founded || state.evaluation)
}

const witnessRules: readonly Rule<Witness>[] = [
  ["bad_key", (_, { publicKey }) => isSoundKey(publicKey)],
  ["key_reused", ({ state }, { publicKey }) => !state.keeperByKey.has(publicKey)],
  ["key_reused", ({ state }, { publicKey }) => !state.devices.has(deviceIdOf(publicKey))],
]

/** A log that vouches for itself has no witness, and one that approves needs no keepers. (C2.4, C3.10) */
function brokenRelays({ state }: Before, rules: Rules, relays: readonly RelayEntry[]): Refusal | undefined {
  if (!relays.every(({ logPublicKey }) => isSoundKey(logPublicKey))) return "bad_key"
  const isTaken = (key: Uint8Array) =>
    isWitnessKey(rules, key) ||
    rules.keepers.some((keeper) => equalBytes(bareKey(keeper), key)) ||
    state.keeperByKey.has(key) ||
    state.devices.has(deviceIdOf(key))
  return relays.some(({ logPublicKey }) => isTaken(logPublicKey)) ? "key_reused" : undefined
}

function isWitnessKey({ witnesses }: Rules, key: Uint8Array): boolean {
  return witnesses.some(({ publicKey }) => equalBytes(publicKey, key))
}

function isLogKey(relays: readonly RelayEntry[], key: Uint8Array): boolean {
  return relays.some(({ logPublicKey }) => equalBytes(logPublicKey, key))
}

function isSoundKey(publicKey: Uint8Array): boolean {
  return passes(() => checkEd25519PublicKey(publicKey))
}

function isCoseKey(publicKey: Uint8Array): boolean {
  return passes(() => decodeCoseKey(publicKey))
}

function passes(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (error instanceof LogError || error instanceof CharterError) return false
    throw error
  }
}

function sharesId({ rules, founder }: Genesis): boolean {
  const ids = [founder.member, ...founder.devices.map(({ id }) => id)]
  return ids.some((id) => keeperOf(rules, id) !== undefined)
}

function sharesKey({ rules, founder, relays }: Genesis): boolean {
  const others = [...rules.keepers.map(bareKey), ...rules.witnesses.map(({ publicKey }) => publicKey)]
  return founder.devices.some(
    ({ publicKey }) => isLogKey(relays, publicKey) || others.some((key) => equalBytes(publicKey, key)),
  )
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
