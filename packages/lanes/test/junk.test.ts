import { describe, expect, test } from "vitest"
import { encodePart, partBytes } from "../src/parts.ts"
import { Mallory } from "./support/mallory.ts"
import { type Party, townWith } from "./support/party.ts"

const text = (length: number) => "0123456789".repeat(length / 10 + 1).slice(0, length)

async function three() {
  const { town, parties, group } = await townWith("alice", "bob", "mallory")
  const [alice, bob, third] = parties as [Party, Party, Party]
  return { town, alice, bob, group, third, mallory: await Mallory.of(third, group) }
}

describe("frames that are not what they say", () => {
  test("[N1.3, N2.3] a known tag over something else is junk, and the true frame still counts", async () => {
    const { town, alice, bob, group } = await three()
    const { frames } = await bob.send(group, "true")
    const forged = frames[0]!.slice()
    forged[100]! ^= 1
    town.relay.append(forged, ...frames)
    await town.syncAll()
    expect(alice.alarms()).toEqual(["junk"])
    expect([alice.heard(group), bob.heard(group)]).toEqual([["true"], ["true"]])
  })

  test("[N2.4] a message under another member's tag is junk, and does not use the tag up", async () => {
    const { town, alice, bob, group, mallory } = await three()
    const { frames } = await bob.send(group, "true")
    const bobsLeaf = alice.lane.leaves(group).find((leaf) => leaf.device === bob.device.identity.device)
    const leaf = bobsLeaf?.leaf ?? alice.lane.leaves(group)[1]!.leaf
    town.relay.append(await mallory.frame(await mallory.message("as if bob's"), 0, { leaf }), ...frames)
    await town.syncAll()
    expect(alice.alarms()).toEqual(["junk"])
    expect([alice.heard(group), bob.heard(group)]).toEqual([["true"], ["true"]])
  })

  test("[N2.4] a message wrapped again under another counter is junk", async () => {
    const { town, alice, group, mallory } = await three()
    const message = await mallory.message("once", { counter: 0 })
    town.relay.append(await mallory.frame(message, 1), await mallory.frame(message, 0))
    await alice.sync()
    expect(alice.alarms()).toEqual(["junk"])
    expect(alice.heard(group)).toEqual(["once"])
  })

  test("[N2.4] a member who wraps ours again before it arrives gains nothing", async () => {
    const { town, alice, bob, group, mallory } = await three()
    const { frames } = await bob.send(group, "bob's own")
    const leaf = alice.lane.leaves(group)[1]!.leaf
    const opened = (await mallory.keys.open(frames[0]!))!
    town.relay.append(await mallory.frame(opened.bytes, 1, { leaf }), ...frames)
    await town.syncAll()
    expect([alice.alarms(), bob.alarms()]).toEqual([["junk"], ["junk"]])
    expect([alice.heard(group), bob.heard(group)]).toEqual([["bob's own"], ["bob's own"]])
  })

  test("[N2.6] the same frame twice is ignored the second time, also after a restart", async () => {
    const { town, alice, bob, group } = await three()
    const { frames } = await bob.say(group, "once")
    await town.syncAll()
    await alice.crash()
    town.relay.append(...frames)
    await town.syncAll()
    expect([alice.alarms(), bob.alarms()]).toEqual([["doubled"], ["doubled"]])
    expect([alice.heard(group), bob.heard(group)]).toEqual([["once"], ["once"]])
  })

  test("[N2.4] another group's message under this group's tag is junk", async () => {
    const { town, alice, mallory, third } = await three()
    const other = await third.create("group")
    const foreign = await Mallory.of(third, other)
    town.relay.append(await mallory.frame(await foreign.message("elsewhere"), 0))
    await alice.sync()
    expect(alice.alarms()).toEqual(["junk"])
  })

  test("[N4.1] authenticated data that is no LaneView is junk", async () => {
    const { town, alice, mallory } = await three()
    town.relay.append(await mallory.frame(Uint8Array.of(0, 1, 0, 2, 3), 0))
    await alice.sync()
    expect(alice.alarms()).toEqual(["junk"])
  })

  test("[N1.3] random bytes of every class stop nothing", async () => {
    const { town, alice, bob, group } = await three()
    for (const length of [0, 3, 512, 513, 1_024, 4_096, 16_384, 65_536]) {
      town.relay.append(crypto.getRandomValues(new Uint8Array(length)))
    }
    await bob.say(group, "still here")
    await town.syncAll()
    expect(alice.heard(group)).toEqual(["still here"])
    expect(alice.alarms()).toEqual([])
  })

  test("[N1.3] a message of this device that it has not sent is an alarm of its own", async () => {
    const { town, group, third, mallory } = await three()
    // The copy sends; then the device itself, which does not know of it, uses the same keys.
    const copied = await mallory.frame(await mallory.message("by the copy"), 0)
    await third.send(group, "by the device")
    town.relay.append(copied)
    await third.sync()
    expect(third.alarms()).toEqual(["cloned"])
  })

  test("[N7.1] a commit of this device that it does not know ends the conversation here", async () => {
    const { town, alice, group, third, mallory } = await three()
    town.relay.append(await mallory.frame((await mallory.commit({})).message, 0))
    await town.syncAll()
    expect(third.alarms()).toEqual(["cloned"])
    expect(third.view(group)?.state).toBe("broken")
    expect(alice.of("changed")).toHaveLength(2)
  })
})

describe("counters that were passed over", () => {
  test("[N2.7] junk moves the window on; the sender learns what was lost and goes on beyond", async () => {
    const { town, alice, bob, group, mallory } = await three()
    const lost = await bob.send(group, "again, please")
    const leaf = alice.lane.leaves(group)[1]!.leaf
    for (let counter = 7; counter <= 40; counter += 8) {
      town.relay.append(await mallory.frame(Uint8Array.of(1), counter, { leaf }))
    }
    await town.syncAll()
    expect(bob.of("late")).toMatchObject([{ localId: lost.localId, why: "displaced" }])
    town.relay.append(...lost.frames)
    await bob.say(group, "again, please")
    await town.syncAll()
    expect([alice.heard(group), bob.heard(group)]).toEqual([["again, please"], ["again, please"]])
    expect(bob.of("message")[0]?.own).toBe(true)
  })

  test("[N2.7] an own commit that was passed over can be made anew", async () => {
    const { town, alice, bob, group, mallory } = await three()
    const lost = await bob.change(group, {})
    const leaf = alice.lane.leaves(group)[1]!.leaf
    for (let counter = 7; counter <= 40; counter += 8) {
      town.relay.append(await mallory.frame(Uint8Array.of(1), counter, { leaf }))
    }
    await town.syncAll()
    expect(bob.of("rebase")).toMatchObject([{ localId: lost.localId }])
    town.relay.append(...lost.frames, ...(await bob.change(group, {})).frames)
    await town.syncAll()
    expect([alice, bob].map((party) => party.view(group)?.epoch)).toEqual([2, 2])
  })
})

describe("parts", () => {
  test("[N3.1, N3.4] a large message comes in one piece, at the place of its last frame", async () => {
    const { town, alice, bob, group } = await three()
    const large = text(200_000)
    const { frames } = await bob.say(group, large)
    expect(frames.map((frame) => frame.length)).toEqual([65_536, 65_536, 65_536, 4_096])
    await bob.say(group, "next")
    await town.syncAll()
    expect(alice.heard(group)).toEqual([large, "next"])
    expect(bob.heard(group)).toEqual([large, "next"])
    expect(alice.of("message")[0]?.index).toBe(town.relay.frames.length - 2)
  })

  test("[N3.2, N10.5] parts survive a restart in the middle", async () => {
    const { town, alice, bob, group } = await three()
    await bob.say(group, text(200_000))
    for (let to = alice.lane.next + 1; to <= town.relay.frames.length; to++) {
      await alice.receiveOnce({}, to)
      await alice.crash()
    }
    expect(alice.heard(group)).toEqual([text(200_000)])
  })

  test.each([
    ["a foreign frame in between", (frames: Uint8Array[]) => frames.splice(1, 0, new Uint8Array(512))],
    ["a missing part", (frames: Uint8Array[]) => frames.splice(1, 1)],
    ["parts in another order", (frames: Uint8Array[]) => frames.reverse()],
  ])("[N3.3] %s drops the message for everyone", async (_, disturb) => {
    const { town, alice, bob, group } = await three()
    const frames = [...(await bob.send(group, text(200_000))).frames]
    disturb(frames)
    town.relay.append(...frames)
    await bob.say(group, "next")
    await town.syncAll()
    expect([alice.heard(group), bob.heard(group)]).toEqual([["next"], ["next"]])
  })

  test("[N3.3] parts of two senders do not mix", async () => {
    const { town, alice, bob, group, third } = await three()
    const [one, two] = [await bob.send(group, text(100_000)), await third.send(group, text(100_000))]
    town.relay.append(one.frames[0]!, two.frames[0]!, one.frames[1]!, two.frames[1]!)
    await town.syncAll()
    expect(alice.heard(group)).toEqual([])
    expect(new Set(alice.alarms())).toEqual(new Set(["junk"]))
  })

  test("[N3.2] a part that is not one is junk", async () => {
    const { town, alice, mallory } = await three()
    town.relay.append(await mallory.frame(Uint8Array.of(9), 0, { kind: "part" }))
    const part = encodePart({ index: 0, total: 1, bytes: new Uint8Array(partBytes) })
    town.relay.append(await mallory.frame(part, 1, { kind: "part" }))
    await alice.sync()
    expect(alice.alarms()).toEqual(["junk", "junk"])
  })

  test("[N3.1] what no append can hold is refused, and nothing is used up", async () => {
    const { town, alice, bob, group } = await three()
    await expect(bob.send(group, text(5_000_000))).rejects.toMatchObject({ code: "too_large" })
    await bob.say(group, "smaller")
    await town.syncAll()
    expect(alice.heard(group)).toEqual(["smaller"])
  })
})
