import {
  compareBytes,
  concatBytes,
  type DeviceId,
  type KeeperId,
  labelledHash,
  type MemberId,
  toDeviceId,
  toKeeperId,
  toMemberId,
  utf8,
} from "@holdfast/wire"
import { type DeviceEntry, deviceFromCbor, deviceToCbor } from "./admission.ts"
import { type CborMap, type CborValue, encodeCbor } from "./cbor.ts"
import { CharterError } from "./error.ts"
import { type RelayEntry, relaysFromCbor, relaysToCbor } from "./relay-entry.ts"
import { type Rules, rulesFromCbor, rulesToCbor } from "./rules.ts"
import { bytesOf, fieldsOf, fixedOf, listOf, refuse, uintOf } from "./shape.ts"

/** Numbers of the types of act, fixed for ever. (C4.1) */
export const actNumbers = {
  genesis: 1,
  rules: 2,
  "suspend-keeper": 3,
  "member-add": 4,
  "member-remove": 5,
  "device-add": 6,
  "device-remove": 7,
  relays: 8,
  release: 9,
  recover: 10,
  veto: 11,
  canary: 12,
  anchor: 13,
  batch: 14,
} as const

export interface Genesis {
  readonly nameCommitment: Uint8Array
  readonly rules: Rules
  readonly founder: Founder
  /** May be empty: an organisation can be founded before it has a server. */
  readonly relays: readonly RelayEntry[]
}
export interface Founder {
  readonly member: MemberId
  readonly nameCommitment: Uint8Array
  readonly devices: readonly DeviceEntry[]
}
export interface MemberAdd {
  readonly member: MemberId
  readonly nameCommitment: Uint8Array
  /** 1 to 16, in ascending order of their ids. */
  readonly devices: readonly DeviceEntry[]
  /** 16 bytes: of the join request that this answers. */
  readonly requestId: Uint8Array
}
export interface MemberRemove {
  readonly member: MemberId
}
export interface DeviceAdd {
  readonly member: MemberId
  readonly device: DeviceEntry
}
export interface DeviceRemove {
  readonly member: MemberId
  readonly device: DeviceId
}
export interface SuspendKeeper {
  readonly keeper: KeeperId
  /** How long it lasts by the log's clock: an hour to 30 days. (C5.6) */
  readonly seconds: number
}
/** A member who has lost every device gets a new one; the others end. (C5.8) */
export interface Recover {
  readonly member: MemberId
  readonly device: DeviceEntry
  /** 16 bytes: of the request that this answers. */
  readonly requestId: Uint8Array
}
export interface Veto {
  /** Id of the waiting statement that is to have no effect. (C10.5) */
  readonly statement: Uint8Array
}
/** "No one has compelled us", until a time in seconds since 1970. (C5.9) */
export interface Canary {
  readonly until: number
}
/** A checkpoint of this very log with witnesses' cosignatures: what tells the log the time. (C10.1) */
export interface Anchor {
  readonly note: Uint8Array
}
/** Several acts on members and devices that apply together or not at all. (C5.10) */
export interface Batch {
  readonly acts: readonly BatchedAct[]
}
export type BatchedAct = Extract<KnownAct, { type: "member-add" | "member-remove" | "device-add" | "device-remove" }>
/** An act of a type that this release does not know. Its body is kept as it came. (C4.8) */
export interface UnknownAct {
  readonly number: number
  readonly value: CborMap
}

export type KnownAct =
  | { readonly type: "genesis"; readonly body: Genesis }
  | { readonly type: "rules"; readonly body: Rules }
  | { readonly type: "member-add"; readonly body: MemberAdd }
  | { readonly type: "member-remove"; readonly body: MemberRemove }
  | { readonly type: "device-add"; readonly body: DeviceAdd }
  | { readonly type: "device-remove"; readonly body: DeviceRemove }
  | { readonly type: "relays"; readonly body: { readonly relays: readonly RelayEntry[] } }
  | { readonly type: "suspend-keeper"; readonly body: SuspendKeeper }
  | { readonly type: "recover"; readonly body: Recover }
  | { readonly type: "veto"; readonly body: Veto }
  | { readonly type: "canary"; readonly body: Canary }
  | { readonly type: "anchor"; readonly body: Anchor }
  | { readonly type: "batch"; readonly body: Batch }
export type Act = KnownAct | { readonly type: "unknown"; readonly body: UnknownAct }
export type ActType = Act["type"]

/** Active devices of one member at a time, and devices in one statement. (C4.2) */
export const maxDevices = 16
/** Acts in one batch. (C5.10) */
export const maxBatch = 256
export const minSuspensionSeconds = 3_600
export const maxSuspensionSeconds = 30 * 86_400
/** Room for a checkpoint and the lines of all its witnesses. (C10.1) */
export const maxAnchorBytes = 16_384

export function actNumberOf(act: Act): number {
  return act.type === "unknown" ? act.body.number : actNumbers[act.type]
}

/** What an act is about. Statements about one subject form a sequence; those about different ones do not meet. (C4.9) */
export function subjectOf(act: KnownAct): Uint8Array {
  switch (act.type) {
    case "genesis":
    case "rules":
    case "relays":
    case "canary":
    case "anchor":
      return utf8(act.type)
    case "member-add":
    case "member-remove":
      return memberSubject(act.body.member)
    case "device-add":
      return deviceSubject(act.body.device.id)
    case "device-remove":
      return deviceSubject(act.body.device)
    case "suspend-keeper":
      return concatBytes(utf8("keeper/"), act.body.keeper)
    // Not the member's own subject: what waits for days must not keep anybody from removing that member.
    case "recover":
      return concatBytes(utf8("recover/"), act.body.member)
    case "veto":
      return concatBytes(utf8("veto/"), act.body.statement)
    case "batch": {
      const hash = labelledHash("holdfast/batch/v1", encodeCbor(batchToCbor(act.body.acts)))
      return concatBytes(utf8("batch/"), hash.subarray(0, 16))
    }
  }
}

function memberSubject(id: MemberId): Uint8Array {
  return concatBytes(utf8("member/"), id)
}

function deviceSubject(id: DeviceId): Uint8Array {
  return concatBytes(utf8("device/"), id)
}

export function actToCbor(act: Act): CborMap {
  switch (act.type) {
    case "genesis":
      return mapOf(
        act.body.nameCommitment,
        rulesToCbor(act.body.rules),
        mapOf(act.body.founder.member, act.body.founder.nameCommitment, devicesToCbor(act.body.founder.devices)),
        relaysToCbor(act.body.relays),
      )
    case "rules":
      return mapOf(rulesToCbor(act.body))
    case "member-add":
      return mapOf(act.body.member, act.body.nameCommitment, devicesToCbor(act.body.devices), act.body.requestId)
    case "member-remove":
      return mapOf(act.body.member)
    case "device-add":
      return mapOf(act.body.member, deviceToCbor(act.body.device))
    case "device-remove":
      return mapOf(act.body.member, act.body.device)
    case "relays":
      return mapOf(relaysToCbor(act.body.relays))
    case "suspend-keeper":
      return mapOf(act.body.keeper, act.body.seconds)
    case "recover":
      return mapOf(act.body.member, deviceToCbor(act.body.device), act.body.requestId)
    case "veto":
      return mapOf(act.body.statement)
    case "canary":
      return mapOf(act.body.until)
    case "anchor":
      return mapOf(act.body.note)
    case "batch":
      return mapOf(batchToCbor(act.body.acts))
    case "unknown":
      return act.body.value
  }
}

function batchToCbor(acts: readonly BatchedAct[]): CborValue {
  return acts.map((act) => [actNumbers[act.type], actToCbor(act)])
}

function batchedActFromCbor(value: CborValue): BatchedAct {
  const [number, body] = listOf(value, [2, 2], (part) => part, "act of a batch")
  if (typeof number !== "number" || number < actNumbers["member-add"] || number > actNumbers["device-remove"]) {
    refuse("type in a batch")
  }
  return actFromCbor(number, body) as BatchedAct
}

export function actFromCbor(number: number, value: CborValue | undefined): Act {
  switch (number) {
    case actNumbers.genesis: {
      const map = fieldsOf(value, 4, "GENESIS")
      const founder = fieldsOf(map.get(2), 3, "founder")
      return {
        type: "genesis",
        body: {
          nameCommitment: fixedOf(map.get(0), 32, "name commitment"),
          rules: rulesFromCbor(map.get(1)),
          founder: {
            member: memberIdOf(founder.get(0)),
            nameCommitment: fixedOf(founder.get(1), 32, "name commitment"),
            devices: devicesFromCbor(founder.get(2)),
          },
          relays: relaysFromCbor(map.get(3), 0),
        },
      }
    }
    case actNumbers.rules:
      return { type: "rules", body: rulesFromCbor(fieldsOf(value, 1, "RULES").get(0)) }
    case actNumbers["member-add"]: {
      const map = fieldsOf(value, 4, "MEMBER-ADD")
      return {
        type: "member-add",
        body: {
          member: memberIdOf(map.get(0)),
          nameCommitment: fixedOf(map.get(1), 32, "name commitment"),
          devices: devicesFromCbor(map.get(2)),
          requestId: fixedOf(map.get(3), 16, "request id"),
        },
      }
    }
    case actNumbers["member-remove"]:
      return { type: "member-remove", body: { member: memberIdOf(fieldsOf(value, 1, "MEMBER-REMOVE").get(0)) } }
    case actNumbers["device-add"]: {
      const map = fieldsOf(value, 2, "DEVICE-ADD")
      return { type: "device-add", body: { member: memberIdOf(map.get(0)), device: deviceFromCbor(map.get(1)) } }
    }
    case actNumbers["device-remove"]: {
      const map = fieldsOf(value, 2, "DEVICE-REMOVE")
      const device = toDeviceId(fixedOf(map.get(1), 16, "device id"))
      return { type: "device-remove", body: { member: memberIdOf(map.get(0)), device } }
    }
    case actNumbers.relays:
      return { type: "relays", body: { relays: relaysFromCbor(fieldsOf(value, 1, "RELAYS").get(0), 1) } }
    case actNumbers["suspend-keeper"]: {
      const map = fieldsOf(value, 2, "SUSPEND-KEEPER")
      const seconds = uintOf(map.get(1), maxSuspensionSeconds, "suspension")
      if (seconds < minSuspensionSeconds) refuse("suspension")
      return { type: "suspend-keeper", body: { keeper: toKeeperId(fixedOf(map.get(0), 16, "keeper id")), seconds } }
    }
    case actNumbers.recover: {
      const map = fieldsOf(value, 3, "RECOVER")
      const requestId = fixedOf(map.get(2), 16, "request id")
      return {
        type: "recover",
        body: { member: memberIdOf(map.get(0)), device: deviceFromCbor(map.get(1)), requestId },
      }
    }
    case actNumbers.veto:
      return { type: "veto", body: { statement: fixedOf(fieldsOf(value, 1, "VETO").get(0), 32, "statement id") } }
    case actNumbers.canary:
      return {
        type: "canary",
        body: { until: uintOf(fieldsOf(value, 1, "CANARY").get(0), Number.MAX_SAFE_INTEGER, "canary") },
      }
    case actNumbers.anchor:
      return {
        type: "anchor",
        body: { note: bytesOf(fieldsOf(value, 1, "ANCHOR").get(0), 1, maxAnchorBytes, "anchor") },
      }
    case actNumbers.batch: {
      const acts = listOf(fieldsOf(value, 1, "BATCH").get(0), [2, maxBatch], batchedActFromCbor, "batch")
      return { type: "batch", body: { acts } }
    }
    default:
      if (!(value instanceof Map)) throw new CharterError("malformed", "body")
      return { type: "unknown", body: { number, value } }
  }
}

function mapOf(...values: readonly CborValue[]): CborMap {
  return new Map(values.map((value, key) => [key, value]))
}

function memberIdOf(value: CborValue | undefined): MemberId {
  return toMemberId(fixedOf(value, 16, "member id"))
}

function devicesToCbor(devices: readonly DeviceEntry[]): CborValue {
  return devices.map(deviceToCbor)
}

/** In ascending order and so distinct. (C4.2) */
function devicesFromCbor(value: CborValue | undefined): readonly DeviceEntry[] {
  const devices = listOf(value, [1, maxDevices], deviceFromCbor, "devices")
  devices.forEach((device, i) => {
    const before = devices[i - 1]
    if (before !== undefined && compareBytes(before.id, device.id) >= 0) refuse("order of devices")
  })
  return devices
}
