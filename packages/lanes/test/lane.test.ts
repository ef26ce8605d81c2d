import { expect, test } from "vitest"
import { townWith } from "./support/party.ts"

test("two devices talk", async () => {
  const { town, parties, group } = await townWith("alice", "bob")
  const [alice, bob] = parties as [(typeof parties)[0], (typeof parties)[0]]
  expect(bob.of("joined")).toHaveLength(1)
  await alice.say(group, "hello")
  await bob.say(group, "hi")
  await town.syncAll()
  expect(alice.heard(group)).toEqual(["hello", "hi"])
  expect(bob.heard(group)).toEqual(["hello", "hi"])
  expect([...alice.alarms(), ...bob.alarms()]).toEqual([])
})
