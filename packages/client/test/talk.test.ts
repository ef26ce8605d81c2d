import { createWorld, org, until } from "@holdfast/testkit"
import { afterEach, expect, test } from "vitest"

let close: () => Promise<void> = async () => {}
afterEach(() => close())

test("[E5] found, invite, approve, talk", async () => {
  const world = await org("ana", "ben")
  close = world.close
  const [ana, ben] = world.players as [(typeof world.players)[0], (typeof world.players)[0]]
  const conversation = await ana.client.startConversation({ kind: "direct", title: "", members: [ben.member] })
  await ana.say(conversation, "hello ben")
  await ben.hears(conversation, ["hello ben"])
  await ben.say(conversation, "hello ana")
  await ana.hears(conversation, ["hello ben", "hello ana"])
  expect(ana.reports).toEqual([])
  expect(ben.reports).toEqual([])
  expect((await ana.client.overview()).alarms).toEqual([])
  expect((await ben.client.overview()).alarms).toEqual([])
})
