// What time brings about, and what is said of it: one organisation with three witnesses, over some weeks.
import { dead, until } from "@holdfast/testkit"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { alarmKinds, type Desk, desk, governed, pass, watch } from "./desk.ts"

const hour = 3_600_000
const day = 24 * hour

let it: Desk
beforeAll(async () => {
  it = await desk({ witnesses: 3 })
  await watch(it)
})
afterAll(() => it.world.close())

describe("a keeper who is suspended", () => {
  test("[E5.13, E5.17] is told, is not asked, and counts again when it is over", async () => {
    const { world, ana, ben, cem } = it
    const seat = (await ana.client.governance()).keepers.find(({ name }) => name === "cem")?.id as string
    await pass(await ana.client.proposeSuspension(seat, 7_200), ana, ben)
    await governed(cem, "suspended", ({ keepers }) =>
      keepers.some(({ you, suspended }) => you && suspended !== undefined),
    )
    await until("told", async () => (await alarmKinds(cem)).includes("own_record_changed"))
    const id = await ana.client.proposeCanary(31)
    await until("cem sees it", async () => (await cem.client.proposals()).some((one) => one.id === id))
    const shown = (await cem.client.proposals()).find((one) => one.id === id)
    expect(shown).toMatchObject({ mine: "not-a-keeper", approveWith: "nothing" })
    expect(shown?.details).toContain("You are suspended as a keeper; your approval would not count.")
    expect(shown?.missing?.keepers.toSorted()).toEqual(["ana", "ben"])
    await expect(cem.client.approve(id)).rejects.toMatchObject({ code: "not_allowed" })
    await governed(ana, "it runs", ({ keepers }) => keepers.some(({ suspended }) => suspended?.until !== undefined))
    world.clock.advance(2 * hour + 60_000)
    await governed(cem, "over", ({ keepers }) => keepers.every(({ suspended }) => suspended === undefined))
    expect((await cem.client.proposals()).find((one) => one.id === id)?.mine).toBe("can-approve")
    await pass(id, ana, cem)
  })
})

describe("the canary", () => {
  test("[E5.17] is an alarm when it lapses, until there is another", async () => {
    const { world, ana, ben, cem } = it
    await governed(ben, "has it", ({ canary }) => canary?.lapsed === false)
    await expect(ana.client.proposeCanary(100)).rejects.toMatchObject({ code: "malformed" })
    world.clock.advance(31 * day + hour)
    await until("told", async () => (await alarmKinds(ben)).includes("canary_lapsed"))
    expect((await ben.client.governance()).canary).toMatchObject({ lapsed: true })
    await governed(ana, "witnesses are back", ({ watch }) => watch.state === "fresh")
    await governed(cem, "witnesses are back", ({ watch }) => watch.state === "fresh")
    await pass(await ana.client.proposeCanary(92), ana, cem)
    await until("gone", async () => !(await alarmKinds(ben)).includes("canary_lapsed"))
  })
})

describe("a proposal that nobody decides", () => {
  test("[E5.14] is a reminder after a day, to those who have not answered", async () => {
    const { world, ana, ben, cem } = it
    const id = await ana.client.proposeRemoveMember(cem.member)
    await ana.client.approve(id)
    await until("ben sees it", async () => (await ben.client.proposals()).some((one) => one.id === id))
    expect((await ben.client.proposals())[0]?.reminder).toBeUndefined()
    expect(await alarmKinds(ben)).not.toContain("decision_due")
    world.clock.advance(day + hour)
    expect((await ben.client.proposals())[0]?.reminder).toBe("undecided")
    await until("reminded", async () => (await alarmKinds(ben)).includes("decision_due"))
    expect(await alarmKinds(ana)).not.toContain("decision_due")
    await ben.client.decline(id)
    world.clock.advance(hour)
    await until("answered", async () => !(await alarmKinds(ben)).includes("decision_due"))
    world.clock.advance(6 * day)
    await until("expired", async () =>
      (await ana.client.history()).some((one) => one.id === id && one.state === "expired"),
    )
  })
})

describe("witnesses that are gone", () => {
  test("[E10.5, E10.6] after a week nothing is approved, and nothing is sent to keys that nobody has vouched for", async () => {
    const { world, ana, ben, cem } = it
    await governed(ana, "fresh", ({ watch }) => watch.state === "fresh")
    await governed(ben, "fresh", ({ watch }) => watch.state === "fresh")
    const everyone = await ana.everyone()
    await ana.say(everyone, "before")
    await ben.hears(everyone, ["before"])
    for (const i of [0, 1]) world.witnesses.turn(i, dead)

    const invite = await ana.client.createInvite({ purpose: "member", name: "Dora", hours: 24 })
    const dora = await world.join("dora", invite.text as string)
    await until("asked", async () => (await ana.client.proposals()).some(({ type }) => type === "member-add"))
    const id = (await ana.client.proposals()).find(({ type }) => type === "member-add")?.id as string
    await pass(id, ana, ben)
    await until("dora is in", async () => (await dora.client.conversations()).length === 1)
    world.clock.advance(8 * day)
    await governed(ana, "frozen", ({ watch }) => watch.state === "frozen")
    await until("told", async () => (await alarmKinds(ana)).includes("frozen"))

    await ana.say(everyone, "held back")
    const removal = await ana.client.proposeRemoveMember(cem.member)
    await expect(ana.client.approve(removal)).rejects.toMatchObject({ code: "not_allowed" })
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(await ana.heard(everyone)).toEqual(["before"])

    for (const i of [0, 1]) world.witnesses.turn(i)
    world.clock.advance(2 * hour)
    await governed(ana, "fresh again", ({ watch }) => watch.state === "fresh", 60_000)
    expect(await alarmKinds(ana)).not.toContain("frozen")
    await ben.hears(everyone, ["before", "held back"])
    await dora.hears(everyone, ["held back"])
  })
})
