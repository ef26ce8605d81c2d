import { beforeAll, describe, expect, test } from "vitest"
import { stateOf, toGroup } from "../src/group.ts"
import {
  decodeGroup,
  decodeGroupParts,
  encodeEpochPart,
  encodeGroup,
  encodeRatchetPart,
  encrypt,
  epochAuthenticator,
  type Group,
  inspect,
  pastEpochs,
  type Received,
  type Roster,
  receive,
  receiveAll,
  strangers,
} from "../src/index.ts"
import { maxForwardGenerations, maxSkippedKeys } from "../src/secret-tree.ts"
import { forge } from "./forge.ts"
import { anyone, commitAs, groupOf, people, text, utf8 } from "./people.ts"

const roster = anyone
const open = (group: Group, message: Uint8Array) => receive(group, message, { roster })
const why = (got: Received) => (got.kind === "ignored" ? got.why : got.kind)

let alice: Group
let bob: Group
let carol: Group

beforeAll(async () => {
  ;[alice, bob, carol] = (await groupOf(...(await people("alice", "bob", "carol")))) as [Group, Group, Group]
})

async function say(from: Group, ...lines: string[]): Promise<{ group: Group; messages: Uint8Array[] }> {
  const messages: Uint8Array[] = []
  let group = from
  for (const line of lines) {
    const sent = await encrypt(group, utf8(line))
    group = sent.group
    messages.push(sent.message)
  }
  return { group, messages }
}

describe("[M1.4] a group is a value", () => {
  test("two competing commits are tried on one state, and it stays as it was", async () => {
    const [one, two] = [await commitAs(alice, {}), await commitAs(carol, { remove: [0] })]
    const before = encodeGroup(bob)
    const [first, second] = [await open(bob, one.message), await open(bob, two.message)]
    expect(encodeGroup(bob)).toEqual(before)
    if (first.kind !== "advanced" || second.kind !== "advanced") throw new Error("not advanced")
    expect(epochAuthenticator(first.group)).toEqual(epochAuthenticator(one.pending))
    expect(epochAuthenticator(second.group)).toEqual(epochAuthenticator(two.pending))
    const again = await open(bob, one.message)
    expect(again.kind === "advanced" && epochAuthenticator(again.group)).toEqual(epochAuthenticator(one.pending))
  })
  test("committing, sending and receiving leave their input as it was, to the last secret", async () => {
    const before = [alice, bob, carol].map(encodeGroup)
    const sent = await encrypt(alice, utf8("x"))
    await commitAs(alice, { remove: [1] })
    await open(bob, sent.message)
    const late = await commitAs(carol, {})
    const moved = await open(bob, late.message)
    if (moved.kind !== "advanced") throw new Error(moved.kind)
    await open(moved.group, sent.message)
    expect([alice, bob, carol].map(encodeGroup)).toEqual(before)
    // And what came out of the state later still works on it.
    expect((await open(bob, sent.message)).kind).toBe("application")
  })
  test("printing a group shows no secret", () => {
    expect(JSON.stringify({ ...alice, epoch: Number(alice.epoch), id: 0 })).toBe(
      JSON.stringify({ id: 0, epoch: 1, ownLeaf: 0, memberCount: 3 }),
    )
  })
})

describe("[M6.4] messages that change nothing", () => {
  test("own: what we sent, and our own commit", async () => {
    const { group, messages } = await say(alice, "x")
    expect(why(await open(group, messages[0]!))).toBe("own")
    expect(why(await open(alice, (await commitAs(alice, {})).message))).toBe("own")
  })
  test("[M6.7] after a restore from an older state, our own message opens and moves our key on", async () => {
    const { group, messages } = await say(alice, "sent before the restore")
    const got = await open(alice, messages[0]!)
    if (got.kind !== "application") throw new Error(got.kind)
    expect(got.sender.leaf).toBe(alice.ownLeaf)
    expect(encodeGroup(got.group)).toEqual(encodeGroup(group))
  })
  test("other_group", async () => {
    const [other] = await groupOf(...(await people("alice", "bob")))
    expect(why(await open(bob, (await encrypt(other!, utf8("x"))).message))).toBe("other_group")
  })
  test("future_epoch and old_epoch", async () => {
    const made = await commitAs(alice, {})
    const moved = await open(bob, made.message)
    if (moved.kind !== "advanced") throw new Error(moved.kind)
    const later = await encrypt(made.pending, utf8("x"))
    expect(why(await open(carol, later.message))).toBe("future_epoch")
    expect(why(await open(moved.group, made.message))).toBe("old_epoch")
    expect(why(await open(moved.group, (await commitAs(carol, {})).message))).toBe("old_epoch")
  })
  test("replayed, in this epoch and in a past one", async () => {
    const { messages } = await say(alice, "x")
    const got = await open(bob, messages[0]!)
    if (got.kind !== "application") throw new Error(got.kind)
    expect(why(await open(got.group, messages[0]!))).toBe("replayed")
    const moved = await open(got.group, (await commitAs(carol, {})).message)
    if (moved.kind !== "advanced") throw new Error(moved.kind)
    expect(why(await open(moved.group, messages[0]!))).toBe("replayed")
  })
  test("malformed: cut short, one byte after the end, another wire format, a length that is too long", async () => {
    const { message } = await encrypt(alice, utf8("x"))
    const long = new Uint8Array(message.length + 1)
    long.set(message)
    const format = message.slice()
    format[3] = 1
    const loose = new Uint8Array(message.length + 1)
    loose.set(message.subarray(0, 4))
    loose.set([0x40, 32], 4)
    loose.set(message.subarray(5), 6)
    for (const bad of [message.subarray(0, -1), long, format, loose, new Uint8Array(), utf8("hello")]) {
      expect(why(await open(bob, bad))).toBe("malformed")
      expect(() => inspect(bad)).toThrow("malformed")
    }
  })
  test("invalid: any changed byte of the encrypted parts or what they authenticate", async () => {
    const { message } = await encrypt(alice, utf8("x"), utf8("authenticated"))
    const header = 4 + 33 + 8
    for (let i = header + 2; i < message.length; i += 7) {
      const changed = message.slice()
      changed[i]! ^= 1
      expect(["invalid", "malformed"]).toContain(why(await open(bob, changed)))
    }
  })
  test("not_admitted: the roster decides at the size it is given for", async () => {
    const nobody: Roster = { admits: () => false }
    const { message } = await commitAs(alice, {})
    expect(why(await receive(bob, message, { roster: nobody }))).toBe("not_admitted")
    await expect(commitAs(alice, { roster: nobody })).rejects.toThrow("not_admitted")
  })
})

describe("[M7.4] late messages", () => {
  test("open for four epochs, then no more; and survive being stored", async () => {
    const { messages } = await say(alice, "one", "two", "three", "four", "five")
    let [a, b] = [alice, bob]
    for (let epochs = 1; epochs <= pastEpochs + 1; epochs++) {
      const made = await commitAs(a, {})
      const moved = await open(b, made.message)
      if (moved.kind !== "advanced") throw new Error(moved.kind)
      a = made.pending
      b = await decodeGroup(encodeGroup(moved.group))
      const got = await open(b, messages[epochs - 1]!)
      if (epochs > pastEpochs) expect(why(got)).toBe("old_epoch")
      else {
        if (got.kind !== "application") throw new Error(why(got))
        expect(got.epoch).toBe(1n)
        expect(got.group.epoch).toBe(BigInt(1 + epochs))
        b = got.group
      }
    }
  })
  test("[M7.5] never from someone who was removed since", async () => {
    const { messages } = await say(carol, "x")
    const moved = await open(bob, (await commitAs(alice, { remove: [2] })).message)
    if (moved.kind !== "advanced") throw new Error(moved.kind)
    expect(why(await open(moved.group, messages[0]!))).toBe("removed_sender")
  })
})

describe("[M7.2] messages out of order", () => {
  test("each opens once", async () => {
    const { messages } = await say(alice, "0", "1", "2", "3", "4")
    let b = bob
    for (const i of [4, 1, 0, 3, 2]) {
      const got = await open(b, messages[i]!)
      if (got.kind !== "application") throw new Error(why(got))
      expect(text(got.plaintext)).toBe(String(i))
      b = await decodeGroup(encodeGroup(got.group))
    }
    for (const message of messages) expect(why(await open(b, message))).toBe("replayed")
  })
  test("keys that were passed over are kept up to a number", async () => {
    const count = maxSkippedKeys + 3
    const { messages } = await say(alice, ...Array.from({ length: count }, (_, i) => String(i)))
    const got = await open(bob, messages.at(-1)!)
    if (got.kind !== "application") throw new Error(got.kind)
    expect(why(await open(got.group, messages[1]!))).toBe("replayed")
    expect(why(await open(got.group, messages[2]!))).toBe("application")
  })
  test("[M7.3] a message too far ahead does not open", async () => {
    let a = alice
    for (let i = 0; i <= maxForwardGenerations; i++) a = (await encrypt(a, utf8(""))).group
    expect(why(await open(bob, (await encrypt(a, utf8("x"))).message))).toBe("invalid")
  }, 60_000)
})

describe("[M6.4] many messages at once give what they give one by one", () => {
  test("with commits, replays, other groups and forgeries among them", async () => {
    const [stranger] = await groupOf(...(await people("alice", "bob")))
    const first = await say(alice, ...Array.from({ length: 40 }, (_, i) => `a${i}`))
    const hers = await say(carol, "c0", "c1", "c2")
    const forged = await forge(carol, { proposals: [], path: undefined }, undefined, "application", 0)
    const made = await commitAs(first.group, { authenticatedData: utf8("pin") })
    const after = await say(made.pending, "later", "still")
    const foreign = (await encrypt(stranger!, utf8("x"))).message
    const messages = [
      forged,
      ...first.messages.slice(0, 5),
      hers.messages[2]!,
      first.messages[3]!,
      foreign,
      ...first.messages.slice(5),
      hers.messages[0]!,
      made.message,
      utf8("not a message"),
      ...after.messages,
      hers.messages[1]!,
    ]
    const oneByOne: Received[] = []
    let group = bob
    for (const message of messages) {
      const got = await open(group, message)
      if ("group" in got) group = got.group
      oneByOne.push(got)
    }
    const all = await receiveAll(bob, messages, () => ({ roster }))
    const plain = (got: Received) => ("group" in got ? { ...got, group: encodeGroup(got.group) } : got)
    expect(all.received.map(plain)).toEqual(oneByOne.map(plain))
    expect(encodeGroup(all.group)).toEqual(encodeGroup(group))
    expect(oneByOne.map(why).filter((kind) => kind !== "application")).toEqual([
      "invalid",
      "replayed",
      "other_group",
      "advanced",
      "malformed",
    ])
  })
  test("a forged signature in the middle leaves no trace", async () => {
    const { messages } = await say(alice, "0", "1", "2")
    const { liar, message } = await badlySigned(carol)
    const all = await receiveAll(bob, [messages[0]!, message, messages[1]!, liar], () => ({ roster }))
    expect(all.received.map(why)).toEqual(["application", "invalid", "application", "application"])
    let expected = bob
    for (const m of [messages[0]!, messages[1]!, liar]) {
      const got = await open(expected, m)
      if (got.kind === "application") expected = got.group
    }
    expect(encodeGroup(all.group)).toEqual(encodeGroup(expected))
  })
})

/** A message of carol's that decrypts but is signed with another key, and an honest one under the same message key. */
async function badlySigned(group: Group): Promise<{ message: Uint8Array; liar: Uint8Array }> {
  const state = stateOf(group)
  const other = toGroup({ ...state, signatureKey: new Uint8Array(32).fill(7) })
  return {
    message: (await encrypt(other, utf8("signed by nobody"))).message,
    liar: (await encrypt(group, utf8("ok"))).message,
  }
}

test("[M4.5] strangers are those the roster does not admit now", () => {
  const some: Roster = { admits: (leaf) => leaf.member[0] !== "c".charCodeAt(0) }
  expect(strangers(alice, some).map((member) => member.leaf)).toEqual([2])
  expect(strangers(alice, roster)).toEqual([])
})

describe("[M9.1] a group at rest", () => {
  test("comes back equal, and goes on", async () => {
    const { group } = await say(alice, "x")
    const back = await decodeGroup(encodeGroup(group))
    expect(encodeGroup(back)).toEqual(encodeGroup(group))
    expect(back).toEqual(group)
    const sent = await encrypt(back, utf8("y"))
    expect((await open(bob, sent.message)).kind).toBe("application")
    const made = await commitAs(back, { remove: [2] })
    expect((await open(bob, made.message)).kind).toBe("advanced")
  })
  test("a message changes only the ratchet part, which is small", async () => {
    const { group } = await say(alice, "x")
    expect(encodeEpochPart(group)).toEqual(encodeEpochPart(alice))
    expect(encodeRatchetPart(group)).not.toEqual(encodeRatchetPart(alice))
    expect(encodeRatchetPart(group).length).toBeLessThan(2_000)
    const back = await decodeGroupParts({ epochPart: encodeEpochPart(alice), ratchetPart: encodeRatchetPart(group) })
    expect(encodeGroup(back)).toEqual(encodeGroup(group))
  })
  test("parts of two epochs do not go together", async () => {
    const { pending } = await commitAs(alice, {})
    const parts = { epochPart: encodeEpochPart(pending), ratchetPart: encodeRatchetPart(alice) }
    await expect(decodeGroupParts(parts)).rejects.toThrow("malformed")
  })
  test("[M1.1] nothing after the end, no other version, nothing missing", async () => {
    const bytes = encodeGroup(alice)
    const long = new Uint8Array(bytes.length + 1)
    long.set(bytes)
    const version = bytes.slice()
    version[0] = 2
    for (const bad of [long, version, bytes.subarray(0, -1), new Uint8Array()]) {
      await expect(decodeGroup(bad)).rejects.toThrow("malformed")
    }
  })
  test("does not hold on to the buffer it was read from", async () => {
    const bytes = encodeGroup(alice)
    const back = await decodeGroup(bytes)
    bytes.fill(0)
    expect(encodeGroup(back)).toEqual(encodeGroup(alice))
  })
})
