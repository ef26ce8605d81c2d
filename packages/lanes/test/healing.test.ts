import { decodeGroupParts, encodeEpochPart, encodeRatchetPart } from "@holdfast/mls"
import { hex } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { encodeLetterContent, writeLetter } from "../src/letter.ts"
import { now, type Party, Town, townWith } from "./support/party.ts"

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

async function three() {
  const { town, parties, group } = await townWith("alice", "bob", "carol")
  const [alice, bob, carol] = parties as [Party, Party, Party]
  return { town, alice, bob, carol, group }
}

/** Spoils the private keys that a device has of the tree: what a malicious committer's wrong path does to it. */
async function spoilPrivateKeys(party: Party, group: Uint8Array): Promise<void> {
  const key = hex(group)
  const epochPart = new Map(party.store.all("epoch")).get(key)!
  const ratchetPart = new Map(party.store.all("ratchet")).get(key)!
  const { privateKeys } = await secretsOf(epochPart, ratchetPart)
  for (const secret of privateKeys) replaceAll(epochPart, secret)
  party.store.put("epoch", key, epochPart)
  const spoilt = await decodeGroupParts({ epochPart, ratchetPart })
  expect(encodeEpochPart(spoilt)).toEqual(epochPart)
  expect(encodeRatchetPart(spoilt)).toEqual(ratchetPart)
  await party.crash()
}

/** The epoch part lists 32-byte keys as u32 node ‖ 0x20 ‖ key, after the own leaf index. */
async function secretsOf(epochPart: Uint8Array, ratchetPart: Uint8Array): Promise<{ privateKeys: Uint8Array[] }> {
  const { ownLeaf } = await decodeGroupParts({ epochPart, ratchetPart })
  const marker = Uint8Array.of(0, 0, 0, ownLeaf)
  const found: Uint8Array[] = []
  for (let at = 0; at + 41 < epochPart.length; at++) {
    if (!marker.every((byte, i) => epochPart[at + i] === byte)) continue
    const length =
      epochPart[at + 4]! < 64 ? epochPart[at + 4]! : ((epochPart[at + 4]! & 0x3f) << 8) | epochPart[at + 5]!
    const start = at + (epochPart[at + 4]! < 64 ? 5 : 6)
    if (length === 0 || length % 37 !== 0) continue
    for (let entry = start; entry < start + length; entry += 37) {
      if (epochPart[entry + 4] !== 32) break
      found.push(epochPart.slice(entry + 5, entry + 37))
    }
    if (found.length * 37 === length) return { privateKeys: found }
    found.length = 0
  }
  throw new Error("no private keys found")
}

function replaceAll(bytes: Uint8Array, secret: Uint8Array): void {
  for (let at = 0; at + secret.length <= bytes.length; at++) {
    if (secret.every((byte, i) => bytes[at + i] === byte)) bytes.fill(7, at, at + secret.length)
  }
}

describe("a commit that cannot be followed", () => {
  test("[N7.1, N7.2, N7.3] the device says so, asks for re-entry and is back", async () => {
    const { town, alice, bob, carol, group } = await three()
    await spoilPrivateKeys(carol, group)
    const waiting = await carol.send(group, "on its way")
    town.relay.append(...(await alice.change(group, {})).frames)
    await town.syncAll()
    expect(carol.of("broken")).toHaveLength(1)
    expect(carol.view(group)?.state).toBe("broken")
    expect(carol.lane.leaves(group)).toEqual([])
    expect(carol.of("late")).toMatchObject([{ localId: waiting.localId, why: "broken" }])
    await expect(carol.send(group, "x")).rejects.toMatchObject({ code: "not_open" })
    await alice.say(group, "carol does not hear this")
    await town.syncAll()
    expect(carol.heard(group)).toEqual([])

    await carol.crash()
    const { keyPackage, sealKey } = await carol.invitee()
    const to = { device: bob.device.identity.device, sealKey: bob.sealKeys.publicKey }
    const letter = await carol.lane.askResync(group, to, { keyPackage, sealKey })
    town.relay.append(...letter.frames)
    await town.syncAll()
    expect(alice.of("resync-asked")).toEqual([])
    const [asked] = bob.of("resync-asked")
    expect(asked).toMatchObject({ conversation: group, ...carol.device.identity })
    const { device } = carol.device.identity
    const again = { device, keyPackage: asked!.keyPackage, sealKey: asked!.sealKey }
    const out = await bob.changeTo(group, { add: [again], remove: [device], note: town.org.note(), now })
    town.relay.append(...out.frames)
    await town.syncAll()
    const [changed] = alice.of("changed").slice(-1)
    expect([changed?.added.length, changed?.removed.length]).toEqual([1, 1])
    expect(bob.of("changed").at(-1)).toMatchObject({ added: changed!.added, removed: changed!.removed })
    await bob.sendWelcomes()
    await town.syncAll()
    expect(carol.view(group)?.state).toBe("open")
    await carol.say(group, "back")
    await town.syncAll()
    expect(alice.heard(group)).toEqual(["carol does not hear this", "back"])
    expect(carol.heard(group)).toEqual(["back"])

    // [N7.3] The relay brings the old letter again: a commit has come since, so it is void.
    town.relay.append(...letter.frames)
    await town.syncAll()
    expect(bob.of("resync-asked")).toHaveLength(1)
  })

  test("[N7.3] a letter of a device that is not active, not in the group, or with another's key package asks nothing", async () => {
    const { town, alice, bob, carol, group } = await three()
    const dave = await town.join("dave")
    town.readCharter()
    const to = { device: bob.device.identity.device, sealKey: bob.sealKeys.publicKey }
    const write = async (from: Party, keyPackage: Uint8Array, laneSize = bob.lane.size) => {
      const value = { conversation: group, laneSize, keyPackage, sealKey: from.sealKeys.publicKey }
      const content = encodeLetterContent({ kind: "resync", value })
      town.relay.append(await writeLetter(town.org.lane, from.device, to, content, random))
    }
    await write(dave, await dave.publish())
    await write(carol, await alice.publish())
    await write(carol, Uint8Array.of(1, 2, 3))
    await write(carol, await carol.publish(), 0)
    const lastCommit = bob.of("joined")[0]!.commitIndex
    await write(carol, await carol.publish(), lastCommit)
    await write(carol, await carol.publish(), 10_000)
    await bob.sync()
    expect(bob.of("resync-asked")).toEqual([])
    town.org.remove(carol.device)
    town.readCharter()
    await write(carol, await carol.publish())
    await bob.sync()
    expect(bob.of("resync-asked")).toEqual([])
    expect(bob.alarms()).toEqual([])
  })
})

describe("reconciling", () => {
  test("[N8.3] everyone: all active devices come in, removed ones go, in one commit", async () => {
    const town = new Town()
    const [alice, bob, carol] = [await town.join("alice"), await town.join("bob"), await town.join("carol")]
    town.readCharter()
    const group = await alice.create("everyone")
    const directory = [await bob.entry(), await carol.entry()]
    const todo = (await alice.lane.reconcile(group, directory, now))!
    expect(todo.remove).toEqual([])
    expect(todo.add.map(({ device }) => hex(device))).toEqual(directory.map(({ device }) => hex(device)))
    town.relay.append(...(await alice.changeTo(group, { ...todo, note: town.org.note(), now })).frames)
    await alice.sync()
    await alice.sendWelcomes()
    await town.syncAll()
    expect(await bob.lane.reconcile(group, directory, now)).toBeNull()

    const dave = await town.join("dave")
    town.org.remove(carol.device)
    town.readCharter()
    const next = (await bob.lane.reconcile(group, [...directory, await dave.entry()], now))!
    expect(next.remove).toEqual([carol.device.identity.device])
    expect(next.add.map(({ device }) => hex(device))).toEqual([hex(dave.device.identity.device)])
    town.relay.append(...(await bob.changeTo(group, { ...next, note: town.org.note(), now })).frames)
    await bob.sync()
    await bob.sendWelcomes()
    await town.syncAll()
    await alice.say(group, "to all who are in")
    await town.syncAll()
    expect([bob, carol, dave].map((party) => party.heard(group).length)).toEqual([1, 0, 1])
  })

  test("[N8.3] a group: only further devices of members who have a leaf, with a key package that is valid now", async () => {
    const { town, alice, bob, group } = await three()
    const second = await town.join("bob's phone", bob.device.identity.member)
    const stranger = await town.join("dave")
    town.readCharter()
    const directory = [await second.entry(), await stranger.entry()]
    const todo = await alice.lane.reconcile(group, directory, now)
    expect(todo?.add.map(({ device }) => hex(device))).toEqual([hex(second.device.identity.device)])
    expect(await alice.lane.reconcile(group, [], now)).toBeNull()
    expect(await alice.lane.reconcile(group, directory, now + 10_000_000)).toBeNull()
    // Another's key package under the device's name is none.
    const swapped = [
      { ...directory[0]!, keyPackages: directory[1]!.keyPackages },
      { ...directory[1]!, keyPackages: [new Uint8Array(9)] },
    ]
    expect(await alice.lane.reconcile(group, swapped, now)).toBeNull()
  })
})

describe("conversations", () => {
  test("[N6.1] the everyone conversation has one id, and is founded once on a device", async () => {
    const { alice } = await three()
    const group = await alice.create("everyone")
    expect(hex(group)).toBe(hex(alice.everyone))
    await expect(alice.create("everyone")).rejects.toMatchObject({ code: "exists" })
    const nonce = new Uint8Array(16).fill(3)
    const first = await alice.lane.createConversation({ kind: "direct", nonce })
    alice.flush()
    await expect(alice.lane.createConversation({ kind: "direct", nonce })).rejects.toMatchObject({ code: "exists" })
    const other = await alice.lane.createConversation({ kind: "group", nonce })
    alice.flush()
    expect(hex(first)).not.toBe(hex(other))
  })

  test("[N1.2] many conversations live on one lane and do not mix", async () => {
    const { town, alice, bob, carol, group } = await three()
    const direct = await bob.create("direct")
    town.relay.append(...(await bob.change(direct, { add: [carol] })).frames)
    await bob.sync()
    await bob.sendWelcomes()
    await town.syncAll()
    await bob.say(direct, "between us")
    await bob.say(group, "for all")
    await town.syncAll()
    expect(alice.view(direct)).toBeUndefined()
    expect([alice.heard(group), carol.heard(group), carol.heard(direct)]).toEqual([
      ["for all"],
      ["for all"],
      ["between us"],
    ])
    expect(alice.events.filter((event) => event.kind === "alarm")).toEqual([])
  })

  test("watched tags come back as events and are not looked at", async () => {
    const { town, alice } = await three()
    const frame = random(1_024)
    alice.lane.watch(frame.subarray(0, 16), "join request 4")
    town.relay.append(frame)
    const events = await alice.sync()
    expect(events).toEqual([{ kind: "watched", index: town.relay.frames.length - 1, name: "join request 4", frame }])
    alice.lane.unwatch(frame.subarray(0, 16))
    town.relay.append(frame)
    expect(await alice.sync()).toEqual([])
  })
})
