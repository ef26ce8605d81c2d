import { toKeeperId } from "@holdfast/wire"
import { beforeAll, expect, test } from "vitest"
import {
  activeDevicesOf,
  admitDevice,
  admitKeeper,
  admits,
  alarmsOf,
  append,
  CharterError,
  checkBeforeSigning,
  decodeEnvelope,
  decodeStatement,
  deviceAt,
  draft,
  genesis,
  type LaterAct,
  maxValiditySeconds,
  memberAt,
  noOrg,
  openCharter,
  progress,
  replay,
  rootAt,
  rulesAt,
  type Signer,
  seal,
  simpleRules,
} from "../src/index.ts"
import { makeStatement } from "../src/statement.ts"
import {
  act,
  addMember,
  after,
  approvalsOf,
  bytesFrom,
  found,
  notAfter,
  type Organisation,
  type Person,
  person,
  relayEntry,
  sealed,
  validity,
} from "./people.ts"
import { snapshot } from "./snapshot.ts"

let ana: Person
let ben: Person
let cem: Person
let both: readonly Signer[]

beforeAll(async () => {
  const people = await Promise.all(["ana", "ben", "cem"].map(person))
  ;[ana, ben, cem] = people as [Person, Person, Person]
  both = [ana.keeper, ben.keeper]
})

const draftOf = (org: Organisation, what: LaterAct) => draft(org.charter, { ...what, ...validity() })

test("[C6.10] ben joins when the second of two keepers has agreed, and not before", async () => {
  const org = await found([ana, ben, cem], 2)
  expect(org.charter.state.evaluation).toBe(false)
  const adding = draftOf(org, await addMember(org, ben))
  const one = await approvalsOf(adding, [ana.keeper])
  const half = await progress(org.charter, adding, one)
  expect(half).toMatchObject({ needed: 2, given: 1, satisfied: false, reasons: ["too_few_keepers"] })
  expect(half.missing.map(({ id }) => id)).toEqual(expect.arrayContaining([ben.seat, cem.seat]))
  const alone = await after(org, seal(adding, one))
  expect(alone.record.outcome).toEqual({ refused: "too_few_keepers" })

  const joined = await after(alone, await sealed(adding, [ana.keeper, cem.keeper]))
  expect(joined.record.outcome).toBe("applied")
  expect(joined.record.approvals.map(({ signer, counted }) => [signer, counted])).toEqual(
    [ana.seat, cem.seat].sort((a, b) => (a[0] as number) - (b[0] as number)).map((seat) => [seat, true]),
  )
  expect(alarmsOf(joined.charter)).toEqual([{ kind: "entry_refused", index: 1, refusal: "too_few_keepers" }])
})

test("[C7.4] a member and their devices are in force from the entry after, until the removal, at any size asked about", async () => {
  const founded = await found([ana, ben, cem], 2)
  const joined = await act(founded, await addMember(founded, ben), both)
  const gone = await act(joined, { type: "member-remove", body: { member: ben.member } }, both)
  const { charter } = await act(gone, { type: "relays", body: { relays: [await relayEntry("second")] } }, both)
  const { member, phone } = ben
  const sizes = [0, 1, 2, 3, 4, 5]
  const inForce = [false, false, true, false, false, false]
  expect(sizes.map((size) => deviceAt(charter, phone.id, size) !== undefined)).toEqual(inForce)
  expect(sizes.map((size) => memberAt(charter, member, size) !== undefined)).toEqual(inForce)
  expect(sizes.map((size) => admits(charter, size, member, phone.id, phone.key.publicKey))).toEqual(inForce)
  expect(admits(charter, 2, ana.member, phone.id, phone.key.publicKey)).toBe(false)
  expect(admits(charter, 2, member, phone.id, ana.phone.key.publicKey)).toBe(false)
  expect(admits(charter, 2, member, ana.phone.id, phone.key.publicKey)).toBe(false)
  expect(sizes.map((size) => rulesAt(charter, size)?.version)).toEqual([undefined, 1, 1, 1, 1, undefined])
  expect([4, 5].map((size) => deviceAt(charter, ana.phone.id, size) !== undefined)).toEqual([true, false])
  // What an older charter said, it still says.
  expect(deviceAt(joined.charter, phone.id, 2)).toMatchObject({ removed: undefined, added: { index: 1 } })
  expect(charter.state.relays.map(({ urls }) => urls)).toEqual([["https://second.example"]])
})

test("[C3.1 C3.5] one person tries it alone, then raises the organisation to two of three", async () => {
  const alone = await found([ana], 1)
  expect(alone.charter.state.evaluation).toBe(true)
  const keepers = await Promise.all([ben, cem].map((who) => who.admitAsKeeper(alone.orgId)))
  const rules = { ...simpleRules([...alone.charter.state.rules.keepers, ...keepers], 2), version: 2 }
  const raising = draftOf(alone, { type: "rules", body: rules })

  const half = await progress(alone.charter, raising, await approvalsOf(raising, [ana.keeper]))
  expect(half).toMatchObject({ needed: 2, given: 1, satisfied: false })
  expect(half.quorums.map(({ under, tally }) => [under, tally.given, tally.needed])).toEqual([
    ["rules in force", 1, 1],
    ["new rules", 1, 2],
  ])
  expect((await after(alone, await sealed(raising, [ana.keeper]))).record.outcome).toEqual({
    refused: "too_few_keepers",
  })
  expect((await after(alone, await sealed(raising, [ben.keeper, cem.keeper]))).record.outcome).toEqual({
    refused: "too_few_keepers",
  })

  const raised = await after(alone, await sealed(raising, [ana.keeper, cem.keeper]))
  expect(raised.record.outcome).toBe("applied")
  expect(raised.charter.state.evaluation).toBe(false)
  const single = await act(raised, await addMember(raised, ben), [ana.keeper])
  expect(single.record.outcome).toEqual({ refused: "too_few_keepers" })
  expect((await act(single, await addMember(single, ben), [ben.keeper, cem.keeper])).record.outcome).toBe("applied")
})

test("[C4.3] several people found an organisation together, or not at all", async () => {
  const keepers = await Promise.all([ana, ben, cem].map((who) => who.admitAsKeeper(noOrg)))
  const founding = {
    nameCommitment: bytesFrom("name", 32),
    rules: simpleRules(keepers, 2),
    founder: { member: ana.member, nameCommitment: ana.nameCommitment, devices: [await ana.phone.admit(noOrg)] },
    relays: [],
    ...validity(),
  }
  const { statement, orgId } = genesis(founding)
  const empty = openCharter(orgId)
  expect(await checkBeforeSigning(empty, statement, notAfter - 60)).toEqual([])
  const two = await approvalsOf(statement, both)
  expect(await progress(empty, statement, two)).toMatchObject({ needed: 3, given: 2, satisfied: false })
  await expect(append(empty, seal(statement, two))).rejects.toMatchObject({
    code: "genesis_invalid",
    reason: "too_few_keepers",
  })
  const { charter } = await append(empty, seal(statement, [...two, ...(await approvalsOf(statement, [cem.keeper]))]))
  expect(charter.state.founded).toBe(true)
  expect(charter.state.members.get(ana.member)?.added.index).toBe(0)
})

test("[C7.1] a charter starts with the organisation that was asked for, or not", async () => {
  const org = await found([ana, ben, cem], 2)
  const other = await found([ben, ana, cem], 2)
  const first = org.entries[0] as Uint8Array
  const expectCode = (entry: Uint8Array, code: string, orgId = org.orgId) =>
    expect(append(openCharter(orgId), entry)).rejects.toMatchObject({ name: "CharterError", code })
  await expectCode(first, "not_this_organisation", other.orgId)
  await expectCode(new Uint8Array(), "not_this_organisation")
  await expectCode(new Uint8Array(70_000), "not_this_organisation")
  await expectCode(await sealed(draftOf(org, await addMember(org, ben)), both), "not_this_organisation")
  await expectCode(seal(org.founding, []), "genesis_invalid")
  await expect(replay(org.orgId, other.entries)).rejects.toMatchObject({ code: "not_this_organisation" })
  expect((await replay(org.orgId, [])).size).toBe(0)
  expect(() =>
    draft(openCharter(org.orgId), { type: "member-remove", body: { member: ana.member }, ...validity() }),
  ).toThrow(CharterError)
})

test("[C3.6] a founding with rules below the floors is no founding", async () => {
  await expect(found([ana, ben], 2)).rejects.toMatchObject({ code: "genesis_invalid", reason: "floor_loss" })
  await expect(found([ana, ben, cem], 1)).rejects.toMatchObject({ code: "genesis_invalid", reason: "floor_k" })
  await expect(found([ana], 2)).rejects.toMatchObject({ code: "genesis_invalid", reason: "floor_k" })
})

test("[C5.5] ana drops her lost laptop by herself, from the phone; the last device only the keepers can remove", async () => {
  let org: Organisation = await found([ana, ben, cem], 2)
  const laptop = await ana.newPhone("laptop")
  const device = await laptop.admit(org.orgId)
  org = await act(org, { type: "device-add", body: { member: ana.member, device } }, [...both, ana.phone.signer])
  expect(activeDevicesOf(org.charter.state, ana.member)).toHaveLength(2)
  const dropping = draftOf(org, { type: "device-remove", body: { member: ana.member, device: laptop.id } })
  const approvals = await approvalsOf(dropping, [ana.phone.signer])
  expect(await progress(org.charter, dropping, approvals)).toMatchObject({
    given: 0,
    byMember: { given: true },
    satisfied: true,
  })
  org = await after(org, seal(dropping, approvals))
  expect(activeDevicesOf(org.charter.state, ana.member).map(({ id }) => id)).toEqual([ana.phone.id])

  const last: LaterAct = { type: "device-remove", body: { member: ana.member, device: ana.phone.id } }
  expect((await act(org, last, [ana.phone.signer])).record.outcome).toEqual({ refused: "last_device" })
  org = await act(org, last, both)
  expect(activeDevicesOf(org.charter.state, ana.member)).toEqual([])
  expect(org.charter.state.members.get(ana.member)?.removed).toBeUndefined()
})

test("[C5.3] a keeper who is a member no more keeps the seat, and everybody is told until the rules change", async () => {
  let org: Organisation = await found([ana, ben, cem], 2)
  org = await act(org, { type: "member-remove", body: { member: ana.member } }, [ben.keeper, cem.keeper])
  expect(org.charter.state.rules.keepers).toHaveLength(3)
  expect(alarmsOf(org.charter)).toEqual([{ kind: "keeper_without_member", keeper: ana.seat, member: ana.member }])
  // The seat works, and other changes of the rules are not blocked by it.
  const wider = { ...org.charter.state.rules, version: 2, baseWindow: 2048 }
  org = await act(org, { type: "rules", body: wider }, both)
  expect(org.charter.state.rules.baseWindow).toBe(2048)
  const free = { ...wider, version: 3, keepers: wider.keepers.map((keeper) => ({ ...keeper, member: undefined })) }
  org = await act(org, { type: "rules", body: free }, both)
  expect(alarmsOf(org.charter)).toEqual([])
})

test("[C6.6] approvals for different subjects run side by side; of two for one subject the second is too late", async () => {
  let org: Organisation = await found([ana, ben, cem], 2)
  const addBen = draftOf(org, await addMember(org, ben))
  const addCem = draftOf(org, await addMember(org, cem))
  const moveHere = draftOf(org, { type: "relays", body: { relays: [await relayEntry("here")] } })
  const moveThere = draftOf(org, { type: "relays", body: { relays: [await relayEntry("there")] } })
  const outcomes = []
  for (const statement of [addCem, moveThere, addBen, moveHere]) {
    const next = await after(org, await sealed(statement, both))
    outcomes.push(next.record.outcome)
    org = next
  }
  expect(outcomes).toEqual(["applied", "applied", "applied", { refused: "wrong_sequence" }])
  expect(org.charter.state.relays[0]?.urls).toEqual(["https://there.example"])
  // Drafted again on what is now there, the loser is fine.
  expect((await act(org, { type: "relays", body: { relays: [await relayEntry("here")] } }, both)).record.outcome).toBe(
    "applied",
  )
})

test("[C6.5] what was drafted under the old rules is void under the new ones", async () => {
  const org = await found([ana, ben, cem], 2)
  const adding = draftOf(org, await addMember(org, ben))
  const changed = await act(org, { type: "rules", body: { ...org.charter.state.rules, version: 2 } }, both)
  expect((await after(changed, await sealed(adding, both))).record.outcome).toEqual({ refused: "wrong_rules_version" })
})

test("[C6.2] a statement works once, however often and with whatever approvals it is logged again", async () => {
  const founded = await found([ana, ben, cem], 2)
  const adding = draftOf(founded, await addMember(founded, ben))
  const joined = await after(founded, await sealed(adding, both))
  const again = await after(joined, await sealed(adding, [ana.keeper, ben.keeper, cem.keeper]))
  expect(again.record.outcome).toEqual({ refused: "replayed" })
  expect(again.charter.state).toBe(joined.charter.state)
})

test("[C6.8] approvals of strangers change nothing, and progress leaves out what would spoil the entry", async () => {
  const org = await found([ana, ben, cem], 2)
  const [eve] = await Promise.all(["eve"].map(person))
  if (eve === undefined) throw new Error("eve")
  const adding = draftOf(org, await addMember(org, ben))
  const good = await approvalsOf(adding, both)
  const strange = await approvalsOf(adding, [eve.keeper, eve.phone.signer])
  const [wrong] = (await approvalsOf(adding, [cem.keeper])).map(
    (it) => ({ ...it, signature: new Uint8Array(64) }) as typeof it,
  )
  const passkey = {
    signer: eve.seat,
    kind: 2 as const,
    authenticatorData: new Uint8Array(37),
    clientDataJson: new Uint8Array(20),
    signature: new Uint8Array(70),
  }
  const withStrangers = await after(org, seal(adding, [...good, ...strange.filter(({ kind }) => kind !== 1), passkey]))
  expect(withStrangers.record.outcome).toBe("applied")
  expect(withStrangers.record.approvals.filter(({ counted }) => counted)).toHaveLength(2)
  if (wrong === undefined) throw new Error("cem")
  const gathered = await progress(org.charter, adding, [...strange, wrong, ...good, ...good])
  expect(gathered.usable).toEqual(good)
  expect(gathered).toMatchObject({ given: 2, satisfied: true })
  expect((await after(org, seal(adding, gathered.usable))).record.outcome).toBe("applied")
})

test("[C3.3] a keeper who left may come back with the same key, and never anyone else under that id", async () => {
  let org: Organisation = await found([ana, ben, cem], 2)
  const dan = await person("dan")
  const [danSeat, newCem] = await Promise.all([dan.admitAsKeeper(org.orgId), cem.admitAsKeeper(org.orgId)])
  const withDan = org.charter.state.rules.keepers.filter(({ id }) => id[0] !== cem.seat[0])
  org = await act(org, { type: "rules", body: { ...simpleRules([...withDan, danSeat], 2), version: 2 } }, both)
  expect(org.charter.state.rules.keepers).toHaveLength(3)
  const impostor = { ...(await (await person("eve")).admitAsKeeper(org.orgId)), id: cem.seat }
  const rules = (seat: typeof newCem) => ({ ...simpleRules([...withDan, seat], 2), version: 3 })
  expect((await act(org, { type: "rules", body: rules(impostor) }, both)).record.outcome).toEqual({
    refused: "keeper_changed",
  })
  expect((await act(org, { type: "rules", body: rules(newCem) }, both)).record.outcome).toBe("applied")
})

test("[C2.4] the key of a keeper who left does not come back under another id, nor as a device", async () => {
  let org: Organisation = await found([ana, ben, cem], 2)
  const dan = await person("dan")
  const rest = org.charter.state.rules.keepers.filter(({ id }) => id[0] !== cem.seat[0])
  const with3 = (seat: (typeof rest)[0], version: number) => ({ ...simpleRules([...rest, seat], 2), version })
  org = await act(org, { type: "rules", body: with3(await dan.admitAsKeeper(org.orgId), 2) }, both)
  const renamed = await admitKeeper(org.orgId, { id: toKeeperId(bytesFrom("other seat", 16)) }, cem.keeperKey)
  expect((await act(org, { type: "rules", body: with3(renamed, 3) }, both)).record.outcome).toEqual({
    refused: "key_reused",
  })
  const adding = await addMember(org, ben)
  if (adding.type !== "member-add") throw new Error("type")
  const devices = [await admitDevice(org.orgId, ben.member, cem.keeperKey)]
  const asDevice = await act(org, { ...adding, body: { ...adding.body, devices } }, both)
  expect(asDevice.record.outcome).toEqual({ refused: "key_reused" })
})

test("[C2.4] nobody founds an organisation with one key as keeper and as device", async () => {
  const seat = await admitKeeper(noOrg, { id: ana.seat }, ana.phone.key)
  const { statement, orgId } = genesis({
    nameCommitment: bytesFrom("name", 32),
    rules: simpleRules([seat], 1),
    founder: { member: ana.member, nameCommitment: ana.nameCommitment, devices: [await ana.phone.admit(noOrg)] },
    relays: [],
    ...validity(),
  })
  const entry = await sealed(statement, [{ id: ana.seat, kind: 1, sign: ana.phone.key.sign }])
  await expect(append(openCharter(orgId), entry)).rejects.toMatchObject({
    code: "genesis_invalid",
    reason: "key_reused",
  })
})

test("[C4.8] acts from a newer version change nothing and block nothing, and ask for an update if a keeper signed", async () => {
  let org: Organisation = await found([ana, ben, cem], 2)
  const like = draftOf(org, await addMember(org, ben))
  const release = makeStatement(like, { type: "unknown", body: { number: 9, value: new Map([[0, "bundle"]]) } })
  const eve = await person("eve")
  org = await after(org, await sealed(release, [eve.keeper]))
  expect(org.charter.updateNeededAt).toBeUndefined()
  org = await after(org, await sealed(release, [ana.keeper]))
  expect(org.charter.updateNeededAt).toBe(2)
  expect(alarmsOf(org.charter).map((alarm) => (alarm.kind === "entry_refused" ? alarm.refusal : alarm.kind))).toEqual([
    "update_needed",
    "unknown_type",
    "unknown_type",
  ])
  expect((await after(org, await sealed(like, both))).record.outcome).toBe("applied")
})

test("[C8.1 C8.2] before signing, a client looks at its own clock and charter", async () => {
  const org = await found([ana, ben, cem], 2)
  const adding = draftOf(org, await addMember(org, ben))
  expect(await checkBeforeSigning(org.charter, adding, notAfter)).toEqual([])
  expect(await checkBeforeSigning(org.charter, adding, notAfter + 1)).toEqual(["expired"])
  expect(await checkBeforeSigning(org.charter, adding, notAfter - maxValiditySeconds - 1)).toEqual([
    "not_after_too_far",
  ])
  const joined = await after(org, await sealed(adding, both))
  expect(await checkBeforeSigning(joined.charter, adding, notAfter + 1)).toEqual(["replayed", "expired"])
  const forged = decodeStatement(adding.bytes)
  if (forged.type !== "member-add") throw new Error("type")
  const device = { ...(forged.body.devices[0] as (typeof forged.body.devices)[0]), proof: new Uint8Array(64) }
  const unproven = makeStatement(forged, { type: "member-add", body: { ...forged.body, devices: [device] } })
  expect(await checkBeforeSigning(org.charter, unproven, notAfter)).toEqual(["bad_proof"])
  const elsewhere = await found([ben, ana, cem], 2)
  expect(await checkBeforeSigning(openCharter(org.orgId), elsewhere.founding, notAfter)).toEqual(["wrong_organisation"])
  // Replay has no clock: what was sealed in time may be logged late. (C6.12)
  const late = makeStatement({ ...adding, notAfter: 1 }, adding)
  expect((await after(org, await sealed(late, both))).record.outcome).toBe("applied")
})

test("[C6.7] an approval pins the history its signer saw: on a fork the statement is void", async () => {
  const founded = await found([ana, ben, cem], 2)
  const left = await act(founded, await addMember(founded, ben), both)
  const right = await act(founded, await addMember(founded, cem), both)
  const moving = draftOf(left, { type: "relays", body: { relays: [await relayEntry("here")] } })
  const entry = await sealed(moving, both)
  expect((await after(left, entry)).record.outcome).toBe("applied")
  expect((await after(right, entry)).record.outcome).toEqual({ refused: "wrong_base" })
  expect(rootAt(left.charter, 1)).toEqual(rootAt(right.charter, 1))
  expect(rootAt(left.charter, 2)).not.toEqual(rootAt(right.charter, 2))
})

test("[C7.3 C7.8] entry by entry, in bulk, and from a stream: the same charter, and older ones stay as they were", async () => {
  let org: Organisation = await found([ana, ben, cem], 2)
  const before: { readonly charter: Organisation["charter"]; readonly said: string }[] = []
  const people = await Promise.all(Array.from({ length: 70 }, (_, i) => person(`p${i}`)))
  for (const [i, who] of people.entries()) {
    before.push({ charter: org.charter, said: JSON.stringify(snapshot(org.charter)) })
    org = await act(org, await addMember(org, who), i % 9 === 0 ? [ana.keeper] : both)
    if (i % 7 === 0) org = await after(org, bytesFrom(`junk ${i}`, 32))
    if (i === 40) org = await act(org, { type: "rules", body: { ...org.charter.state.rules, version: 2 } }, both)
    if (i % 5 === 4) org = await act(org, { type: "member-remove", body: { member: who.member } }, both)
  }
  const seen: number[] = []
  const bulk = await replay(org.orgId, org.entries, (done) => seen.push(done))
  expect(snapshot(bulk)).toEqual(snapshot(org.charter))
  expect(seen.at(-1)).toBe(org.entries.length)
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  async function* stream() {
    yield* org.entries
  }
  expect(snapshot(await replay(org.orgId, stream()))).toEqual(snapshot(org.charter))
  for (const { charter, said } of before) expect(JSON.stringify(snapshot(charter))).toBe(said)
  // Growing an old charter again makes a second history and leaves the first alone.
  const old = before[20]?.charter as Organisation["charter"]
  const fork = await append(old, bytesFrom("another way", 20))
  expect(fork.charter.records.length).toBe(old.size + 1)
  expect(snapshot(bulk)).toEqual(snapshot(org.charter))
})

test("[C7.8] a key that changes hands inside a batch is judged as of its own entry", async () => {
  // All of this is read at once: when the signatures are looked at early, ben is a member and dan's seat does not exist yet.
  let org: Organisation = await found([ana, ben, cem], 2)
  const dan = await person("dan")
  org = await act(org, await addMember(org, ben), both)
  const device = await (await ben.newPhone("second")).admit(org.orgId)
  const late = draftOf(org, { type: "device-add", body: { member: ben.member, device } })
  const seat = await dan.admitAsKeeper(org.orgId)
  const keepers = org.charter.state.rules.keepers.filter(({ id }) => id[0] !== cem.seat[0])
  org = await act(org, { type: "rules", body: { ...simpleRules([...keepers, seat], 2), version: 2 } }, both)
  org = await act(org, { type: "member-remove", body: { member: ben.member } }, [ana.keeper, dan.keeper])
  org = await act(org, { type: "relays", body: { relays: [await relayEntry("x")] } }, [ana.keeper, cem.keeper])
  org = await after(org, await sealed(late, [ana.keeper, dan.keeper, ben.phone.signer]))
  const bulk = await replay(org.orgId, org.entries)
  expect([...bulk.records].map(({ outcome }) => outcome)).toEqual([
    "applied",
    "applied",
    "applied",
    "applied",
    { refused: "too_few_keepers" },
    { refused: "wrong_rules_version" },
  ])
  expect(snapshot(bulk)).toEqual(snapshot(org.charter))
})

test("[C6.9] one wrong signature spoils the entry and not the statement", async () => {
  const org = await found([ana, ben, cem], 2)
  const adding = draftOf(org, await addMember(org, ben))
  const entry = await sealed(adding, [ana.keeper, ben.keeper, cem.keeper])
  const { statement, approvals } = decodeEnvelope(entry)
  const spoilt = seal(
    statement,
    approvals.map((it, i) => (i === 0 && it.kind !== 2 ? { ...it, signature: new Uint8Array(64) } : it)),
  )
  const refused = await after(org, spoilt)
  expect(refused.record.outcome).toEqual({ refused: "bad_signature" })
  expect(refused.record.approvals.every(({ counted }) => !counted)).toBe(true)
  expect((await after(refused, entry)).record.outcome).toBe("applied")
})
