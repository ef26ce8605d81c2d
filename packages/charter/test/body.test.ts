import { compareBytes } from "@holdfast/wire"
import { beforeAll, expect, test } from "vitest"
import {
  type CborMap,
  type CborValue,
  CharterError,
  decodeCbor,
  decodeStatement,
  draft,
  encodeCbor,
} from "../src/index.ts"
import { makeStatement } from "../src/statement.ts"
import { addMember, bytesFrom, found, type Organisation, type Person, person, relayEntry, validity } from "./people.ts"

// A founding body holds every kind of part there is: each case changes one of them and leaves the rest valid.
let org: Organisation
let ben: Person
let devices: readonly CborValue[]

beforeAll(async () => {
  const people = (await Promise.all(["ana", "ben", "cem"].map(person))) as [Person, Person, Person]
  ben = people[1]
  org = await found(people, 2)
  const more = await Promise.all(Array.from({ length: 17 }, (_, i) => ben.newPhone(`${i}`)))
  const entries = await Promise.all(more.map((phone) => phone.admit(org.orgId)))
  devices = entries
    .sort((a, b) => compareBytes(a.id, b.id))
    .map(
      ({ id, publicKey, proof }) =>
        new Map<number, CborValue>([
          [0, id],
          [1, publicKey],
          [2, proof],
        ]),
    )
})

type Path = readonly (number | string)[]

/** The statement with the part at this path replaced; paths are the keys of maps and indexes of lists. */
function withPart(bytes: Uint8Array, path: Path, change: (part: CborValue) => CborValue | undefined): Uint8Array {
  const walk = (value: CborValue, [step, ...rest]: Path): CborValue => {
    if (step === undefined) return change(value) as CborValue
    if (Array.isArray(value)) return value.map((item: CborValue, i) => (i === step ? walk(item, rest) : item))
    const map = new Map(value as CborMap)
    const part =
      rest.length === 0
        ? change(map.get(step as number) as CborValue)
        : walk(map.get(step as number) as CborValue, rest)
    if (part === undefined) map.delete(step as number)
    else map.set(step as number, part)
    return new Map([...map].sort(([a], [b]) => a - b))
  }
  return encodeCbor(walk(decodeCbor(bytes), path))
}

function isRefused(bytes: Uint8Array): boolean {
  try {
    decodeStatement(bytes)
    return false
  } catch (error) {
    return error instanceof CharterError && error.code === "malformed"
  }
}

const body = 3
const rules = [body, 1] as const
const keeper = [body, 1, 1, 0] as const
const device = [body, 2, 2, 0] as const
const relay = [body, 3, 0] as const
const act = [body, 1, 2, 2] as const
const twice = (list: CborValue): CborValue => [...(list as CborValue[]), (list as CborValue[])[0] as CborValue]
const turned = (list: CborValue): CborValue => (list as CborValue[]).toReversed()
const put = (value: CborValue) => () => value
const gone = () => undefined

const cases: readonly (readonly [
  rule: string,
  what: string,
  path: Path,
  change: (part: CborValue) => CborValue | undefined,
])[] = [
  ["C4.3", "a founding without a name", [body, 0], gone],
  ["C4.3", "a founding with a fifth part", [body, 4], put(0)],
  ["C4.3", "a short name commitment", [body, 0], put(new Uint8Array(31))],
  ["C4.3", "a founder without devices", [body, 2, 2], put([])],
  ["C4.3", "a founder with a long id", [body, 2, 0], put(new Uint8Array(17))],
  ["C4.2", "a device twice", [body, 2, 2], twice],
  ["C2.2", "a device without proof", [...device, 2], gone],
  ["C2.2", "a device with another part", [...device, 3], put(0)],
  ["C2.2", "a key of 33 bytes", [...device, 1], put(new Uint8Array(33))],
  ["C2.2", "a proof of 63 bytes", [...device, 2], put(new Uint8Array(63))],
  ["C3.3", "keepers in another order", [...rules, 1], turned],
  ["C3.3", "a keeper twice", [...rules, 1], twice],
  ["C3.3", "no keepers", [...rules, 1], put([])],
  ["C3", "rules without a base window", [...rules, 3], gone],
  ["C3.1", "a negative version", [...rules, 0], put(-1)],
  ["C3.2", "a keeper of kind 3", [...keeper, 2], put(3)],
  ["C3.2", "a keeper's member of 8 bytes", [...keeper, 1], put(new Uint8Array(8))],
  ["C3.2", "a passkey without its description", [...keeper, 2], put(2)],
  ["C3.2", "an Ed25519 keeper with a passkey's description", [...keeper, 7], put(["a", "https://a", 0])],
  ["C2.6", "a label that turns the text round", [...keeper, 4], put("a\u202eb")],
  ["C2.6", "a label in bytes", [...keeper, 5], put(new Uint8Array(1))],
  ["C3.4", "no rule for RULES", act, gone],
  [
    "C3.4",
    "a rule for GENESIS",
    [body, 1, 2, 1],
    put(
      new Map([
        [0, 2],
        [1, 0],
        [2, 0],
        [3, 0],
        [4, 0],
      ]),
    ),
  ],
  [
    "C3.4",
    "a rule for ANCHOR",
    [body, 1, 2, 13],
    put(
      new Map([
        [0, 2],
        [1, 0],
        [2, 0],
        [3, 0],
        [4, 0],
      ]),
    ),
  ],
  ["C3.4", "a rule with a part missing", [...act, 4], gone],
  ["C3.4", "k above 64", [...act, 0], put(65)],
  ["C3.4", "a negative delay", [...act, 1], put(-1)],
  ["C4.7", "a relay twice", [body, 3], twice],
  ["C4.7", "17 relays", [body, 3], put([])],
  ["C4.7", "a relay without URL", [...relay, 1], put([])],
  ["C4.7", "nine URLs", [...relay, 1], put(Array(9).fill("https://a"))],
  ["C2.7", "a URL that runs code", [...relay, 1], put(["javascript:0"])],
  ["C4.7", "a short log key", [...relay, 2], put(new Uint8Array(31))],
]

test.each(cases)("[%s] refuses %s", async (_rule, what, path, change) => {
  expect(isRefused(withPart(org.founding.bytes, path, (part) => part))).toBe(false)
  if (what === "17 relays") {
    const many = await Promise.all(Array.from({ length: 17 }, (_, i) => relayEntry(`${i}`)))
    const list = many.map(
      (it) =>
        new Map<number, CborValue>([
          [0, it.id],
          [1, it.urls],
          [2, it.logPublicKey],
          [3, ""],
          [4, ""],
        ]),
    )
    expect(isRefused(withPart(org.founding.bytes, path, put(list.slice(1))))).toBe(false)
    expect(isRefused(withPart(org.founding.bytes, path, put(list)))).toBe(true)
  } else {
    expect(isRefused(withPart(org.founding.bytes, path, change))).toBe(true)
  }
})

test("[C4.2] refuses devices in another order, and more than 16", async () => {
  const adding = draft(org.charter, { ...(await addMember(org, ben)), ...validity() })
  const withDevices = (list: readonly CborValue[]) => withPart(adding.bytes, [body, 2], put(list))
  expect(isRefused(withDevices(devices.slice(0, 16)))).toBe(false)
  expect(isRefused(withDevices(devices))).toBe(true)
  expect(isRefused(withDevices(devices.slice(0, 16).toReversed()))).toBe(true)
})

test("[C4.1] refuses missing and surplus parts in every body", async () => {
  const removing = draft(org.charter, { type: "member-remove", body: { member: ben.member }, ...validity() })
  const dropping = draft(org.charter, {
    type: "device-remove",
    body: { member: ben.member, device: ben.phone.id },
    ...validity(),
  })
  const moving = draft(org.charter, { type: "relays", body: { relays: [await relayEntry()] }, ...validity() })
  const adding = draft(org.charter, { ...(await addMember(org, ben)), ...validity() })
  const extending = draft(org.charter, {
    type: "device-add",
    body: { member: ben.member, device: await ben.phone.admit(org.orgId) },
    ...validity(),
  })
  const changing = draft(org.charter, {
    type: "rules",
    body: { ...org.charter.state.rules, version: 2 },
    ...validity(),
  })
  for (const [statement, parts] of [
    [removing, 1],
    [dropping, 2],
    [moving, 1],
    [adding, 4],
    [extending, 2],
    [changing, 1],
  ] as const) {
    for (let part = 0; part < parts; part++) expect(isRefused(withPart(statement.bytes, [body, part], gone))).toBe(true)
    expect(isRefused(withPart(statement.bytes, [body, parts], put(0)))).toBe(true)
  }
  expect(isRefused(withPart(moving.bytes, [body, 0], put([])))).toBe(true)
})

test("[C3.2] a passkey's seat reads back to the same bytes, so that a newer version finds it as it was", () => {
  const seat = new Map<number, CborValue>([
    [0, bytesFrom("seat", 16)],
    [1, new Uint8Array()],
    [2, 2],
    [3, bytesFrom("cose", 32)],
    [4, ""],
    [5, ""],
    [6, new Uint8Array(200)],
    [7, ["org.localhost", "http://org.localhost:4400", 1]],
  ])
  const bytes = withPart(org.founding.bytes, [...rules, 1], put([seat]))
  const founding = decodeStatement(bytes)
  if (founding.type !== "genesis") throw new Error("type")
  expect(makeStatement(founding, founding).bytes).toEqual(bytes)
  expect(founding.body.rules.keepers[0]).toMatchObject({
    kind: 2,
    passkey: { rpId: "org.localhost", origin: "http://org.localhost:4400", backupEligible: true },
  })
})
