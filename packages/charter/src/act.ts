import { compareBytes, concatBytes, type DeviceId, type MemberId, toDeviceId, toMemberId, utf8 } from "@holdfast/wire"
import { type DeviceEntry, deviceFromCbor, deviceToCbor } from "./admission.ts"
import type { CborMap, CborValue } from "./cbor.ts"
import { CharterError } from "./error.ts"
import { type RelayEntry, relaysFromCbor, relaysToCbor } from "./relay-entry.ts"
import { type Rules, rulesFromCbor, rulesToCbor } from "./rules.ts"
import { fieldsOf, fixedOf, listOf, refuse } from "./shape.ts"

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
export type Act = KnownAct | { readonly type: "unknown"; readonly body: UnknownAct }
export type ActType = Act["type"]

/** Active devices of one member at a time, and devices in one statement. (C4.2) */
export const maxDevices = 16

export function actNumberOf(act: Act): number {
  return act.type === "unknown" ? act.body.number : actNumbers[act.type]
}

/** What an act is about. Statements about one subject form a sequence; those about different ones do not meet. (C4.9) */
export function subjectOf(act: KnownAct): Uint8Array {
  switch (act.type) {
    case "genesis":
    case "rules":
    case "relays":
      return utf8(act.type)
    case "member-add":
    case "member-remove":
      return memberSubject(act.body.member)
    case "device-add":
      return deviceSubject(act.body.device.id)
    case "device-remove":
      return deviceSubject(act.body.device)
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
    case "unknown":
      return act.body.value
  }
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
