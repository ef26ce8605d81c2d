import { until } from "@holdfast/testkit"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Desk, desk, pass } from "./desk.ts"

let it: Desk
beforeAll(async () => {
  it = await desk()
})
afterAll(() => it.world.close())

describe("many people at once", () => {
  test("[E5.16, E5.20] a list becomes invitations, their requests wait, and one act admits them", async () => {
    const { world, ana, ben, cem } = it
    const made = await ana.client.importPeople("Dora,Desk\nEve\n\ncem\nEve\nFay", { hours: 24 })
    expect(made.map(({ line, name, problem }) => [line, name, problem === undefined])).toEqual([
      [1, "Dora (Desk)", true],
      [2, "Eve", true],
      [4, "cem", false],
      [5, "Eve", false],
      [6, "Fay", true],
    ])
    const texts = made.flatMap(({ text }) => text ?? [])
    expect(texts).toHaveLength(3)
    const codes: string[] = []
    for (const [i, name] of ["dora", "eve", "fay"].entries()) {
      const player = await world.join(name, texts[i] as string)
      codes.push((await player.client.overview()).joinCode as string)
    }
    await until("ben knows all three", async () => (await ben.client.requests()).length === 3)
    // longer than a keeper waits before drafting somebody else's request
    await new Promise((resolve) => setTimeout(resolve, 8_000))
    expect((await ben.client.proposals()).filter(({ type }) => type === "member-add")).toEqual([])
    const requests = await ben.client.requests()
    expect(requests.map(({ name, joinCode }) => [name, joinCode])).toEqual(
      ["dora", "eve", "fay"].map((name, i) => [name, codes[i]]),
    )
    const [id, ...more] = await ben.client.proposeAdmissions(requests.map((one) => one.id))
    expect(more).toEqual([])
    await until("cem sees it", async () => (await cem.client.proposals()).some((one) => one.id === id))
    const shown = (await cem.client.proposals()).find((one) => one.id === id)
    expect(shown?.details).toEqual(["dora", "eve", "fay"].map((name, i) => `${name}: the code ${codes[i]}.`))
    await pass(id as string, ben, cem)
    await until("all are in", async () => (await ana.client.people()).filter(({ active }) => active).length === 6)
    expect(await ana.client.requests()).toEqual([])
    await expect(ben.client.proposeAdmissions(requests.map((one) => one.id))).rejects.toMatchObject({
      code: "not_allowed",
    })
  })

  test("[E5.16] several leave with one act, never oneself, nobody twice, and not nobody", async () => {
    const { ana, ben } = it
    const leaving = (await ana.client.people())
      .filter(({ name }) => name === "dora" || name === "eve")
      .map(({ member }) => member)
    for (const [list, code] of [
      [[], "malformed"],
      [[leaving[0] as string, leaving[0] as string], "malformed"],
      [[ana.member], "not_allowed"],
      [["00"], "malformed"],
    ] as const) {
      await expect(ana.client.proposeRemovals(list)).rejects.toMatchObject({ code })
    }
    const [id] = await ana.client.proposeRemovals(leaving)
    await pass(id as string, ana, ben)
    await until("four are left", async () => (await ben.client.people()).filter(({ active }) => active).length === 4)
  })

  test("[E5.16] an invitation that was used twice says so, and brings in one of the two", async () => {
    const { world, ana, ben, cem } = it
    const [gus] = await ana.client.importPeople("Gus", { hours: 24 })
    const [hal] = await ana.client.importPeople("Hal", { hours: 24 })
    for (const [name, invite] of [
      ["gus", gus],
      ["gus again", gus],
      ["hal", hal],
    ] as const) {
      await world.join(name, invite?.text as string)
    }
    await until("ben knows all three", async () => (await ben.client.requests()).length === 3)
    const requests = await ben.client.requests()
    const idOf = (wanted: string) => requests.find(({ name }) => name === wanted)?.id as string
    const [both] = await ben.client.proposeAdmissions([idOf("gus"), idOf("gus again")])
    const [right] = await ben.client.proposeAdmissions([idOf("gus"), idOf("hal")])
    await until("cem sees it", async () => (await cem.client.proposals()).some(({ id }) => id === right))
    const shown = await cem.client.proposals()
    const details = shown.find(({ id }) => id === right)?.details
    expect(details?.[0]).toMatch(/^gus: the code .*\. This invitation was used more than once: compare the code/)
    expect(details?.[1]).toMatch(/^hal: the code [0-9A-Z ]{14}\.$/)
    expect(shown.some(({ id }) => id === both)).toBe(false)
    await expect(cem.client.approve(both as string)).rejects.toMatchObject({ code: "not_allowed" })
  })
})
