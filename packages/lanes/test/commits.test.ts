import { hex } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { Mallory } from "./support/mallory.ts"
import { type Party, type Town, townWith } from "./support/party.ts"

type Three = [Party, Party, Party]
async function three() {
  const { town, parties, group } = await townWith("alice", "bob", "carol")
  return { town, parties: parties as Three, group }
}
async function authenticators(parties: readonly Party[], group: Parameters<Party["say"]>[0]): Promise<Set<string>> {
  const secrets: string[] = []
  for (const party of parties) secrets.push(hex(await party.lane.exportSecret(group, "test", new Uint8Array(), 16)))
  return new Set(secrets)
}
async function expectAllAlike(town: Town, parties: readonly Party[], group: Parameters<Party["say"]>[0]) {
  await town.syncAll()
  expect(await authenticators(parties, group)).toHaveProperty("size", 1)
}

describe("the order decides", () => {
  test("[N5.2] three devices commit at once and end in the same state", async () => {
    const { town, parties, group } = await three()
    const before = parties[0].view(group)!.epoch
    for (const party of parties) town.relay.append(...(await party.change(group, {})).frames)
    await expectAllAlike(town, parties, group)
    expect(parties.map((party) => party.view(group)!.epoch)).toEqual([before + 1, before + 1, before + 1])
    expect(parties.map((party) => party.of("rebase").length)).toEqual([0, 1, 1])
    expect(parties.flatMap((party) => party.alarms())).toEqual([])
    const [alice, bob, carol] = parties
    await bob.say(group, "all well")
    await town.syncAll()
    expect([alice.heard(group), carol.heard(group)]).toEqual([["all well"], ["all well"]])
  })

  test("[N1.1] an own commit changes nothing before it comes back", async () => {
    const { parties, group } = await three()
    const [alice] = parties
    const before = alice.view(group)!.epoch
    await alice.change(group, {})
    expect(alice.view(group)!.epoch).toBe(before)
    expect(alice.view(group)!.pendingChange).toBeDefined()
  })

  test("[N5.6] one own commit is on its way at a time", async () => {
    const { parties, group } = await three()
    await parties[0].change(group, {})
    await expect(parties[0].change(group, {})).rejects.toMatchObject({ code: "change_pending" })
  })

  test("[N5.2] a commit of an older epoch is ignored by the others without alarm", async () => {
    const { town, parties, group } = await three()
    const [alice, bob, carol] = parties
    const losing = await bob.change(group, {})
    town.relay.append(...(await alice.change(group, {})).frames)
    await town.syncAll()
    town.relay.append(...losing.frames)
    await expectAllAlike(town, parties, group)
    expect([...alice.alarms(), ...bob.alarms(), ...carol.alarms()]).toEqual([])
    expect(bob.of("rebase")).toHaveLength(1)
  })
})

describe("pins", () => {
  test("[N4.1] a commit without a note is junk", async () => {
    const { town, parties, group } = await three()
    const mallory = await Mallory.of(parties[2], group)
    const { message } = await mallory.commit({ charterNote: undefined })
    town.relay.append(await mallory.frame(message, 0))
    const events = await parties[0].sync()
    expect(events).toMatchObject([{ kind: "alarm", alarm: { kind: "junk", leaf: mallory.leaf } }])
  })

  test("[N4.1] an application message with a note is junk", async () => {
    const { town, parties, group } = await three()
    const mallory = await Mallory.of(parties[2], group)
    town.relay.append(await mallory.frame(await mallory.message("hi", { charterNote: town.org.note() }), 0))
    await parties[0].sync()
    expect(parties[0].alarms()).toEqual(["junk"])
    expect(parties[0].heard(group)).toEqual([])
  })

  test("[N4.3] a pin that goes back is junk", async () => {
    const { town, parties, group } = await three()
    await town.join("dave")
    town.readCharter()
    town.relay.append(...(await parties[0].change(group, {})).frames)
    await town.syncAll()
    const mallory = await Mallory.of(parties[2], group)
    const size = town.org.size - 1
    const root = town.org.view().rootAt(size)!
    const { message } = await mallory.commit({ charterSize: size, charterRoot: root, charterNote: town.org.note(size) })
    town.relay.append(await mallory.frame(message, 0))
    await parties[0].sync()
    expect(parties[0].alarms()).toEqual(["junk"])
  })

  test("[N4.4] a commit beyond our charter waits for it, and then counts", async () => {
    const { town, parties, group } = await three()
    const [alice, bob] = parties
    await town.org.enrol(parties[0].device.identity.member)
    bob.charterSize = town.org.size
    const at = town.relay.append(...(await bob.change(group, {})).frames)
    await bob.say(group, "after")
    const events = await alice.receiveOnce()
    expect(events).toEqual([{ kind: "needs-charter", index: at, size: town.org.size, proven: true }])
    expect(alice.lane.next).toBe(at)
    expect(await alice.receiveOnce({ charterIsCurrent: true })).toMatchObject([{ kind: "needs-charter" }])
    alice.charterSize = town.org.size
    await alice.receiveOnce()
    expect(alice.of("changed")).toHaveLength(2)
    expect(alice.of("changed").at(-1)).toMatchObject({ index: at, own: false })
  })

  test("[N4.4] a charter that no relay signed holds nobody up", async () => {
    const { town, parties, group } = await three()
    const [alice] = parties
    const mallory = await Mallory.of(parties[2], group)
    const charterRoot = new Uint8Array(32).fill(1)
    const { message } = await mallory.commit({ charterSize: 999, charterRoot, charterNote: "999 no note" })
    town.relay.append(await mallory.frame(message, 0))
    expect(await alice.receiveOnce()).toMatchObject([{ kind: "needs-charter", size: 999, proven: false }])
    await alice.receiveOnce({ charterIsCurrent: true })
    expect(alice.alarms()).toEqual(["junk"])
    expect(alice.lane.next).toBe(town.relay.frames.length)
  })

  test("[N4.4] a note of another size proves nothing", async () => {
    const { town, parties, group } = await three()
    const mallory = await Mallory.of(parties[2], group)
    const { size } = town.org
    const charterRoot = town.org.view().rootAt(size)!
    const { message } = await mallory.commit({ charterSize: size + 5, charterRoot, charterNote: town.org.note() })
    town.relay.append(await mallory.frame(message, 0))
    expect(await parties[0].receiveOnce()).toMatchObject([{ kind: "needs-charter", proven: false }])
  })

  test("[N3.4, N4.4] a commit in parts that has to wait for the charter is whole when it comes again", async () => {
    const { town, parties, group } = await three()
    const [alice, bob] = parties
    const { member } = alice.device.identity
    const devices: Party[] = []
    for (let i = 0; i < 40; i++) devices.push(await town.join(`device${i}`, member))
    alice.charterSize = town.org.size
    const { frames } = await alice.change(group, { add: devices })
    expect(frames.length).toBeGreaterThan(1)
    const last = town.relay.append(...frames)
    expect(await bob.receiveOnce()).toMatchObject([{ kind: "needs-charter", index: last }])
    await bob.crash()
    bob.charterSize = town.org.size
    await bob.receiveOnce()
    expect(bob.of("changed").at(-1)).toMatchObject({ index: last, own: false })
    expect(bob.lane.leaves(group)).toHaveLength(43)
  })

  test("[N4.3] an own pin does not go back either", async () => {
    const { town, parties, group } = await three()
    const [alice] = parties
    const old = town.org.note()
    await town.join("dave")
    town.readCharter()
    town.relay.append(...(await alice.change(group, {})).frames)
    await town.syncAll()
    await expect(alice.change(group, { note: old })).rejects.toMatchObject({ code: "bad_note" })
  })

  test("[N2.4] a commit under another member's tag is junk", async () => {
    const { town, parties, group } = await three()
    const mallory = await Mallory.of(parties[2], group)
    const leaf = parties[0].lane.leaves(group)[1]!.leaf
    town.relay.append(await mallory.frame((await mallory.commit({})).message, 0, { leaf }))
    await parties[0].sync()
    expect(parties[0].alarms()).toEqual(["junk"])
    expect(parties[0].of("changed")).toHaveLength(1)
  })

  test("[N4.5] another root at a size we have is a fork, and the relay's note is the proof", async () => {
    const { town, parties, group } = await three()
    const [alice] = parties
    const mallory = await Mallory.of(parties[2], group)
    const charterRoot = new Uint8Array(32).fill(1)
    const note = town.org.note(town.org.size, charterRoot)
    const { message } = await mallory.commit({ charterRoot, charterNote: note })
    town.relay.append(await mallory.frame(message, 0))
    await alice.sync()
    expect(alice.of("alarm")[0]?.alarm).toMatchObject({ kind: "fork", which: "charter", note })
    expect(alice.alarms()).toEqual(["fork", "junk"])
  })

  test("[N4.5] the note is not looked at when we have the size", async () => {
    const { town, parties, group } = await three()
    const [alice] = parties
    const mallory = await Mallory.of(parties[2], group)
    const { message } = await mallory.commit({ charterNote: "signed by a relay that has been replaced since" })
    town.relay.append(await mallory.frame(message, 0))
    await alice.sync()
    expect(alice.of("changed")).toHaveLength(2)
  })

  test("[N4.2] a commit that brings in a device which the pinned charter does not have is junk", async () => {
    const { town, parties, group } = await three()
    const [alice] = parties
    const before = town.org.size
    const dave = await town.join("dave")
    town.readCharter()
    const mallory = await Mallory.of(parties[2], group)
    const pinned = {
      charterSize: before,
      charterRoot: town.org.view().rootAt(before)!,
      charterNote: town.org.note(before),
    }
    const { message } = await mallory.commit(pinned, { add: [await dave.publish()] })
    town.relay.append(await mallory.frame(message, 0))
    await alice.sync()
    expect(alice.alarms()).toEqual(["junk"])
    expect(alice.lane.leaves(group)).toHaveLength(3)
  })

  test("[N4.2] a commit by a device that the pinned charter has removed is junk", async () => {
    const { town, parties, group } = await three()
    const [alice, , carol] = parties
    const mallory = await Mallory.of(carol, group)
    town.org.remove(carol.device)
    alice.charterSize = town.org.size
    const { size } = town.org
    const pin = { charterSize: size, charterRoot: town.org.view().rootAt(size)!, charterNote: town.org.note() }
    const { message } = await mallory.commit(pin, { roster: { admits: () => true } })
    town.relay.append(await mallory.frame(message, 0))
    await alice.sync()
    expect(alice.alarms()).toEqual(["junk"])
  })
})

describe("removal", () => {
  test("[N8.1] while a stranger is in the group nothing is sent; reconcile names what to do", async () => {
    const { town, parties, group } = await three()
    const [alice, bob, carol] = parties
    town.org.remove(carol.device)
    town.readCharter()
    await expect(alice.send(group, "secret")).rejects.toMatchObject({ code: "stranger_present" })
    await expect(alice.change(group, {})).rejects.toMatchObject({ code: "stranger_present" })
    const todo = await alice.lane.reconcile(group, [], 0)
    expect(todo).toEqual({ add: [], remove: [carol.device.identity.device] })
    expect(await carol.lane.reconcile(group, [], 0)).toBeNull()
    town.relay.append(...(await alice.change(group, { remove: [carol] })).frames)
    await town.syncAll()
    expect(carol.of("left")).toHaveLength(1)
    expect(carol.view(group)?.state).toBe("left")
    await alice.say(group, "among ourselves")
    await town.syncAll()
    expect([bob.heard(group), carol.heard(group)]).toEqual([["among ourselves"], []])
    await expect(carol.send(group, "x")).rejects.toMatchObject({ code: "not_open" })
    expect(await alice.lane.reconcile(group, [], 0)).toBeNull()
  })

  test("[N8.2] a change must not bring in or keep a stranger", async () => {
    const { town, parties, group } = await three()
    const [alice, bob] = parties
    const dave = await town.join("dave")
    town.readCharter()
    town.org.remove(dave.device)
    alice.charterSize = town.org.size
    await expect(alice.change(group, { add: [dave] })).rejects.toMatchObject({ code: "bad_key_package" })
    await expect(alice.change(group, { remove: [dave] })).rejects.toMatchObject({ code: "bad_change" })
    await expect(alice.change(group, { remove: [alice] })).rejects.toMatchObject({ code: "bad_change" })
    await expect(alice.change(group, { add: [bob] })).rejects.toMatchObject({ code: "bad_change" })
    const swapped = { ...(await bob.invitee()), device: dave.device.identity.device }
    const wanted = { add: [swapped], note: town.org.note(), now: 1_800_000_000 }
    await expect(alice.changeTo(group, wanted)).rejects.toMatchObject({ code: "bad_key_package" })
    await expect(alice.change(group, { note: "no note" })).rejects.toMatchObject({ code: "bad_note" })
  })

  test("[N5.4] a late message of someone who was removed since is not accepted", async () => {
    const { town, parties, group } = await three()
    const [alice, bob, carol] = parties
    const late = await carol.send(group, "too late")
    const lateButIn = await bob.send(group, "late, but in")
    town.relay.append(...(await alice.change(group, {})).frames)
    await town.syncAll()
    town.relay.append(...(await alice.change(group, { remove: [carol] })).frames)
    await town.syncAll()
    await alice.crash()
    town.relay.append(...late.frames, ...lateButIn.frames)
    await town.syncAll()
    expect(alice.heard(group)).toEqual(["late, but in"])
    expect(bob.heard(group)).toEqual(["late, but in"])
    expect(carol.of("late")).toMatchObject([{ localId: late.localId, why: "left" }])
    // An honest device's frame that came too late is nothing to be alarmed about.
    expect([...alice.alarms(), ...bob.alarms(), ...carol.alarms()]).toEqual([])
  })
})

describe("late messages", () => {
  async function lateBy(frames: number) {
    const { town, parties, group } = await three()
    const [alice, bob] = parties
    const out = await bob.send(group, "late")
    town.relay.append(...(await alice.change(group, {})).frames)
    for (let i = 1; i < frames; i++) town.relay.append(crypto.getRandomValues(new Uint8Array(512)))
    town.relay.append(...out.frames)
    await town.syncAll()
    return { alice, bob, group, out }
  }

  test("[N5.3] 256 frames after the commit is still in time", async () => {
    const { alice, bob, group } = await lateBy(256)
    expect([alice.heard(group), bob.heard(group)]).toEqual([["late"], ["late"]])
    expect(bob.of("late")).toEqual([])
  })

  test("[N5.3, N5.5] 257 is not, and the sender learns of it", async () => {
    const { alice, bob, group, out } = await lateBy(257)
    expect([alice.heard(group), bob.heard(group)]).toEqual([[], []])
    expect(bob.of("late")).toMatchObject([{ localId: out.localId, why: "epoch-over" }])
  })

  test("[N2.4] a message of a past epoch in a frame of the present one is junk: there is no way around the limit", async () => {
    const { town, parties, group } = await three()
    const [alice, , carol] = parties
    const before = await Mallory.of(carol, group)
    const message = await before.message("from the past")
    town.relay.append(...(await alice.change(group, {})).frames)
    await town.syncAll()
    const after = await Mallory.of(carol, group)
    town.relay.append(await after.frame(message, 0))
    await alice.sync()
    expect(alice.alarms()).toEqual(["junk"])
    expect(alice.heard(group)).toEqual([])
  })

  test.each([
    [4, ["late"]],
    [5, []],
  ])("[N5.3] %i epochs back", async (epochs, heard) => {
    const { town, parties, group } = await three()
    const [alice, bob, carol] = parties
    const out = await bob.send(group, "late")
    for (let i = 0; i < epochs; i++) {
      town.relay.append(...(await alice.change(group, {})).frames)
      await alice.sync()
    }
    town.relay.append(...out.frames)
    await town.syncAll()
    expect([alice.heard(group), bob.heard(group), carol.heard(group)]).toEqual([heard, heard, heard])
    expect(bob.of("late")).toHaveLength(1 - heard.length)
  })
})
