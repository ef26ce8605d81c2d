import { decodeGroupParts } from "@holdfast/mls"
import { org, type Player, until, type World } from "@holdfast/testkit"
import { afterEach, describe, expect, test } from "vitest"

let world: World
afterEach(() => world.close())

/** Spoils the private keys that a device has of a group's tree: what a malicious committer's wrong path does to it. */
async function spoilPrivateKeys(player: Player, group: string): Promise<void> {
  const db = player.machine.databases.inspect(player.client.vault)
  const read = (table: string) =>
    new Uint8Array(
      (db.prepare("SELECT value FROM lane WHERE tbl = ? AND key = ?").get(table, group) as { value: Uint8Array }).value,
    )
  const [epochPart, ratchetPart] = [read("epoch"), read("ratchet")]
  const { ownLeaf } = await decodeGroupParts({ epochPart, ratchetPart })
  let spoilt = 0
  // own leaf as u32 ‖ length of a list ‖ entries of u32 node ‖ 32 ‖ key
  for (let at = 0; at + 42 < epochPart.length; at++) {
    const bytes = (i: number) => epochPart[at + i] as number
    if (bytes(0) !== 0 || bytes(1) !== 0 || bytes(2) !== 0 || bytes(3) !== ownLeaf) continue
    const isShort = bytes(4) < 64
    const length = isShort ? bytes(4) : ((bytes(4) & 0x3f) << 8) | bytes(5)
    const start = at + (isShort ? 5 : 6)
    if (length === 0 || length % 37 !== 0 || epochPart[start + 4] !== 32) continue
    for (let entry = start; entry < start + length; entry += 37, spoilt++) epochPart.fill(7, entry + 5, entry + 37)
    break
  }
  expect(spoilt).toBeGreaterThan(0)
  db.prepare("UPDATE lane SET value = ? WHERE tbl = 'epoch' AND key = ?").run(epochPart, group)
}

describe("re-entry", () => {
  test("[E3.10] who cannot follow a conversation any more says so, is let in again, and sends what waited", async () => {
    const story = await org("ana", "ben", "cem", "dora")
    world = story
    const [ana, ben, cem, dora] = story.players as [Player, Player, Player, Player]
    const group = await ana.client.startConversation({
      kind: "group",
      title: "Desk",
      members: [ben.member, cem.member],
    })
    await ana.say(group, "before")
    for (const player of [ben, cem]) await player.hears(group, ["before"])

    await ben.client.close()
    await spoilPrivateKeys(ben, group)
    await ben.startAgain()
    ben.machine.network.cut()
    await ben.say(group, "on its way")
    await ana.client.addToConversation(group, [dora.member])
    await until("dora is in", async () => (await dora.client.conversations()).some(({ id }) => id === group))
    ben.machine.network.heal()
    await until("ben is told", async () =>
      (await ben.client.overview()).alarms.some(({ kind }) => kind === "broken_conversation"),
    )
    await until(
      "ben is back",
      async () => (await ben.client.conversations()).find(({ id }) => id === group)?.state === "open",
      40_000,
    )
    await until("it went out", async () => (await ana.heard(group)).includes("on its way"), 40_000)
    await ana.say(group, "welcome back")
    await until("ben hears again", async () => (await ben.heard(group)).includes("welcome back"))
    expect((await cem.heard(group)).filter((text) => text === "on its way")).toHaveLength(1)
  }, 120_000)
})

test("[E4.3] newcomers are told who is who by somebody else when the one who added them is gone", async () => {
  const story = await org("ana", "ben")
  world = story
  const [ana, ben] = story.players as [Player, Player]
  const invite = await ana.client.createInvite({ purpose: "member", name: "cem", hours: 1 })
  const cem = await world.join("cem", invite.text as string)
  await until("asked", async () => (await ana.client.proposals()).length === 1)
  // of what ana's program sends from here on, the approval, the commit and the letter get through, and nothing more
  let appends = 0
  ana.machine.network.keepRequests(({ op }) => op.kind !== "append" || ++appends <= 3)
  ben.machine.network.cut()
  await ana.client.approve((await ana.client.proposals())[0]?.id as string)
  await until("cem is in", async () => (await cem.client.conversations()).length === 1)
  const knowsBen = async () => (await cem.client.people()).some(({ name }) => name === "ben")
  ben.machine.network.heal()
  await until("ben sees cem", async () => (await ben.client.readers(await ben.everyone())).length === 3, 40_000)
  expect(await knowsBen()).toBe(false)
  ben.machine.advance(45_000)
  ben.machine.network.dropConnections()
  await until("ben tells", knowsBen, 40_000)
  expect(appends).toBeGreaterThan(3)
}, 120_000)
