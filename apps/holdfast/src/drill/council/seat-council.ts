import path from "node:path"
import { admissionBytes, type Keeper, keeperOf, type Rules, type Witness } from "@holdfast/charter"
import { type Ed25519Signer, signerFromSeed } from "@holdfast/log"
import { createRelay, openRelayData, serveRelay, silentLog, systemClock } from "@holdfast/relay"
import { fromHex, type KeeperId, type OrgId, toKeeperId, toOrgId } from "@holdfast/wire"
import { random } from "../attacker.ts"
import type { Person } from "../person.ts"
import { copyStage, type LiveStage, people, type Stage, type Who, wake } from "../stage.ts"
import { stealDevice } from "../stolen-device.ts"
import { until } from "../wait.ts"
import { keyNameOf, type WitnessKeys, type WitnessName, witnessNames } from "./bench.ts"
import {
  type Council,
  type CouncilStage,
  councilRules,
  type KeeperName,
  keySeat,
  newKeeper,
  type Seat,
  turnedKeepers,
} from "./council.ts"
import { openDesk } from "./desk.ts"
import { createSoftPasskey, type SoftPasskey } from "./soft-passkey.ts"

const labels: Readonly<Record<KeeperName, readonly [organisation: string, jurisdiction: string]>> = {
  ana: ["Valley Desk", "CH"],
  ben: ["Weir Lawyers", "NL"],
  ines: ["Island Press", "IS"],
  jost: ["Weir Lawyers", "NL"],
  kira: ["Valley Desk", "CH"],
}

/** Copies a sleeping stage and has its keepers change the rules; everybody's client reads them and lies down again. (D1.4) */
export async function seatCouncil(
  stage: LiveStage,
  root: string,
  change: (rules: Rules) => Rules = (rules) => rules,
): Promise<CouncilStage> {
  copyStage(stage, root)
  const org = toOrgId(fromHex(stage.truth.org))
  const own = await Promise.all([stage.people.ana, stage.people.ben, stage.people.cem].map(seatOf))
  const [ana, ben, removed] = own as [Seat, Seat, Seat]
  const passkey = await createSoftPasskey()
  const ines = passkeySeat(toKeeperId(random(16)), passkey)
  const [jost, kira] = (await Promise.all([0, 1].map(newSeat))) as [Seat, Seat]
  const witnessKeys = Object.fromEntries(
    await Promise.all(witnessNames.map(async (name) => [name, await signerFromSeed(random(32))] as const)),
  ) as Record<WitnessName, Ed25519Signer>
  const council: Council = { seats: { ana, ben, ines, jost, kira }, removed, passkey, witnessKeys }

  const folder = await openRelayData(path.join(root, "relay"))
  const { named, hostingCode, truth, everyone, group } = stage
  const made: CouncilStage = { root, named, hostingCode, truth, everyone, group, council }
  const desk = await openDesk(made, folder)
  const { rules } = (await desk.charter()).state
  const keepers = await Promise.all([
    ...(["ana", "ben"] as const).map((name) => labelled(keeperOf(rules, council.seats[name].id) as Keeper, name)),
    keeperWithPasskey(org, ines.id, passkey),
    ...turnedKeepers.map(async (name) => labelled(await newKeeper(org, council.seats[name]), name)),
  ])
  const body = change(councilRules(rules, keepers, witnessNames.map(witnessOf(witnessKeys))))
  await desk.decide({ type: "rules", body })
  await desk.anchor(Math.floor(Date.now() / 1_000))
  await letEverybodyRead(made, folder)
  return made
}

/** Closes the folder too. */
async function letEverybodyRead(stage: Stage, folder: Awaited<ReturnType<typeof openRelayData>>): Promise<void> {
  const deps = { ...folder, clock: systemClock, random, fetch, log: silentLog }
  const relay = await serveRelay(createRelay(deps, folder), { host: "127.0.0.1", port: 0 })
  const awake = await Promise.all((Object.keys(people) as Who[]).map((who) => wake(stage, stage.root, who, relay.url)))
  try {
    for (const person of awake) {
      await until(`${person.name} sees five keepers`, 20_000, async () => {
        const { keepers, upToDate } = await person.client.overview()
        return keepers.total === 5 && upToDate
      })
    }
  } finally {
    for (const person of awake) await person.close()
    await relay.close()
  }
}

async function seatOf(person: Person): Promise<Seat> {
  const { keeper } = await stealDevice(person)
  if (keeper === undefined) throw new Error(`${person.name} is no keeper`)
  return keySeat(toKeeperId(keeper.id), await signerFromSeed(keeper.seed))
}

async function newSeat(): Promise<Seat> {
  return keySeat(toKeeperId(random(16)), await signerFromSeed(random(32)))
}

function passkeySeat(id: KeeperId, passkey: SoftPasskey): Seat {
  return {
    id,
    key: undefined,
    approve: async (statement) => ({ signer: id, kind: 2, ...(await passkey.assert(statement.id)) }),
  }
}

function labelled(keeper: Keeper, name: KeeperName): Keeper {
  const [organisation, jurisdiction] = labels[name]
  return { ...keeper, organisation, jurisdiction }
}

async function keeperWithPasskey(
  org: OrgId,
  id: KeeperId,
  { publicKey, passkey, prove }: SoftPasskey,
): Promise<Keeper> {
  const proof = await prove(admissionBytes(org, { keeper: id }, publicKey))
  return labelled(
    { id, member: undefined, kind: 2, publicKey, organisation: "", jurisdiction: "", proof, passkey },
    "ines",
  )
}

function witnessOf(keys: WitnessKeys): (name: WitnessName) => Witness {
  return (name) => {
    const { publicKey } = keys[name]
    // Without an address: what the drill's relay asks of them, it asks by itself.
    return { name: keyNameOf(name), publicKey, url: "", organisation: "", jurisdiction: "" }
  }
}
