import {
  type ActRule,
  type Approval,
  admissionBytes,
  approve,
  draft,
  type Keeper,
  type LaterAct,
  type Rules,
  type Signer,
  type Statement,
  seal,
  simpleRules,
} from "../src/index.ts"
import { makeStatement } from "../src/statement.ts"
import { passkeyOf, type TestPasskey } from "./authenticator.ts"
import {
  act,
  addMember,
  after,
  anchored,
  bytesFrom,
  cosignedNote,
  found,
  type Organisation,
  type Person,
  person,
  relayEntry,
  restartNonces,
  sealed,
  validity,
  watchedBy,
  witness,
} from "./people.ts"

const day = 86_400
const noon = 1_800_000_000

const rule = (change: Partial<ActRule> = {}): ActRule => ({
  k: 3,
  delaySeconds: 0,
  vetoK: 0,
  minOrganisations: 2,
  minJurisdictions: 2,
  ...change,
})

/**
 * A long life of one organisation, the same at every run: every type of act, applied, waiting, vetoed, lapsed and refused, with
 * keepers who hold keys and keepers who hold passkeys. Ed25519 only, because other signatures differ from run to run.
 */
export async function estuary(): Promise<Organisation> {
  restartNonces()
  const [ana, ben, cem, fay, gus, dan] = (await Promise.all(
    ["ana", "ben", "cem", "fay", "gus", "dan"].map(person),
  )) as [Person, Person, Person, Person, Person, Person]
  const witnesses = await Promise.all(["pier", "quay", "reef"].map(witness))
  const bensKey = await passkeyOf("ben")
  const faysKey = await passkeyOf("fay")

  let org: Organisation = await found([ana], 1)
  org = await act(org, await addMember(org, ben), [ana.keeper])
  org = await act(org, await addMember(org, cem), [ana.keeper])
  const seats = [
    { ...(org.charter.state.rules.keepers[0] as Keeper), organisation: "Harbour Law", jurisdiction: "NL" },
    await passkeySeat(org, ben, bensKey, { member: ben.member, organisation: "Harbour Law", jurisdiction: "CH" }),
    await cem.admitAsKeeper(org.orgId, { member: cem.member, organisation: "Pier Press", jurisdiction: "NL" }),
    await passkeySeat(org, fay, faysKey, { organisation: "Pier Press", jurisdiction: "IS" }),
    await gus.admitAsKeeper(org.orgId, { organisation: "Quay Clinic", jurisdiction: "IS" }),
  ]
  const waits = { delaySeconds: 2 * day, vetoK: 3 }
  const raised: Rules = watchedBy(witnesses, {
    ...simpleRules(seats, 3, 2),
    acts: new Map([
      [2, rule(waits)],
      [3, rule({ k: 2, minOrganisations: 0, minJurisdictions: 0 })],
      [4, rule()],
      [5, rule()],
      [6, rule()],
      [7, rule()],
      [8, rule(waits)],
      [10, rule({ delaySeconds: 3 * day })],
      [12, rule({ k: 4 })],
    ]),
  })

  const keeperBy = new Map<Person, Signer | TestPasskey>([
    [ana, ana.keeper],
    [ben, bensKey],
    [cem, cem.keeper],
    [fay, faysKey],
    [gus, gus.keeper],
  ])
  async function approvalBy(who: Person, statement: Statement): Promise<Approval> {
    const key = keeperBy.get(who) as Signer | TestPasskey
    return "record" in key ? { signer: who.seat, kind: 2, ...(await key.sign(statement.id)) } : approve(statement, key)
  }
  async function decide(what: LaterAct, who: readonly Person[], devices: readonly Signer[] = []) {
    const statement = draft(org.charter, { ...what, ...validity() })
    const keepers = await Promise.all(who.map((one) => approvalBy(one, statement)))
    const others = await Promise.all(devices.map((signer) => approve(statement, signer)))
    org = await after(org, seal(statement, [...keepers, ...others]))
    return statement
  }
  const at = async (time: number) => {
    org = await anchored(org, { time, by: witnesses })
  }

  const everybody = [ana, ben, cem, fay, gus]
  const three = [ana, ben, gus]
  await decide({ type: "rules", body: raised }, everybody)
  await decide({ type: "canary", body: { until: noon + 31 * day } }, everybody)
  await at(noon)
  await decide(await addMember(org, dan), three)
  await decide(await addMember(org, await person("hal")), [ana, ben])
  await decide({ type: "relays", body: { relays: [await relayEntry("relay"), await relayEntry("north")] } }, three)
  await at(noon + day)
  await at(noon + 3 * day)
  await decide({ type: "suspend-keeper", body: { keeper: cem.seat, seconds: 7 * day } }, [ana, gus])
  await decide({ type: "member-remove", body: { member: dan.member } }, [ana, cem, gus])
  const lost = await (await ben.newPhone("found again")).admit(org.orgId)
  const recovery: LaterAct = {
    type: "recover",
    body: { member: ben.member, device: lost, requestId: bytesFrom("recovery", 16) },
  }
  const stolen = await decide(recovery, three)
  await at(noon + 4 * day)
  await decide({ type: "veto", body: { statement: stolen.id } }, [], [ben.phone.signer])
  await decide(recovery, three)
  await at(noon + 5 * day)
  await at(noon + 8 * day)
  const two = await Promise.all(["hal", "ida"].map(person))
  const acts = [
    ...(await Promise.all(two.map((who) => addMember(org, who)))),
    { type: "member-remove", body: { member: dan.member } },
  ]
  await decide({ type: "batch", body: { acts: acts as never } }, [ana, ben, fay])
  await decide({ type: "relays", body: { relays: [await relayEntry("south")] } }, three)
  await at(noon + 12 * day)
  await decide({ type: "rules", body: { ...raised, version: 3, baseWindow: 512 } }, everybody)
  await decide({ type: "member-remove", body: { member: cem.member } }, three)
  org = await act(
    org,
    { type: "anchor", body: { note: await cosignedNote(org, { time: noon + 13 * day, by: witnesses.slice(0, 1) }) } },
    [],
  )
  org = await after(org, org.entries[4] as Uint8Array)
  const like = draft(org.charter, { type: "canary", body: { until: 1 }, ...validity() })
  const release = makeStatement(like, { type: "unknown", body: { number: 9, value: new Map([[0, 1]]) } })
  org = await after(org, await sealed(release, [ana.keeper]))
  await decide({ type: "device-remove", body: { member: ben.member, device: lost.id } }, three)
  const laptop = await (await ana.newPhone("laptop")).admit(org.orgId)
  await decide({ type: "device-add", body: { member: ana.member, device: laptop } }, three, [ana.phone.signer])
  return org
}

async function passkeySeat(org: Organisation, who: Person, key: TestPasskey, labels: Partial<Keeper>): Promise<Keeper> {
  const { publicKey, ...passkey } = key.record
  const proof = await key.prove(admissionBytes(org.orgId, { keeper: who.seat }, publicKey))
  return {
    id: who.seat,
    member: undefined,
    kind: 2,
    publicKey,
    organisation: "",
    jurisdiction: "",
    proof,
    passkey,
    ...labels,
  }
}
