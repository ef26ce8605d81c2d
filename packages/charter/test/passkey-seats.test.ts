import { beforeAll, expect, test } from "vitest"
import {
  type Approval,
  admissionBytes,
  admissionChallenge,
  append,
  approve,
  draft,
  encodePasskeyProof,
  genesis,
  type Keeper,
  type LaterAct,
  noOrg,
  openCharter,
  progress,
  type Rules,
  replay,
  type Statement,
  seal,
  simpleRules,
} from "../src/index.ts"
import { passkeyOf, type TestPasskey, testOrigin } from "./authenticator.ts"
import { after, bytesFrom, type Organisation, type Person, person, relayEntry, validity } from "./people.ts"
import { snapshot } from "./snapshot.ts"

// Three keepers with passkeys (one of them ES256), two with keys in files. Three of the five decide.
let people: readonly Person[]
let keys: readonly TestPasskey[]
let org: Organisation

async function passkeySeat(who: Person, key: TestPasskey, change: Partial<Keeper> = {}): Promise<Keeper> {
  const { publicKey, ...passkey } = key.record
  return {
    id: who.seat,
    member: undefined,
    kind: 2,
    publicKey,
    organisation: "",
    jurisdiction: "",
    proof: await key.prove(admissionBytes(noOrg, { keeper: who.seat }, publicKey)),
    passkey,
    ...change,
  }
}

function whoHas(index: number): { who: Person; key: TestPasskey | undefined } {
  return { who: people[index] as Person, key: keys[index] }
}

async function approvalBy(index: number, statement: Statement): Promise<Approval> {
  const { who, key } = whoHas(index)
  if (key === undefined) return approve(statement, who.keeper)
  return { signer: who.seat, kind: 2, ...(await key.sign(statement.id)) }
}

async function entryBy(indexes: readonly number[], statement: Statement): Promise<Uint8Array> {
  return seal(statement, await Promise.all(indexes.map((index) => approvalBy(index, statement))))
}

async function founding(seats: readonly Keeper[], change: (rules: Rules) => Rules = (rules) => rules) {
  const [ana] = people as [Person]
  return genesis({
    ...validity(),
    nameCommitment: bytesFrom("org", 32),
    rules: change(simpleRules(seats, 3)),
    founder: { member: ana.member, nameCommitment: ana.nameCommitment, devices: [await ana.phone.admit(noOrg)] },
    relays: [],
  })
}

async function allSeats(): Promise<Keeper[]> {
  return Promise.all(
    people.map((who, i) => {
      const { key } = whoHas(i)
      return key === undefined ? who.admitAsKeeper(noOrg) : passkeySeat(who, key)
    }),
  )
}

beforeAll(async () => {
  people = await Promise.all(["ana", "ben", "cem", "fay", "gus"].map(person))
  keys = [
    await passkeyOf("ana"),
    await passkeyOf("ben", { algorithm: "ES256" }),
    await passkeyOf("cem", { backupEligible: true }),
  ]
  const { statement, orgId } = await founding(await allSeats())
  const entry = await entryBy([0, 1, 2, 3, 4], statement)
  const { charter } = await append(openCharter(orgId), entry)
  org = { orgId, founding: statement, charter, entries: [entry] }
})

const removal = (): LaterAct => ({ type: "member-remove", body: { member: (people[0] as Person).member } })
const drafted = (what = removal()) => draft(org.charter, { ...what, ...validity() })

test("[C1.9 C9] passkeys and keys in files count in one quorum", async () => {
  expect((await after(org, await entryBy([0, 1], drafted()))).record.outcome).toEqual({ refused: "too_few_keepers" })
  expect((await after(org, await entryBy([0, 1, 2], drafted()))).record.outcome).toBe("applied")
  expect((await after(org, await entryBy([1, 3, 4], drafted()))).record.outcome).toBe("applied")
})

test("[C6.10] an assertion made again is another signature and the same keeper", async () => {
  const statement = drafted()
  const [first, again] = await Promise.all([approvalBy(1, statement), approvalBy(1, statement)])
  expect(() => seal(statement, [first as Approval, again as Approval])).toThrow("order of approvals")
  const told = await progress(org.charter, statement, [
    first as Approval,
    again as Approval,
    await approvalBy(0, statement),
  ])
  expect(told).toMatchObject({ given: 2, needed: 3, satisfied: false })
})

test("[C6.9 C9] an assertion over another statement, by another key or without user verification refuses the entry", async () => {
  const statement = drafted()
  const others = await Promise.all([3, 4].map((index) => approvalBy(index, statement)))
  const [ana, ben] = [whoHas(0), whoHas(1)]
  const anas = ana.key as TestPasskey
  const bens = ben.key as TestPasskey
  const wrong = {
    "another statement": { signer: ana.who.seat, ...(await anas.sign(drafted().id)) },
    "another key": { signer: ana.who.seat, ...(await bens.sign(statement.id)) },
    "no user verification": { signer: ana.who.seat, ...(await anas.sign(statement.id, { userVerified: false })) },
    "another origin": {
      signer: ana.who.seat,
      ...(await anas.sign(statement.id, { origin: "http://holdfast-test.localhost:4401" })),
    },
    "in a frame of another page": { signer: ana.who.seat, ...(await anas.sign(statement.id, { crossOrigin: true })) },
  }
  for (const assertion of Object.values(wrong)) {
    const { record } = await after(org, seal(statement, [...others, { kind: 2, ...assertion }]))
    expect(record.outcome).toEqual({ refused: "bad_signature" })
  }
})

test("[C6.11] a keeper with a passkey cannot sign as one with a key, nor the other way round", async () => {
  const statement = drafted()
  const asKey = await approve(statement, (people[0] as Person).keeper)
  const others = await Promise.all([1, 3].map((index) => approvalBy(index, statement)))
  expect((await after(org, seal(statement, [...others, asKey]))).record.outcome).toEqual({ refused: "bad_signature" })
})

test("[C2.3 C9.11] a passkey that has not signed its own admission founds nothing", async () => {
  const [seat, ...more] = await allSeats()
  const { who, key } = whoHas(0)
  const anas = key as TestPasskey
  const proofs = {
    "for another seat": await anas.prove(
      admissionBytes(noOrg, { keeper: (people[1] as Person).seat }, anas.record.publicKey),
    ),
    "no proof": Uint8Array.of(1),
    "another challenge": encodePasskeyProof(await anas.sign(bytesFrom("challenge", 32))),
    "without user verification": encodePasskeyProof(
      await anas.sign(admissionChallenge(admissionBytes(noOrg, { keeper: who.seat }, anas.record.publicKey)), {
        userVerified: false,
      }),
    ),
  }
  for (const proof of Object.values(proofs)) {
    const { statement, orgId } = await founding([{ ...(seat as Keeper), proof }, ...more])
    const entry = await entryBy([0, 1, 2, 3, 4], statement)
    await expect(append(openCharter(orgId), entry)).rejects.toMatchObject({
      code: "genesis_invalid",
      reason: "bad_proof",
    })
  }
})

test("[C3.3 C9.10] under one seat neither key nor name can be exchanged, and a name that a server can have is no name", async () => {
  const { rules } = org.charter.state
  const seats = (change: Partial<Keeper>): LaterAct => ({
    type: "rules",
    body: {
      ...rules,
      version: 2,
      keepers: rules.keepers.map((one) => (one.id === rules.keepers[passkeyAt()]?.id ? { ...one, ...change } : one)),
    },
  })
  const passkeyAt = () => rules.keepers.findIndex(({ kind }) => kind === 2)
  const passkey = rules.keepers[passkeyAt()]?.passkey as NonNullable<Keeper["passkey"]>
  const all = [0, 1, 2, 3, 4]
  const outcomeOf = async (what: LaterAct) => (await after(org, await entryBy(all, drafted(what)))).record.outcome
  expect(await outcomeOf(seats({ passkey: { ...passkey, origin: "http://holdfast-test.localhost:4500" } }))).toEqual({
    refused: "keeper_changed",
  })
  expect(await outcomeOf(seats({ passkey: { ...passkey, backupEligible: !passkey.backupEligible } }))).toEqual({
    refused: "keeper_changed",
  })
  expect(await outcomeOf(seats({ passkey: { ...passkey, rpId: "relay.example", origin: testOrigin } }))).toEqual({
    refused: "passkey_not_local",
  })
  expect(await outcomeOf(seats({ organisation: "House" }))).toBe("applied")
})

test("[C2.4] an Ed25519 key is the same key in a passkey and alone", async () => {
  const { rules } = org.charter.state
  const [first] = keys as [TestPasskey]
  const bare = first.record.publicKey.slice(10)
  const eve = await person("eve")
  const seat: Keeper = { ...(await eve.admitAsKeeper(org.orgId)), publicKey: bare }
  const body = { ...simpleRules([...rules.keepers, seat], 4), version: 2 }
  const all = [0, 1, 2, 3, 4]
  const twice = await after(org, await entryBy(all, drafted({ type: "rules", body })))
  expect(twice.record.outcome).toEqual({ refused: "key_reused" })
  const relay = { ...(await relayEntry("north")), logPublicKey: bare }
  const ruling = await after(org, await entryBy(all, drafted({ type: "relays", body: { relays: [relay] } })))
  expect(ruling.record.outcome).toEqual({ refused: "key_reused" })
})

test("[C7.8] passkeys are replayed in bulk to the same charter", async () => {
  const next = await after(org, await entryBy([0, 1, 2], drafted()))
  expect(snapshot(await replay(next.orgId, next.entries))).toEqual(snapshot(next.charter))
})
