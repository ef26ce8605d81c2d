// The Harbour: Ana, Ben and Cleo are its keepers, two of whom must agree. Made by hand, without a relay or a client, so that a test
// can hand out any history of it that it likes.
import {
  admitDevice,
  admitKeeper,
  append,
  approve,
  type CborValue,
  type Charter,
  commitName,
  decodeCbor,
  decodeStatement,
  draft,
  encodeCbor,
  genesis,
  type Keeper,
  type LaterAct,
  noOrg,
  openCharter,
  type Rules,
  rootAt,
  type Statement,
  seal,
  simpleRules,
  type Witness,
} from "@holdfast/charter"
import { encodeSigningRequest, parseKeeperOffer, type RequestedName } from "@holdfast/client/offline"
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
  fromUtf8,
  labelledHash,
  type MemberId,
  type OrgId,
  toKeeperId,
  toMemberId,
  toRelayId,
  utf8,
} from "@holdfast/wire"

export const bytesFrom = (label: string, length: number) =>
  labelledHash("holdfast/test/v1", utf8(label)).slice(0, length)
export const people = ["Ana", "Ben", "Cleo"] as const

export interface Harbour {
  readonly org: OrgId
  readonly charter: Charter
  readonly entries: readonly Uint8Array[]
}

const seatOf = (name: string) => toKeeperId(bytesFrom(`${name}/seat`, 16))
const keyOf = (name: string) => signerFromSeed(bytesFrom(`${name}/keeper`, 32))
export const memberOf = (name: string): MemberId => toMemberId(bytesFrom(`${name}/member`, 16))
const saltOf = (name: string) => bytesFrom(`${name}/salt`, 16)
export const relayId = toRelayId(bytesFrom("relay", 16))
export const logKey = () => signerFromSeed(bytesFrom("log", 32))
let drafts = 0
export const inDays = (days: number) => Math.floor(Date.now() / 1_000) + days * 86_400

export async function witnessNamed(name: string, url = ""): Promise<{ entry: Witness; key: Ed25519Signer }> {
  const key = await signerFromSeed(bytesFrom(`${name}/witness`, 32))
  return {
    key,
    entry: { name: `${name}.example/w`, publicKey: key.publicKey, url, organisation: "", jurisdiction: "" },
  }
}

export async function foundHarbour(change: (rules: Rules) => Rules = (rules) => rules): Promise<Harbour> {
  const keepers = await Promise.all(
    people.map(async (name) => {
      const about = { id: seatOf(name), organisation: `${name} Ltd`, jurisdiction: "CH" }
      return admitKeeper(noOrg, name === "Ana" ? { ...about, member: memberOf("Ana") } : about, await keyOf(name))
    }),
  )
  const phone = await signerFromSeed(bytesFrom("Ana/phone", 32))
  const { publicKey } = await logKey()
  const { statement, orgId } = genesis({
    notAfter: inDays(30),
    nonce: bytesFrom("founding", 16),
    nameCommitment: commitName(saltOf("org"), "The Harbour"),
    rules: change(simpleRules(keepers, 2)),
    founder: {
      member: memberOf("Ana"),
      nameCommitment: commitName(saltOf("Ana"), "Ana"),
      devices: [await admitDevice(noOrg, memberOf("Ana"), phone)],
    },
    relays: [
      {
        id: relayId,
        urls: ["https://relay.example"],
        logPublicKey: publicKey,
        operator: "Example Hosting",
        jurisdiction: "CH",
      },
    ],
  })
  const entry = seal(statement, await Promise.all(people.map((name) => approvalBy(name, statement))))
  const { charter } = await append(openCharter(orgId), entry)
  return { org: orgId, charter, entries: [entry] }
}

export async function approvalBy(name: string, statement: Statement) {
  const key = await keyOf(name)
  return approve(statement, { id: seatOf(name), kind: 1, sign: key.sign })
}

export function drafted(harbour: Harbour, act: LaterAct, days = 30): Statement {
  return draft(harbour.charter, { ...act, notAfter: inDays(days), nonce: bytesFrom(`nonce ${drafts++}`, 16) })
}

/** Approved by these and written into the log. */
export async function done(harbour: Harbour, act: LaterAct, by: readonly string[]): Promise<Harbour> {
  const statement = drafted(harbour, act)
  return logged(harbour, seal(statement, await Promise.all(by.map((name) => approvalBy(name, statement)))))
}

export async function logged(harbour: Harbour, entry: Uint8Array): Promise<Harbour> {
  const { charter } = await append(harbour.charter, entry)
  return { ...harbour, charter, entries: [...harbour.entries, entry] }
}

export async function admission(harbour: Harbour, name: string, called = name): Promise<LaterAct> {
  const device = await signerFromSeed(bytesFrom(`${name}/phone`, 32))
  return {
    type: "member-add",
    body: {
      member: memberOf(name),
      nameCommitment: commitName(saltOf(name), called),
      devices: [await admitDevice(harbour.org, memberOf(name), device)],
      requestId: bytesFrom(`${name}/request`, 16),
    },
  }
}

/** A seat more, for whoever made this offer, and everything else as it was. */
export function seatFor(harbour: Harbour, offer: string, k = 3): LaterAct {
  const { keeper, publicKey, proof } = parseKeeperOffer(offer)
  const seat: Keeper = {
    id: keeper,
    member: undefined,
    kind: 1,
    publicKey,
    organisation: "Dora Ltd",
    jurisdiction: "IS",
    proof,
    passkey: undefined,
  }
  const { rules } = harbour.charter.state
  const { keepers, acts } = simpleRules([...rules.keepers, seat], k)
  return { type: "rules", body: { ...rules, keepers, acts, version: rules.version + 1 } }
}

/** The same statement, of a type that this program does not know yet. */
export function ofUnknownType(statement: Statement): Statement {
  const map = decodeCbor(statement.bytes) as Map<number, CborValue>
  return decodeStatement(encodeCbor(new Map(map).set(2, 9)))
}

/** The relay's note, for any size, with whatever root somebody wants. */
export async function noteOf(
  harbour: Harbour,
  how: {
    readonly size?: number
    readonly root?: Uint8Array
    readonly witnesses?: readonly { entry: Witness; key: Ed25519Signer }[]
    readonly time?: number
    readonly signer?: Ed25519Signer
  } = {},
): Promise<string> {
  const origin = charterOrigin(harbour.org)
  const size = how.size ?? harbour.charter.size
  const root = how.root ?? (rootAt(harbour.charter, size) as Uint8Array)
  const text = formatCheckpoint({ origin, size, root, extensions: [] })
  const key = how.signer ?? (await logKey())
  const signatures = [await signNote(text, noteKey(origin, NOTE_SIGNATURE, key.publicKey), key)]
  for (const { entry, key: witness } of how.witnesses ?? []) {
    const name = noteKey(entry.name, COSIGNATURE, witness.publicKey)
    signatures.push(await cosignNote(text, name, witness, how.time ?? Math.floor(Date.now() / 1_000)))
  }
  return fromUtf8(formatNote({ text, signatures }))
}

export const names: readonly RequestedName[] = [
  { id: new Uint8Array(), name: "The Harbour", salt: saltOf("org") },
  ...["Ana", "Eve", "Finn"].map((name) => ({ id: memberOf(name), name, salt: saltOf(name) })),
]

export async function requestFor(
  harbour: Harbour,
  statement: Statement,
  change: { readonly note?: string; readonly org?: OrgId; readonly names?: readonly RequestedName[] } = {},
): Promise<Uint8Array> {
  return encodeSigningRequest({
    org: harbour.org,
    statement: statement.bytes,
    charter: harbour.entries,
    note: await noteOf(harbour),
    names,
    ...change,
  })
}
