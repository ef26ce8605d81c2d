// Names, checked against the charter's commitments, and the people they belong to (E4).
import {
  type Charter,
  type Device as CharterDevice,
  checkName,
  keyCode,
  type Member,
  type Names,
} from "@holdfast/charter"
import { fromHex, hex, labelledHash, toDeviceId } from "@holdfast/wire"
import { type Account, deviceOf } from "./account.ts"
import type { Alarms } from "./alarms.ts"
import type { Device, Id, Person } from "./api.ts"
import type { NameEntry } from "./content.ts"
import { organisationName, type PeopleTable } from "./store/people.ts"

export interface PeopleDeps {
  readonly account: () => Account
  readonly charter: () => Charter
  readonly table: PeopleTable
  readonly alarms: Alarms
  /** A name somebody asks to be admitted under: for members who are not in the charter yet. */
  readonly askedName: (member: Id) => string | undefined
}

export interface People {
  /** Stores the name if it is the one that the charter commits to. False for a member who is not there yet, or any other name. */
  learn(entry: NameEntry): boolean
  /** Never empty: a code where the name is not known. */
  nameOf(member: Id): string
  organisationName(): string
  /** For acts in words: members, keepers and devices. */
  readonly names: Names
  device(id: Id): Device | undefined
  list(): readonly Person[]
  isKeeper(member: Id): boolean
}

export function createPeople(deps: PeopleDeps): People {
  const { table } = deps

  function nameOf(member: Id): string {
    return table.name(member) ?? deps.askedName(member) ?? `unverified ${keyCode(fromHex(member))}`
  }

  /** With a code where somebody else has the same name: neither must pass for the other. (E4.4) */
  function distinctName(member: Id): string | undefined {
    const name = table.name(member) ?? deps.askedName(member)
    return name !== undefined && table.isTaken(name, member) ? `${name} (${keyCode(fromHex(member))})` : name
  }

  function toDevice(device: CharterDevice, charter: Charter): Device {
    const id = hex(device.id)
    const member = charter.state.members.get(device.member)
    return {
      id,
      label: table.label(id) ?? "",
      fingerprint: fingerprintOf(device.publicKey),
      active: device.removed === undefined && member?.removed === undefined,
      you: id === hex(deviceOf(deps.account())),
      admittedAt: device.added.index,
      ...(device.removed === undefined ? {} : { removedAt: device.removed.index }),
    }
  }

  function toPerson(member: Member, charter: Charter): Person {
    const id = hex(member.id)
    const devices = member.devices.flatMap((device) => charter.state.devices.get(device) ?? [])
    return {
      member: id,
      name: nameOf(id),
      keeper: people.isKeeper(id),
      active: member.removed === undefined,
      you: id === hex(deps.account().member),
      admittedAt: member.added.index,
      ...(member.removed === undefined ? {} : { removedAt: member.removed.index }),
      devices: devices.map((device) => toDevice(device, charter)),
    }
  }

  const people: People = {
    learn(entry) {
      const { state } = deps.charter()
      if (!state.founded) return false
      const commitment =
        entry.member === undefined ? state.nameCommitment : state.members.get(entry.member)?.nameCommitment
      if (commitment === undefined) return false
      const id = entry.member === undefined ? organisationName : hex(entry.member)
      if (!checkName(commitment, entry.salt, entry.name)) {
        deps.alarms.raise("bad_name", id)
        return false
      }
      table.putName({ id, name: entry.name, salt: entry.salt.slice() })
      return true
    },
    nameOf,
    organisationName() {
      const known = table.name(organisationName)
      return known ?? `organisation ${keyCode(deps.account().org)}`
    },
    names(id) {
      const { state } = deps.charter()
      const text = hex(id)
      // What the charter has comes first: whoever asks to join chooses an id, and it may be that of a seat or a device.
      const keeper = state.rules.keepers.find((one) => hex(one.id) === text)
      if (keeper !== undefined) return keeper.member === undefined ? undefined : distinctName(hex(keeper.member))
      if (state.devices.has(toDeviceId(id))) return table.label(text) || undefined
      return distinctName(text) ?? (table.label(text) || undefined)
    },
    device(id) {
      const charter = deps.charter()
      const device = charter.state.devices.get(fromHex(id))
      return device === undefined ? undefined : toDevice(device, charter)
    },
    list() {
      const charter = deps.charter()
      return [...charter.state.members.values()]
        .map((member) => toPerson(member, charter))
        .sort((a, b) => Number(b.you) - Number(a.you) || a.admittedAt - b.admittedAt)
    },
    isKeeper(member) {
      const { state } = deps.charter()
      return state.rules.keepers.some((keeper) => keeper.member !== undefined && hex(keeper.member) === member)
    },
  }
  return people
}

/** First 8 bytes of the key's SHA-256 over its label, in groups of four. */
export function fingerprintOf(publicKey: Uint8Array): string {
  return keyCode(labelledHash("holdfast/device/v1", publicKey))
}
