import { approveNext, createWorld, org, type Player, until, type World } from "@holdfast/testkit"
import { afterEach, describe, expect, test } from "vitest"

let world: World
let all: Player[] = []
afterEach(async () => {
  const reports = all.flatMap(({ reports }) => reports)
  all = []
  await world.close()
  expect(reports).toEqual([])
})

/** Ana founds with Ben and Cem as keepers-to-be, two of three; both have joined, the rules are not in force yet. */
async function threeKeepers(): Promise<[Player, Player, Player]> {
  world = await createWorld()
  const ana = await world.found("ana", { keepers: ["Ben", "Cem"], needed: 2 })
  all.push(ana)
  const invites = await ana.client.invites()
  expect(invites.map(({ name, purpose, state }) => ({ name, purpose, state }))).toEqual([
    { name: "Ben", purpose: "keeper", state: "open" },
    { name: "Cem", purpose: "keeper", state: "open" },
  ])
  expect((await ana.client.overview()).keeperPlan).toEqual({
    needed: 2,
    people: [
      { name: "ana", member: ana.member, state: "you" },
      { name: "Ben", state: "invited" },
      { name: "Cem", state: "invited" },
    ],
    asksMe: false,
  })
  const joined: Player[] = []
  for (const [i, name] of ["ben", "cem"].entries()) {
    const player = await world.join(name, invites[i]?.text as string)
    all.push(player)
    joined.push(player)
    await approveNext(ana.client)
    await until(`${name} is in`, async () => (await player.client.conversations()).length === 1)
  }
  return [ana, ...joined] as [Player, Player, Player]
}

const isRules = ({ sentence }: { sentence: string }) => sentence.startsWith("Change the rules")

async function withRules(): Promise<[Player, Player, Player]> {
  const three = await threeKeepers()
  for (const player of three) {
    await until(`${player.name} sees the rules`, async () => (await player.client.proposals()).some(isRules))
  }
  await approveNext(three[0].client)
  await approveNext(three[1].client)
  for (const player of three) {
    await until(`${player.name} has the rules`, async () => (await player.client.overview()).keepers.total === 3)
  }
  return three
}

describe("from one keeper to three", () => {
  test("[E5.10] the keepers of the founding form become keepers under old and new rules, and the evaluation ends", async () => {
    const three = await threeKeepers()
    const [ana, ben] = three
    for (const player of three) {
      await until(`${player.name} sees the rules`, async () => (await player.client.proposals()).some(isRules))
    }
    const [shown] = (await ben.client.proposals()).filter(isRules)
    expect(shown).toMatchObject({ mine: "can-approve", needed: 2, approvedBy: [] })
    expect(shown?.details.map((line) => line.replace(/ \(key .{19}\)/, "")).toSorted()).toEqual(
      [
        ...["ben", "cem"].map((name) => `Compared with now: gains a seat: ${name}.`),
        "Compared with now: every act: 1 of 1 keepers → 2 of 3 keepers.",
      ].toSorted(),
    )
    expect(shown?.sentence).toContain("2 of 3 keepers")
    expect((await ben.client.overview()).keepers).toMatchObject({ total: 1, needed: 1, names: ["ana"] })

    await ana.client.approve(shown?.id as string)
    await until("one of two", async () => (await ben.client.proposals())[0]?.approvedBy.length === 1)
    expect((await ana.client.overview()).organisation.evaluation).toBe(true)
    await ben.client.approve(shown?.id as string)
    for (const player of three) {
      await until(`${player.name}: rules`, async () => !(await player.client.overview()).organisation.evaluation)
      const overview = await player.client.overview()
      expect(overview.keepers).toMatchObject({ total: 3, needed: 2 })
      expect([...overview.keepers.names].sort()).toEqual(["ana", "ben", "cem"])
      expect(overview.keeperPlan).toBeUndefined()
      expect(overview.me.keeper).toBe(true)
      expect(overview.alarms).toEqual([])
    }
  })

  test("[E5.7] with two of three nothing happens before the second approval", async () => {
    const [ana, ben, cem] = await withRules()
    const invite = await cem.client.createInvite({ purpose: "member", name: "Dora", hours: 1 })
    const dora = await world.join("dora", invite.text as string)
    all.push(dora)
    const size = (await ana.client.timeline()).length
    const code = (await dora.client.overview()).joinCode
    for (const player of [ana, ben, cem]) {
      await until(`${player.name} sees it`, async () => (await player.client.proposals()).length === 1)
      expect((await player.client.proposals())[0]).toMatchObject({ mine: "can-approve", needed: 2, joinCode: code })
      expect((await player.client.overview()).decisions).toBe(1)
    }
    await ben.client.approve((await ben.client.proposals())[0]?.id as string)
    await until("ana sees one", async () => (await ana.client.proposals())[0]?.approvedBy.join() === "ben")
    // longer than anybody waits before sealing what is complete
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect((await ana.client.timeline()).length).toBe(size)
    expect((await dora.client.overview()).standing).toBe("waiting")

    await cem.client.decline((await cem.client.proposals())[0]?.id as string)
    await until("declined", async () => (await ana.client.proposals())[0]?.declinedBy.join() === "cem")
    await ana.client.approve((await ana.client.proposals())[0]?.id as string)
    await until("dora is in", async () => (await dora.client.conversations()).length === 1)
    expect((await dora.client.timeline()).at(-1)).toMatchObject({ type: "member-add", outcome: "applied" })
    await until("dora has been told who they are", async () => {
      const { approvedBy } = (await dora.client.timeline()).at(-1) as { approvedBy: readonly string[] }
      return [...approvedBy].sort().join() === "ana,ben"
    })
  })

  test("[E5.13] an approval that comes from somebody else is told to whoever is looking", async () => {
    const [ana, ben, cem] = await threeKeepers()
    await until("ana and cem see the rules", async () => {
      const seen = await Promise.all([ana, cem].map(async ({ client }) => (await client.proposals()).some(isRules)))
      return seen.every(Boolean)
    })
    const shown: string[] = []
    const stop = ana.client.subscribe(({ topic }) => {
      if (topic !== "proposals") return
      void ana.client.proposals().then((open) => shown.push(...open.filter(isRules).flatMap((it) => it.approvedBy)))
    })
    await approveNext(cem.client)
    await until("ana is told of cem's", async () => shown.includes("cem"))
    stop()
    await until("ben sees it too", async () => (await ben.client.proposals())[0]?.approvedBy.includes("cem") === true)
  })

  test("[E5.7] whoever sees enough approvals seals them, also when the last approver is gone at once", async () => {
    const [ana, ben, cem] = await withRules()
    const proposal = await ana.client.proposeRemoveMember(ben.member)
    await ana.client.approve(proposal)
    await until("cem sees one", async () => (await cem.client.proposals())[0]?.approvedBy.length === 1)
    // cem's approval reaches the lane, but cem's own attempt to seal does not reach the relay
    cem.machine.network.keepRequests(({ op }) => op.kind !== "appendCharter")
    await cem.client.approve(proposal)
    await until("ana seals", async () =>
      (await ana.client.people()).some(({ name, active }) => name === "ben" && !active),
    )
    expect((await ana.client.overview()).alarms.map(({ kind }) => kind)).toEqual(["keeper_without_member"])
  })
})

describe("an evaluation organisation that grows up later", () => {
  test("[E5.9] members are asked, accept, and the rules change", async () => {
    const story = await org("ana", "ben", "cem")
    world = story
    all.push(...story.players)
    const [ana, ben, cem] = story.players as [Player, Player, Player]
    await expect(ben.client.planKeepers({ members: [cem.member, ana.member], needed: 2 })).rejects.toMatchObject({
      code: "not_allowed",
    })
    await expect(ana.client.planKeepers({ members: [ben.member], needed: 2 })).rejects.toMatchObject({
      code: "not_allowed",
    })
    await ana.client.planKeepers({ members: [ben.member, cem.member], needed: 2 })
    for (const player of [ben, cem]) {
      await until("asked", async () => (await player.client.overview()).keeperPlan?.asksMe === true)
      await player.client.acceptKeeper()
      expect((await player.client.overview()).keeperPlan?.asksMe).toBe(false)
    }
    await until("drafted", async () => (await ana.client.proposals()).some(isRules))
    await approveNext(ana.client)
    await approveNext(cem.client)
    await until("in force", async () => (await ben.client.overview()).keepers.total === 3)
    expect((await ben.client.overview()).organisation.evaluation).toBe(false)
  })
})

describe("numbers that cannot be", () => {
  test.each([
    [["Ben"], 2],
    [["Ben", "Cem"], 1],
    [["Ben", "Cem"], 3],
    [["Ben", "Cem", "Dora"], 2],
  ])("[E5.10] refuses keepers %j with %i needed, and leaves nothing behind", async (keepers, needed) => {
    world = await createWorld()
    await expect(world.found("ana", { keepers, needed })).rejects.toMatchObject({ code: "malformed" })
  })
})
