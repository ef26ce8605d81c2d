// more than 600 lines because one table holds a broken case for every reason there is, and a test that none is missing
import { deviceIdOf, equalBytes } from "@holdfast/wire"
import { beforeAll, describe, expect, test } from "vitest"
import { admissionBytes } from "../src/admission.ts"
import { encodeCoseKey } from "../src/cose-key.ts"
import {
  type Act,
  type Approval,
  admitDevice,
  append,
  type DeviceEntry,
  decodeEnvelope,
  decodeStatement,
  draft,
  type Header,
  type Keeper,
  type LaterAct,
  type Refusal,
  type Rules,
  refusals,
  type Signer,
  seal,
  simpleRules,
  type Waiting,
} from "../src/index.ts"
import { makeStatement } from "../src/statement.ts"
import {
  act,
  addMember,
  anchored,
  approvalsOf,
  bytesFrom,
  type Cosigned,
  cosignedNote,
  found,
  type Organisation,
  type Person,
  type Phone,
  person,
  relayEntry,
  sealed,
  validity,
  type WitnessPerson,
  watchedBy,
  witness,
} from "./people.ts"

// One broken case for every reason there is. The world: ana, ben and cem are keepers, two of whom decide; ana (with a phone and
// a laptop) and ben are members; dan was one; eve is nobody.
let ana: Person
let ben: Person
let cem: Person
let dan: Person
let eve: Person
let laptop: Phone
let org: Organisation
let quorum: readonly Signer[]

beforeAll(async () => {
  const people = await Promise.all(["ana", "ben", "cem", "dan", "eve"].map(person))
  ;[ana, ben, cem, dan, eve] = people as [Person, Person, Person, Person, Person]
  laptop = await ana.newPhone("laptop")
  quorum = [ana.keeper, ben.keeper]
  org = await found([ana, ben, cem], 2)
  org = await act(org, await addMember(org, ben), quorum)
  org = await act(org, await addMember(org, dan), quorum)
  org = await act(org, await addDevice(ana, laptop), [...quorum, ana.phone.signer])
  org = await act(org, { type: "member-remove", body: { member: dan.member } }, quorum)
  expect([...org.charter.records].map(({ outcome }) => outcome)).toEqual(Array(5).fill("applied"))
})

async function addDevice(who: Person, phone: Phone): Promise<LaterAct> {
  return { type: "device-add", body: { member: who.member, device: await phone.admit(org.orgId) } }
}

const removeBen = (): LaterAct => ({ type: "member-remove", body: { member: ben.member } })

/** What a correct draft becomes when one thing in it is changed, still signed by whoever is asked to. */
async function entry(
  what: LaterAct,
  signers: readonly Signer[] = quorum,
  change: Partial<Header> = {},
): Promise<Uint8Array> {
  const statement = draft(org.charter, { ...what, ...validity() })
  return sealed(makeStatement({ ...statement, ...change }, statement), signers)
}

async function entryOfType(number: number, subject = "odd"): Promise<Uint8Array> {
  const like = draft(org.charter, { ...removeBen(), ...validity() })
  const unknown: Act = { type: "unknown", body: { number, value: new Map([[0, 1]]) } }
  return sealed(makeStatement({ ...like, subject: new TextEncoder().encode(subject) }, unknown), quorum)
}

async function memberAdd(change: (device: DeviceEntry) => DeviceEntry | Promise<DeviceEntry>): Promise<Uint8Array> {
  const adding = (await addMember(org, eve)) as LaterAct & { type: "member-add" }
  const devices = await Promise.all(adding.body.devices.map(change))
  return entry({ ...adding, body: { ...adding.body, devices } })
}

async function newRules(
  change: (rules: Rules) => Rules | Promise<Rules>,
  signers: readonly Signer[] = quorum,
): Promise<Uint8Array> {
  return entry({ type: "rules", body: await change({ ...org.charter.state.rules, version: 2 }) }, signers)
}

async function withSeat(keeper: Partial<Keeper>): Promise<(rules: Rules) => Rules> {
  const seat = { ...(await eve.admitAsKeeper(org.orgId)), ...keeper }
  return (rules) => ({ ...simpleRules([...rules.keepers, seat], 3), version: rules.version })
}

/** Changes the number or numbers that all acts follow. */
function withAct(change: Partial<ReturnType<typeof defaultAct>>): (rules: Rules) => Rules {
  return (rules) => ({ ...rules, acts: new Map([...rules.acts, [2, { ...defaultAct(), ...change }]]) })
}

function defaultAct() {
  return { k: 2, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }
}

const weakKey = new Uint8Array(32)

const cases: Record<Refusal, readonly (readonly [rule: string, make: () => Promise<Uint8Array> | Uint8Array])[]> = {
  malformed: [["C1.2", async () => Uint8Array.of(...(await entry(removeBen())), 0)]],
  too_large: [["C1.8", () => new Uint8Array(60_001)]],
  wrong_organisation: [["C6.1", () => entry(removeBen(), quorum, { orgId: bytesFrom("other org", 32) as never })]],
  replayed: [["C6.2", () => org.entries[1] as Uint8Array]],
  second_genesis: [
    [
      "C6.3",
      async () => {
        const founding = decodeStatement(org.founding.bytes)
        return sealed(makeStatement({ ...founding, orgId: org.orgId }, founding), quorum)
      },
    ],
  ],
  unknown_type: [
    ["C4.8", () => entryOfType(9)],
    ["C4.8 even type 0", () => entryOfType(0)],
  ],
  wrong_subject: [["C6.4", () => entry(removeBen(), quorum, { subject: new TextEncoder().encode("rules") })]],
  wrong_rules_version: [["C6.5", () => entry(removeBen(), quorum, { rulesVersion: 2 })]],
  wrong_sequence: [
    ["C6.6 seq", () => entry(removeBen(), quorum, { seq: 2 })],
    ["C6.6 prev", () => entry(removeBen(), quorum, { prev: bytesFrom("other", 32) })],
  ],
  wrong_base: [
    ["C6.7 another root", () => entry(removeBen(), quorum, { base: { size: 5, root: bytesFrom("fork", 32) } })],
    ["C6.7 beyond the end", () => entry(removeBen(), quorum, { base: { size: 6, root: org.charter.root } })],
    [
      "C6.7 nothing pinned",
      () => entry(removeBen(), quorum, { base: { size: 0, root: org.charter.roots.at(0) as Uint8Array } }),
    ],
  ],
  base_too_old: [
    [
      "C6.7",
      async () => {
        const narrow = await found([ana, ben, cem], 2, (rules) => ({ ...rules, baseWindow: 16 }))
        const old = draft(narrow.charter, { ...(await addMember(narrow, ben)), ...validity() })
        org = narrow
        for (let i = 0; i < 17; i++) org = { ...org, charter: (await append(org.charter, Uint8Array.of(i))).charter }
        return sealed(old, quorum)
      },
    ],
  ],
  member_known: [
    ["C5.1 there", async () => entry(await addMember(org, ben))],
    ["C5.1 removed", async () => entry(await addMember(org, dan))],
  ],
  member_unknown: [
    ["C5.1 member", () => entry({ type: "member-remove", body: { member: eve.member } })],
    ["C5.1 device", async () => entry(await addDevice(eve, eve.phone), [...quorum, ana.phone.signer])],
  ],
  member_removed: [
    ["C5.1 member", () => entry({ type: "member-remove", body: { member: dan.member } })],
    ["C5.1 device", async () => entry(await addDevice(dan, await dan.newPhone("new")), [...quorum, dan.phone.signer])],
    [
      "C5.1 device removal",
      () => entry({ type: "device-remove", body: { member: dan.member, device: dan.phone.id } }, [dan.phone.signer]),
    ],
  ],
  device_known: [
    ["C5.2 there", async () => entry(await addDevice(ana, laptop), [...quorum, ana.phone.signer])],
    ["C5.2 removed", async () => memberAdd(() => admitDevice(org.orgId, eve.member, dan.phone.key))],
  ],
  device_unknown: [
    ["C5.2", () => entry({ type: "device-remove", body: { member: ana.member, device: eve.phone.id } })],
  ],
  device_removed: [
    [
      "C5.2",
      async () => {
        org = await act(org, { type: "device-remove", body: { member: ana.member, device: laptop.id } }, quorum)
        return entry({ type: "device-remove", body: { member: ana.member, device: laptop.id } })
      },
    ],
  ],
  device_of_another: [
    ["C5.2", () => entry({ type: "device-remove", body: { member: ana.member, device: ben.phone.id } })],
  ],
  wrong_device_id: [["C2.2", () => memberAdd((device) => ({ ...device, id: bytesFrom("mine", 16) as never }))]],
  too_many_devices: [
    [
      "C4.2",
      async () => {
        const phones = await Promise.all(Array.from({ length: 15 }, (_, i) => ana.newPhone(`phone ${i}`)))
        for (const phone of phones.slice(1))
          org = await act(org, await addDevice(ana, phone), [...quorum, ana.phone.signer])
        return entry(await addDevice(ana, phones[0] as Phone), [...quorum, ana.phone.signer])
      },
    ],
  ],
  bad_key: [
    ["C2.4 device", () => memberAdd((device) => ({ ...device, publicKey: weakKey, id: weakDeviceId() }))],
    ["C2.4 keeper", async () => newRules(await withSeat({ publicKey: weakKey }))],
    [
      "C2.4 relay",
      async () => entry({ type: "relays", body: { relays: [{ ...(await relayEntry()), logPublicKey: weakKey }] } }),
    ],
  ],
  id_reused: [
    ["C2.8 a member's", async () => newRules(await withSeat({ id: bytesFrom("ana/member", 16) as never }))],
    ["C2.8 a device's", async () => newRules(await withSeat({ id: laptop.id as never }))],
    [
      "C2.8 a keeper's",
      async () => {
        const adding = (await addMember(org, eve)) as LaterAct & { type: "member-add" }
        return entry({ ...adding, body: { ...adding.body, member: cem.seat as never } })
      },
    ],
  ],
  key_reused: [
    ["C2.4 keeper's key as device", () => memberAdd(() => admitDevice(org.orgId, eve.member, cem.keeperKey))],
    ["C2.4 device's key as keeper", async () => newRules(await withSeat({ publicKey: ben.phone.key.publicKey }))],
    [
      "C2.4 removed device's key as keeper",
      async () => newRules(await withSeat({ publicKey: dan.phone.key.publicKey })),
    ],
    ["C2.4 another keeper's key", async () => newRules(await withSeat({ publicKey: cem.keeperKey.publicKey }))],
    [
      "C2.4 two new seats with one key",
      async () => {
        const seat = await eve.admitAsKeeper(org.orgId)
        const twin = { ...seat, id: bytesFrom("twin", 16) as never }
        return newRules((rules) => ({ ...simpleRules([...rules.keepers, seat, twin], 3), version: 2 }))
      },
    ],
  ],
  bad_proof: [
    ["C2.3 device", () => memberAdd((device) => ({ ...device, proof: flip(device.proof) }))],
    ["C2.3 device, made for another member", () => memberAdd(() => admitDevice(org.orgId, ben.member, eve.phone.key))],
    [
      "C2.3 device, made for another organisation",
      () => memberAdd(() => admitDevice(bytesFrom("org", 32) as never, eve.member, eve.phone.key)),
    ],
    [
      "C2.3 device, made as a keeper",
      () =>
        memberAdd(async (device) => ({
          ...device,
          proof: await eve.phone.key.sign(admissionBytes(org.orgId, { keeper: eve.member as never }, device.publicKey)),
        })),
    ],
    [
      "C2.3 keeper",
      async () => {
        const seat = await eve.admitAsKeeper(org.orgId)
        return newRules(await withSeat({ proof: flip(seat.proof) }), [ana.keeper, ben.keeper, eve.keeper])
      },
    ],
    [
      "C2.3 keeper in office with another proof",
      () =>
        newRules((rules) => ({
          ...rules,
          keepers: rules.keepers.map((keeper) => ({ ...keeper, proof: flip(keeper.proof) })),
        })),
    ],
  ],
  wrong_version: [["C3.1", () => newRules((rules) => ({ ...rules, version: 3 }))]],
  keeper_changed: [["C3.3", async () => newRules(await withSeatOf(eve, cem))]],
  keeper_twice: [["C3.3", async () => newRules(await withSeat({ member: ana.member }))]],
  keeper_member_unknown: [
    ["C3.3 nobody", async () => newRules(await withSeat({ member: eve.member }))],
    ["C3.3 removed", async () => newRules(await withSeat({ member: dan.member }))],
  ],
  floor_k: [
    ["C3.6", () => newRules((rules) => ({ ...rules, acts: new Map([...rules.acts, [4, { ...defaultAct(), k: 1 }]]) }))],
  ],
  floor_loss: [
    ["C3.6", () => newRules((rules) => ({ ...rules, acts: new Map([...rules.acts, [4, { ...defaultAct(), k: 3 }]]) }))],
  ],
  floor_majority: [
    [
      "C3.6",
      async () => newRules(async (rules) => ({ ...(await withSeat({}))(rules), acts: withAct({ k: 2 })(rules).acts })),
    ],
  ],
  floor_evaluation: [
    ["C3.5", () => newRules((rules) => ({ ...simpleRules(rules.keepers.slice(0, 1), 1), version: rules.version }))],
  ],
  floor_diversity: [
    ["C3.7 organisations", () => newRules(withAct({ minOrganisations: 1 }))],
    ["C3.7 jurisdictions", () => newRules(withAct({ minJurisdictions: 1 }))],
    [
      "C3.7 more than k",
      () =>
        newRules((rules) => ({
          ...withAct({ minOrganisations: 3 })(rules),
          keepers: rules.keepers.map((keeper, i) => ({ ...keeper, organisation: `House ${i}` })),
        })),
    ],
    [
      "C3.7 a label that one keeper brings",
      () =>
        newRules((rules) => ({
          ...withAct({ minOrganisations: 2 })(rules),
          keepers: rules.keepers.map((keeper, i) => ({ ...keeper, organisation: i === 0 ? "House" : "Other house" })),
        })),
    ],
  ],
  floor_window: [
    ["C3.9 small", () => newRules((rules) => ({ ...rules, baseWindow: 15 }))],
    ["C3.9 large", () => newRules((rules) => ({ ...rules, baseWindow: 65_537 }))],
  ],
  passkey_not_local: [
    [
      "C9.10",
      async () =>
        newRules(
          await withSeat({
            kind: 2,
            publicKey: encodeCoseKey({ algorithm: "EdDSA", publicKey: eve.keeperKey.publicKey }),
            passkey: { rpId: "relay.example", origin: "https://relay.example", backupEligible: false },
          }),
        ),
    ],
  ],
  keeper_unknown: [["C5.6", withClock(() => entry(suspend(eve)))]],
  no_clock: [["C5.6", () => entry(suspend(cem))]],
  suspension_would_stop: [
    [
      "C5.6",
      withClock(async () => {
        const [fourth, fifth] = five.slice(3).map(({ id }) => ({ seat: id }) as Person) as [Person, Person]
        org = await act(org, suspend(fourth), quorum)
        org = await act(org, suspend(fifth), quorum)
        return entry(suspend(cem))
      }),
    ],
  ],
  floor_delay: [
    ["C3.8", withClock(() => newRules(withAct({ k: 3, delaySeconds: 31 * day, vetoK: 3 })))],
    [
      "C3.8 what has to be quick",
      withClock(() =>
        newRules((rules) => ({
          ...rules,
          acts: new Map([...rules.acts, [3, { ...defaultAct(), delaySeconds: 1, vetoK: 2 }]]),
        })),
      ),
    ],
  ],
  delay_without_witnesses: [["C3.8", () => newRules(withAct({ delaySeconds: day, vetoK: 2 }))]],
  floor_veto: [
    ["C3.11 one alone", () => newRules(withAct({ vetoK: 1 }))],
    ["C3.11 fewer than decide", withClock(() => newRules(withAct({ k: 3, delaySeconds: day, vetoK: 2 })))],
    ["C3.11 more than there are", () => newRules(withAct({ vetoK: 4 }))],
    ["C3.11 nobody", withClock(() => newRules(withAct({ k: 3, delaySeconds: day })))],
    [
      "C3.11 a rule of its own",
      () => newRules((rules) => ({ ...rules, acts: new Map([...rules.acts, [11, defaultAct()]]) })),
    ],
  ],
  floor_witnesses: [
    ["C3.10 half", () => newRules((rules) => ({ ...watchedBy(witnesses, rules), witnessQuorum: 1 }))],
    ["C3.10 more than there are", () => newRules((rules) => ({ ...watchedBy(witnesses, rules), witnessQuorum: 4 }))],
  ],
  act_waiting: [
    [
      "C10.3",
      withClock(async () => {
        org = await act(org, await moving("north"), quorum)
        expect(org.charter.state.waiting).toHaveLength(1)
        return entry(await moving("south"))
      }),
    ],
  ],
  expired: [["C6.12", withClock(() => entry(removeBen(), quorum, { notAfter: noon - 1 }))]],
  recover_without_delay: [
    ["C5.8", async () => entry(await recovery(ana))],
    [
      "C5.8 less than a day",
      withClock(async () => {
        const short = { ...defaultAct(), k: 3, delaySeconds: day - 1 }
        const { rules } = org.charter.state
        const body = { ...rules, version: 2, acts: new Map([...rules.acts, [10, short]]) }
        org = await act(org, { type: "rules", body }, five)
        expect(org.charter.state.rules.version).toBe(2)
        return entry(await recovery(ben))
      }),
    ],
  ],
  nothing_to_veto: [
    ["C10.5", withClock(() => entry({ type: "veto", body: { statement: bytesFrom("nothing", 32) } }))],
    [
      "C10.5 what has taken effect",
      withClock(() =>
        entry({ type: "veto", body: { statement: decodeEnvelope(org.entries[1] as Uint8Array).statement.id } }),
      ),
    ],
  ],
  veto_not_allowed: [
    [
      "C10.5",
      withClock(async () => {
        // Only an evaluation organisation can have acts that wait and that no keeper can veto.
        org = await found([ana], 1, (rules) =>
          watchedBy(witnesses, { ...rules, acts: new Map([[2, { ...defaultAct(), k: 1, delaySeconds: day }]]) }),
        )
        org = await act(org, await moving(), [ana.keeper])
        const [held] = org.charter.state.waiting
        return entry({ type: "veto", body: { statement: (held as Waiting).statement.id } }, [ana.keeper])
      }),
    ],
  ],
  anchor_without_witnesses: [["C10.1", () => anchor({ time: noon, by: witnesses })]],
  bad_anchor: [
    ["C10.1 too few", withClock(() => anchor({ time: noon + 1, by: witnesses.slice(0, 1) }))],
    ["C10.1 another root", withClock(() => anchor({ time: noon + 1, by: witnesses, root: bytesFrom("root", 32) }))],
    ["C10.1 another log key", withClock(() => anchor({ time: noon + 1, by: witnesses, relay: "south" }))],
    ["C10.1 no note", withClock(() => entry({ type: "anchor", body: { note: bytesFrom("note", 30) } }, []))],
    [
      "C10.1 one witness twice",
      withClock(() => {
        const [first] = witnesses as [WitnessPerson]
        return anchor({ time: noon + 1, by: [first, first] })
      }),
    ],
  ],
  anchor_no_news: [["C10.1", withClock(() => anchor({ time: noon, by: witnesses, size: 2 }))]],
  bad_signature: [
    [
      "C6.9 C9 a passkey's form from a keeper with a key",
      async () => {
        const statement = await statementToRemoveBen()
        const passkey = {
          signer: cem.seat,
          kind: 2 as const,
          authenticatorData: new Uint8Array(37),
          clientDataJson: new Uint8Array(150),
          signature: new Uint8Array(70),
        }
        return seal(statement, [...(await approvalsOf(statement, quorum)), passkey])
      },
    ],
    ["C6.9 keeper", async () => broken(await statementToRemoveBen(), [ana.keeper, ben.keeper, cem.keeper], cem.seat)],
    ["C6.9 device", async () => broken(await statementToRemoveBen(), [...quorum, ana.phone.signer], ana.phone.id)],
    [
      "C6.9 over another statement",
      async () => {
        const [first] = await approvalsOf(await statementToRemoveBen(), [ana.keeper])
        const other = await statementToRemoveBen()
        return seal(other, [first as Approval, ...(await approvalsOf(other, [ben.keeper, cem.keeper]))])
      },
    ],
  ],
  too_few_keepers: [
    ["C6.10", () => entry(removeBen(), [ana.keeper])],
    ["C6.10 none", () => entry(removeBen(), [])],
    ["C6.10 C6.8 a stranger does not count", () => entry(removeBen(), [ana.keeper, eve.keeper])],
    ["C6.10 a keeper's device is not the keeper", () => entry(removeBen(), [ana.keeper, ben.phone.signer])],
    [
      "C6.10 C3.1 enough under the old rules only",
      async () =>
        newRules((rules) => ({ ...simpleRules([...rules.keepers.slice(0, 1), ...strangers], 3), version: 2 })),
    ],
    [
      "C6.10 C3.1 enough under the new rules only",
      async () =>
        newRules(
          (rules) => ({ ...simpleRules([...rules.keepers.slice(0, 1), ...strangers], 3), version: 2 }),
          [...(await strangersAsSigners())],
        ),
    ],
    [
      "C5.5 another member's device",
      () => entry({ type: "device-remove", body: { member: ana.member, device: laptop.id } }, [ben.phone.signer]),
    ],
    [
      "C5.5 C6.8 a device that was removed",
      async () => {
        const remove: LaterAct = { type: "device-remove", body: { member: ana.member, device: laptop.id } }
        const phone = await ana.newPhone("third")
        org = await act(org, await addDevice(ana, phone), [...quorum, ana.phone.signer])
        org = await act(org, remove, [laptop.signer])
        return entry({ type: "device-remove", body: { member: ana.member, device: phone.id } }, [laptop.signer])
      },
    ],
  ],
  too_few_organisations: [["C6.10", async () => diverse("organisation")]],
  too_few_jurisdictions: [["C6.10", async () => diverse("jurisdiction")]],
  no_device_approval: [
    ["C5.4 none", async () => entry(await addDevice(ana, await ana.newPhone("tablet")), quorum)],
    [
      "C5.4 another member's",
      async () => entry(await addDevice(ana, await ana.newPhone("tablet")), [...quorum, ben.phone.signer]),
    ],
  ],
  last_device: [
    [
      "C5.5",
      () => entry({ type: "device-remove", body: { member: ben.member, device: ben.phone.id } }, [ben.phone.signer]),
    ],
  ],
}

let strangers: readonly Keeper[]
async function strangersAsSigners(): Promise<readonly Signer[]> {
  return (await Promise.all(["fay", "gus", "hal"].map(person))).map(({ keeper }) => keeper)
}

beforeAll(async () => {
  const people = await Promise.all(["fay", "gus", "hal"].map(person))
  strangers = await Promise.all(people.map((who) => who.admitAsKeeper(org.orgId)))
})

async function statementToRemoveBen() {
  return draft(org.charter, { ...removeBen(), ...validity() })
}

async function broken(
  statement: Awaited<ReturnType<typeof statementToRemoveBen>>,
  signers: readonly Signer[],
  whose: Uint8Array,
) {
  const approvals = await approvalsOf(statement, signers)
  return seal(
    statement,
    approvals.map((approval) =>
      approval.signer === whose && approval.kind !== 2
        ? { ...approval, signature: flip(approval.signature) }
        : approval,
    ),
  )
}

/** Two of the five keepers have a label of their own each; two labels are needed; the three who share one approve. */
async function diverse(label: "organisation" | "jurisdiction"): Promise<Uint8Array> {
  org = clocked
  const least = label === "organisation" ? { minOrganisations: 2 } : { minJurisdictions: 2 }
  const sharing = [ana, ben, cem].map(({ seat }) => seat)
  const { rules } = org.charter.state
  const labelled: Rules = {
    ...rules,
    acts: new Map([[2, { ...defaultAct(), k: 3, ...least }]]),
    version: 2,
    keepers: rules.keepers.map((keeper, i) => ({
      ...keeper,
      [label]: sharing.some((seat) => equalBytes(seat, keeper.id)) ? "A" : `B${i}`,
    })),
  }
  org = await act(org, { type: "rules", body: labelled }, five)
  expect(org.charter.state.rules.version).toBe(2)
  return entry(removeBen(), [ana.keeper, ben.keeper, cem.keeper])
}

/** Five keepers of whom three decide, three witnesses of whom two must agree, and a clock that says `noon`. */
const noon = 1_800_000_000
const day = 86_400
let clocked: Organisation
let five: readonly Signer[]
let witnesses: readonly WitnessPerson[]

beforeAll(async () => {
  const [fay, gus] = (await Promise.all(["fay", "gus"].map(person))) as [Person, Person]
  witnesses = await Promise.all(["pier", "quay", "reef"].map(witness))
  five = [ana, ben, cem, fay, gus].map(({ keeper }) => keeper)
  clocked = await found([ana, ben, cem, fay, gus], 3, (rules) =>
    watchedBy(witnesses, {
      ...rules,
      acts: new Map([
        [2, { ...defaultAct(), k: 3 }],
        [3, defaultAct()],
        [8, { ...defaultAct(), k: 3, delaySeconds: 2 * day, vetoK: 3 }],
        [10, { ...defaultAct(), k: 3, delaySeconds: 3 * day }],
      ]),
    }),
  )
  clocked = await act(clocked, await addMember(clocked, ben), five)
  clocked = await anchored(clocked, { time: noon, by: witnesses })
  expect([...clocked.charter.records].map(({ outcome }) => outcome)).toEqual(Array(3).fill("applied"))
})

/** The same cases in the world that has a clock. */
function withClock(make: () => Promise<Uint8Array>): () => Promise<Uint8Array> {
  return () => {
    org = clocked
    quorum = five.slice(0, 3)
    return make()
  }
}

async function anchor(how: Cosigned): Promise<Uint8Array> {
  return entry({ type: "anchor", body: { note: await cosignedNote(org, how) } }, [])
}

const suspend = (who: Person, seconds = day): LaterAct => ({
  type: "suspend-keeper",
  body: { keeper: who.seat, seconds },
})

async function moving(label = "north"): Promise<LaterAct> {
  return { type: "relays", body: { relays: [await relayEntry(label)] } }
}

async function recovery(who: Person): Promise<LaterAct> {
  const device = await (await who.newPhone("found again")).admit(org.orgId)
  return { type: "recover", body: { member: who.member, device, requestId: bytesFrom("recovery", 16) } }
}

async function withSeatOf(who: Person, seatOf: Person): Promise<(rules: Rules) => Rules> {
  const seat = { ...(await who.admitAsKeeper(org.orgId)), id: seatOf.seat }
  return (rules) => ({
    ...rules,
    keepers: rules.keepers.map((keeper) => (keeper.id.every((b, i) => b === seat.id[i]) ? seat : keeper)),
  })
}

function weakDeviceId(): never {
  return deviceIdOf(weakKey) as never
}

function flip(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte))
}

describe("an entry that breaks a rule is recorded with the reason, and the state stays as it was", () => {
  const all = Object.entries(cases).flatMap(([refusal, list]) => list.map(([rule, make]) => ({ refusal, rule, make })))
  test.each(all)("[$rule] $refusal", async ({ refusal, make }) => {
    const world = org
    const usual = quorum
    try {
      const bytes = await make()
      const { state, size } = org.charter
      const { charter, record } = await append(org.charter, bytes)
      expect(record.outcome).toEqual({ refused: refusal })
      expect(charter.state).toBe(state)
      expect(charter.size).toBe(size + 1)
      expect(charter.records.at(size)).toBe(record)
    } finally {
      org = world
      quorum = usual
    }
  })

  test("every reason has a case and a sentence", () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(refusals).sort())
  })
})
