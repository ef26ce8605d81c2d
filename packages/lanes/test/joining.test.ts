import { type Device, openSealed, sealToDevice } from "@holdfast/mls"
import { concatBytes, hex, laneIdOf, utf8 } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { openLane } from "../src/index.ts"
import { encodeLetterContent, openLetter, writeLetter } from "../src/letter.ts"
import { MemoryStore } from "./support/memory-store.ts"
import { Org } from "./support/org.ts"
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
    // The join is carried out in the middle of a message in parts.
    await alice.say(group, "x".repeat(150_000))
    await bob.receiveOnce({}, town.relay.frames.length - 1)
    const missing = await bob.lane.supplyBlob(blob.blobId, ciphertext)
    bob.flush()
    expect(missing).toMatchObject([{ kind: "needs-frames" }])
    const need = missing[0] as Extract<(typeof missing)[0], { kind: "needs-frames" }>
    const joined = await bob.lane.supply(need.from, town.relay.frames.slice(need.from, need.to))
    bob.flush()
    expect(joined.map((event) => event.kind)).toEqual(["joined", "message"])
    await bob.receiveOnce()
    expect(bob.heard(group)).toEqual(["x".repeat(150_000)])
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
    const ends: number[] = []
    for (const founder of [mallory, alice]) {
      const id = await founder.create("everyone")
      const out = await founder.change(id, { add: [carol] })
      town.relay.append(...out.frames)
      await founder.sync()
      await founder.sendWelcomes()
      ends.push(town.relay.frames.length)
    }
    return { town, alice, mallory, carol, group: alice.everyone, between: ends[0]! }
  }

  test("[N6.6] another member's welcome replaces a group in which nobody else was heard", async () => {
    const { town, alice, mallory, carol, group, between } = await everyoneTwice()
    await carol.sync(between)
    expect(carol.of("joined")).toMatchObject([{ inviter: mallory.device.identity }])
    const message = await carol.send(group, "to whom?")
    await carol.change(group, {})
    await carol.crash()
    await carol.sync()
    expect(carol.of("joined")).toMatchObject([{}, { inviter: alice.device.identity }])
    // What was on its way in the other group is not in this one.
    expect(carol.of("late")).toMatchObject([{ localId: message.localId, why: "left" }])
    expect(carol.of("rebase")).toHaveLength(1)
    await carol.crash()
    expect(["own", "change"].map((table) => carol.store.count(table as "own"))).toEqual([0, 0])
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
    await town.syncAll()
    await carol.crash()
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

describe("old welcomes", () => {
  test("[N6.6] the relay brings an old welcome again after the device was removed: nothing happens, also after a restart", async () => {
    const { town, alice, bob, carol, group } = await two()
    town.relay.append(...(await alice.change(group, { add: [carol] })).frames)
    await alice.sync()
    const [{ due } = { due: -1 }] = alice.lane.due()
    const { frames } = await alice.lane.writeWelcomes(due)
    alice.flush()
    const kept = new Map(carol.keyPackages)
    town.relay.append(...frames)
    await town.syncAll()
    town.relay.append(...(await bob.change(group, { remove: [carol] })).frames)
    await town.syncAll()
    await carol.crash()
    for (const [ref, pair] of kept) carol.keyPackages.set(ref, pair)
    town.relay.append(...frames)
    await carol.sync()
    expect(carol.of("joined")).toHaveLength(1)
    expect(carol.view(group)?.state).toBe("left")
    expect(carol.alarms()).toEqual([])
  })

  test("[N5.3, N6.5] the limit for late messages holds in the replay as it did for the others", async () => {
    const { town, alice, bob, carol, group } = await two()
    town.relay.append(...(await alice.change(group, { add: [carol] })).frames)
    await town.syncAll()
    const [early, late] = [await bob.send(group, "in time"), await bob.send(group, "too late")]
    town.relay.append(...(await alice.change(group, {})).frames)
    for (let i = 0; i < 255; i++) town.relay.append(new Uint8Array(512))
    town.relay.append(...early.frames, ...late.frames)
    await town.syncAll()
    await alice.sendWelcomes()
    await town.syncAll()
    expect([alice, bob, carol].map((party) => party.heard(group))).toEqual([["in time"], ["in time"], ["in time"]])
    expect(bob.of("late")).toMatchObject([{ localId: late.localId }])
  })

  /** Letters to carol that name blobs. */
  async function byBlob(
    { town, carol }: Awaited<ReturnType<typeof two>>,
    from: Device,
    blobIds: readonly Uint8Array[],
  ) {
    const to = { device: carol.device.identity.device, sealKey: carol.sealKeys.publicKey }
    const charterSize = town.org.size
    const charterRoot = town.org.view().rootAt(charterSize)!
    for (const blobId of blobIds) {
      const blob = { blobId: blobId as never, key: random(32), length: 67_108_864, sha256: random(32) }
      const pin = { charterSize, charterRoot, charterNote: town.org.note() }
      const head = { conversation: random(32) as never, kind: 3, commitIndex: 0, ...pin }
      const content = encodeLetterContent({ kind: "welcomeByBlob", value: { ...head, ...blob } })
      town.relay.append(await writeLetter(town.org.lane, from, to, content, random))
    }
    await carol.receiveOnce()
    return carol.lane.awaitedBlobs().length
  }
  const someIds = (count: number) => Array.from({ length: count }, () => random(32))

  test("[N6.4] 16 blobs are awaited of one device and 64 of all, and one that it names again counts once", async () => {
    const story = await two()
    const { town, alice, carol } = story
    const one = random(32)
    expect(await byBlob(story, alice.device, [one, one, one])).toBe(1)
    expect(await byBlob(story, alice.device, someIds(20))).toBe(16)
    for (let i = 1; i <= 4; i++) {
      const other = await town.join(`other${i}`)
      town.readCharter()
      expect(await byBlob(story, other.device, someIds(17))).toBe(Math.min(16 * (i + 1), 64))
    }
    expect(carol.of("needs-blob")).toHaveLength(64)
  })

  test("[N6.4] nothing is fetched for a letter under a key that the charter never had", async () => {
    const story = await two()
    const { town, alice, carol } = story
    const elsewhere = new Org("elsewhere")
    const own = await elsewhere.enrol(alice.device.identity.member)
    expect(await byBlob(story, own, someIds(3))).toBe(0)
    expect(await byBlob(story, { ...own, identity: alice.device.identity }, someIds(1))).toBe(0)
    expect(carol.of("needs-blob")).toEqual([])
    // one that was there when it invited may have been removed since
    expect(await byBlob(story, alice.device, someIds(1))).toBe(1)
    town.org.remove(alice.device)
    town.readCharter()
    expect(await byBlob(story, alice.device, someIds(1))).toBe(1)
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
    const to = { device: carol.device.identity.device, sealKey: carol.sealKeys.publicKey }
    const value = { conversation: alice.everyone, laneSize: 0, keyPackage: new Uint8Array(3), sealKey: to.sealKey }
    const content = encodeLetterContent({ kind: "resync", value })
    const open = async (from: typeof alice.device) => {
      const letter = await writeLetter(town.org.lane, from, to, content, random)
      return openLetter(town.org.lane, to.device, [carol.sealKeys.privateKey], letter)
    }
    expect(await open(alice.device)).toBeDefined()
    expect(await open({ ...alice.device, privateKey: bob.device.privateKey })).toBeUndefined()
    expect(await open({ ...bob.device, identity: alice.device.identity })).toBeUndefined()
  })

  test("[N6.2] a letter with anything after its end is none", async () => {
    const { town, carol } = await two()
    const { lane } = town.org
    const [{ publicKey, privateKey }, tag] = [carol.sealKeys, random(16)]
    const info = concatBytes(utf8("holdfast/letter/v1"), Uint8Array.of(0), lane, tag)
    const value = { conversation: carol.everyone, laneSize: 0, keyPackage: new Uint8Array(3), sealKey: publicKey }
    const content = encodeLetterContent({ kind: "resync", value })
    const own = { device: carol.device.identity.device, sealKey: publicKey }
    const letter = await writeLetter(lane, carol.device, own, content, () => tag)
    const padded = (await openSealed(privateKey, letter.subarray(16), info))!
    const again = async () => concatBytes(tag, await sealToDevice(publicKey, padded, info))
    expect(await openLetter(lane, own.device, [privateKey], await again())).toBeDefined()
    padded[padded.length - 1] = 1
    expect(await openLetter(lane, own.device, [privateKey], await again())).toBeUndefined()
  })
})
