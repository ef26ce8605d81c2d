import { append, type Charter, openCharter, rootAt } from "@holdfast/charter"
import {
  charterOrigin,
  decodeEntryBundle,
  formatTilePath,
  leafHash,
  NOTE_SIGNATURE,
  type NoteKey,
  noteKey,
  parseCheckpoint,
  parseNote,
  tilesOf,
  verifyCheckpoint,
} from "@holdfast/log"
import { equalBytes, type OrgId } from "@holdfast/wire"
import type { WitnessStore } from "@holdfast/witness"
import type { RelayFiles } from "./relay-files.ts"

export interface FollowDeps {
  readonly store: WitnessStore
  readonly filesOf: (relayUrl: string) => RelayFiles
}

/** What one relay's answer came to. `unreadable`: unreachable, or junk; `no_news`: nothing beyond what is known. */
export type Followed = "followed" | "no_news" | "unreadable" | "forked" | "too_large"

export interface CharterFollower {
  readonly origin: string
  readonly charter: Charter
  /** Asks every relay that is known, once. Never throws for what a relay sends, only for what the store throws. (V5.4) */
  pass(): Promise<readonly Followed[]>
}

const maxCheckpointBytes = 65_536
const maxBundleBytes = 256 * (2 + 65_535)
/** Of all entries together; far above any organisation, and what a turned relay can make this process hold. */
const maxCharterBytes = 256 * 2 ** 20
/** What an entry takes besides its bytes: many small ones must not get around the bound. */
const entryOverheadBytes = 1_024
const maxRelaysAsked = 64

/** Replays an organisation's charter as its relays publish it, and trusts the log keys that it names. (V5) */
export function followCharter(
  deps: FollowDeps,
  org: OrgId,
  relayUrl: string,
  maxBytes = maxCharterBytes,
): CharterFollower {
  const origin = charterOrigin(org)
  let charter = openCharter(org)
  let heldBytes = 0

  const askOne = async (url: string): Promise<Followed> => {
    const news = await readNews(deps.filesOf(url), charter, maxBytes - heldBytes).catch(() => "unreadable" as const)
    if (typeof news === "string") return news
    const keys = logKeysOf(origin, news.charter)
    const rootOf = (size: number) => rootAt(news.charter, size)
    const verdict = await deps.store.follow(origin, { size: news.charter.size, rootAt: rootOf, keys })
    if (verdict === "forked") return "forked"
    // Shorter than what an earlier run has followed: kept to read on from, though it changes nothing.
    charter = news.charter
    heldBytes += news.bytes
    return verdict === "older" ? "no_news" : "followed"
  }

  return {
    origin,
    get charter() {
      return charter
    },
    async pass() {
      const results: Followed[] = []
      const named = charter.size === 0 ? [] : charter.state.relays.flatMap(({ urls }) => urls)
      for (const url of [...new Set([relayUrl, ...named])].slice(0, maxRelaysAsked)) results.push(await askOne(url))
      return results
    },
  }
}

/** The log keys of the relays that the charter names; one that can sign nothing is left out. */
function logKeysOf(origin: string, charter: Charter): readonly NoteKey[] {
  return charter.state.relays.map(({ logPublicKey }) => noteKey(origin, NOTE_SIGNATURE, logPublicKey))
}

interface News {
  readonly charter: Charter
  readonly bytes: number
}

/**
 * The charter up to the size that the relay signs, read on from `known`. The relay's signature over the root of exactly these entries must be
 * by a key that they name themselves (V5.1). Throws for junk.
 */
async function readNews(files: RelayFiles, known: Charter, room: number): Promise<News | Followed> {
  const note = await files.read("checkpoint", maxCheckpointBytes)
  if (note === undefined) return "unreadable"
  const { size } = parseCheckpoint(parseNote(note).text)
  if (size <= known.size) return "no_news"
  let charter = known
  let bytes = 0
  const firstTile = Math.floor(known.size / 256)
  for (const tile of tilesOf(size, firstTile * 256)) {
    if (tile.level !== "entries") continue
    const bundle = await files.read(formatTilePath(tile), maxBundleBytes)
    if (bundle === undefined) return "unreadable"
    for (const [i, entry] of decodeEntryBundle(bundle, tile.width).entries()) {
      const index = tile.index * 256 + i
      if (index < charter.size) {
        if (!equalBytes(leafHash(entry), charter.records.at(index)!.leaf)) return "forked"
        continue
      }
      bytes += entry.length + entryOverheadBytes
      if (bytes > room) return "too_large"
      charter = (await append(charter, entry)).charter
    }
  }
  const origin = charterOrigin(known.orgId)
  const checkpoint = await verifyCheckpoint(note, { origin, logKeys: logKeysOf(origin, charter), witnessKeys: [] })
  const isThatTree = checkpoint.size === charter.size && equalBytes(checkpoint.root, charter.root)
  return isThatTree ? { charter, bytes } : "unreadable"
}
