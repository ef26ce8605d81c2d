import { hex, laneIdOf } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { openLane } from "../src/index.ts"
import { encodeLetterContent, openLetter, writeLetter } from "../src/letter.ts"
import { MemoryStore } from "./support/memory-store.ts"
import { now, type Party, Town, townWith } from "./support/party.ts"

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

async function two() {
  const { town, parties, group } = await townWith("alice", "bob")
  const [alice, bob] = parties as [Party, Party]
  const carol = await town.join("carol")
  town.readCharter()
  return { town, alice, bob, carol, group }
}

describe("joining", () => {
  test("[N6.5] what was said between the commit and the welcome is replayed", async () => {
    const { town, alice, bob, carol, group } = await two()
    await alice.say(group, "before")
    town.relay.append(...(await alice.change(group, { add: [carol] })).frames)
    await town.syncAll()
    await bob.say(group, "one")
    await alice.say(group, "two")
    town.relay.append(...(await bob.change(group, {})).frames)
    await bob.sync()
    await bob.say(group, "three")
    await town.syncAll()
    expect(carol.heard(group)).toEqual([])
    await alice.sendWelcomes()
    await bob.say(group, "four")
    await town.syncAll()
    expect(carol.heard(group)).toEqual(["one", "two", "three", "four"])
    expect(carol.view(group)?.epoch).toBe(bob.view(group)?.epoch)
    await carol.say(group, "hello all")
    await town.syncAll()
    expect(alice.heard(group).at(-1)).toBe("hello all")
    expect(town.parties.flatMap((party) => party.alarms())).toEqual([])
  })

  test("[N6.5] frames that are gone from memory are asked for, and must be the lane's", async () => {
    const { town, alice, carol, group } = await two()
    const commitIndex = town.relay.append(...(await alice.change(group, { add: [carol] })).frames)
    await town.syncAll()
    await alice.say(group, "in between")
    town.relay.append(new Uint8Array(512), new Uint8Array(512))
    await town.syncAll()
    await carol.crash()
    const at = town.relay.frames.length
    await alice.sendWelcomes()
    const needs = { kind: "needs-frames", conversation: group, from: commitIndex + 1, to: at }
    expect(await carol.receiveOnce()).toMatchObject([needs])
    // It goes no further before it has them, across a restart as well.
    await carol.crash()
    expect(await carol.receiveOnce()).toMatchObject([{ ...needs, to: at + 1 }])
    await expect(carol.lane.supply(commitIndex + 1, [new Uint8Array(512)])).rejects.toMatchObject({
      code: "out_of_order",
    })
    const frames = town.relay.frames.slice(commitIndex + 1, at + 1)
    expect(await carol.lane.supply(commitIndex + 1, frames.slice(0, 1))).toMatchObject([
      { ...needs, from: commitIndex + 2, to: at + 1 },
    ])
    const events = await carol.lane.supply(commitIndex + 2, frames.slice(1))
    carol.flush()
    expect(events.map((event) => event.kind)).toEqual(["joined", "message"])
    expect(events[0]).toMatchObject({ commitIndex, inviter: alice.device.identity, conversationKind: "group" })
  })

  test("[N6.5] when the frames are no longer to be had, the joining is given up", async () => {
    const { town, alice, carol, group } = await two()
    town.relay.append(...(await alice.change(group, { add: [carol] })).frames, new Uint8Array(512))
    await town.syncAll()
    await carol.crash()
    await alice.sendWelcomes()
    await carol.receiveOnce()
    expect(await carol.lane.supply(0, null)).toMatchObject([{ alarm: { kind: "bad-welcome", why: "too-old" } }])
    carol.flush()
    expect(carol.view(group)).toBeUndefined()
    await expect(carol.lane.supply(0, [])).rejects.toMatchObject({ code: "out_of_order" })
  })

  test("[N6.3] the need to send welcomes survives a crash, and writing them settles it once", async () => {
    const { town, alice, carol, group } = await two()
    const out = await alice.change(group, { add: [carol] })
    expect(alice.lane.due()).toEqual([])
    const due = town.relay.append(...out.frames)
    await town.syncAll()
    expect(alice.of("welcomes-due").at(-1)).toMatchObject({ due, conversation: group })
    await alice.crash()
    expect(alice.lane.due()).toEqual([{ due, conversation: group, recipients: [carol.device.identity.device] }])
    await alice.lane.writeWelcomes(due)
    await alice.crash()
    await alice.sendWelcomes()
    expect(alice.lane.due()).toEqual([])
    await expect(alice.lane.writeWelcomes(due)).rejects.toMatchObject({ code: "not_found" })
    await town.syncAll()
    expect(carol.of("joined")).toHaveLength(1)
  })

  test("[N6.3] a commit that lost sends no welcomes", async () => {
    const { town, alice, bob, carol, group } = await two()
    const losing = await alice.change(group, { add: [carol] })
    town.relay.append(...(await bob.change(group, {})).frames, ...losing.frames)
    await town.syncAll()
    expect(alice.lane.due()).toEqual([])
    expect(alice.of("rebase")).toHaveLength(1)
  })

  test("[N4.4, N6.4] a welcome beyond our charter waits for it", async () => {
    const { town, alice, carol, group } = await two()
    await town.join("dave")
    alice.charterSize = town.org.size
    carol.charterSize--
    town.relay.append(...(await alice.change(group, { add: [carol] })).frames)
    await alice.sync()
    await alice.sendWelcomes()
    const events = await carol.receiveOnce()
    expect(events).toMatchObject([{ kind: "needs-charter", size: town.org.size, proven: true }])
    carol.charterSize = town.org.size
    await carol.receiveOnce()
    expect(carol.of("joined")).toHaveLength(1)
  })

  test("[N6.4] an inviter who was not active at the pin is refused", async () => {
    const { town, alice, bob, carol, group } = await two()
    const mallory = await town.join("mallory")
    town.org.remove(mallory.device)
    town.readCharter()
    town.relay.append(...(await alice.change(group, { add: [carol] })).frames)
    await town.syncAll()
    const { frames } = await alice.lane.writeWelcomes(alice.lane.due()[0]!.due)
    alice.flush()
    const content = (await openLetter(
      town.org.lane,
      carol.device.identity.device,
      [carol.sealKeys.privateKey],
      frames[0]!,
    ))!
    const to = { device: carol.device.identity.device, sealKey: carol.sealKeys.publicKey }
    const forged = await writeLetter(town.org.lane, mallory.device, to, encodeLetterContent(content.content), random)
    town.relay.append(forged)
    await carol.sync()
    expect(carol.of("alarm")).toMatchObject([{ alarm: { kind: "bad-welcome", why: "unreadable" } }])
    // The true one still works: the key package was not touched.
    town.relay.append(...frames)
    await carol.sync()
    expect(carol.of("joined")).toHaveLength(1)
    expect(bob.alarms()).toEqual([])
  })

  test("[N6.4] a welcome that points too far back is refused", async () => {
    const { town, alice, carol, group } = await two()
    town.relay.append(...(await alice.change(group, { add: [carol] })).frames)
    for (let i = 0; i < 4_097; i++) town.relay.append(new Uint8Array(512))
    await town.syncAll()
    await alice.sendWelcomes()
    await carol.sync()
    expect(carol.of("alarm")).toMatchObject([{ alarm: { kind: "bad-welcome", why: "too-old" } }])
  })

  test("[N6.4] a welcome for a key package that is gone says so", async () => {
    const { town, alice, carol, group } = await two()
    town.relay.append(...(await alice.change(group, { add: [carol] })).frames)
    carol.keyPackages.clear()
    await alice.sync()
    await alice.sendWelcomes()
    await carol.sync()
    expect(carol.of("alarm")).toMatchObject([{ alarm: { kind: "bad-welcome", why: "unknown-key-package" } }])
  })

  test("[N6.1] a group of another organisation or lane is refused", async () => {
    const { town, alice, carol } = await two()
    const elsewhere = { ...alice, store: new MemoryStore() }
    const lane = await openLane(
      {
        org: town.org.id,
        lane: laneIdOf(town.org.id, 1),
        device: alice.device,
        charter: () => town.org.view(),
        keyPackage: () => undefined,
        sealKeys: () => [],
        randomBytes: random,
      },
      elsewhere.store,
    )
    const group = await lane.createConversation({ kind: "direct" })
    lane.flush(elsewhere.store)
    const { frames } = await lane.change(group, { add: [await carol.invitee()], note: town.org.note(), now }, "x")
    lane.flush(elsewhere.store)
    await lane.receive(0, frames)
    lane.flush(elsewhere.store)
    const { frames: letters } = await lane.writeWelcomes(0)
    // The very same letter, sent into this lane: sealed for the other one, it does not open.
    town.relay.append(...letters)
    await carol.sync()
    expect(carol.of("joined")).toEqual([])
    // Said again for this lane, by a member: the binding inside gives it away.
    const opened = await openLetter(
      laneIdOf(town.org.id, 1),
      carol.device.identity.device,
      [carol.sealKeys.privateKey],
      letters[0]!,
    )
    const to = { device: carol.device.identity.device, sealKey: carol.sealKeys.publicKey }
    town.relay.append(await writeLetter(town.org.lane, alice.device, to, encodeLetterContent(opened!.content), random))
    await carol.sync()
    expect(carol.of("alarm")).toMatchObject([{ alarm: { kind: "bad-welcome", why: "wrong-binding" } }])
  })

  test("[N6.3] a large welcome goes by a blob, and stops nothing while it is fetched", async () => {
    const town = new Town()
    const member = (await town.join("alice")).device.identity.member
    for (let i = 0; i < 45; i++) await town.join(`device${i}`, member)
    town.readCharter()
    const [alice, ...others] = town.parties as [Party, ...Party[]]
    const group = await alice.create("everyone")
    expect(hex(group)).toBe(hex(alice.everyone))
    town.relay.append(...(await alice.change(group, { add: others })).frames)
    await alice.sync()
    await alice.sendWelcomes()
    await alice.say(group, "welcome")
    const [bob, carol] = others as [Party, Party]
    const events = await bob.receiveOnce()
    expect(events.map((event) => event.kind)).toEqual(["needs-blob"])
    expect(bob.lane.next).toBe(town.relay.frames.length)
    await bob.crash()
    const blob = bob.lane.awaitedBlobs()[0]!
    await expect(bob.lane.supplyBlob(random(32) as typeof blob.blobId, null)).rejects.toMatchObject({
      code: "not_found",
    })
    const ciphertext = town.blobs.get(hex(blob.blobId))!
    expect(ciphertext.length).toBe(blob.length)
    const missing = await bob.lane.supplyBlob(blob.blobId, ciphertext)
    bob.flush()
    expect(missing).toMatchObject([{ kind: "needs-frames" }])
    const need = missing[0] as Extract<(typeof missing)[0], { kind: "needs-frames" }>
    const joined = await bob.lane.supply(need.from, town.relay.frames.slice(need.from, need.to))
    expect(joined.map((event) => event.kind)).toEqual(["joined", "message"])
    // A blob that is not the one announced is refused.
    await carol.receiveOnce()
    const [asked] = carol.lane.awaitedBlobs()
    const wrong = ciphertext.slice()
    wrong[5]! ^= 1
    expect(await carol.lane.supplyBlob(asked!.blobId, wrong)).toMatchObject([
      { alarm: { kind: "bad-welcome", why: "blob" } },
    ])
  })
})

describe("welcomes that compete", () => {
  /** A second group under the same id, as an insider could found it. */
  async function everyoneTwice() {
    const town = new Town()
    const [alice, mallory, carol] = [await town.join("alice"), await town.join("mallory"), await town.join("carol")]
    town.readCharter()
    for (const founder of [mallory, alice]) {
      const id = await founder.create("everyone")
      const out = await founder.change(id, { add: [carol] })
      town.relay.append(...out.frames)
      await founder.sync()
      await founder.sendWelcomes()
    }
    return { town, alice, mallory, carol, group: alice.everyone }
  }

  test("[N6.6] another member's welcome replaces a group in which nobody else was heard", async () => {
    const { town, alice, carol, group } = await everyoneTwice()
    await carol.sync()
    expect(carol.of("joined").map((event) => hex(event.inviter.device))).toHaveLength(2)
    await alice.say(group, "here")
    await town.syncAll()
    expect(carol.heard(group)).toEqual(["here"])
  })

  test("[N6.6] and not one that others have been heard in", async () => {
    const town = new Town()
    const names = ["alice", "bob", "carol", "mallory"]
    const [alice, bob, carol, mallory] = (await Promise.all(names.map((name) => town.join(name)))) as [
      Party,
      Party,
      Party,
      Party,
    ]
    town.readCharter()
    const group = await alice.create("everyone")
    town.relay.append(...(await alice.change(group, { add: [bob, carol] })).frames)
    await alice.sync()
    await alice.sendWelcomes()
    await bob.sync()
    await bob.say(group, "one")
    await town.syncAll()
    await mallory.create("everyone")
    town.relay.append(...(await mallory.change(group, { add: [carol] })).frames)
    await mallory.sync()
    await mallory.sendWelcomes()
    await bob.say(group, "two")
    await town.syncAll()
    expect(carol.of("joined")).toHaveLength(1)
    expect(carol.heard(group)).toEqual(["one", "two"])
  })
})

describe("letters", () => {
  test("[N6.2] only the addressee opens it, in its lane, as it was written", async () => {
    const { town, alice, bob, carol } = await two()
    const content = encodeLetterContent({
      kind: "resync",
      value: {
        conversation: alice.everyone,
        laneSize: 0,
        keyPackage: new Uint8Array(3),
        sealKey: carol.sealKeys.publicKey,
      },
    })
    const { lane } = town.org
    const to = { device: carol.device.identity.device, sealKey: carol.sealKeys.publicKey }
    const letter = await writeLetter(lane, alice.device, to, content, random)
    expect(letter).toHaveLength(4_096)
    const open = (party: Party, frame = letter, at = lane, device = party.device.identity.device) =>
      openLetter(at, device, [bob.sealKeys.privateKey, party.sealKeys.privateKey], frame)
    expect(await open(carol)).toMatchObject({ ...alice.device.identity, content: { kind: "resync" } })
    expect(await open(alice)).toBeUndefined()
    expect(await open(carol, letter, laneIdOf(town.org.id, 1))).toBeUndefined()
    // [N6.3] The signature names the recipient.
    expect(await open(carol, letter, lane, bob.device.identity.device)).toBeUndefined()
    for (const at of [0, 20, 2_000, 4_095]) {
      const changed = letter.slice()
      changed[at]! ^= 1
      expect(await open(carol, changed)).toBeUndefined()
    }
  })

  test("[N6.3] a letter under another device's name is nobody's", async () => {
    const { town, alice, bob, carol } = await two()
    const impostor = { ...alice.device, privateKey: bob.device.privateKey }
    const to = { device: carol.device.identity.device, sealKey: carol.sealKeys.publicKey }
    const letter = await writeLetter(town.org.lane, impostor, to, Uint8Array.of(10, 0), random)
    expect(await openLetter(town.org.lane, to.device, [carol.sealKeys.privateKey], letter)).toBeUndefined()
    const other = { ...bob.device, identity: alice.device.identity }
    const second = await writeLetter(town.org.lane, other, to, Uint8Array.of(10, 0), random)
    expect(await openLetter(town.org.lane, to.device, [carol.sealKeys.privateKey], second)).toBeUndefined()
  })
})
