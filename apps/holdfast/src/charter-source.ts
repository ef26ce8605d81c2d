import { mkdir, readFile, stat, writeFile } from "node:fs/promises"
import path from "node:path"
import { type Charter, replay } from "@holdfast/charter"
import { ClientError } from "@holdfast/client"
import {
  charterOrigin,
  decodeEntryBundle,
  encodeEntryBundle,
  formatTilePath,
  NOTE_SIGNATURE,
  noteKey,
  parseCheckpoint,
  parseNote,
  tilesOf,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from "@holdfast/log"
import { equalBytes, hex, type OrgId, utf8 } from "@holdfast/wire"

/** A charter as static files (C2SP tlog-tiles): on a relay or in a folder. Null: there is no such file. */
export interface CharterSource {
  readonly name: string
  read(file: string): Promise<Uint8Array | null>
}

export function relaySource(url: string, org: OrgId): CharterSource {
  const base = new URL(`/v1/orgs/${hex(org)}/charter/`, url)
  return {
    name: base.origin,
    async read(file) {
      const answer = await fetch(new URL(file, base), { redirect: "error" }).catch((cause) => {
        throw new ClientError("relay_unreachable", `The relay at ${base.origin} cannot be reached.`, { cause })
      })
      if (answer.status === 404) return null
      if (!answer.ok)
        throw new ClientError("relay_refused", `The relay at ${base.origin} refused (status ${answer.status}).`)
      return new Uint8Array(await answer.arrayBuffer())
    },
  }
}

export function folderSource(folder: string): CharterSource {
  return {
    name: folder,
    read: async (file) => {
      try {
        return new Uint8Array(await readFile(path.join(folder, file)))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null
        throw error
      }
    },
  }
}

export interface ReplayedCharter {
  readonly charter: Charter
  readonly entries: readonly Uint8Array[]
}

export interface VerifiedCharter extends ReplayedCharter {
  readonly checkpoint: VerifiedCheckpoint
  readonly note: Uint8Array
}

const exportFormat = "holdfast-charter-1"

/**
 * The entries of a file that the web client exported, replayed by the rules. Such a file carries no relay's signature: its
 * root is for comparing with other members. Null when the path is no file. Throws ClientError `malformed`, `wrong_organisation`.
 */
export async function readExportedFile(path: string, org: OrgId): Promise<ReplayedCharter | null> {
  const facts = await stat(path).catch(() => null)
  if (facts === null || !facts.isFile()) return null
  let entries: Uint8Array[]
  try {
    const value = JSON.parse(await readFile(path, "utf8")) as { format?: unknown; entries?: unknown }
    if (value.format !== exportFormat || !Array.isArray(value.entries)) throw new Error("another format")
    entries = value.entries.map((entry: unknown) => new Uint8Array(Buffer.from(String(entry), "base64")))
  } catch (cause) {
    throw new ClientError("malformed", `${path} is no charter exported by Holdfast.`, { cause })
  }
  return { charter: await replayed(org, entries), entries }
}

function wrong(sentence: string, cause?: unknown): ClientError {
  return new ClientError("wrong_organisation", sentence, { cause })
}

function replayed(org: OrgId, entries: readonly Uint8Array[]): Promise<Charter> {
  return replay(org, entries).catch((cause) => {
    throw wrong("What is there is not the charter of this organisation.", cause)
  })
}

/**
 * Reads a whole charter and checks everything about it: that entry 0 is the statement the organisation id names, every rule
 * by replay, the root of all entries, and the checkpoint's signature by a log key that this very charter names.
 * Throws ClientError `not_found`, `relay_unreachable`, `wrong_organisation`. Whether it is the newest state nobody can
 * tell from one source.
 */
export async function readCharter(source: CharterSource, org: OrgId): Promise<VerifiedCharter> {
  const note = await source.read("checkpoint")
  if (note === null) throw new ClientError("not_found", `${source.name} has no charter of this organisation.`)
  const { size } = parseCheckpoint(parseNote(note).text)
  const entries: Uint8Array[] = []
  for (const tile of tilesOf(size)) {
    if (tile.level !== "entries") continue
    const bundle = await source.read(formatTilePath(tile))
    if (bundle === null) throw wrong(`${source.name} holds back entries that its checkpoint counts.`)
    entries.push(...decodeEntryBundle(bundle, tile.width))
  }
  const charter = await replayed(org, entries)
  const origin = charterOrigin(org)
  const logKeys = charter.state.relays.map((relay) => noteKey(origin, NOTE_SIGNATURE, relay.logPublicKey))
  const checkpoint = await verifyCheckpoint(note, { origin, logKeys, witnessKeys: [] }).catch((cause) => {
    throw wrong("The checkpoint is not signed by a relay that this charter names.", cause)
  })
  if (checkpoint.size !== charter.size || !equalBytes(checkpoint.root, charter.root)) {
    throw wrong(
      "The entries do not lead to the root that the checkpoint signs: something was changed, left out or added.",
    )
  }
  return { charter, checkpoint, note, entries }
}

/** Writes a charter as files that this program and any tlog-tiles reader can verify. The folder must be new or empty of it. */
export async function exportCharter(verified: VerifiedCharter, folder: string): Promise<void> {
  const put = async (file: string, bytes: Uint8Array) => {
    const target = path.join(folder, file)
    await mkdir(path.dirname(target), { recursive: true })
    await writeFile(target, bytes, { flag: "wx" })
  }
  await put("organisation", utf8(`${hex(verified.charter.orgId)}\n`))
  for (const tile of tilesOf(verified.charter.size)) {
    if (tile.level !== "entries") continue
    const first = tile.index * 256
    await put(formatTilePath(tile), encodeEntryBundle(verified.entries.slice(first, first + tile.width)))
  }
  await put("checkpoint", verified.note)
}
