import { readFile } from "node:fs/promises"
import { type Charter, checkpointTrust, decodeEnvelope, replay, rootAt } from "@holdfast/charter"
import {
  ClientError,
  decodeNames,
  type FittingNames,
  fittingNames,
  organisationPolicy,
  type RequestedName,
} from "@holdfast/client/offline"
import {
  decodeEntryBundle,
  formatPolicy,
  formatTilePath,
  parseCheckpoint,
  parseNote,
  tilesOf,
  type VerifiedCheckpoint,
  verifyCheckpoint,
  verifyTiles,
} from "@holdfast/log"
import { equalBytes, fromHex, fromUtf8, type OrgId, orgIdOf, toOrgId } from "@holdfast/wire"
import { type CharterSource, isFile } from "./charter-source.ts"

export interface ReplayedCharter {
  readonly charter: Charter
  readonly entries: readonly Uint8Array[]
  readonly names: FittingNames
}

/** A charter under a relay's signature. */
export interface VerifiedCharter extends ReplayedCharter {
  /** Of the charter's own size. */
  readonly checkpoint: VerifiedCheckpoint
  readonly note: Uint8Array
  /** The newest that witnesses have cosigned, if there is one; may be of a smaller size. */
  readonly witnessed: { readonly checkpoint: VerifiedCheckpoint; readonly note: Uint8Array } | undefined
  /** Names that came along and do not fit what the charter commits to. */
  readonly nameOpenings: readonly RequestedName[]
}

const exportFormat = "holdfast-charter-1"

function wrong(sentence: string, cause?: unknown): ClientError {
  return new ClientError("wrong_organisation", sentence, { cause })
}

/**
 * The entries of a file that the web client exported, replayed by the rules. Such a file carries no relay's signature: its
 * root is for comparing with other members. Without `org` its first entry says which organisation it is.
 * Null when the path is no file. Throws ClientError `malformed`, `wrong_organisation`.
 */
export async function readExportedFile(file: string, org: OrgId | undefined): Promise<ReplayedCharter | null> {
  if (!(await isFile(file))) return null
  let entries: Uint8Array[]
  try {
    const value = JSON.parse(await readFile(file, "utf8")) as { format?: unknown; entries?: unknown }
    if (value.format !== exportFormat || !Array.isArray(value.entries)) throw new Error("another format")
    entries = value.entries.map((entry: unknown) => new Uint8Array(Buffer.from(String(entry), "base64")))
  } catch (cause) {
    throw new ClientError("malformed", `${file} is no charter exported by Holdfast.`, { cause })
  }
  const charter = await replayed(org ?? foundedIn(entries), entries)
  return { charter, entries, names: fittingNames(charter, []) }
}

/** The organisation that the first entry founds. */
function foundedIn([first]: readonly Uint8Array[]): OrgId {
  try {
    return orgIdOf(decodeEnvelope(first ?? new Uint8Array()).statement.bytes)
  } catch (cause) {
    throw wrong("The first entry founds no organisation.", cause)
  }
}

function replayed(org: OrgId, entries: readonly Uint8Array[]): Promise<Charter> {
  return replay(org, entries).catch((cause) => {
    throw wrong("What is there is not the charter of this organisation.", cause)
  })
}

/** The id that a folder gives itself; `undefined`: it gives none. Throws ClientError `malformed`. */
export async function claimedOrganisation(source: CharterSource): Promise<OrgId | undefined> {
  const bytes = await source.read("organisation")
  if (bytes === null) return undefined
  const id = /^([0-9a-f]{64})\n$/.exec(fromUtf8(bytes))?.[1]
  if (id === undefined) throw new ClientError("malformed", `${source.name} names no organisation.`)
  return toOrgId(fromHex(id))
}

/**
 * Reads a whole charter and checks everything about it: that entry 0 is the statement the organisation id names, every rule
 * by replay, all tiles against the root, the checkpoint's signature by a log key that this very charter names, every cosignature of a
 * witness that it names, and of a folder also its policy and its names.
 * Throws ClientError `not_found`, `relay_unreachable`, `wrong_organisation`. Whether it is the newest state nobody can
 * tell from one source.
 */
export async function readCharter(source: CharterSource, org: OrgId): Promise<VerifiedCharter> {
  const note = await source.newest()
  if (note === null) throw new ClientError("not_found", `${source.name} has no charter of this organisation.`)
  const { size } = readable(note)
  const entries = await entriesOf(source, size)
  const charter = await replayed(org, entries)
  const checkpoint = await verified(charter, note)
  if (checkpoint.size !== charter.size) throw wrong("The checkpoint is of another size than the entries.")
  await checkTiles(source, checkpoint)
  const policy = await source.read("policy")
  if (policy !== null && !equalBytes(policy, formatPolicy(organisationPolicy(org, charter)))) {
    throw wrong("The policy that lies there is not the one that the charter makes.")
  }
  const nameFile = await source.read("names.json")
  const nameOpenings = nameFile === null ? [] : decodeNames(nameFile)
  return {
    charter,
    checkpoint,
    note,
    entries,
    witnessed: await readWitnessed(source, charter, { checkpoint, note }),
    names: fittingNames(charter, nameOpenings),
    nameOpenings,
  }
}

function readable(note: Uint8Array): { readonly size: number } {
  try {
    return parseCheckpoint(parseNote(note).text)
  } catch (cause) {
    throw wrong("The checkpoint is none that can be read.", cause)
  }
}

async function entriesOf(source: CharterSource, size: number): Promise<readonly Uint8Array[]> {
  const entries: Uint8Array[] = []
  for (const tile of tilesOf(size)) {
    if (tile.level !== "entries") continue
    const bundle = await source.read(formatTilePath(tile))
    if (bundle === null) throw wrong(`${source.name} holds back entries that its checkpoint counts.`)
    try {
      entries.push(...decodeEntryBundle(bundle, tile.width))
    } catch (cause) {
      throw wrong(`The file ${formatTilePath(tile)} is not in its form.`, cause)
    }
  }
  return entries
}

/** The tiles say the same as the entries, so that readers who fetch only some of them are not misled. (L6.4) */
async function checkTiles(source: CharterSource, { size, root }: VerifiedCheckpoint): Promise<void> {
  const tiles = new Map<string, Uint8Array>()
  for (const tile of tilesOf(size)) {
    if (tile.level === "entries") continue
    const file = formatTilePath(tile)
    const bytes = await source.read(file)
    if (bytes === null) throw wrong(`The file ${file} is missing, so tools that read tiles cannot check this.`)
    tiles.set(file, bytes)
  }
  try {
    verifyTiles(size, root, (level, index, width) => tiles.get(formatTilePath({ level, index, width })))
  } catch (cause) {
    throw wrong("The tiles do not lead to the root that the checkpoint signs.", cause)
  }
}

async function verified(charter: Charter, note: Uint8Array): Promise<VerifiedCheckpoint> {
  const { relays, rules } = charter.state
  const checkpoint = await verifyCheckpoint(note, checkpointTrust(charter.orgId, relays, rules)).catch((cause) => {
    const isOfWitness = cause.code === "bad_signature"
    throw wrong(
      isOfWitness
        ? "A signature on the checkpoint is wrong."
        : "The checkpoint is not signed by a relay that this charter names.",
      cause,
    )
  })
  if (!equalBytes(checkpoint.root, rootAt(charter, checkpoint.size) ?? new Uint8Array())) {
    throw wrong(
      "The entries do not lead to the root that the checkpoint signs: something was changed, left out or added.",
    )
  }
  return checkpoint
}

/** A cosigned note of a smaller size counts for what it covers, and has to be of this very history. */
async function readWitnessed(
  source: CharterSource,
  charter: Charter,
  newest: { readonly checkpoint: VerifiedCheckpoint; readonly note: Uint8Array },
): Promise<VerifiedCharter["witnessed"]> {
  if (charter.state.rules.witnesses.length === 0) return undefined
  const note = await source.witnessed()
  const withoutIt = newest.checkpoint.cosignatures.length > 0 ? newest : undefined
  // A relay that goes on while we read may have a note of more than what was read.
  if (note === null || readable(note).size > charter.size) return withoutIt
  try {
    const checkpoint = await verified(charter, note)
    if (checkpoint.size < charter.size) await checkTiles(source, checkpoint)
    return { checkpoint, note }
  } catch (error) {
    // By a relay that the keepers have replaced since: it says nothing any more.
    if (error instanceof ClientError && (error.cause as { code?: unknown })?.code === "unsigned") return withoutIt
    throw error
  }
}
