import { type Change, type Invitee, LaneError, openLane } from "@holdfast/lanes"
import { makeKeyPackage } from "@holdfast/mls"
import { admit, type Player, until, type World } from "@holdfast/testkit"
import {
  type ConversationId,
  type DeviceId,
  decodeDirectoryEntry,
  deviceIdOf,
  fromHex,
  hex,
  laneIdOf,
  type MemberId,
  toConversationId,
} from "@holdfast/wire"
import { afterEach, beforeEach, expect, test } from "vitest"
import { mlsDevice } from "../src/account.ts"
import type { Id } from "../src/api.ts"
import { charterView } from "../src/charter-view.ts"
import type { Engine } from "../src/engine.ts"
import { createMembership, type MembershipDeps } from "../src/membership.ts"
import { hostileMember } from "./support/hostile-member.ts"

let world: World
let ana: Player
let mallory: Player
/** Mallory is a member whose program does what it likes. */
let engine: Engine

beforeEach(async () => {
  ;({ world, ana, mallory, engine } = await hostileMember())
}, 60_000)
afterEach(async () => {
  await engine.close()
  await world.close()
})

/** To everybody: a letter that asks for Mallory to be let in again, with a key package that nobody can use. */
async function sendBadLetters(conversation: Id): Promise<void> {
  const { store, outbox, randomBytes } = engine
  const account = engine.account()
  await engine.turns.take(async () => {
    const lane = await openLane(
      {
        org: account.org,
        lane: laneIdOf(account.org, 0),
        device: mlsDevice(account),
        charter: () => charterView(engine.charter()),
        keyPackage: () => undefined,
        sealKeys: () => [],
        randomBytes,
      },
      store.lane.reader,
    )
    const { publicBytes } = await makeKeyPackage(mlsDevice(account), {
      lifetime: { notBefore: 1_000, notAfter: 2_000 },
    })
    const id = toConversationId(fromHex(conversation))
    for (const { device } of lane.leaves(id)) {
      const line = store.directory.line(hex(device))
      if (line === undefined) continue
      const { sealKey } = decodeDirectoryEntry(line.entry)
      const letter = await lane.askResync(id, { device, sealKey }, { keyPackage: publicBytes, sealKey })
      store.transaction(() => {
        for (const frame of letter.frames) outbox.enqueueLetter(frame)
      })
    }
    lane.close()
  })
  engine.kick()
  await until("sent", async () => store.outbox.unconfirmed().length === 0)
}

test("[E3.8, N7.3] letters that a member sent before its removal do not keep it in, and nobody out", async () => {
  const everyone = engine.conversations.everyone()
  await sendBadLetters(everyone)
  const carl = await admit(world, ana, "carl")
  await until("carl is in", async () => (await carl.client.conversations()).length === 1)
  await sendBadLetters(everyone)
  const proposal = await ana.client.proposeRemoveMember(mallory.member)
  await ana.client.approve(proposal)
  await until(
    "mallory is out",
    async () => (await ana.client.readers(everyone)).every(({ member }) => member !== mallory.member),
    30_000,
  )
  await ana.say(everyone, "among us")
  await until("carl hears", async () => (await carl.heard(everyone)).includes("among us"))
}, 90_000)

const conversation = new Uint8Array(32).fill(1) as ConversationId
const deviceOf = (n: number) => new Uint8Array(16).fill(n) as DeviceId
const memberOf = (n: number) => new Uint8Array(16).fill(100 + n) as MemberId

/** Devices 1 (this one) to 4 are in the conversation. `removed` are no longer in the charter. */
function membershipWith(
  removed: readonly number[],
  joining: readonly Invitee[],
  spoilt: readonly Uint8Array[],
  held: readonly number[] = [],
) {
  const changes: Change[] = []
  const account = engine.account()
  const own = hex(deviceIdOf(account.devicePublicKey))
  const device = (n: number) => (n === 1 ? deviceIdOf(account.devicePublicKey) : deviceOf(n))
  const mark = { index: 0, statementId: new Uint8Array(32) }
  const isRemoved = (n: number) => (removed.includes(n) ? mark : undefined)
  const numbers = [1, 2, 3, 4, 5]
  const charterDevices = numbers.map((n) => ({ id: device(n), member: memberOf(n), removed: isRemoved(n) }))
  const members = numbers.map((n) => ({ id: memberOf(n), devices: [device(n)], removed: isRemoved(n) }))
  const find = <T extends { readonly id: Uint8Array }>(all: readonly T[]) => ({
    get: (id: Uint8Array) => all.find((one) => hex(one.id) === hex(id)),
    values: () => all,
  })
  const state = { devices: find(charterDevices), members: find(members) }
  const deps = {
    watch: { holds: (id: DeviceId) => held.some((n) => hex(id) === hex(device(n))), revision: () => "open" },
    account: () => account,
    charter: () => ({ state, size: 9 }),
    charterNote: () => "note",
    lane: {
      conversations: () => [{ id: conversation, kind: "group", state: "open", epoch: 1, strangers: [] }],
      leaves: () => [1, 2, 3, 4].map((n) => ({ device: device(n), member: memberOf(n) })),
      reconcile: async () => ({ add: joining, remove: removed.map(device) }),
      async change(_id: ConversationId, change: Change) {
        const isSpoilt = (change.add ?? []).some(({ keyPackage }) => spoilt.includes(keyPackage))
        // as for an encryption key that is in the group already
        if (isSpoilt) throw new LaneError("bad_change")
        changes.push(change)
        return { localId: "k", frames: [] }
      },
      flush: () => {},
    },
    laneTable: {},
    outboxTable: { wishes: () => [] },
    outbox: { enqueue: () => {} },
    directory: { entries: () => [], revision: () => 1, find: () => undefined },
    alarms: { raise: () => {} },
    timers: { now: () => (time += 10_000) },
    randomBytes: engine.randomBytes,
    transaction: (work: () => unknown) => work(),
    kickAfter: () => {},
    wantDirectory: () => {},
  }
  let time = 0
  const membership = createMembership(deps as unknown as MembershipDeps)
  const ask = (n: number, keyPackage: Uint8Array) =>
    membership.letInAgain(hex(conversation), { device: device(n), keyPackage, sealKey: new Uint8Array(32) })
  async function reconcile() {
    // every other look only decides whose turn it is
    for (let look = 0; look < 4; look++) await membership.reconcile()
    return changes.map(({ add = [], remove = [] }) => ({
      add: add.map((one) => one.device[0]),
      remove: remove.map((one) => (hex(one) === own ? 1 : one[0])),
    }))
  }
  return { ask, reconcile }
}

const [good, bad] = [new Uint8Array([1]), new Uint8Array([2])]
const invitee = (n: number, keyPackage: Uint8Array): Invitee => ({
  device: deviceOf(n),
  keyPackage,
  sealKey: new Uint8Array(32),
})

test("[E3.8] who was removed from the charter is not let in again for a letter from before", async () => {
  const story = membershipWith([2], [], [])
  story.ask(2, good)
  story.ask(3, good)
  expect((await story.reconcile())[0]).toEqual({ add: [3], remove: [2, 3] })
})

test("[E3.8] a key that cannot be used does not keep those in who have to go", async () => {
  const story = membershipWith([2], [invitee(5, bad)], [bad])
  story.ask(3, good)
  // without those who only asked to be let in again: they would be out and not come back
  expect((await story.reconcile())[0]).toEqual({ add: [], remove: [2] })
})

test("[E3.8] a bad letter is tried once, and does not hold up the others", async () => {
  const story = membershipWith([], [], [bad])
  story.ask(3, bad)
  expect(await story.reconcile()).toEqual([])
  story.ask(4, good)
  expect((await story.reconcile())[0]).toEqual({ add: [4], remove: [4] })
})

test("[E3.8] a key that cannot be used does not keep others out", async () => {
  const story = membershipWith([], [invitee(6, bad), invitee(5, good)], [bad])
  expect((await story.reconcile())[0]).toEqual({ add: [5], remove: [] })
})

test("[E10.5] a key that nobody has vouched for is not added, nor let in again; whoever has to go still goes", async () => {
  const story = membershipWith([2], [invitee(5, good)], [], [3, 5])
  story.ask(3, good)
  story.ask(4, good)
  expect((await story.reconcile())[0]).toEqual({ add: [4], remove: [2, 4] })
})
