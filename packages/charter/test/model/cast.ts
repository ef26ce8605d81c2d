// Who takes part: keepers, people with devices, witnesses, relays. Some of them are turned; which is chosen per history.
import { COSIGNATURE, type Ed25519Signer, type NoteKey, noteKey } from "@holdfast/log"
import {
  type DeviceId,
  deviceIdOf,
  hex,
  type KeeperId,
  type MemberId,
  type OrgId,
  toKeeperId,
  toMemberId,
  toRelayId,
} from "@holdfast/wire"
import {
  type Approval,
  admissionBytes,
  admitDevice,
  admitKeeper,
  approve,
  type DeviceEntry,
  type Keeper,
  type RelayEntry,
  type Statement,
  type Witness,
} from "../../src/index.ts"
import { bytesFrom } from "../people.ts"
import type { Keys } from "./keys.ts"

/** Whoever can approve: a keeper or a device. */
export interface Approver {
  readonly name: string
  readonly id: Uint8Array
  approve(statement: Statement): Promise<Approval>
}

export interface KeeperActor extends Approver {
  readonly id: KeeperId
  readonly publicKey: Uint8Array
  admit(org: OrgId, member: MemberId | undefined): Promise<Keeper>
}

export interface DeviceActor extends Approver {
  readonly id: DeviceId
  readonly member: MemberId
  admit(org: OrgId): Promise<DeviceEntry>
}

export interface WitnessActor {
  readonly name: string
  readonly entry: Witness
  readonly noteKey: NoteKey
  readonly key: Ed25519Signer
}

export interface RelayActor {
  readonly entry: RelayEntry
  readonly key: Ed25519Signer
}

const organisations = ["Harbour Law", "Pier Press", "", "Quay Trust"]
const jurisdictions = ["CH", "NL", "IS"]

export const keeperCount = 9
export const witnessCount = 5

export interface Cast {
  readonly keepers: readonly KeeperActor[]
  readonly witnesses: readonly WitnessActor[]
  readonly relays: readonly [RelayActor, ...RelayActor[]]
  member(label: string): MemberId
  device(label: string, member: MemberId): Promise<DeviceActor>
}

export async function castWith(keys: Keys): Promise<Cast> {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
  const keepers = await Promise.all(numbers(keeperCount).map((i) => keeperActor(keys, i)))
  const witnesses = await Promise.all(numbers(witnessCount).map((i) => witnessActor(keys, i)))
  const [first, ...others] = await Promise.all(["north", "south"].map((name) => relayActor(keys, name)))
  return {
    keepers,
    witnesses,
    relays: [first as RelayActor, ...others],
    member: (label) => toMemberId(bytesFrom(`model/${label}`, 16)),
    device: (label, member) => deviceActor(keys, label, member),
  }
}

async function keeperActor(keys: Keys, i: number): Promise<KeeperActor> {
  const name = `keeper ${i}`
  const id = toKeeperId(bytesFrom(`model/${name}`, 16))
  const organisation = organisations[i % organisations.length] as string
  const jurisdiction = jurisdictions[i % jurisdictions.length] as string
  if (i % 3 === 2) {
    const hand = await keys.passkey(name)
    const { publicKey, ...passkey } = hand.record
    return {
      name,
      id,
      publicKey,
      approve: async (statement) => ({ signer: id, kind: 2, ...(await hand.sign(statement.id)) }),
      admit: async (org, member) => {
        const proof = await hand.prove(admissionBytes(org, { keeper: id }, publicKey))
        return { id, member, kind: 2, publicKey, organisation, jurisdiction, proof, passkey }
      },
    }
  }
  const key = await keys.signer(name)
  return {
    name,
    id,
    publicKey: key.publicKey,
    approve: (statement) => approve(statement, { id, kind: 1, sign: key.sign }),
    admit: (org, member) =>
      admitKeeper(org, { id, organisation, jurisdiction, ...(member === undefined ? {} : { member }) }, key),
  }
}

async function deviceActor(keys: Keys, label: string, member: MemberId): Promise<DeviceActor> {
  const key = await keys.signer(`device ${label} of ${hex(member)}`)
  const id = deviceIdOf(key.publicKey)
  return {
    name: `device ${hex(id)}`,
    id,
    member,
    approve: (statement) => approve(statement, { id, kind: 3, sign: key.sign }),
    admit: (org) => admitDevice(org, member, key),
  }
}

async function witnessActor(keys: Keys, i: number): Promise<WitnessActor> {
  const key = await keys.signer(`witness ${i}`)
  const name = `w${i}.example`
  const entry = { name, publicKey: key.publicKey, url: "", organisation: "", jurisdiction: "" }
  return { name, entry, key, noteKey: noteKey(name, COSIGNATURE, key.publicKey) }
}

async function relayActor(keys: Keys, name: string): Promise<RelayActor> {
  const key = await keys.signer(`relay ${name}`)
  const entry = {
    id: toRelayId(bytesFrom(`model/relay ${name}`, 16)),
    urls: [`https://${name}.example`],
    logPublicKey: key.publicKey,
    operator: "Example Hosting",
    jurisdiction: "CH",
  }
  return { entry, key }
}
