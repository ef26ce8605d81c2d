// What a relay can see to be junk is refused with its reason, and nothing is stored.
import {
  append,
  approve,
  type CborMap,
  type CborValue,
  type Charter,
  decodeCbor,
  decodeEnvelope,
  decodeStatement,
  draft,
  encodeCbor,
  type LaterAct,
  type Statement,
  seal,
} from "@holdfast/charter"
import { clockOf, createManualTimers } from "@holdfast/testkit"
import { concatBytes, limits } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { bytesFrom, foundHarbour, memberAdd, person, relayIdentity } from "./harbour.ts"
import { type Stage, stage } from "./harness.ts"

const [dan, eve, fay] = await Promise.all(["dan", "eve", "fay"].map(person))
const notAfter = 1_900_000_000

interface Desk extends Stage {
  /** Through the relay; answers the index. */
  bring(envelope: Uint8Array): Promise<number>
  size(): Promise<number>
}

async function desk(deps: Parameters<typeof stage>[1] = {}): Promise<Desk> {
  const made = await stage({}, deps)
  const { caller } = await made.open(made.ana)
  return {
    ...made,
    async bring(bytes) {
      return (await caller.get({ kind: "appendCharter", value: { envelope: bytes } }, "charterAppended")).index
    },
    async size() {
      const lane = made.harbour.charterLane
      return (await caller.get({ kind: "subscribe", value: { lane, from: 0 } }, "subscribed")).size
    },
  }
}

let nonces = 0
const drafted = (charter: Charter, what: LaterAct, until = notAfter) =>
  draft(charter, { ...what, notAfter: until, nonce: bytesFrom(`entry ${nonces++}`, 16) })
const approvalsOf = ({ ana, ben }: Desk, statement: Statement) =>
  Promise.all([ana, ben].map(({ keeper }) => approve(statement, keeper)))
const sealed = async (it: Desk, statement: Statement) => seal(statement, await approvalsOf(it, statement))
/** The same statement with other fields, by their numbers (C1.4). */
const changed = (statement: Statement, ...fields: readonly (readonly [number, CborValue])[]) =>
  decodeStatement(
    encodeCbor(new Map([...(decodeCbor(statement.bytes) as CborMap), ...fields] as [number, CborValue][])),
  )
const adding = async (it: Desk, who = dan!) => drafted(it.harbour.charter, await memberAdd(it.harbour, who))
/** The charter as if this had been logged. */
const after = async (charter: Charter, envelope: Uint8Array) => (await append(charter, envelope)).charter

const junk: readonly (readonly [name: string, reason: string, make: (it: Desk) => Promise<Uint8Array>])[] = [
  ["bytes that are no envelope", "malformed", async () => new Uint8Array([1, 2, 3])],
  [
    "another encoding of the same",
    "malformed",
    // the head of the outermost list in two bytes instead of one
    async (it) => concatBytes(Uint8Array.of(0x98, 3), (await sealed(it, await adding(it))).subarray(1)),
  ],
  [
    "a byte after the end",
    "malformed",
    async (it) => concatBytes(await sealed(it, await adding(it)), Uint8Array.of(0)),
  ],
  [
    "a keeper who approves twice",
    "malformed",
    async (it) => {
      const [format, statement, [first]] = decodeCbor(await sealed(it, await adding(it))) as [
        1,
        Uint8Array,
        [CborValue],
      ]
      return encodeCbor([format, statement, [first, first]])
    },
  ],
  ["more than 60,000 bytes", "too_large", async () => new Uint8Array(limits.envelopeBytes + 1)],
  [
    "approvals over another statement",
    "refused: bad_signature",
    async (it) => seal(await adding(it), await approvalsOf(it, await adding(it))),
  ],
  [
    "too few approvals",
    "refused: too_few_keepers",
    async (it) => {
      const statement = await adding(it)
      return seal(statement, (await approvalsOf(it, statement)).slice(0, 1))
    },
  ],
  [
    "a stranger's approval",
    "refused: too_few_keepers",
    async (it) => {
      const statement = await adding(it)
      return seal(statement, await Promise.all([it.ana, eve!].map(({ keeper }) => approve(statement, keeper))))
    },
  ],
  [
    "a sequence number that skips one",
    "refused: wrong_sequence",
    async (it) => sealed(it, changed(await adding(it), [5, 1])),
  ],
  [
    "a predecessor that is none",
    "refused: wrong_sequence",
    async (it) => sealed(it, changed(await adding(it), [6, bytesFrom("nobody", 32)])),
  ],
  [
    "a base from the future",
    "refused: wrong_base",
    async (it) => sealed(it, changed(await adding(it), [8, [2, bytesFrom("root", 32)]])),
  ],
  [
    "a base from a fork",
    "refused: wrong_base",
    async (it) => sealed(it, changed(await adding(it), [8, [1, bytesFrom("root", 32)]])),
  ],
  [
    "rules of another version",
    "refused: wrong_rules_version",
    async (it) => sealed(it, changed(await adding(it), [7, 2])),
  ],
  [
    "a subject that is not the act's",
    "refused: wrong_subject",
    async (it) => sealed(it, changed(await adding(it), [4, bytesFrom("subject", 20)])),
  ],
  [
    "another organisation's",
    "refused: wrong_organisation",
    async (it) => sealed(it, changed(await adding(it), [1, bytesFrom("other", 32)])),
  ],
  ["a type that nobody knows", "refused: unknown_type", async (it) => sealed(it, changed(await adding(it), [2, 99]))],
  [
    "an anchor where there are no witnesses",
    "refused: anchor_without_witnesses",
    async (it) => seal(drafted(it.harbour.charter, { type: "anchor", body: { note: Uint8Array.of(1) } }), []),
  ],
  [
    "a veto of nothing",
    "refused: nothing_to_veto",
    async (it) => sealed(it, drafted(it.harbour.charter, { type: "veto", body: { statement: bytesFrom("act", 32) } })),
  ],
  [
    "a second founding",
    "refused: wrong_organisation",
    async (it) => (await foundHarbour(it.ana, [it.ana], [await relayIdentity()])).genesis,
  ],
]

describe("[R4.3 R4.13] is refused, and nothing is stored", () => {
  test.each(junk)("%s", async (_, reason, make) => {
    const it = await desk()
    const bytes = await make(it)
    if (reason === "too_large") {
      // a client cannot even say it: the decoder of the protocol stops it
      await expect(it.relay.withOrganisation(it.harbour.org, (org) => org.appendCharter(bytes))).rejects.toThrow(reason)
    } else {
      await expect(it.bring(bytes)).rejects.toThrow(new Error(reason))
    }
    expect(await it.size()).toBe(1)
    // and the same sessions go on
    expect(await it.bring(await sealed(it, await adding(it)))).toBe(1)
  })

  test("what was drafted beside another that came first, and a history that is not this one's", async () => {
    const it = await desk()
    const [one, other] = [await sealed(it, await adding(it)), await sealed(it, await adding(it))]
    expect(await it.bring(one)).toBe(1)
    await expect(it.bring(other)).rejects.toThrow("refused: wrong_sequence")
    const fork = await after(it.harbour.charter, other)
    await expect(it.bring(await sealed(it, drafted(fork, await memberAdd(it.harbour, fay!))))).rejects.toThrow(
      "refused: wrong_base",
    )
    expect(await it.size()).toBe(2)
  })

  test("[R4.4] a statement again, whichever approvals come with it, answers where it is", async () => {
    const it = await desk()
    const statement = await adding(it)
    const bytes = await sealed(it, statement)
    expect(await it.bring(bytes)).toBe(1)
    expect(await it.bring(bytes)).toBe(1)
    expect(await it.bring(seal(statement, []))).toBe(1)
    expect(await it.bring(seal(statement, decodeEnvelope(bytes).approvals.slice(0, 1)))).toBe(1)
    expect(await it.size()).toBe(2)
  })
})

describe("the relay's own clock", () => {
  test("[R4.14] a statement that was held back until after its time is refused, with 300 s of grace", async () => {
    const timers = createManualTimers(1_800_000_000_000)
    const it = await desk({ clock: clockOf(timers) })
    const until = 1_800_000_060
    const make = async (who = dan!) => sealed(it, drafted(it.harbour.charter, await memberAdd(it.harbour, who), until))
    const [first, second] = [await make(), await make(eve)]
    // Connections do not live as long as this.
    const bring = (bytes: Uint8Array) => it.relay.withOrganisation(it.harbour.org, (org) => org.appendCharter(bytes))
    await timers.advance(360_000)
    expect(await bring(first)).toBe(1)
    await timers.advance(1_000)
    await expect(bring(second)).rejects.toThrow("refused: expired")
    expect((await it.relay.withOrganisation(it.harbour.org, async (org) => org.charter))?.size).toBe(2)
    // what is there stays there
    expect(await bring(first)).toBe(1)
  })
})
