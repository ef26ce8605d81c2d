import { deviceIdOf } from "@holdfast/wire"
import { beforeAll, describe, expect, test } from "vitest"
import {
  type ActRule,
  actInWords,
  activeDevicesOf,
  alarmsOf,
  checkBeforeSigning,
  draft,
  fateOf,
  isSuspended,
  type LaterAct,
  maxCanarySeconds,
  progress,
  type Rules,
  replay,
  rulesAt,
  type Signer,
  type Statement,
} from "../src/index.ts"
import {
  act,
  addMember,
  after,
  anchored,
  approvalsOf,
  bytesFrom,
  found,
  type Organisation,
  type Person,
  person,
  relayEntry,
  sealed,
  validity,
  type WitnessPerson,
  watchedBy,
  witness,
} from "./people.ts"
import { snapshot } from "./snapshot.ts"

// Five keepers, three of whom decide and two of whom can suspend and three veto; three witnesses, two of whom must agree. Relays and
// rules wait two days, a recovery three, further devices one hour. ana founded it, ben and dan are members.
const noon = 1_800_000_000
const day = 86_400
let ana: Person
let ben: Person
let cem: Person
let fay: Person
let gus: Person
let dan: Person
let three: readonly Signer[]
let five: readonly Signer[]
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
  ;[ana, ben, cem, fay, gus, dan] = (await Promise.all(["ana", "ben", "cem", "fay", "gus", "dan"].map(person))) as [
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
  ]
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
        [5, rule()],
        [6, rule({ delaySeconds: 3_600, vetoK: 3 })],
        [7, rule({ delaySeconds: 3_600, vetoK: 4 })],
        [8, rule(waits)],
        [10, rule({ delaySeconds: 3 * day })],
      ]),
    }),
  )
  org = await act(org, await addMember(org, ben), three)
  org = await act(org, await addMember(org, dan), three)
  org = await at(org, noon)
})

/** The relay logs what all witnesses say at that time. */
async function at(world: Organisation, time: number, by: readonly WitnessPerson[] = witnesses, size?: number) {
  const next = await anchored(world, { time, by, ...(size === undefined ? {} : { size }) })
  expect(next.record.outcome).toBe("applied")
  return next
}

async function moving(label = "north"): Promise<LaterAct> {
  return { type: "relays", body: { relays: [await relayEntry("relay"), await relayEntry(label)] } }
}

async function recovery(who: Person, label = "found again"): Promise<LaterAct> {
  const device = await (await who.newPhone(label)).admit(org.orgId)
  return { type: "recover", body: { member: who.member, device, requestId: bytesFrom("recovery", 16) } }
}

const veto = (statement: Statement | undefined): LaterAct => ({
  type: "veto",
  body: { statement: statement?.id ?? new Uint8Array(32) },
})

function rulesNow(world: Organisation, change: (rules: Rules) => Rules): LaterAct {
  const { rules } = world.charter.state
  return { type: "rules", body: { ...change(rules), version: rules.version + 1 } }
}

const relayCount = ({ charter }: Organisation) => charter.state.relays.length

describe("waiting", () => {
  test("[C10.3 C7.4] an act with a delay waits from the first anchor that covers it, and takes effect with a later one", async () => {
    let world: Organisation = await act(org, await moving(), three)
    const index = world.charter.size - 1
    expect(world.charter.records.at(index)?.outcome).toBe("waiting")
    expect(fateOf(world.charter, index)).toEqual({ how: "waiting", by: index })
    // An anchor of the tree before it proves nothing about it, however late.
    world = await at(world, noon + 30 * day, witnesses, index)
    expect(world.charter.state.waiting[0]?.begins).toBeUndefined()
    world = await at(world, noon + 31 * day)
    expect(world.charter.state.waiting[0]?.begins).toBe(noon + 31 * day)
    world = await at(world, noon + 33 * day - 1)
    expect(relayCount(world)).toBe(1)
    world = await at(world, noon + 33 * day)
    expect(relayCount(world)).toBe(2)
    const by = world.charter.size - 1
    expect(fateOf(world.charter, index)).toEqual({ how: "applied", by })
    expect(world.charter.records.at(by)?.settled).toMatchObject([{ index, by, how: "applied" }])
    expect(world.charter.state.waiting).toEqual([])
  })

  test("[C10.2] fewer liars than must agree cannot hurry the clock, and nobody turns it back", async () => {
    const [liar, ...honest] = witnesses as [WitnessPerson, ...WitnessPerson[]]
    const late = await anchored(org, { time: noon + 300 * day, by: [liar] })
    expect(late.record.outcome).toEqual({ refused: "bad_anchor" })
    let world: Organisation = await at(org, noon + 10, honest)
    world = await anchored(world, { time: noon - day, by: witnesses })
    expect(world.charter.state.clock).toBe(noon + 10)
    expect(world.charter.state.anchoredSize).toBe(world.charter.size - 1)
  })

  test("[C10.3] a witness that lies about the past cannot let a wait begin before honest ones had seen the act", async () => {
    const [liar, one, other] = witnesses as [WitnessPerson, WitnessPerson, WitnessPerson]
    // For a month the relay has logged no anchor. Now somebody is to lose everything by a recovery that nobody had time to see.
    const now = noon + 30 * day
    let world: Organisation = await act(org, await recovery(dan), three)
    const index = world.charter.size - 1
    world = await anchored(world, { time: now, by: [one], but: [{ by: liar, time: noon - 10 * day }] })
    expect(world.charter.state.clock).toBe(noon)
    expect(world.charter.state.waiting[0]?.begins).toBe(now)
    world = await at(world, now + 60, [one, other])
    expect(fateOf(world.charter, index)).toEqual({ how: "waiting", by: index })
    world = await at(world, now + 3 * day - 1, [one, other])
    expect(fateOf(world.charter, index)?.how).toBe("waiting")
    world = await at(world, now + 3 * day, [one, other])
    expect(fateOf(world.charter, index)?.how).toBe("applied")
  })

  test("[C10.3] the first anchor of all tells no earlier beginning either", async () => {
    const [liar, one, other] = witnesses as [WitnessPerson, WitnessPerson, WitnessPerson]
    const { rules } = org.charter.state
    let world: Organisation = await found([ana, ben, cem, fay, gus], 3, () => ({ ...rules, version: 1 }))
    world = await act(world, await moving(), three)
    world = await anchored(world, { time: noon, by: [one], but: [{ by: liar, time: 0 }] })
    world = await at(world, noon + 1, [one, other])
    expect(relayCount(world)).toBe(1)
    expect(world.charter.state.waiting[0]?.begins).toBe(noon)
  })

  test("[C10.3] a witness that lies about the future puts a wait off only until two honest ones have spoken", async () => {
    const [liar, one, other] = witnesses as [WitnessPerson, WitnessPerson, WitnessPerson]
    let world: Organisation = await act(org, await moving(), three)
    const ahead = { by: liar, time: noon + 10_000 * day }
    world = await anchored(world, { time: noon + 60, by: [one], but: [ahead] })
    expect(world.charter.state).toMatchObject({ clock: noon + 60, waiting: [{ begins: ahead.time }] })
    world = await anchored(world, { time: noon + 120, by: [one, other], but: [ahead] })
    expect(world.charter.state).toMatchObject({ clock: noon + 120, waiting: [{ begins: noon + 120 }] })
    world = await at(world, noon + 240, [one, other])
    expect(world.charter.state.waiting[0]?.begins).toBe(noon + 120)
    world = await at(world, noon + 120 + 2 * day, [one, other])
    expect(relayCount(world)).toBe(2)
  })

  test("[C10.3] while one waits another about the same subject is refused, and other subjects go on", async () => {
    const world = await act(org, await moving("north"), three)
    expect((await act(world, await moving("south"), three)).record.outcome).toEqual({ refused: "act_waiting" })
    expect((await act(world, { type: "member-remove", body: { member: dan.member } }, three)).record.outcome).toBe(
      "applied",
    )
  })

  test("[C6.2] what waits, and what was vetoed, cannot be logged again", async () => {
    const statement = draft(org.charter, { ...(await moving()), ...validity() })
    const entry = await sealed(statement, three)
    let world: Organisation = await after(org, entry)
    expect((await after(world, entry)).record.outcome).toEqual({ refused: "replayed" })
    world = await act(world, veto(statement), five.slice(2))
    expect(world.charter.state.waiting).toEqual([])
    expect((await after(world, entry)).record.outcome).toEqual({ refused: "replayed" })
    expect((await act(world, await moving(), three)).record.outcome).toBe("waiting")
  })

  test("[C10.4] rules that come into force void what waits, and say so", async () => {
    let world: Organisation = await act(org, await moving(), three)
    const index = world.charter.size - 1
    // All five agree, so these rules do not wait. (C10.7)
    world = await act(
      world,
      rulesNow(world, (rules) => ({ ...rules, baseWindow: 512 })),
      five,
    )
    expect(rulesAt(world.charter, world.charter.size)?.baseWindow).toBe(512)
    expect(fateOf(world.charter, index)).toEqual({
      how: { lapsed: "wrong_rules_version" },
      by: world.charter.size - 1,
    })
    world = await at(await at(world, noon + day), noon + 9 * day)
    expect(relayCount(world)).toBe(1)
  })

  test("[C10.4] an act that has become impossible meanwhile lapses with the reason", async () => {
    let world: Organisation = await act(org, await recovery(ben), three)
    const index = world.charter.size - 1
    world = await at(world, noon + 1)
    world = await act(world, { type: "member-remove", body: { member: ben.member } }, three)
    world = await at(world, noon + 1 + 3 * day)
    expect(fateOf(world.charter, index)?.how).toEqual({ lapsed: "member_removed" })
    expect(activeDevicesOf(world.charter.state, ben.member)).toEqual([])
  })

  test("[C10.4] a device that is removed while it waits brings in no other", async () => {
    const stolen = await ben.newPhone("stolen")
    let world: Organisation = await act(
      org,
      { type: "device-add", body: { member: ben.member, device: await stolen.admit(org.orgId) } },
      [...three, ben.phone.signer],
    )
    world = await at(await at(world, noon + 1), noon + 3_601)
    const thiefs = await ben.newPhone("the thief's own")
    world = await act(
      world,
      { type: "device-add", body: { member: ben.member, device: await thiefs.admit(org.orgId) } },
      [...three, stolen.signer],
    )
    const index = world.charter.size - 1
    world = await act(world, { type: "device-remove", body: { member: ben.member, device: stolen.id } }, [
      ben.phone.signer,
    ])
    world = await at(await at(world, noon + 4_000), noon + 8_000)
    expect(fateOf(world.charter, index)?.how).toEqual({ lapsed: "no_device_approval" })
    expect(world.charter.state.devices.has(thiefs.id)).toBe(false)
  })

  test("[C8.2] a log's clock that has run ahead leaves time to approve", async () => {
    const world = await at(org, noon + 400 * day)
    const drafted = async ({ charter }: Organisation) =>
      draft(charter, { ...(await moving()), ...validity(), notAfter: noon + 407 * day })
    expect(await checkBeforeSigning(world.charter, await drafted(world), noon)).toEqual([])
    expect(await checkBeforeSigning(org.charter, await drafted(org), noon)).toEqual(["not_after_too_far"])
  })

  test("[C10.7] one keeper more than needed, and all but one, need no wait for rules; for anything else everybody waits", async () => {
    const changed = rulesNow(org, (rules) => ({ ...rules, baseWindow: 512 }))
    expect((await act(org, changed, three)).record.outcome).toBe("waiting")
    expect((await act(org, changed, five.slice(1))).record.outcome).toBe("applied")
    expect((await act(org, await moving(), five)).record.outcome).toBe("waiting")
  })

  test("[C10.7 C3.5] whoever rules alone needs nobody's time to change the rules", async () => {
    const slow = (rules: Rules): Rules => ({
      ...watchedBy(witnesses, rules),
      acts: new Map([[2, rule({ k: 1, delaySeconds: day })]]),
    })
    const alone = await found([ana], 1, slow)
    expect((await act(alone, await addMember(alone, ben), [ana.keeper])).record.outcome).toBe("waiting")
    const changed = rulesNow(alone, (rules) => ({ ...rules, baseWindow: 512 }))
    expect((await act(alone, changed, [ana.keeper])).record.outcome).toBe("applied")
  })

  test("[C5.5] what a member does to devices of one's own does not wait, what the keepers do to them does", async () => {
    const laptop = await ben.newPhone("laptop")
    const device = await laptop.admit(org.orgId)
    let world: Organisation = await act(org, { type: "device-add", body: { member: ben.member, device } }, [
      ...three,
      ben.phone.signer,
    ])
    world = await at(world, noon + 1)
    world = await at(world, noon + 3_601)
    expect(activeDevicesOf(world.charter.state, ben.member)).toHaveLength(2)
    const admitted = world.charter.state.devices.get(laptop.id)
    expect(admitted?.added.index).toBe(world.charter.size - 1)
    const removing: LaterAct = { type: "device-remove", body: { member: ben.member, device: laptop.id } }
    expect((await act(world, removing, three)).record.outcome).toBe("waiting")
    expect((await act(world, removing, [ben.phone.signer])).record.outcome).toBe("applied")
  })

  test("[C6.12] a statement whose time was over by the log's clock is refused, and a signer's own clock counts before that", async () => {
    const statement = draft(org.charter, { ...(await moving()), ...validity() })
    const world = await at(org, statement.notAfter + 1)
    expect((await after(world, await sealed(statement, three))).record.outcome).toEqual({ refused: "expired" })
    expect(await checkBeforeSigning(org.charter, statement, statement.notAfter + 1)).toEqual(["expired"])
    expect(await checkBeforeSigning(world.charter, statement, statement.notAfter + 1)).toEqual(["expired"])
  })
})

describe("veto", () => {
  test("[C10.5] as many keepers as the rules say stop an act, whoever they are; fewer do not", async () => {
    let world: Organisation = await act(org, await moving(), three)
    const index = world.charter.size - 1
    const statement = world.charter.records.at(index)?.statement
    expect((await act(world, veto(statement), [fay.keeper, gus.keeper])).record.outcome).toEqual({
      refused: "too_few_keepers",
    })
    // ana had approved: under duress, as it turns out.
    world = await act(world, veto(statement), [ana.keeper, fay.keeper, gus.keeper])
    expect(fateOf(world.charter, index)).toEqual({ how: "vetoed", by: world.charter.size - 1 })
    world = await at(await at(world, noon + day), noon + 9 * day)
    expect(relayCount(world)).toBe(1)
  })

  test("[C10.5] what has taken effect cannot be vetoed", async () => {
    let world: Organisation = await act(org, await moving(), three)
    const statement = world.charter.records.at(world.charter.size - 1)?.statement
    world = await at(await at(world, noon + 1), noon + 1 + 2 * day)
    expect((await act(world, veto(statement), five)).record.outcome).toEqual({ refused: "nothing_to_veto" })
  })

  test("[C10.5 C8.3] a recovery is stopped by any one device of the member concerned, and by nobody else's", async () => {
    const world = await act(org, await recovery(ben), three)
    const statement = world.charter.records.at(world.charter.size - 1)?.statement
    expect((await act(world, veto(statement), [dan.phone.signer])).record.outcome).toEqual({
      refused: "too_few_keepers",
    })
    expect((await act(world, veto(statement), five)).record.outcome).toEqual({ refused: "too_few_keepers" })
    const drafted = draft(world.charter, { ...veto(statement), ...validity() })
    const asked = await progress(world.charter, drafted, [])
    expect(asked.byMember).toEqual({ member: ben.member, given: false })
    const usable = await progress(
      world.charter,
      drafted,
      await approvalsOf(drafted, [ben.phone.signer, dan.phone.signer]),
    )
    expect(usable.usable).toHaveLength(1)
    expect(usable.satisfied).toBe(true)
    const stopped = await act(world, veto(statement), [ben.phone.signer])
    expect(stopped.record.outcome).toBe("applied")
    expect(stopped.charter.state.waiting).toEqual([])
  })

  test("[C10.5] a device cannot veto what is not a recovery of its own member", async () => {
    const world = await act(org, await moving(), three)
    const statement = world.charter.records.at(world.charter.size - 1)?.statement
    expect((await act(world, veto(statement), [ana.phone.signer])).record.outcome).toEqual({
      refused: "too_few_keepers",
    })
  })
})

test("[C5.8] a recovery gives the member a new device and ends all others", async () => {
  let world: Organisation = await act(org, await recovery(ben), three)
  world = await at(world, noon + 60)
  world = await at(world, noon + 60 + 3 * day)
  const phone = await ben.newPhone("found again")
  expect(activeDevicesOf(world.charter.state, ben.member).map(({ id }) => id)).toEqual([phone.id])
  expect(world.charter.state.devices.get(ben.phone.id)?.removed?.index).toBe(world.charter.size - 1)
})

test("[C5.8 C2.3] a recovery with a key that has not signed its own admission is refused", async () => {
  const lost = (await recovery(ben)) as LaterAct & { type: "recover" }
  const device = { ...lost.body.device, proof: new Uint8Array(64) }
  expect((await act(org, { ...lost, body: { ...lost.body, device } }, three)).record.outcome).toEqual({
    refused: "bad_proof",
  })
})

describe("suspension", () => {
  const suspend = (who: Person, seconds = 7 * day): LaterAct => ({
    type: "suspend-keeper",
    body: { keeper: who.seat, seconds },
  })

  test("[C5.6] fewer keepers than change the rules can suspend one; it lapses by the log's clock", async () => {
    let world: Organisation = await act(org, suspend(cem), [ana.keeper, ben.keeper])
    expect(isSuspended(world.charter.state, cem.seat)).toBe(true)
    const removing: LaterAct = { type: "member-remove", body: { member: dan.member } }
    const short = await act(world, removing, three)
    expect(short.record.outcome).toEqual({ refused: "too_few_keepers" })
    expect(short.record.approvals.filter(({ suspended }) => suspended)).toMatchObject([
      { signer: cem.seat, counted: false },
    ])
    expect(alarmsOf(short.charter)).toContainEqual({
      kind: "approval_by_suspended",
      index: short.charter.size - 1,
      keeper: cem.seat,
    })
    expect((await act(world, removing, [ana.keeper, ben.keeper, fay.keeper])).record.outcome).toBe("applied")
    world = await at(world, noon + 60)
    expect(isSuspended((await at(world, noon + 60 + 7 * day - 1)).charter.state, cem.seat)).toBe(true)
    world = await at(world, noon + 60 + 7 * day)
    expect(isSuspended(world.charter.state, cem.seat)).toBe(false)
    expect((await act(world, removing, three)).record.outcome).toBe("applied")
  })

  test("[C5.6] going on with it takes as many as changing the rules does", async () => {
    let world: Organisation = await act(org, suspend(cem), [ana.keeper, ben.keeper])
    world = await at(await at(world, noon + 60), noon + 60 + 7 * day)
    expect((await act(world, suspend(cem), [ana.keeper, ben.keeper])).record.outcome).toEqual({
      refused: "too_few_keepers",
    })
    expect((await act(world, suspend(cem), [ana.keeper, ben.keeper, gus.keeper])).record.outcome).toBe("applied")
  })

  test("[C5.6] a wrong signature in a suspended keeper's name neither spoils the entry nor accuses the keeper", async () => {
    const world = await act(org, suspend(cem), [ana.keeper, ben.keeper])
    const liar: Signer = { ...cem.keeper, sign: async () => new Uint8Array(64).fill(1) }
    const next = await act(world, { type: "member-remove", body: { member: dan.member } }, [
      ana.keeper,
      ben.keeper,
      fay.keeper,
      liar,
    ])
    expect(next.record.outcome).toBe("applied")
    expect(alarmsOf(next.charter).map(({ kind }) => kind)).not.toContain("approval_by_suspended")
  })

  test("[C5.6] a suspended keeper cannot veto either", async () => {
    let world: Organisation = await act(org, suspend(cem), [ana.keeper, ben.keeper])
    world = await act(world, await moving(), [ana.keeper, ben.keeper, fay.keeper])
    const statement = world.charter.records.at(world.charter.size - 1)?.statement
    expect((await act(world, veto(statement), [cem.keeper, fay.keeper, gus.keeper])).record.outcome).toEqual({
      refused: "too_few_keepers",
    })
  })

  test("[C5.7] rules without witnesses end it", async () => {
    let world: Organisation = await act(org, suspend(cem), [ana.keeper, ben.keeper])
    const plain = (rules: Rules): Rules => ({ ...rules, witnesses: [], witnessQuorum: 0, acts: new Map([[2, rule()]]) })
    world = await act(world, rulesNow(world, plain), [ana.keeper, ben.keeper, fay.keeper, gus.keeper])
    expect(world.charter.state.rules.witnesses).toEqual([])
    expect(isSuspended(world.charter.state, cem.seat)).toBe(false)
  })
})

describe("canary", () => {
  const canary = (until: number): LaterAct => ({ type: "canary", body: { until } })

  test("[C5.9 C8.2] the newest counts; it is signed for a quarter of a year at most, and never for the past", async () => {
    let world: Organisation = await act(org, canary(noon + 31 * day), three)
    world = await act(world, canary(noon + 62 * day), three)
    expect(world.charter.state.canary?.until).toBe(noon + 62 * day)
    const drafted = (until: number) => draft(org.charter, { ...canary(until), ...validity(), notAfter: noon + day })
    expect(await checkBeforeSigning(org.charter, drafted(noon + maxCanarySeconds), noon)).toEqual([])
    expect(await checkBeforeSigning(org.charter, drafted(noon + maxCanarySeconds + 1), noon)).toEqual([
      "canary_too_far",
    ])
    expect(await checkBeforeSigning(org.charter, drafted(noon), noon)).toEqual(["canary_past"])
  })

  test("[C3.8] it never waits, though the rules it follows do", async () => {
    expect((await act(org, canary(noon + day), three)).record.outcome).toBe("applied")
  })
})

describe("batch", () => {
  test("[C5.10] all of it applies, or nothing does", async () => {
    const people = await Promise.all(["hal", "ida", "jon"].map(person))
    const adding = await Promise.all(people.map((who) => addMember(org, who)))
    const acts = [...adding, { type: "member-remove", body: { member: dan.member } }] as never
    const world = await act(org, { type: "batch", body: { acts } }, three)
    expect(world.record.outcome).toBe("applied")
    expect(people.every(({ member }) => world.charter.state.members.has(member))).toBe(true)
    expect(world.charter.state.members.get(dan.member)?.removed?.statementId).toEqual(world.record.statement?.id)
    const twice = await act(org, { type: "batch", body: { acts: [...adding, adding[0]] as never } }, three)
    expect(twice.record.outcome).toEqual({ refused: "member_known" })
    expect(twice.charter.state).toBe(org.charter.state)
  })

  test("[C5.10] it waits as long as the slowest act in it, and one device's proof that is wrong refuses it all", async () => {
    const laptop = await ben.newPhone("laptop")
    const device = await laptop.admit(org.orgId)
    const acts = [
      { type: "device-add", body: { member: ben.member, device } },
      { type: "member-remove", body: { member: dan.member } },
    ] as const
    const asked: LaterAct = { type: "batch", body: { acts } }
    expect((await act(org, asked, three)).record.outcome).toEqual({ refused: "no_device_approval" })
    const world = await act(org, asked, [...three, ben.phone.signer])
    expect(world.record.outcome).toBe("waiting")
    expect(world.charter.state.waiting).toMatchObject([{ delaySeconds: 3_600, vetoK: 3 }])
    const spoiled = [
      { ...acts[0], body: { ...acts[0].body, device: { ...device, proof: new Uint8Array(64) } } },
      acts[1],
    ]
    const refused = await act(org, { type: "batch", body: { acts: spoiled as never } }, [...three, ben.phone.signer])
    expect(refused.record.outcome).toEqual({ refused: "bad_proof" })
  })
})

test("[C3.10 C2.4] a witness's key is nobody else's", async () => {
  const key = (await witness("pier")).key
  const signer: Person = { ...dan, phone: { ...dan.phone, key } }
  expect(
    org.charter.state.rules.witnesses.some(({ publicKey }) => publicKey.every((b, i) => b === key.publicKey[i])),
  ).toBe(true)
  const device = { id: deviceIdOf(signer.phone.key.publicKey), publicKey: key.publicKey, proof: new Uint8Array(64) }
  const adding = (await addMember(org, await person("kim"))) as LaterAct & { type: "member-add" }
  const stolen: LaterAct = { ...adding, body: { ...adding.body, devices: [device] } }
  expect((await act(org, stolen, three)).record.outcome).toEqual({ refused: "key_reused" })
  const relay = { ...(await relayEntry("north")), logPublicKey: key.publicKey }
  expect((await act(org, { type: "relays", body: { relays: [relay] } }, three)).record.outcome).toEqual({
    refused: "key_reused",
  })
})

test("[C7.8 C10] in bulk and entry by entry, what waited comes to the same", async () => {
  let world: Organisation = await act(org, await moving(), three)
  world = await act(world, await recovery(ben), three)
  const statement = world.charter.records.at(world.charter.size - 1)?.statement
  world = await at(world, noon + 5)
  world = await act(world, veto(statement), [ben.phone.signer])
  world = await at(world, noon + 5 + 2 * day)
  expect(snapshot(await replay(world.orgId, world.entries))).toEqual(snapshot(world.charter))
  expect(relayCount(world)).toBe(2)
})

test("[C8.3] the new acts are told in plain words", async () => {
  const names = (id: Uint8Array) => [ana, ben, cem].find(({ member, seat }) => id === member || id === seat)?.name
  const words = async (what: LaterAct) => actInWords(what, names)
  expect(await words({ type: "suspend-keeper", body: { keeper: cem.seat, seconds: 90_061 } })).toMatchInlineSnapshot(
    `"Suspend cem for one day, one hour, one minute and one second: until then their approvals do not count"`,
  )
  expect(await words(await recovery(ben))).toMatchInlineSnapshot(
    `"Recover ben: give them the device with key 42ce bdd3 8236 0061 and end every other device of theirs"`,
  )
  expect(await words({ type: "veto", body: { statement: bytesFrom("statement", 32) } })).toMatchInlineSnapshot(
    `"Veto the act with the code HY8N F9V4 (8f91 57a7 64a4 83fc), so that it never takes effect"`,
  )
  expect(await words({ type: "canary", body: { until: noon } })).toMatchInlineSnapshot(
    `"Declare, until 2027-01-15, that no one has compelled the keepers to act against this organisation"`,
  )
  expect(await words({ type: "canary", body: { until: Number.MAX_SAFE_INTEGER } })).toMatchInlineSnapshot(
    `"Declare, until a day beyond every calendar, that no one has compelled the keepers to act against this organisation"`,
  )
  expect(await words({ type: "anchor", body: { note: Uint8Array.of(1) } })).toMatchInlineSnapshot(
    `"Set the log's clock by a checkpoint that witnesses have cosigned"`,
  )
  expect(actInWords({ type: "rules", body: org.charter.state.rules }, () => "X")).toMatchInlineSnapshot(
    `"Change the rules to version 1: 3 of 5 keepers after 2 days in which 3 keepers can veto (X (key 7668 43c4 b849 1407), X (key d65a cc07 8503 6b59), X (key 9ef2 2117 78a2 28fd), X (key 39e2 38d4 3d9e 9883), X (key 74d9 aeb3 784c efa8)); to suspend a keeper: 2 of 5 keepers; to add members: 3 of 5 keepers; to remove members: 3 of 5 keepers; to add devices: 3 of 5 keepers after one hour in which 3 keepers can veto; to remove devices: 3 of 5 keepers after one hour in which 4 keepers can veto; to recover a member: 3 of 5 keepers after 3 days; watched by 3 witnesses, 2 of whom must agree: “quay.example/witness” (key 2a80 4ca5 bd95 3488), “reef.example/witness” (key bf40 d052 b39a 4cec), “pier.example/witness” (key f463 8a89 888c b8a5)"`,
  )
  const acts = [ben, cem].map(({ member }) => ({ type: "member-remove", body: { member } })) as never
  expect(await words({ type: "batch", body: { acts } })).toMatchInlineSnapshot(
    `"Do 2 things together or not at all: remove ben and every device of theirs; remove cem and every device of theirs"`,
  )
})
