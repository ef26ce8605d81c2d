// What a lane costs a device: frames of other conversations, which are nearly all of them, and its own.

import {
  commit,
  type Device,
  encrypt,
  type Group,
  generateDeviceKeys,
  generateSealKeys,
  makeKeyPackage,
  type SealKeys,
} from "@holdfast/mls"
import {
  type ConversationId,
  concatBytes,
  deviceIdOf,
  equalBytes,
  frameClasses,
  hex,
  laneIdOf,
  toMemberId,
  toOrgId,
} from "@holdfast/wire"
import { sha256 } from "@noble/hashes/sha2.js"
import { FrameKeys } from "../src/frame-keys.ts"
import { type CharterDevice, type CharterView, type Lane, type LaneDeps, openLane } from "../src/index.ts"
import { LeafWindows } from "../src/leaf-windows.ts"
import { TagIndex } from "../src/tag-index.ts"

export interface LaneFigure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What it is compared with, same unit, same run. */
  readonly peer: number | null
  /** Above 1: better than the peer. */
  readonly ratio: number | null
  readonly goal: string | null
  readonly met: boolean | null
}

const now = 1_800_000_000
const org = toOrgId(new Uint8Array(32).fill(1))
const laneId = laneIdOf(org, 0)
const none = { put: () => undefined, delete: () => undefined }
const empty = { all: () => [] }
const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const plaintext = new TextEncoder().encode("a line of a conversation, as long as most of them are. ".repeat(3))

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}

/** Microseconds per piece of work, the median over the rounds; the first rounds let the compiler settle. */
async function micros(rounds: number, pieces: number, work: () => unknown): Promise<number> {
  const times: number[] = []
  for (let round = -Math.ceil(rounds / 3); round < rounds; round++) {
    const from = performance.now()
    await work()
    if (round >= 0) times.push(((performance.now() - from) * 1_000) / pieces)
  }
  return median(times)
}

const compared = (name: string, value: number, peer: number): LaneFigure => ({
  name,
  value,
  unit: "µs",
  peer,
  ratio: peer / value,
  goal: null,
  met: null,
})

/** All devices there are, always. */
function charterOf(devices: readonly CharterDevice[]): CharterView {
  const root = new Uint8Array(32)
  const known = new Map(devices.map((one) => [hex(one.device), one]))
  return {
    size: 1,
    rootAt: (size) => (size <= 1 ? root : null),
    admits: (_, __, device, key) => equalBytes(known.get(hex(device))?.signatureKey ?? root, key),
    devicesOf: (member) => devices.filter((one) => equalBytes(one.member, member)),
    activeDevices: () => devices,
    verifyNote: async () => ({ size: 1, root }),
  }
}

interface Person {
  readonly device: Device
  readonly sealKeys: SealKeys
  readonly publicBytes: Uint8Array
  readonly keyPackage: Awaited<ReturnType<typeof makeKeyPackage>>
}

async function makePeople(count: number): Promise<Person[]> {
  const sealKeys = await generateSealKeys()
  const people: Person[] = []
  for (let i = 0; i < count; i++) {
    const keys = await generateDeviceKeys()
    const member = toMemberId(concatBytes(new Uint8Array(12), Uint8Array.of(0, 0, i >> 8, i & 255)))
    const device: Device = { identity: { member, device: deviceIdOf(keys.publicKey) }, ...keys }
    const keyPackage = await makeKeyPackage(device, { lifetime: { notBefore: 0, notAfter: now * 2 } })
    people.push({ device, sealKeys, keyPackage, publicBytes: keyPackage.publicBytes })
  }
  return people
}

interface Room {
  readonly alice: Lane
  readonly bob: Lane
  readonly group: ConversationId
}

/** Two replicas of one lane in a group of `people`. */
async function openRoom(people: readonly Person[]): Promise<Room> {
  const charter = charterOf(people.map(({ device }) => ({ ...device.identity, signatureKey: device.publicKey })))
  const depsOf = ({ device, sealKeys, keyPackage }: Person): LaneDeps => ({
    org,
    lane: laneId,
    device,
    charter: () => charter,
    keyPackage: () => keyPackage,
    sealKeys: () => [sealKeys.privateKey],
    randomBytes,
  })
  const alice = await openLane(depsOf(people[0]!), empty)
  const bob = await openLane(depsOf(people[1]!), empty)
  const group = await alice.createConversation({ kind: "group" })
  alice.flush(none)
  const add = people.slice(1).map(({ device, publicBytes, sealKeys }) => ({
    device: device.identity.device,
    keyPackage: publicBytes,
    sealKey: sealKeys.publicKey,
  }))
  const { frames } = await alice.change(group, { add, note: "", now }, "add")
  alice.flush(none)
  await receive(alice, frames)
  await receive(bob, frames)
  const { frames: letters, blob } = await alice.writeWelcomes(alice.due()[0]!.due)
  alice.flush(none)
  await receive(bob, letters.slice(0, 1))
  await receive(alice, letters.slice(0, 1))
  if (blob !== undefined) await bob.supplyBlob(blob.blobId, blob.ciphertext)
  bob.flush(none)
  return { alice, bob, group }
}

async function receive(lane: Lane, frames: readonly Uint8Array[]): Promise<void> {
  await lane.receive(lane.next, frames)
  lane.flush(none)
}

async function* foreign({ bob }: Room): AsyncIterable<LaneFigure> {
  for (const size of [frameClasses[0], frameClasses[1]]) {
    const frames = Array.from({ length: 1_000 }, () => randomBytes(size))
    const value = await micros(15, frames.length, () => receive(bob, frames))
    const peer = await micros(15, frames.length, () => {
      for (const frame of frames) sha256(frame)
    })
    const goal = size === frameClasses[0] ? 15 : undefined
    yield {
      ...compared(`lane: a foreign frame of ${size} bytes (peer: SHA-256 of it)`, value, peer),
      goal: goal === undefined ? null : `<= ${goal} µs`,
      met: goal === undefined ? null : value <= goal,
    }
  }
  const letters = Array.from({ length: 50 }, () => randomBytes(4_096))
  yield {
    ...compared(
      "lane: an unknown frame of 4 KiB, with its trial opening",
      await micros(7, letters.length, () => receive(bob, letters)),
      0,
    ),
    peer: null,
    ratio: null,
  }
}

async function* own({ alice, bob, group }: Room, size: number): AsyncIterable<LaneFigure> {
  const count = 8
  const frames: Uint8Array[] = []
  let sent = 0
  const value = await micros(9, count, async () => {
    for (let i = 0; i < count; i++) {
      const out = await alice.send(group, plaintext, `m${++sent}`)
      alice.flush(none)
      frames.push(...out.frames)
    }
  })
  let bare: Group = await bareGroup(size)
  const peer = await micros(9, count, async () => {
    for (let i = 0; i < count; i++) bare = (await encrypt(bare, plaintext, new Uint8Array(120))).group
  })
  yield compared(`lane: send a small message, ${size} members (peer: MLS alone)`, value, peer)
  let at = 0
  const opened = await micros(Math.floor(frames.length / count / 2), count, () => {
    const batch = frames.slice(at, at + count)
    at += count
    return receive(bob, batch)
  })
  yield compared(`lane: receive it in batches of ${count}, ${size} members (peer: send)`, opened, value)
}

async function bareGroup(size: number): Promise<Group> {
  const { createGroup } = await import("@holdfast/mls")
  const people = await makePeople(Math.min(size, 2))
  const group = await createGroup({
    id: new Uint8Array(32) as ConversationId,
    binding: new Uint8Array(8),
    device: people[0]!.device,
  })
  const add = people.slice(1).map((person) => person.publicBytes)
  return (await commit(group, { roster: { admits: () => true }, now, add })).pending
}

async function* refill(): AsyncIterable<LaneFigure> {
  for (const members of [100, 1_000]) {
    const keys = new FrameKeys({ tagKey: randomBytes(32), frameKey: randomBytes(32) }, laneId)
    const value = await micros(9, 1_000, () => {
      const windows = new LeafWindows(keys, members, 0, new TagIndex<number>())
      for (let leaf = 0; leaf < members; leaf++) windows.add(leaf)
    })
    yield {
      name: `lane: all tags of a new epoch, ${members} members`,
      value,
      unit: "ms",
      peer: null,
      ratio: null,
      goal: null,
      met: null,
    }
  }
}

/** Some ten seconds in all. */
export async function* laneFigures(): AsyncIterable<LaneFigure> {
  const people = await makePeople(100)
  const large = await openRoom(people)
  yield* foreign(large)
  yield* own(large, 100)
  yield* own(await openRoom(people.slice(0, 2)), 2)
  yield* refill()
}
