import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { decoderCases, expectRefusedOrSame, hostileBytes } from "./support/decoders.ts"
import { Mallory } from "./support/mallory.ts"
import { type Party, townWith } from "./support/party.ts"

describe.each(decoderCases)("$name", (decoder) => {
  test("reads what it writes", () => {
    expect(decoder.roundTrip(decoder.sound)).toEqual(decoder.sound)
  })

  test("[N1.3, N10.5] 1,000 hostile inputs are refused with a code, or are the one encoding of what they say", () => {
    fc.assert(
      fc.property(hostileBytes(decoder), (bytes) => expectRefusedOrSame(decoder, bytes)),
      { numRuns: 1_000 },
    )
  })
})

test("[N1.3] whatever a member seals under true tags, nobody stops and nobody differs", async () => {
  const { town, parties, group } = await townWith("alice", "bob", "mallory")
  const [alice, bob, third] = parties as [Party, Party, Party]
  const mallory = await Mallory.of(third, group)
  const sound = await mallory.message("sound")
  let counter = 0
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.nat(sound.length - 1), fc.nat(255)).map(([at, value]) => sound.with(at, value)),
  )
  const forged = fc.record({ body, leaf: fc.nat(3), kind: fc.constantFrom("message" as const, "part" as const) })
  await fc.assert(
    fc.asyncProperty(fc.array(forged, { maxLength: 5 }), async (list) => {
      for (const { body: bytes, leaf, kind } of list) {
        town.relay.append(await mallory.frame(bytes, counter++ >> 2, { leaf, kind }))
      }
      const before = alice.lane.next
      await alice.sync()
      expect(alice.lane.next).toBe(before + list.length)
    }),
    { numRuns: 60 },
  )
  await bob.sync()
  await bob.say(group, "still one group")
  await town.syncAll()
  expect(alice.heard(group)).toContain("still one group")
  expect(alice.view(group)?.epoch).toBe(bob.view(group)?.epoch)
  expect(alice.heard(group)).toEqual(bob.heard(group))
})
