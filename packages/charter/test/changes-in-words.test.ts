import { compareBytes } from "@holdfast/wire"
import { beforeAll, describe, expect, test } from "vitest"
import { changesInWords, draft, type LaterAct, type Rules } from "../src/index.ts"
import {
  addMember,
  found,
  type Organisation,
  type Person,
  person,
  relayEntry,
  validity,
  watchedBy,
  witness,
} from "./people.ts"

let people: readonly Person[]
let org: Organisation
beforeAll(async () => {
  people = await Promise.all(["ana", "ben", "cem"].map(person))
  org = await found(people, 2)
})

const names = (id: Uint8Array) => people.find(({ member, seat }) => id === member || id === seat)?.name
const changes = (what: LaterAct) =>
  changesInWords(org.charter.state, draft(org.charter, { ...what, ...validity() }), names)
const newRules = (change: (rules: Rules) => Rules) =>
  changes({ type: "rules", body: { ...change(org.charter.state.rules), version: 2 } })

describe("what would be otherwise than now", () => {
  test("[C8.7] rules that say the same change nothing", () => {
    expect(newRules((rules) => rules)).toEqual([])
  })

  test("[C8.7] seats, numbers and witnesses, each on a line of its own", async () => {
    const dan = await (await person("dan")).admitAsKeeper(org.orgId, { organisation: "Pier, key 1234" })
    const watched = watchedBy([await witness("pier")], org.charter.state.rules)
    const lines = newRules((rules) => ({
      ...watched,
      keepers: [...rules.keepers.slice(1), dan].toSorted((a, b) => compareBytes(a.id, b.id)),
      acts: new Map([
        ...rules.acts,
        [8, { k: 2, delaySeconds: 172_800, vetoK: 2, minOrganisations: 0, minJurisdictions: 2 }],
      ]),
      baseWindow: 512,
    }))
    expect(lines).toMatchInlineSnapshot(`
      [
        "loses the seat: member a079 96ac 433f 7baa (key 7668 43c4 b849 1407)",
        "gains a seat: keeper a1c0 946d 5a01 3552 of “Pier, key 1234” (key 64d4 234e 64ae 7dd0)",
        "changing relays: 2 of 3 keepers → 2 of 3 keepers, from 2 jurisdictions, waits 2 days, 2 can veto",
        "becomes a witness: “pier.example/witness” (key f463 8a89 888c b8a5)",
        "witnesses that must agree: 0 → 1",
        "entries that an act may lie behind: 1024 → 512",
      ]
    `)
    // a label cannot pass for more of the line
    expect(lines.join("\n")).toContain("“Pier, key 1234”")
  })

  test("[C8.7] relays by their keys, and what else an act ends", async () => {
    const north = await relayEntry("north")
    const lines = changes({ type: "relays", body: { relays: [north] } })
    expect(lines.map((line) => line.replace(/[:].*/, ""))).toEqual(["clients leave", "clients begin to talk to"])
    const [ana] = people as [Person]
    expect(changes({ type: "member-remove", body: { member: ana.member } })).toEqual([
      "1 devices of theirs end",
      "they keep their seat as a keeper until the rules change",
    ])
    expect(changes(await addMember(org, people[1] as Person))).toEqual([])
  })
})
