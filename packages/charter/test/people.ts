import {
  COSIGNATURE,
  charterOrigin,
  cosignNote,
  type Ed25519Signer,
  formatCheckpoint,
  formatNote,
  NOTE_SIGNATURE,
  noteKey,
  signerFromSeed,
  signNote,
} from "@holdfast/log"
import {
  compareBytes,
  type DeviceId,
  type KeeperId,
  labelledHash,
  type MemberId,
  type OrgId,
  type RelayId,
  toKeeperId,
  toMemberId,
  toRelayId,
  utf8,
} from "@holdfast/wire"
import {
  type Approval,
  admitDevice,
  admitKeeper,
  append,
  approve,
  type Charter,
  type CharterRecord,
  commitName,
  type DeviceEntry,
  draft,
  genesis,
  type Keeper,
  type LaterAct,
  noOrg,
  openCharter,
  type RelayEntry,
  type Rules,
  rootAt,
  type Signer,
  type Statement,
  seal,
  simpleRules,
  type Witness,
} from "../src/index.ts"

/** Everything that follows from a name: fixed bytes, so that vectors and stories can be made again. */
export function bytesFrom(label: string, length: number): Uint8Array {
  return labelledHash("holdfast/test/v1", utf8(label)).slice(0, length)
}

export interface Phone {
  readonly member: MemberId
  readonly key: Ed25519Signer
  readonly id: DeviceId
  readonly signer: Signer
  admit(org: OrgId): Promise<DeviceEntry>
}

export interface Person {
  readonly name: string
  readonly member: MemberId
  readonly nameCommitment: Uint8Array
  readonly phone: Phone
  /** Another device of the same person. */
  newPhone(label: string): Promise<Phone>
  readonly seat: KeeperId
  readonly keeper: Signer
  readonly keeperKey: Ed25519Signer
  admitAsKeeper(
    org: OrgId,
    extra?: { member?: MemberId; organisation?: string; jurisdiction?: string },
  ): Promise<Keeper>
}

export async function person(name: string): Promise<Person> {
  const member = toMemberId(bytesFrom(`${name}/member`, 16))
  const seat = toKeeperId(bytesFrom(`${name}/keeper`, 16))
  const keeperKey = await signerFromSeed(bytesFrom(`${name}/keeper key`, 32))
  return {
    name,
    member,
    nameCommitment: commitName(bytesFrom(`${name}/salt`, 16), name),
    phone: await phoneOf(name, member, "phone"),
    newPhone: (label) => phoneOf(name, member, label),
    seat,
    keeper: { id: seat, kind: 1, sign: keeperKey.sign },
    keeperKey,
    admitAsKeeper: (org, extra = {}) => admitKeeper(org, { id: seat, ...extra }, keeperKey),
  }
}

function phoneOf(name: string, member: MemberId, label: string): Promise<Phone> {
  return phoneWith(member, `${name}/${label}`)
}

/** A phone whose key is the one of this label, whatever else it serves. */
export async function phoneWith(member: MemberId, label: string): Promise<Phone> {
  const key = await signerFromSeed(bytesFrom(label, 32))
  const { id } = await admitDevice(noOrg, member, key)
  return { member, key, id, signer: { id, kind: 3, sign: key.sign }, admit: (org) => admitDevice(org, member, key) }
}

export async function relayEntry(label = "relay"): Promise<RelayEntry> {
  const { publicKey } = await signerFromSeed(bytesFrom(`${label}/log key`, 32))
  const id: RelayId = toRelayId(bytesFrom(`${label}/id`, 16))
  return {
    id,
    urls: [`https://${label}.example`],
    logPublicKey: publicKey,
    operator: "Example Hosting",
    jurisdiction: "CH",
  }
}

export const notAfter = 1_900_000_000
let drafts = 0

export function validity(): { notAfter: number; nonce: Uint8Array } {
  return { notAfter, nonce: bytesFrom(`nonce ${drafts++}`, 16) }
}

/** Fixed nonces from here on: for vectors. */
export function restartNonces(): void {
  drafts = 0
}

export interface Organisation {
  readonly orgId: OrgId
  readonly founding: Statement
  readonly charter: Charter
  readonly entries: readonly Uint8Array[]
}

/** Founds an organisation by its first person, with these keepers. */
export async function found(
  people: readonly Person[],
  k: number,
  change: (rules: Rules) => Rules = (r) => r,
): Promise<Organisation> {
  const founder = people[0] as Person
  const keepers = await Promise.all(
    people.map((who) => who.admitAsKeeper(noOrg, who === founder ? { member: who.member } : {})),
  )
  const { statement, orgId } = genesis({
    ...validity(),
    nameCommitment: commitName(bytesFrom("org/salt", 16), "The Harbour"),
    rules: change(simpleRules(keepers, k)),
    founder: {
      member: founder.member,
      nameCommitment: founder.nameCommitment,
      devices: [await founder.phone.admit(noOrg)],
    },
    relays: [await relayEntry()],
  })
  const entry = await sealed(
    statement,
    people.map((who) => who.keeper),
  )
  const { charter } = await append(openCharter(orgId), entry)
  return { orgId, founding: statement, charter, entries: [entry] }
}

export async function sealed(statement: Statement, signers: readonly Signer[]): Promise<Uint8Array> {
  return seal(statement, await approvalsOf(statement, signers))
}

export async function approvalsOf(statement: Statement, signers: readonly Signer[]): Promise<Approval[]> {
  return Promise.all(signers.map((signer) => approve(statement, signer)))
}

export async function after(org: Organisation, entry: Uint8Array): Promise<Organisation & { record: CharterRecord }> {
  const { charter, record } = await append(org.charter, entry)
  return { ...org, charter, entries: [...org.entries, entry], record }
}

/** Drafts, has these signers approve, and appends. */
export async function act(org: Organisation, what: LaterAct, signers: readonly Signer[]) {
  return after(org, await sealed(draft(org.charter, { ...what, ...validity() }), signers))
}

export async function addMember(org: Organisation, who: Person): Promise<LaterAct> {
  return {
    type: "member-add",
    body: {
      member: who.member,
      nameCommitment: who.nameCommitment,
      devices: [await who.phone.admit(org.orgId)],
      requestId: bytesFrom(`${who.name}/request`, 16),
    },
  }
}

/** Somebody else's machine that vouches for one history. */
export interface WitnessPerson {
  readonly entry: Witness
  readonly key: Ed25519Signer
}

export async function witness(name: string): Promise<WitnessPerson> {
  const key = await signerFromSeed(bytesFrom(`${name}/witness key`, 32))
  const entry = {
    name: `${name}.example/witness`,
    publicKey: key.publicKey,
    url: "",
    organisation: "",
    jurisdiction: "",
  }
  return { entry, key }
}

/** These rules with witnesses, a majority of whom must agree. */
export function watchedBy(witnesses: readonly WitnessPerson[], rules: Rules): Rules {
  const entries = witnesses.map(({ entry }) => entry).toSorted((a, b) => compareBytes(a.publicKey, b.publicKey))
  return { ...rules, witnesses: entries, witnessQuorum: Math.floor(witnesses.length / 2) + 1 }
}

export interface Cosigned {
  readonly time: number
  readonly by: readonly WitnessPerson[]
  /** Witnesses that give another time. */
  readonly but?: readonly { readonly by: WitnessPerson; readonly time: number }[]
  /** Of the tree; the newest by default. */
  readonly size?: number
  readonly relay?: string
  /** Instead of the log's own. */
  readonly root?: Uint8Array
}

/** The relay's checkpoint with its witnesses' lines. */
export async function cosignedNote(org: Organisation, how: Cosigned): Promise<Uint8Array> {
  const origin = charterOrigin(org.orgId)
  const size = how.size ?? org.charter.size
  const root = how.root ?? (rootAt(org.charter, size) as Uint8Array)
  const text = formatCheckpoint({ origin, size, root, extensions: [] })
  const logKey = await signerFromSeed(bytesFrom(`${how.relay ?? "relay"}/log key`, 32))
  const signatures = [await signNote(text, noteKey(origin, NOTE_SIGNATURE, logKey.publicKey), logKey)]
  for (const { by, time } of [...how.by.map((one) => ({ by: one, time: how.time })), ...(how.but ?? [])]) {
    const { entry, key } = by
    signatures.push(await cosignNote(text, noteKey(entry.name, COSIGNATURE, key.publicKey), key, time))
  }
  return formatNote({ text, signatures })
}

/** What the relay logs when its witnesses have cosigned. */
export async function anchored(org: Organisation, how: Cosigned) {
  return act(org, { type: "anchor", body: { note: await cosignedNote(org, how) } }, [])
}
