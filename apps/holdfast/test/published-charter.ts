// An organisation of one keeper, and its charter as a relay publishes it: honestly, or as a test wants it.
import {
  admitDevice,
  admitKeeper,
  append,
  approve,
  type Charter,
  commitName,
  draft,
  genesis,
  noOrg,
  openCharter,
  type RelayEntry,
  type Signer,
  seal,
  simpleRules,
} from "@holdfast/charter"
import {
  CompactRange,
  charterOrigin,
  type Ed25519Signer,
  encodeEntryBundle,
  formatCheckpoint,
  formatNote,
  formatTilePath,
  type Hash,
  hashTileOfEntries,
  leafHash,
  NOTE_SIGNATURE,
  noteKey,
  signerFromSeed,
  signNote,
  TailTree,
  tilesOf,
} from "@holdfast/log"
import { labelledHash, type OrgId, toKeeperId, toMemberId, toRelayId, utf8 } from "@holdfast/wire"

const bytesFrom = (label: string, length: number) => labelledHash("holdfast/app-test/v1", utf8(label)).slice(0, length)

export interface Published {
  readonly org: OrgId
  readonly origin: string
  readonly entries: readonly Uint8Array[]
  readonly charter: Charter
}

let nonces = 0
const validity = () => ({ notAfter: 1_900_000_000, nonce: bytesFrom(`nonce ${nonces++}`, 16) })
const keeperKey = await signerFromSeed(bytesFrom("keeper", 32))
const keeper: Signer = { id: bytesFrom("seat", 16), kind: 1, sign: keeperKey.sign }

export const relayKey = (name: string): Promise<Ed25519Signer> => signerFromSeed(bytesFrom(`${name}/log`, 32))

async function relayEntry(name: string, url: string): Promise<RelayEntry> {
  const { publicKey } = await relayKey(name)
  const id = toRelayId(bytesFrom(`${name}/id`, 16))
  return { id, urls: [url], logPublicKey: publicKey, operator: name, jurisdiction: "CH" }
}

export type Relays = readonly (readonly [name: string, url: string])[]

const entriesOf = async (relays: Relays) =>
  (await Promise.all(relays.map(([name, url]) => relayEntry(name, url)))).toSorted((a, b) => Buffer.compare(a.id, b.id))

export async function found(relays: Relays): Promise<Published> {
  const member = toMemberId(bytesFrom("founder", 16))
  const device = await admitDevice(noOrg, member, await signerFromSeed(bytesFrom("device", 32)))
  const seat = await admitKeeper(noOrg, { id: toKeeperId(keeper.id), member }, keeperKey)
  const { statement, orgId } = genesis({
    ...validity(),
    nameCommitment: commitName(bytesFrom("salt", 16), "The Harbour"),
    rules: simpleRules([seat], 1),
    founder: { member, nameCommitment: commitName(bytesFrom("salt", 16), "Ana"), devices: [device] },
    relays: await entriesOf(relays),
  })
  const entry = seal(statement, [await approve(statement, keeper)])
  const { charter } = await append(openCharter(orgId), entry)
  return { org: orgId, origin: charterOrigin(orgId), entries: [entry], charter }
}

export async function after(published: Published, entry: Uint8Array): Promise<Published> {
  const { charter } = await append(published.charter, entry)
  return { ...published, entries: [...published.entries, entry], charter }
}

/** The keeper names other relays. */
export async function moved(published: Published, relays: Relays): Promise<Published> {
  const act = { type: "relays", body: { relays: await entriesOf(relays) } } as const
  const statement = draft(published.charter, { ...act, ...validity() })
  return after(published, seal(statement, [await approve(statement, keeper)]))
}

/** Entries that break every rule: a relay can log them, and they change nothing. */
export async function withJunk(published: Published, count: number, label = "junk"): Promise<Published> {
  let next = published
  for (let i = 0; i < count; i++) next = await after(next, utf8(`${label} ${i}`))
  return next
}

export async function signedCheckpoint(
  origin: string,
  size: number,
  root: Hash,
  signer: Ed25519Signer,
): Promise<Uint8Array> {
  const text = formatCheckpoint({ origin, size, root, extensions: [] })
  return formatNote({
    text,
    signatures: [await signNote(text, noteKey(origin, NOTE_SIGNATURE, signer.publicKey), signer)],
  })
}

export function treeOf(entries: readonly Uint8Array[]): TailTree {
  const tree = new TailTree(new CompactRange())
  for (const entry of entries) tree.append(leafHash(entry))
  return tree
}

/** Its files by path, as tlog-tiles has them, signed by the relay of that name. Level-0 hash tiles only where there is one level. */
export async function filesOf(published: Published, signedBy: string): Promise<Map<string, Uint8Array>> {
  const { entries, charter, origin } = published
  const files = new Map<string, Uint8Array>()
  for (const tile of tilesOf(entries.length)) {
    const part = entries.slice(tile.index * 256, tile.index * 256 + tile.width)
    if (tile.level === "entries") files.set(formatTilePath(tile), encodeEntryBundle(part))
    else if (tile.level === 0) files.set(formatTilePath(tile), hashTileOfEntries(part))
  }
  files.set("checkpoint", await signedCheckpoint(origin, charter.size, charter.root, await relayKey(signedBy)))
  return files
}
