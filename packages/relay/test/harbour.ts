// An organisation for tests: people with devices and keeper keys, made from names so that runs are alike.
import {
  admitDevice,
  admitKeeper,
  append,
  approve,
  type Charter,
  commitName,
  draft,
  genesis,
  type LaterAct,
  noOrg,
  openCharter,
  type Rules,
  type Signer,
  seal,
  simpleRules,
} from "@holdfast/charter"
import { type Ed25519Signer, signerFromSeed } from "@holdfast/log"
import {
  type DeviceId,
  type LaneId,
  labelledHash,
  laneIdOf,
  type MemberId,
  type OrgId,
  type RelayId,
  toKeeperId,
  toMemberId,
  toRelayId,
  utf8,
} from "@holdfast/wire"

export function bytesFrom(label: string, length: number): Uint8Array {
  return labelledHash("holdfast/relay-test/v1", utf8(label)).slice(0, length)
}

export interface Person {
  readonly name: string
  readonly member: MemberId
  readonly device: DeviceId
  readonly key: Ed25519Signer
  readonly keeper: Signer
  readonly keeperKey: Ed25519Signer
}

export async function person(name: string): Promise<Person> {
  const member = toMemberId(bytesFrom(`${name}/member`, 16))
  const key = await signerFromSeed(bytesFrom(`${name}/device`, 32))
  const keeperKey = await signerFromSeed(bytesFrom(`${name}/keeper`, 32))
  const { id: device } = await admitDevice(noOrg, member, key)
  const keeper: Signer = { id: bytesFrom(`${name}/seat`, 16), kind: 1, sign: keeperKey.sign }
  return { name, member, device, key, keeper, keeperKey }
}

export interface RelayIdentity {
  readonly relayId: RelayId
  readonly logSigner: Ed25519Signer
}

export async function relayIdentity(label = "relay"): Promise<RelayIdentity> {
  return {
    relayId: toRelayId(bytesFrom(`${label}/id`, 16)),
    logSigner: await signerFromSeed(bytesFrom(`${label}/log`, 32)),
  }
}

/** The charter as an honest client keeps it, to draft the next envelope on. */
export interface Harbour {
  readonly org: OrgId
  readonly genesis: Uint8Array
  readonly charterLane: LaneId
  readonly lane: LaneId
  charter: Charter
}

let nonces = 0
const validity = () => ({ notAfter: 1_900_000_000, nonce: bytesFrom(`nonce ${nonces++}`, 16) })

export async function foundHarbour(
  founder: Person,
  keepers: readonly Person[],
  relays: readonly RelayIdentity[],
  change: (rules: Rules) => Rules = (rules) => rules,
): Promise<Harbour> {
  const seats = await Promise.all(
    keepers.map(({ keeper, keeperKey, member }) =>
      admitKeeper(noOrg, { id: toKeeperId(keeper.id), ...(member === founder.member ? { member } : {}) }, keeperKey),
    ),
  )
  const { statement, orgId } = genesis({
    ...validity(),
    nameCommitment: commitName(bytesFrom("salt", 16), "The Harbour"),
    rules: change(simpleRules(seats, Math.floor(keepers.length / 2) + 1)),
    founder: {
      member: founder.member,
      nameCommitment: commitName(bytesFrom("founder salt", 16), founder.name),
      devices: [await admitDevice(noOrg, founder.member, founder.key)],
    },
    relays: relays.map(({ relayId, logSigner }) => ({
      id: relayId,
      urls: ["http://127.0.0.1:8080"],
      logPublicKey: logSigner.publicKey,
      operator: "Harbour",
      jurisdiction: "CH",
    })),
  })
  const entry = seal(statement, await Promise.all(keepers.map(({ keeper }) => approve(statement, keeper))))
  const { charter } = await append(openCharter(orgId), entry)
  return {
    org: orgId,
    genesis: entry,
    charterLane: laneIdOf(orgId, "charter"),
    lane: laneIdOf(orgId, 0),
    charter,
  }
}

/** Drafts an act on the charter as it stands and has the signers approve. The charter is not changed. */
export async function envelope(harbour: Harbour, act: LaterAct, signers: readonly Signer[]): Promise<Uint8Array> {
  const statement = draft(harbour.charter, { ...act, ...validity() })
  return seal(statement, await Promise.all(signers.map((signer) => approve(statement, signer))))
}

export async function follow(harbour: Harbour, entry: Uint8Array): Promise<void> {
  harbour.charter = (await append(harbour.charter, entry)).charter
}

export async function memberAdd(harbour: Harbour, who: Person): Promise<LaterAct> {
  return {
    type: "member-add",
    body: {
      member: who.member,
      nameCommitment: commitName(bytesFrom(`${who.name}/salt`, 16), who.name),
      devices: [await admitDevice(harbour.org, who.member, who.key)],
      requestId: bytesFrom(`${who.name}/request`, 16),
    },
  }
}

/** The relay there is, and a second one. */
export async function otherRelays(): Promise<LaterAct> {
  const entry = async (label: string) => {
    const { relayId, logSigner } = await relayIdentity(label)
    const urls = [`https://${label}.example`]
    return { id: relayId, urls, logPublicKey: logSigner.publicKey, operator: "Harbour", jurisdiction: "CH" }
  }
  return { type: "relays", body: { relays: [await entry("relay"), await entry("second")] } }
}
