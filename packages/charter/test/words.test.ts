import { equalBytes, fromHex } from "@holdfast/wire"
import { beforeAll, expect, test } from "vitest"
import {
  actInWords,
  draft,
  type Keeper,
  type LaterAct,
  type Rules,
  refusalInWords,
  refusals,
  type StatementId,
  shortCode,
  simpleRules,
} from "../src/index.ts"
import { makeStatement } from "../src/statement.ts"
import {
  act,
  addMember,
  after,
  bytesFrom,
  found,
  type Organisation,
  type Person,
  person,
  relayEntry,
  sealed,
  validity,
  witness,
} from "./people.ts"

let ana: Person
let ben: Person
let cem: Person
let org: Organisation

beforeAll(async () => {
  const people = await Promise.all(["ana", "ben", "cem"].map(person))
  ;[ana, ben, cem] = people as [Person, Person, Person]
  org = await found([ana, ben, cem], 2)
})

const names = (id: Uint8Array): string | undefined => {
  const known = [
    [ana.member, "Ana"],
    [ben.member, "Ben"],
    [ben.seat, "Ben"],
    [cem.seat, "Cem"],
    [ana.phone.id, "phone"],
  ] as const
  return known.find(([each]) => equalBytes(each, id))?.[1]
}
const inWords = (what: LaterAct) => actInWords(draft(org.charter, { ...what, ...validity() }), names)
const nobody = () => undefined

test("[C8.3] every act is one sentence, made from its bytes", async () => {
  expect(actInWords(org.founding, names)).toMatchInlineSnapshot(
    `"Found the organisation with Ana as its first member, ruled by 2 of 3 keepers (Ana (key 7668 43c4 b849 1407), Ben (key 9ef2 2117 78a2 28fd), Cem (key 74d9 aeb3 784c efa8)), on one relay: https://relay.example (Example Hosting, CH, key 14f3 facf cf28 146b)"`,
  )
  expect(inWords(await addMember(org, ben))).toMatchInlineSnapshot(
    `"Add Ben as a member with one device (key 3f9c ff3d 9e92 9a35)"`,
  )
  expect(inWords({ type: "member-remove", body: { member: ben.member } })).toMatchInlineSnapshot(
    `"Remove Ben and every device of theirs"`,
  )
  const laptop = await ana.newPhone("laptop")
  expect(
    inWords({ type: "device-add", body: { member: ana.member, device: await laptop.admit(org.orgId) } }),
  ).toMatchInlineSnapshot(`"Add the device with key 89b2 4298 f80b d42c to Ana"`)
  expect(inWords({ type: "device-remove", body: { member: ana.member, device: ana.phone.id } })).toMatchInlineSnapshot(
    `"Remove the device “phone” (key 993a 3ab6 dfdc 7568) of Ana"`,
  )
  const relays = [await relayEntry("one"), { ...(await relayEntry("two")), operator: "", jurisdiction: "" }]
  expect(inWords({ type: "relays", body: { relays } })).toMatchInlineSnapshot(
    `"Let clients talk to 2 relays only: https://one.example (Example Hosting, CH, key ac64 bb75 130c 9736); https://two.example (key 5475 02b2 e4bb b7e5)"`,
  )
})

test("[C8.3] a seat is told with the member that the bytes give it to, and a relay with its key", async () => {
  const now = org.charter.state.rules
  const seats = now.keepers.map((keeper) =>
    equalBytes(keeper.id, ben.seat) ? { ...keeper, member: cem.member } : keeper,
  )
  const rules = simpleRules(seats, 2, 2)
  // the reader's directory has Ben's name for the seat, and none for the member who would get it
  const sentence = inWords({ type: "rules", body: rules })
  expect(sentence).not.toContain("Ben")
  expect(sentence).toContain(", member ")
  const one = await relayEntry("one")
  const relays = (logPublicKey: Uint8Array) => inWords({ type: "relays", body: { relays: [{ ...one, logPublicKey }] } })
  expect(relays(one.logPublicKey)).not.toBe(relays((await relayEntry("two")).logPublicKey))
})

test("[C8.3] rules are told with every number that differs", async () => {
  const now = org.charter.state.rules
  const rules: Rules = {
    ...simpleRules(
      now.keepers.map((keeper, i) => ({ ...keeper, organisation: `House ${i}`, jurisdiction: "CH" })),
      2,
      2,
    ),
    acts: new Map([
      [5, { k: 2, delaySeconds: 0, vetoK: 0, minOrganisations: 2, minJurisdictions: 0 }],
      [2, { k: 2, delaySeconds: 0, vetoK: 0, minOrganisations: 2, minJurisdictions: 2 }],
      [4, { k: 2, delaySeconds: 3600, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }],
    ]),
  }
  expect(inWords({ type: "rules", body: rules })).toMatchInlineSnapshot(
    `"Change the rules to version 2: 2 of 3 keepers from at least 2 organisations and 2 jurisdictions (Ana of House 0 in CH (key 7668 43c4 b849 1407), Ben of House 1 in CH (key 9ef2 2117 78a2 28fd), Cem of House 2 in CH (key 74d9 aeb3 784c efa8)); to add members: 2 of 3 keepers after one hour; to remove members: 2 of 3 keepers from at least 2 organisations"`,
  )
  const alone = await found([ana], 1)
  expect(actInWords(alone.founding, names)).toContain("evaluation: a single keeper decides everything")
})

test("[C8.3 C8.6] no two rules that differ read alike", async () => {
  const now = org.charter.state.rules
  const rule = { k: 2, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }
  const told = (change: Partial<Rules>) => inWords({ type: "rules", body: { ...now, version: 2, ...change } })
  const labelled = (organisation: string, jurisdiction: string) =>
    told({ keepers: now.keepers.map((keeper) => ({ ...keeper, organisation, jurisdiction })) })
  const { entry } = await witness("pier")
  const watched = (name: string) => told({ witnesses: [{ ...entry, name }], witnessQuorum: 1 })
  const forged = watched("pier(key_0000),")
  const seat = now.keepers[0] as Keeper
  const passkey = { rpId: "holdfast.localhost", origin: "http://holdfast.localhost:4000", backupEligible: false }
  const withPasskey = (backupEligible: boolean) =>
    told({ keepers: [{ ...seat, kind: 2, passkey: { ...passkey, backupEligible } }, ...now.keepers.slice(1)] })
  const sentences = [
    told({}),
    labelled("Harbour", "CH"),
    labelled("Harbour in CH", ""),
    labelled("", "CH"),
    ...[{ minOrganisations: 1 }, { minJurisdictions: 1 }, { vetoK: 2 }].map((change) =>
      told({ acts: new Map([[2, { ...rule, ...change }]]) }),
    ),
    watched("pier"),
    forged,
    withPasskey(false),
    withPasskey(true),
  ]
  expect(new Set(sentences).size).toBe(sentences.length)
  expect(forged).toContain("“pier(key_0000),”")
})

test("[C8.3] who is unknown shows as a code, and an act of an unknown type as what it is", async () => {
  expect(
    actInWords(draft(org.charter, { type: "member-remove", body: { member: ben.member }, ...validity() }), nobody),
  ).toMatchInlineSnapshot(`"Remove member 1027 d008 de0d 8f23 and every device of theirs"`)
  const like = draft(org.charter, { ...(await addMember(org, ben)), ...validity() })
  const release = makeStatement(like, { type: "unknown", body: { number: 9, value: new Map() } })
  expect(actInWords(release, names)).toBe("An act of type 9, which this version does not know")
})

test("[C8.3] a record also says if it was refused, and why", async () => {
  const applied = await act(org, await addMember(org, ben), [ana.keeper, ben.keeper])
  expect(actInWords(applied.record, names)).toMatch(/^Add Ben as a member/)
  const again = await after(applied, applied.entries[1] as Uint8Array)
  expect(actInWords(again.record, names)).toMatch(/\(refused: it was applied before\)$/)
  const junk = await after(org, bytesFrom("junk", 9))
  expect(actInWords(junk.record, names)).toBe("Unreadable entry (refused: the bytes are not a charter entry)")
  const bare = await after(org, await sealed(draft(org.charter, { ...(await addMember(org, cem)), ...validity() }), []))
  expect(actInWords(bare.record, nobody)).toMatch(/\(refused: not enough keepers have approved\)$/)
})

test("every reason has a plain sentence", () => {
  for (const refusal of Object.keys(refusals) as (keyof typeof refusals)[]) {
    expect(refusalInWords(refusal)).toMatch(/^[A-Z][^.]{10,}$/)
  }
})

test("[C8.5] the code to read aloud is the first 40 bits in Crockford's base32", () => {
  const id = (start: string) => fromHex(start.padEnd(64, "f")) as Uint8Array as StatementId
  expect(shortCode(id("0000000000"))).toBe("0000 0000")
  expect(shortCode(id("ffffffffff"))).toBe("ZZZZ ZZZZ")
  // 00001 00010 00011 00100 00101 00110 00111 10010
  expect(shortCode(id("0886429 8f2".replace(" ", "")))).toBe("1234 567J")
})
