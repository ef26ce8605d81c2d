import { org, type Player, until, type World } from "@holdfast/testkit"
import { afterEach, expect, test } from "vitest"

let world: World
afterEach(() => world.close())

function countOf(list: readonly string[], text: string): number {
  return list.filter((one) => one === text).length
}

/** Every durable write and every message to the relay is a point at which the program may end. */
async function killAtEveryPoint(who: Player, other: Player, conversation: string, rounds: number): Promise<void> {
  const sure: string[] = []
  const perhaps: string[] = []
  let kills = 0
  for (let n = 1; n <= rounds; n++) {
    const killed = who.machine.killBefore(n)
    const mine = `${who.name} ${n}`
    const theirs = `${other.name} ${n}`
    await who.say(conversation, mine).then(
      () => sure.push(mine),
      () => perhaps.push(mine),
    )
    await other.say(conversation, theirs)
    sure.push(theirs)
    const wasKilled = await Promise.race([
      killed.then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_500)),
    ])
    if (wasKilled) kills += 1
    else who.machine.kill()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await who.startAgain()
  }
  for (const player of [who, other]) {
    await until(
      `${player.name} has all of it`,
      async () => {
        const heard = await player.heard(conversation)
        return sure.every((text) => heard.includes(text))
      },
      30_000,
    )
    const heard = await player.heard(conversation)
    for (const text of sure) expect([text, countOf(heard, text)]).toEqual([text, 1])
    for (const text of perhaps) expect(countOf(heard, text)).toBeLessThanOrEqual(1)
    expect((await player.client.overview()).alarms).toEqual([])
  }
  expect(await who.heard(conversation)).toEqual(await other.heard(conversation))
  expect(kills).toBeGreaterThan(rounds / 2)
}

test("[E3.5] a sender killed at any write or message: what it was told is kept arrives exactly once", async () => {
  const story = await org("ana", "ben")
  world = story
  const [ana, ben] = story.players as [Player, Player]
  const conversation = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
  await ana.say(conversation, "hello")
  await ben.hears(conversation, ["hello"])
  await killAtEveryPoint(ben, ana, conversation, 24)
}, 180_000)

test("[E3.5] lost answers and broken connections double nothing", async () => {
  const story = await org("ana", "ben")
  world = story
  const [ana, ben] = story.players as [Player, Player]
  const conversation = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
  await ana.say(conversation, "hello")
  await ben.hears(conversation, ["hello"])
  const texts: string[] = ["hello"]
  for (let i = 0; i < 6; i++) {
    // the relay has stored the frame, but its answer and the frame itself never come back
    ana.machine.network.keepReplies(({ op }) => op.kind !== "appended" && op.kind !== "frames")
    texts.push(`again ${i}`)
    await ana.say(conversation, `again ${i}`)
    await ben.hears(conversation, texts)
    ana.machine.network.keepReplies(() => true)
    ana.machine.network.dropConnections()
    await ana.hears(conversation, texts)
  }
  expect((await ben.client.overview()).alarms).toEqual([])
}, 60_000)
