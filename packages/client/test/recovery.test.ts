import { dead, until } from "@holdfast/testkit"
import { afterEach, describe, expect, test } from "vitest"
import { alarmKinds, type Desk, desk, governed, pass, rule, watch } from "./desk.ts"

let it: Desk
afterEach(() => it.world.close())

const wait = 2 * 86_400

/** Ben has lost his laptop; Ana invites him again, and a new device asks. */
async function lost() {
  it = await desk({ witnesses: 3 })
  await watch(it, { recover: rule(2, { delaySeconds: wait, vetoK: 2 }) })
  const { world, ana, ben, cem } = it
  await expect(ana.client.inviteToRecover(ana.member, 1)).rejects.toMatchObject({ code: "not_allowed" })
  const invite = await ana.client.inviteToRecover(ben.member, 24)
  expect(invite).toMatchObject({ purpose: "recovery", name: "ben" })
  const found = await world.join("", invite.text as string, { label: "new laptop" })
  expect(found.member).toBe(ben.member)
  await until("proposed", async () => (await cem.client.proposals()).some(({ type }) => type === "recover"))
  const [shown] = await cem.client.proposals()
  const code = (await found.client.overview()).joinCode
  expect(shown).toMatchObject({ type: "recover", joinCode: code, waitsSeconds: wait, vetoK: 2 })
  expect(shown?.details.join(" ")).toContain("says that they are ben and have lost every device")
  expect(shown?.details.join(" ")).toContain("Until then any device of ben can stop it")
  expect(await ana.client.requests()).toMatchObject([{ purpose: "recovery", name: "ben", joinCode: code }])
  await pass(shown?.id as string, ana, cem)
  return { found, recover: shown?.id as string }
}

describe("a member who has lost every device", () => {
  test("[E5.19] waits and sees until when; then the new device is in, and the others are out", async () => {
    const { found } = await lost()
    const { world, ana, ben } = it
    await ben.client.close()
    await until("it knows when", async () => (await found.client.overview()).recovery?.effectAt !== undefined)
    const { recovery, standing } = await found.client.overview()
    expect(standing).toBe("waiting")
    expect(recovery?.approved).toBe(true)
    expect(Math.abs((recovery?.effectAt as number) - world.clock.now() - wait * 1_000)).toBeLessThan(120_000)
    const talk = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
    world.clock.advance((wait + 60) * 1_000)
    await until("it is in", async () => (await found.client.overview()).standing === "active")
    expect((await found.client.overview()).recovery).toBeUndefined()
    await until("and in the conversations", async () => (await found.client.conversations()).length === 2)
    await ana.say(talk, "welcome back")
    await found.hears(talk, ["welcome back"])
    const readers = await ana.client.readers(talk)
    expect(readers.map(({ device }) => device.label).sort()).toEqual(["ana's laptop", "new laptop"])
    await ben.startAgain()
    await until("the old one is out", async () => (await ben.client.overview()).standing === "removed")
    // the key of the seat went with the old laptop: a new one takes its place
    const seat = (await ana.client.governance()).keepers.find(({ name }) => name === "ben")?.id as string
    await found.client.acceptKeeper()
    let id = ""
    await until("replaced", async () => {
      const by = { member: ben.member, organisation: "", jurisdiction: "" }
      id = await ana.client.proposeReplacement(seat, by).catch(() => "")
      return id !== ""
    })
    await pass(id, ana, it.cem)
    await governed(found, "is a keeper", ({ keepers }) => keepers.some(({ you, id }) => you && id !== seat))
  })

  test("[E5.15, E5.17, E5.19] who is there after all is told, and vetoes alone and at once", async () => {
    const { found, recover } = await lost()
    const { world, ana, ben } = it
    await until("ben is told", async () => (await alarmKinds(ben)).includes("own_record_changed"))
    const alarm = (await ben.client.overview()).alarms.find(({ kind }) => kind === "own_record_changed")
    expect(alarm).toMatchObject({ level: "danger" })
    expect(alarm?.sentence).toContain("It waits to take effect, and can still be stopped: Recover ben")
    await until("everybody is told that something waits", async () => (await alarmKinds(ana)).includes("act_waiting"))
    const [waiting] = (await ben.client.governance()).waiting
    expect(waiting).toMatchObject({ statement: recover, canVeto: "alone", aboutMe: true })
    await ben.client.veto(recover)
    await governed(ana, "nothing waits", ({ waiting }) => waiting.length === 0)
    await until("the notice is gone", async () => !(await alarmKinds(ana)).includes("act_waiting"))
    world.clock.advance((wait + 60) * 1_000)
    await governed(ana, "time has passed", ({ clock }) => (clock as number) > world.clock.now() - 3_600_000)
    expect((await found.client.overview()).standing).toBe("waiting")
    expect((await ben.client.overview()).standing).toBe("active")
    expect((await ana.client.proposals()).filter(({ type }) => type === "recover")).toEqual([])
  })

  test("[E10.6] who is kept in the past can still veto", async () => {
    const { recover } = await lost()
    const { world, ana, ben } = it
    await governed(ben, "knows", ({ waiting }) => waiting.length === 1)
    for (const i of [0, 1, 2]) world.witnesses.turn(i, dead)
    world.clock.advance(8 * 86_400_000)
    await governed(ben, "frozen", ({ watch }) => watch.state === "frozen")
    await ben.client.veto(recover)
    await governed(ana, "nothing waits", ({ waiting }) => waiting.length === 0)
  })
})
