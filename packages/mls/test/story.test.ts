import { expect, test } from "vitest"
import {
  decodeGroup,
  encodeGroup,
  encrypt,
  epochAuthenticator,
  exporter,
  groupBinding,
  inspect,
  members,
  receive,
} from "../src/index.ts"
import { anyone, binding, commitAs, groupOf, joinWith, packageOf, people, text, utf8 } from "./people.ts"

const roster = anyone

test("alice founds a group, bob and carol join by one welcome, and all three talk", async () => {
  const [alice, bob, carol] = await people("alice", "bob", "carol")
  let [a, b, c] = await groupOf(alice!, bob!, carol!)
  expect([a!.epoch, b!.epoch, c!.epoch]).toEqual([1n, 1n, 1n])
  expect(epochAuthenticator(b!)).toEqual(epochAuthenticator(a!))
  expect(epochAuthenticator(c!)).toEqual(epochAuthenticator(a!))
  expect(groupBinding(c!)).toEqual(binding)
  expect(members(b!).map((m) => m.identity)).toEqual([alice, bob, carol].map((p) => p!.device.identity))
  for (const line of ["one", "two", "three"]) {
    const sent = await encrypt(a!, utf8(line), utf8("aad"))
    a = sent.group
    const atB = await receive(b!, sent.message, { roster })
    const atC = await receive(c!, sent.message, { roster })
    if (atB.kind !== "application" || atC.kind !== "application") throw new Error(JSON.stringify([atB, atC]))
    expect(text(atB.plaintext)).toBe(line)
    expect(text(atC.authenticatedData)).toBe("aad")
    expect(atB.sender.leaf).toBe(0)
    b = atB.group
    c = atC.group
  }
  expect(await exporter(c!, "label", utf8("x"), 40)).toEqual(await exporter(a!, "label", utf8("x"), 40))
})

test("a chain of commits by all of them keeps everyone in step", async () => {
  const [alice, bob, carol, dave] = await people("alice", "bob", "carol", "dave")
  let groups = await groupOf(alice!, bob!, carol!)
  for (let round = 0; round < 6; round++) {
    const by = round % groups.length
    const made = await commitAs(groups[by]!, { authenticatedData: utf8("pin") })
    expect(inspect(made.message).contentType).toBe("commit")
    const next = []
    for (const [i, g] of groups.entries()) {
      const got = await receive(g, made.message, { roster })
      if (i === by) {
        expect(got).toEqual({ kind: "ignored", why: "own" })
        next.push(made.pending)
      } else {
        if (got.kind !== "advanced") throw new Error(JSON.stringify(got))
        next.push(await decodeGroup(encodeGroup(got.group)))
      }
    }
    groups = next
    for (const g of groups) expect(epochAuthenticator(g)).toEqual(epochAuthenticator(groups[0]!))
  }
  const pair = await packageOf(dave!)
  const made = await commitAs(groups[1]!, { add: [pair.publicBytes], remove: [2] })
  const d = await joinWith(made, pair)
  const a = await receive(groups[0]!, made.message, { roster })
  const c = await receive(groups[2]!, made.message, { roster })
  if (a.kind !== "advanced") throw new Error(a.kind)
  expect(c.kind).toBe("removed")
  expect(epochAuthenticator(d)).toEqual(epochAuthenticator(a.group))
  const sent = await encrypt(d, utf8("hi"))
  expect((await receive(a.group, sent.message, { roster })).kind).toBe("application")
})
