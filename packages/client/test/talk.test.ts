import { admit, approveNext, org, type Player, until, type World } from "@holdfast/testkit"
import { afterEach, describe, expect, test } from "vitest"

let world: World & { readonly players: readonly Player[] }
afterEach(async () => {
  const reports = world.players.flatMap(({ reports }) => reports)
  await world.close()
  expect(reports).toEqual([])
})

async function players(...names: readonly string[]): Promise<Player[]> {
  world = await org(...names)
  return [...world.players]
}

function is(
  player: Player,
  conversation: string,
  what: string,
  holds: (c: { members: readonly string[]; title: string; state: string }) => boolean,
) {
  return until(`${player.name}: ${what}`, async () => {
    const found = (await player.client.conversations()).find(({ id }) => id === conversation)
    return found !== undefined && holds(found)
  })
}

describe("two people", () => {
  test("[E3.1, E5.7] found, invite, approve, talk both ways, without one alarm", async () => {
    const [ana, ben] = (await players("ana", "ben")) as [Player, Player]
    const conversation = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
    await ana.say(conversation, "hello ben")
    await ben.hears(conversation, ["hello ben"])
    await ben.say(conversation, "hello ana")
    await ana.hears(conversation, ["hello ben", "hello ana"])
    expect((await ana.client.overview()).alarms).toEqual([])
    expect((await ben.client.overview()).alarms).toEqual([])
  })

  test("[E3.2] a direct conversation with the same person is the same one, from either side", async () => {
    const [ana, ben] = (await players("ana", "ben")) as [Player, Player]
    const first = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
    const second = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
    expect(second).toBe(first)
    await ana.say(first, "hi")
    await ben.hears(first, ["hi"])
    expect(await ben.client.startConversation({ kind: "direct", title: "", members: [ana.member] })).toBe(first)
    const [shown] = (await ben.client.conversations()).filter(({ kind }) => kind === "direct")
    expect(shown).toMatchObject({ title: "ana", members: [ana.member, ben.member].sort(), unread: 1, state: "open" })
    await ben.client.markRead(first)
    expect((await ben.client.overview()).unread).toBe(0)
  })

  test("[E4.1] names come from people and fit their commitments; both see who reads and by which act", async () => {
    const [ana, ben] = (await players("ana", "ben")) as [Player, Player]
    await until("ben knows ana", async () => (await ben.client.people()).some(({ name }) => name === "ana"))
    expect((await ben.client.overview()).organisation).toMatchObject({ name: "Newsroom", evaluation: true })
    const readers = await ben.client.readers(await ben.everyone())
    expect(readers.map(({ name, inCharter, admittedAt }) => ({ name, inCharter, admittedAt }))).toEqual([
      { name: "ana", inCharter: true, admittedAt: 0 },
      { name: "ben", inCharter: true, admittedAt: 1 },
    ])
    expect(readers[1]?.act).toContain("Add ben as a member with one device")
    expect(readers[1]?.device).toMatchObject({ label: "ben's laptop", you: true, active: true })
    const timeline = await ana.client.timeline()
    expect(timeline.map(({ type, outcome, approvedBy }) => ({ type, outcome, approvedBy }))).toEqual([
      { type: "genesis", outcome: "applied", approvedBy: ["ana"] },
      { type: "member-add", outcome: "applied", approvedBy: ["ana"] },
    ])
    expect((await ben.client.timeline()).map(({ code }) => code)).toEqual(timeline.map(({ code }) => code))
  })

  test("[E3.3] what is written while away waits here and arrives once, in order", async () => {
    const [ana, ben] = (await players("ana", "ben")) as [Player, Player]
    const conversation = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
    await ana.say(conversation, "one")
    await ben.hears(conversation, ["one"])
    ben.machine.network.cut()
    await ana.say(conversation, "two")
    await ben.say(conversation, "three")
    await ben.say(conversation, "four")
    expect((await ben.client.messages(conversation)).map(({ state }) => state).slice(-2)).toEqual([
      "waiting",
      "waiting",
    ])
    await ana.hears(conversation, ["one", "two"])
    ben.machine.network.heal()
    await ana.hears(conversation, ["one", "two", "three", "four"])
    await ben.hears(conversation, ["one", "two", "three", "four"])
  })

  test("[E1.2] everything is there after closing and unlocking again", async () => {
    const [ana, ben] = (await players("ana", "ben")) as [Player, Player]
    const conversation = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
    await ana.say(conversation, "before")
    await ben.hears(conversation, ["before"])
    await ana.restart()
    await ben.restart()
    expect(await ben.heard(conversation)).toEqual(["before"])
    await ben.say(conversation, "after")
    await ana.hears(conversation, ["before", "after"])
  })
})

describe("groups", () => {
  test("[E3.2] a group has a title that can change, and people who come and go", async () => {
    const [ana, ben, cem] = (await players("ana", "ben", "cem")) as [Player, Player, Player]
    const group = await ana.client.startConversation({ kind: "group", title: "Desk", members: [ben.member] })
    await ana.say(group, "only for ben")
    await ben.hears(group, ["only for ben"])
    await is(ben, group, "title", ({ title }) => title === "Desk")

    await ben.client.addToConversation(group, [cem.member])
    await is(cem, group, "in", ({ title }) => title === "Desk")
    await ana.say(group, "for all")
    await cem.hears(group, ["for all"])
    await cem.client.renameConversation(group, "Night desk")
    await is(ana, group, "new title", ({ title }) => title === "Night desk")

    await ana.client.removeFromConversation(group, [ben.member])
    await is(ben, group, "left", ({ state }) => state === "left")
    await ana.say(group, "without ben")
    await cem.hears(group, ["for all", "without ben"])
    expect(await ben.heard(group)).toEqual(["only for ben", "for all"])
    await expect(ben.client.sendText(group, "still here?")).rejects.toMatchObject({ code: "not_allowed" })
    const events = (await ana.client.messages(group)).flatMap(({ body }) =>
      body.kind === "event" ? [body.sentence] : [],
    )
    expect(events).toEqual([
      "You added ben.",
      "Ben added cem.",
      "cem named this conversation “Night desk”.",
      "You removed ben.",
    ])
  })

  test("[E3.8, E5.8] a removed member is out of every conversation before anything more is said there", async () => {
    const [ana, ben, cem] = (await players("ana", "ben", "cem")) as [Player, Player, Player]
    const group = await ben.client.startConversation({
      kind: "group",
      title: "Desk",
      members: [ana.member, cem.member],
    })
    await ben.say(group, "with cem")
    await cem.hears(group, ["with cem"])
    await ana.hears(group, ["with cem"])

    const proposal = await ana.client.proposeRemoveMember(cem.member)
    await until("shown to ben", async () => (await ben.client.proposals()).some(({ id }) => id === proposal))
    const [shown] = await ben.client.proposals()
    expect(shown).toMatchObject({ sentence: "Remove cem and every device of theirs", mine: "not-a-keeper", needed: 1 })
    await ana.client.approve(proposal)
    await until("cem removed", async () => (await cem.client.overview()).standing === "removed")
    await ana.say(group, "without cem")
    await ben.hears(group, ["with cem", "without cem"])
    expect(await cem.heard(group)).toEqual(["with cem"])
    await is(ana, group, "two left", ({ members }) => members.length === 2)
    await expect(cem.client.sendText(group, "hello?")).rejects.toMatchObject({ code: "not_allowed" })
    expect((await ana.client.people()).find(({ name }) => name === "cem")).toMatchObject({
      active: false,
      removedAt: 3,
    })
    expect((await ana.client.overview()).alarms).toEqual([])
  })
})

describe("devices", () => {
  test("[E5.1, E5.8] a second device of one's own is approved, reads along from then on, and can be removed by oneself", async () => {
    const [ana, ben] = (await players("ana", "ben")) as [Player, Player]
    const direct = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
    await ana.say(direct, "first")
    await ben.hears(direct, ["first"])

    const invite = await ben.client.createInvite({ purpose: "device", name: "", hours: 1 })
    const phone = await world.join("ben", invite.text as string, { label: "ben's phone" })
    expect((await phone.client.overview()).standing).toBe("waiting")
    const code = (await phone.client.overview()).joinCode
    await until("request shown", async () => (await ben.client.proposals()).length === 1)
    expect((await ben.client.proposals())[0]).toMatchObject({ mine: "can-approve", joinCode: code })
    await approveNext(ben.client)
    await approveNext(ana.client)
    await until("in", async () => (await phone.client.conversations()).some(({ id }) => id === direct))
    await until("the phone knows its name", async () => (await phone.client.overview()).me.name === "ben")
    expect((await phone.client.overview()).me.member).toBe(ben.member)

    await ana.say(direct, "to both")
    await phone.hears(direct, ["to both"])
    await phone.say(direct, "from the phone")
    await ana.hears(direct, ["first", "to both", "from the phone"])
    await ben.hears(direct, ["first", "to both", "from the phone"])
    const own = (await ben.client.messages(direct)).at(-1)
    expect(own).toMatchObject({ from: ben.member, state: "sent" })

    const device = (await phone.client.overview()).me.device
    await ben.client.proposeRemoveDevice(device)
    await until("phone is out", async () => (await phone.client.overview()).standing === "removed")
    await ana.say(direct, "laptop only")
    await ben.hears(direct, ["first", "to both", "from the phone", "laptop only"])
    expect(await phone.heard(direct)).toEqual(["to both", "from the phone"])
    const person = (await ana.client.people()).find(({ member }) => member === ben.member)
    expect(person?.devices.map(({ label, active }) => ({ label, active }))).toEqual([
      { label: "ben's laptop", active: true },
      { label: "ben's phone", active: false },
    ])
  })

  test("[E5.3] an invitation waits over restarts of both sides, and works once", async () => {
    const [ana] = (await players("ana")) as [Player]
    const invite = await ana.client.createInvite({ purpose: "member", name: "Ben from Berlin", hours: 1 })
    await ana.restart()
    const ben = await world.join("ben", invite.text as string)
    await ben.restart()
    expect((await ben.client.overview()).standing).toBe("waiting")
    await until("asked", async () => (await ana.client.invites())[0]?.state === "asked")
    expect((await ana.client.proposals())[0]?.details.join(" ")).toContain(
      "ana made the invitation for “Ben from Berlin”.",
    )
    await ana.restart()
    await approveNext(ana.client)
    await until("in", async () => (await ben.client.conversations()).length === 1)
    await until("used", async () => (await ana.client.invites())[0]?.state === "used")
    expect((await ben.client.overview()).standing).toBe("active")
  })

  test("a name for a third person who joins later is known to all", async () => {
    const [ana, ben] = (await players("ana", "ben")) as [Player, Player]
    const cem = await admit(world, ana, "cem")
    for (const player of [ana, ben, cem]) {
      await until(`${player.name} knows all`, async () => {
        const names = (await player.client.people()).map(({ name }) => name)
        return ["ana", "ben", "cem"].every((name) => names.includes(name))
      })
    }
  })
})
