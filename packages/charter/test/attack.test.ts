import { beforeAll, describe, expect, test } from "vitest"
import {
  type ActRule,
  append,
  checkBeforeSigning,
  draft,
  fateOf,
  genesis,
  type LaterAct,
  noOrg,
  openCharter,
  progress,
  type Rules,
  type Signer,
  simpleRules,
} from "../src/index.ts"
import {
  act,
  addMember,
  anchored,
  approvalsOf,
  bytesFrom,
  found,
  type Organisation,
  type Person,
  person,
  phoneWith,
  relayEntry,
  sealed,
  validity,
  type WitnessPerson,
  watchedBy,
  witness,
} from "./people.ts"

// What somebody tries who has the relay with its log key and all but one of the keepers that a quorum needs. Five keepers, three of
// whom decide; two can suspend. Rules, relays and the removal of a device wait two days; three keepers can veto.
const noon = 1_800_000_000
const day = 86_400
let ana: Person
let ben: Person
let cem: Person
let fay: Person
let gus: Person
let five: readonly Signer[]
let three: readonly Signer[]
let witnesses: readonly WitnessPerson[]
let org: Organisation

const rule = (change: Partial<ActRule> = {}): ActRule => ({
  k: 3,
  delaySeconds: 0,
  vetoK: 0,
  minOrganisations: 0,
  minJurisdictions: 0,
  ...change,
})

beforeAll(async () => {
  const people = await Promise.all(["ana", "ben", "cem", "fay", "gus"].map(person))
  ;[ana, ben, cem, fay, gus] = people as [Person, Person, Person, Person, Person]
  five = [ana, ben, cem, fay, gus].map(({ keeper }) => keeper)
  three = five.slice(0, 3)
  witnesses = await Promise.all(["pier", "quay", "reef"].map(witness))
  const waits = { delaySeconds: 2 * day, vetoK: 3 }
  org = await found([ana, ben, cem, fay, gus], 3, (rules) =>
    watchedBy(witnesses, {
      ...rules,
      acts: new Map([
        [2, rule(waits)],
        [3, rule({ k: 2 })],
        [4, rule()],
        [6, rule()],
        [7, rule(waits)],
        [8, rule(waits)],
      ]),
    }),
  )
  org = await act(org, await addMember(org, ben), three)
  org = await anchored(org, { time: noon, by: witnesses })
})

const suspend = (who: Person): LaterAct => ({ type: "suspend-keeper", body: { keeper: who.seat, seconds: 7 * day } })

function rulesNow(world: Organisation, change: (rules: Rules) => Rules): LaterAct {
  const { rules } = world.charter.state
  return { type: "rules", body: { ...change(rules), version: rules.version + 1 } }
}

const windowOf = (baseWindow: number) => rulesNow(org, (rules) => ({ ...rules, baseWindow }))

describe("veto", () => {
  test("[C5.6] two keepers cannot suspend so many that those who are left can veto nothing", async () => {
    const slow = await found([ana, ben, cem, fay, gus], 3, () => {
      const { rules } = org.charter.state
      const acts = new Map([...rules.acts].map(([type, it]) => [type, type === 8 ? { ...it, vetoK: 4 } : it]))
      return { ...rules, acts, version: 1 }
    })
    let world: Organisation = await anchored(slow, { time: noon, by: witnesses })
    world = await act(world, suspend(cem), [ana.keeper, ben.keeper])
    expect((await act(world, suspend(fay), [ana.keeper, ben.keeper])).record.outcome).toEqual({
      refused: "suspension_would_stop",
    })
  })

  test("[C3.11] a veto that needs every keeper is none: whoever wants the act just stays away", async () => {
    const all = rulesNow(org, (rules) => ({
      ...rules,
      acts: new Map([...rules.acts, [8, rule({ delaySeconds: day, vetoK: 5 })]]),
    }))
    expect((await act(org, all, five)).record.outcome).toEqual({ refused: "floor_veto" })
  })
})

describe("waiting", () => {
  test("[C10.3 C10.7] a relay that strips approvals makes rules wait, and does not hold up those that need no wait", async () => {
    // All five approve; the relay seals three of the approvals and anchors nothing any more.
    const world = await act(org, windowOf(512), three)
    const index = world.charter.size - 1
    expect((await act(world, windowOf(256), three)).record.outcome).toEqual({ refused: "act_waiting" })
    const again = await act(world, windowOf(256), five)
    expect(again.record.outcome).toBe("applied")
    expect(again.charter.state.rules.baseWindow).toBe(256)
    expect(fateOf(again.charter, index)?.how).toEqual({ lapsed: "wrong_rules_version" })
  })

  test("[C5.5] a device that its own member ends does not wait because keepers agree, nor behind keepers who were slower", async () => {
    const laptop = await ben.newPhone("laptop")
    const adding: LaterAct = { type: "device-add", body: { member: ben.member, device: await laptop.admit(org.orgId) } }
    const world = await act(org, adding, [...three, ben.phone.signer])
    const ending: LaterAct = { type: "device-remove", body: { member: ben.member, device: laptop.id } }
    expect((await act(world, ending, [...three, ben.phone.signer])).record.outcome).toBe("applied")
    const slow = await act(world, ending, three)
    expect(slow.record.outcome).toBe("waiting")
    expect((await act(slow, ending, three)).record.outcome).toEqual({ refused: "act_waiting" })
    const quick = await act(slow, ending, [ben.phone.signer])
    expect(quick.record.outcome).toBe("applied")
    expect(quick.charter.state.devices.get(laptop.id)?.removed).toBeDefined()
    // The slower one ends by itself, and its last device is still for the keepers to take, who wait.
    const later = await anchored(await anchored(quick, { time: noon + 60, by: witnesses }), {
      time: noon + 3 * day,
      by: witnesses,
    })
    expect(fateOf(later.charter, slow.charter.size - 1)?.how).toEqual({ lapsed: "device_removed" })
    const last: LaterAct = { type: "device-remove", body: { member: ben.member, device: ben.phone.id } }
    expect((await act(later, last, [...three, ben.phone.signer])).record.outcome).toBe("waiting")
  })
})

test("[C10.8] an organisation that was founded without relays, under rules that wait, can name its first", async () => {
  const { statement, orgId } = genesis({
    ...validity(),
    nameCommitment: bytesFrom("name", 32),
    rules: org.charter.state.rules,
    founder: { member: ana.member, nameCommitment: ana.nameCommitment, devices: [await ana.phone.admit(noOrg)] },
    relays: [],
  })
  const entry = await sealed(statement, five)
  const { charter } = await append(openCharter(orgId), entry)
  const bare: Organisation = { orgId, founding: statement, charter, entries: [entry] }
  const named = await act(bare, { type: "relays", body: { relays: [await relayEntry("north")] } }, three)
  expect(named.record.outcome).toBe("applied")
  const moved = await act(named, { type: "relays", body: { relays: [await relayEntry("south")] } }, three)
  expect(moved.record.outcome).toBe("waiting")
  expect((await anchored(moved, { time: noon, by: witnesses, relay: "north" })).record.outcome).toBe("applied")
})

describe("keys", () => {
  test("[C2.4] a relay's log key is let in as no device: it would block every change of the rules", async () => {
    const dan = await person("dan")
    const device = await (await phoneWith(dan.member, "relay/log key")).admit(org.orgId)
    const adding = (await addMember(org, dan)) as LaterAct & { type: "member-add" }
    const tried = await act(org, { ...adding, body: { ...adding.body, devices: [device] } }, three)
    expect(tried.record.outcome).toEqual({ refused: "key_reused" })
    expect((await act(tried, windowOf(512), five)).record.outcome).toBe("applied")
  })

  test("[C2.4] nor is it the founder's device", async () => {
    const relay = await phoneWith(ana.member, "relay/log key")
    const { statement, orgId } = genesis({
      ...validity(),
      nameCommitment: bytesFrom("name", 32),
      rules: simpleRules([await ana.admitAsKeeper(noOrg)], 1),
      founder: { member: ana.member, nameCommitment: ana.nameCommitment, devices: [await relay.admit(noOrg)] },
      relays: [await relayEntry()],
    })
    const opened = append(openCharter(orgId), await sealed(statement, [ana.keeper]))
    await expect(opened).rejects.toMatchObject({ code: "genesis_invalid", reason: "key_reused" })
  })
})

test("[C8.1] a statement that comes without its charter is told to be unfit, and stops no keepers' desk", async () => {
  const statement = draft(org.charter, { ...windowOf(512), ...validity() })
  const asked = await progress(openCharter(org.orgId), statement, await approvalsOf(statement, five))
  expect(asked).toMatchObject({ satisfied: false, reasons: ["wrong_organisation"], missing: [] })
  expect(await checkBeforeSigning(openCharter(org.orgId), statement, noon)).toContain("wrong_organisation")
})
