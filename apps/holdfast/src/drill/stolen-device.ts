import { createDecipheriv } from "node:crypto"
import { activeDevicesOf, admits, type Charter, type Device, isActiveMember } from "@holdfast/charter"
import { type CharterView, type Lane, type LaneEvent, openLane, type RecordReader, type Table } from "@holdfast/lanes"
import { charterOrigin, LogError, NOTE_SIGNATURE, noteKey, verifyCheckpoint } from "@holdfast/log"
import { readKeyPackage } from "@holdfast/mls"
import { concatBytes, decodeFrame, fromHex, hex, type LaneId, laneIdOf, type OrgId, utf8 } from "@holdfast/wire"
import { nodePorts } from "../node/ports.ts"
import { type Ghost, random } from "./attacker.ts"
import type { Person } from "./person.ts"

/** Everything that was on somebody's unlocked device at one moment: a turned member's, or one who was removed since. */
export interface StolenDevice {
  readonly member: Uint8Array
  readonly device: Uint8Array
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  /** `undefined`: whose device it is was never asked to be a keeper. */
  readonly keeper: { readonly id: Uint8Array; readonly seed: Uint8Array } | undefined
  readonly records: RecordReader
  readonly sealKeys: readonly Uint8Array[]
  readonly packages: ReadonlyMap<string, { readonly publicBytes: Uint8Array; readonly privateBytes: Uint8Array }>
  /** Every value of the store, for trying each piece of it as a key. */
  readonly values: readonly Uint8Array[]
}

/** Closes the person's own program and reads its store with the key from its memory. */
export async function stealDevice(person: Person): Promise<StolenDevice> {
  await person.close()
  const [opened] = person.keys
  if (opened === undefined) throw new Error(`${person.name} has opened no store`)
  const db = await nodePorts(person.machine).databases.open(...opened)
  try {
    const account = fieldsOf(db.all("SELECT value FROM meta WHERE key = 'account'")[0]?.value as Uint8Array)
    const rows = db.all("SELECT tbl, key, value FROM lane").map((row) => ({
      table: row.tbl as Table,
      key: row.key as string,
      value: (row.value as Uint8Array).slice(),
    }))
    const packages = db.all("SELECT public, private FROM own_packages").map((row) => ({
      publicBytes: (row.public as Uint8Array).slice(),
      privateBytes: (row.private as Uint8Array).slice(),
    }))
    const refs = await Promise.all(
      packages.map(async (pair) => [hex((await readKeyPackage(pair.publicBytes)).ref), pair] as const),
    )
    const field = (number: number) => account.get(number) as Uint8Array
    const [keeperId, keeperSeed] = [account.get(8), account.get(9)]
    return {
      member: field(2),
      device: fromHex(person.device),
      seed: field(3),
      publicKey: field(4),
      keeper: keeperId === undefined || keeperSeed === undefined ? undefined : { id: keeperId, seed: keeperSeed },
      records: { all: (table) => rows.filter((row) => row.table === table).map(({ key, value }) => [key, value]) },
      sealKeys: db.all("SELECT seal_key FROM own_entries").map((row) => (row.seal_key as Uint8Array).slice()),
      packages: new Map(refs),
      values: rows.map(({ value }) => value),
    }
  } finally {
    db.close()
  }
}

/** The byte fields of a protobuf message, whatever it is. */
function fieldsOf(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>()
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] as number
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const value = varint()
    if (tag % 8 !== 2) continue
    fields.set(Math.floor(tag / 8), bytes.slice(at, at + value))
    at += value
  }
  return fields
}

/** A charter as a turned program wants to see it: what it is told, and that these are in it at every size. */
export function lyingView(charter: Charter, alsoAdmitted: readonly Uint8Array[]): CharterView {
  const { state, orgId } = charter
  const isAlso = (device: Uint8Array) => alsoAdmitted.some((one) => hex(one) === hex(device))
  const toCharter = ({ member, id, publicKey }: Device) => ({ member, device: id, signatureKey: publicKey })
  return {
    size: charter.size,
    rootAt: (size) => charter.roots.at(size) ?? null,
    admits: (size, member, device, key) => isAlso(device) || admits(charter, size, member, device, key),
    devicesOf: (member) => (isActiveMember(state, member) ? activeDevicesOf(state, member).map(toCharter) : []),
    activeDevices: () => [...state.devices.values()].filter(({ removed }) => removed === undefined).map(toCharter),
    async verifyNote(note) {
      const origin = charterOrigin(orgId)
      const logKeys = state.relays.map(({ logPublicKey }) => noteKey(origin, NOTE_SIGNATURE, logPublicKey))
      try {
        const { size, root } = await verifyCheckpoint(utf8(note), { origin, logKeys, witnessKeys: [] })
        return { size, root }
      } catch (error) {
        if (error instanceof LogError) return null
        throw error
      }
    },
  }
}

/** The stolen device's own replica, run by the attacker. */
export function replicaOf(stolen: StolenDevice, org: OrgId, charter: () => CharterView): Promise<Lane> {
  const { member, device, publicKey, seed } = stolen
  return openLane(
    {
      org,
      lane: laneIdOf(org, 0),
      device: { identity: { member, device } as Ghost["identity"], publicKey, privateKey: seed },
      charter,
      keyPackage: (ref) => stolen.packages.get(hex(ref)),
      sealKeys: () => stolen.sealKeys,
      randomBytes: random,
    },
    stolen.records,
  )
}

/** A replica for somebody who has only just got their keys. */
export function replicaOfGhost(
  ghost: Ghost,
  pair: { readonly publicBytes: Uint8Array; readonly privateBytes: Uint8Array },
  org: OrgId,
  charter: () => CharterView,
): Promise<Lane> {
  return openLane(
    {
      org,
      lane: laneIdOf(org, 0),
      device: { identity: ghost.identity, publicKey: ghost.signer.publicKey, privateKey: ghost.seed },
      charter,
      keyPackage: () => pair,
      sealKeys: () => [ghost.seal.privateKey],
      randomBytes: random,
    },
    { all: () => [] },
  )
}

/** Reads on to the end of what there is, whatever the replica asks for on the way. */
export async function readOn(lane: Lane, frames: readonly Uint8Array[]): Promise<readonly LaneEvent[]> {
  const events: LaneEvent[] = []
  for (let round = 0; round < 200 && lane.next < frames.length; round++) {
    const before = lane.next
    let wanted: LaneEvent[] = [...(await lane.receive(lane.next, frames.slice(lane.next), { charterIsCurrent: true }))]
    // Whatever the operation has changed is kept in memory only.
    lane.flush({ put: () => {}, delete: () => {} })
    for (let asked = 0; asked < 20 && wanted.length > 0; asked++) {
      events.push(...wanted)
      const needs = wanted.find((event) => event.kind === "needs-frames")
      if (needs?.kind !== "needs-frames") break
      wanted = [...(await lane.supply(needs.from, frames.slice(needs.from, needs.to)))]
      lane.flush({ put: () => {}, delete: () => {} })
    }
    if (lane.next === before && events.at(-1)?.kind === "needs-charter") break
  }
  return events
}

/** Tries every 32 bytes in a row that were ever stored as the key of each frame. Gives how many frames opened. */
export function openedByBruteForce(lane: LaneId, frames: readonly Uint8Array[], values: readonly Uint8Array[]): number {
  const distinct = new Map(values.map((value) => [hex(value), value]))
  return frames.filter((frame) => [...distinct.values()].some((value) => isOpenedBy(lane, frame, value))).length
}

function isOpenedBy(lane: LaneId, frame: Uint8Array, value: Uint8Array): boolean {
  const { tag, nonce, sealed } = decodeFrame(frame)
  const about = concatBytes(utf8("holdfast/frame/v1"), Uint8Array.of(0), lane, tag)
  const content = sealed.subarray(0, sealed.length - 16)
  const proof = sealed.subarray(sealed.length - 16)
  for (let at = 0; at + 32 <= value.length; at++) {
    const decipher = createDecipheriv("aes-256-gcm", value.subarray(at, at + 32), nonce)
    decipher.setAAD(about)
    decipher.setAuthTag(proof)
    decipher.update(content)
    try {
      decipher.final()
      return true
    } catch {
      // Not this key.
    }
  }
  return false
}
