import { hex } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { Mallory } from "./support/mallory.ts"
import { type Party, townWith } from "./support/party.ts"

async function three() {
  const { town, parties, group } = await townWith("alice", "bob", "mallory")
  const [alice, bob, third] = parties as [Party, Party, Party]
  return { town, alice, bob, group, third, mallory: await Mallory.of(third, group) }
}
const sayAs = async (mallory: Mallory, view: Parameters<Mallory["view"]>[0], counter = 0) =>
  mallory.frame(await mallory.message("x", { ...view, counter }), counter)

describe("what senders say they have seen", () => {
  test("[N4.1] every message says it", async () => {
    const { town, alice, bob, group } = await three()
    const [size, root] = [bob.lane.size, bob.lane.rootAt(bob.lane.size)!]
    await bob.say(group, "hello")
    await alice.sync()
    const { claim } = alice.of("message")[0]!
    expect(claim).toMatchObject({ charterSize: town.org.size, laneSize: size })
    expect([hex(claim.charterRoot), hex(claim.laneRoot16)]).toEqual([
      hex(town.org.view().rootAt(town.org.size)!),
      hex(root.subarray(0, 16)),
    ])
  })

  test("[N9.3] another root of the lane is a fork", async () => {
    const { town, alice, mallory, group } = await three()
    town.relay.append(await sayAs(mallory, { laneRoot16: new Uint8Array(16) }))
    await alice.sync()
    const ours = alice.lane.rootAt(mallory.view().laneSize!)
    expect(alice.of("alarm")).toMatchObject([{ alarm: { kind: "fork", which: "lane", ours, conversation: group } }])
    expect(alice.heard(group)).toEqual(["x"])
  })

  test("[N9.3] a size above the message's own place is a fork: the lane was cut back", async () => {
    const { town, alice, mallory } = await three()
    const at = town.relay.frames.length
    town.relay.append(await sayAs(mallory, { laneSize: at + 1 }))
    await alice.sync()
    expect(alice.of("alarm")).toMatchObject([{ alarm: { kind: "fork", which: "lane", ours: new Uint8Array() } }])
  })

  test("[N9.4] another root of the charter is a fork, at once or when we get there", async () => {
    const { town, alice, mallory } = await three()
    const { size } = town.org
    town.relay.append(await sayAs(mallory, { charterRoot: new Uint8Array(32) }))
    await alice.sync()
    expect(alice.of("alarm")).toMatchObject([{ alarm: { kind: "fork", which: "charter" } }])
    town.relay.append(await sayAs(mallory, { charterSize: size + 1, charterRoot: new Uint8Array(32) }, 1))
    await alice.sync()
    expect(alice.of("alarm")).toHaveLength(1)
    expect(await alice.lane.checkClaims()).toEqual([])
    await town.org.enrol(alice.device.identity.member)
    await alice.crash()
    alice.charterSize = town.org.size
    expect(await alice.lane.checkClaims()).toMatchObject([
      { alarm: { kind: "fork", which: "charter", claim: { charterSize: size + 1 } } },
    ])
    alice.flush()
    expect(await alice.lane.checkClaims()).toEqual([])
  })

  test("[N9.4] of each device the newest waiting claim is kept", async () => {
    const { town, alice, mallory } = await three()
    const { size } = town.org
    const view = (ahead: number, fill: number) => ({
      charterSize: size + ahead,
      charterRoot: new Uint8Array(32).fill(fill),
    })
    town.relay.append(
      await sayAs(mallory, view(1, 1)),
      await sayAs(mallory, view(2, 2), 1),
      await sayAs(mallory, view(1, 3), 2),
    )
    await alice.sync()
    expect(alice.lane.claimsAhead()).toMatchObject([{ charterSize: size + 2 }])
    for (let i = 0; i < 2; i++) await town.org.enrol(alice.device.identity.member)
    alice.charterSize = town.org.size
    const events = await alice.lane.checkClaims()
    expect(events).toMatchObject([{ alarm: { claim: view(2, 2) } }])
    expect(alice.lane.claimsAhead()).toEqual([])
  })

  test("[N9.4] a true claim ahead of us is no alarm, and holds nothing up", async () => {
    const { town, alice, bob, group } = await three()
    await town.org.enrol(alice.device.identity.member)
    bob.charterSize = town.org.size
    await bob.say(group, "ahead")
    await alice.sync()
    expect(alice.heard(group)).toEqual(["ahead"])
    alice.charterSize = town.org.size
    expect(await alice.lane.checkClaims()).toEqual([])
    expect(alice.alarms()).toEqual([])
  })
})

describe("a relay that does not keep to the lane", () => {
  const tricks: [string, (frames: Uint8Array[]) => void][] = [
    ["drops a frame", (frames) => frames.splice(-2, 1)],
    ["puts two in another order", (frames) => frames.splice(-2, 0, frames.pop()!)],
    ["doubles a frame", (frames) => frames.splice(-2, 0, frames.at(-2)!)],
    ["puts another in", (frames) => frames.splice(-1, 0, new Uint8Array(512))],
  ]

  test.each(tricks)("[N9.2] %s: what does not lead to the signed head is not applied", async (_, trick) => {
    const { town, alice, bob, group } = await three()
    for (let i = 0; i < 4; i++) await bob.say(group, `${i}`)
    await bob.sync()
    const size = bob.lane.size
    const head = { size, root: bob.lane.rootAt(size)! }
    const shown = town.relay.frames.slice(alice.lane.next)
    trick(shown)
    while (alice.lane.next + shown.length < size) shown.push(new Uint8Array(512))
    const before = alice.lane.next
    const events = await alice.lane.receive(before, shown, { head })
    expect(events).toMatchObject([{ alarm: { kind: "wrong-root", size } }])
    expect(alice.lane.next).toBe(before)
    await alice.lane.receive(before, town.relay.frames.slice(before), { head })
    alice.flush()
    expect(alice.lane.next).toBe(size)
    expect(hex(alice.lane.rootAt(size)!)).toBe(hex(head.root))
  })

  test.each(tricks)("[N9.3] %s for one client alone: the next message between the two tells", async (_, trick) => {
    const { town, alice, bob, group } = await three()
    for (let i = 0; i < 4; i++) await bob.say(group, `${i}`)
    await bob.sync()
    const shown = [...town.relay.frames]
    trick(shown)
    alice.relay.frames.splice(0, Number.POSITIVE_INFINITY, ...shown)
    await alice.sync()
    alice.relay.frames.push(new Uint8Array(512), new Uint8Array(512))
    const { frames } = await bob.send(group, "have you seen what I have?")
    alice.relay.frames.push(...frames)
    await alice.sync()
    expect(alice.alarms()).toContain("fork")
  })

  test("[N1.1] frames read before must be the same when they come again", async () => {
    const { town, alice, bob, group } = await three()
    await bob.say(group, "one")
    await alice.sync()
    await bob.say(group, "two")
    const from = alice.lane.next - 1
    await alice.lane.receive(from, town.relay.frames.slice(from))
    alice.flush()
    expect(alice.lane.next).toBe(town.relay.frames.length)
    const other = [new Uint8Array(512), ...town.relay.frames.slice(from + 1)]
    expect(await alice.lane.receive(from, other)).toMatchObject([{ alarm: { kind: "rewritten", index: from } }])
    await expect(alice.lane.receive(alice.lane.next + 1, [])).rejects.toMatchObject({ code: "out_of_order" })
  })
})
