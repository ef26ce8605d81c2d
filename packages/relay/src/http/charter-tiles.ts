import { encodeEntryBundle, hashTile, LogError, parseTilePath, type TileId } from "@holdfast/log"
import { fromHex, limits, toOrgId, utf8, WireError } from "@holdfast/wire"
import { RelayError } from "../error.ts"
import type { Organisation } from "../organisation.ts"
import type { Relay } from "../relay.ts"

const tileWidth = 256

export interface CharterFile {
  readonly type: string
  /** Never changes once it is there. */
  readonly isImmutable: boolean
  readonly bytes: Uint8Array
}

/**
 * A file of the charter as a C2SP tiled log: `checkpoint`, `tile/…`, `tile/entries/…` (R5.2). `undefined`: not there, or not yet.
 * Throws `malformed` and `unknown_organisation`. Knowing the organisation's id is the permission.
 */
export async function charterFile(relay: Relay, orgHex: string, path: string): Promise<CharterFile | undefined> {
  const id = orgIdOfHex(orgHex)
  const tile = path === "checkpoint" ? undefined : tileOf(path)
  const file = await relay.withOrganisation(id, async (org) => {
    if (tile === undefined) return { file: await checkpointOf(org) }
    return { file: await tileFile(relay, org, tile) }
  })
  if (file === undefined) throw new RelayError("unknown_organisation")
  return file.file
}

/** Throws `malformed`. */
export function orgIdOfHex(text: string): ReturnType<typeof toOrgId> {
  try {
    return toOrgId(fromHex(text))
  } catch (error) {
    if (error instanceof WireError) throw new RelayError("malformed")
    throw error
  }
}

function tileOf(path: string): TileId {
  try {
    return parseTilePath(path)
  } catch (error) {
    if (error instanceof LogError) throw new RelayError("malformed")
    throw error
  }
}

async function checkpointOf(org: Organisation): Promise<CharterFile> {
  // Monitors of witnesses want to see what was cosigned, not what may still have to be.
  const note = org.witnessed ?? (await org.signedCharter()).note
  return { type: "text/plain; charset=utf-8", isImmutable: false, bytes: utf8(note) }
}

async function tileFile(
  relay: Relay,
  org: Organisation,
  { level, index, width }: TileId,
): Promise<CharterFile | undefined> {
  const tree = org.charterTree
  const nodes = Math.floor(tree.size / tileWidth ** (level === "entries" ? 0 : level))
  const first = index * tileWidth
  if (first + width > nodes) return undefined
  const bytes =
    level === "entries"
      ? encodeEntryBundle(await entriesOf(relay, org, first, width))
      : hashTile(tree.hashAt, level, index, width)
  return { type: "application/octet-stream", isImmutable: true, bytes }
}

async function entriesOf(
  relay: Relay,
  org: Organisation,
  first: number,
  count: number,
): Promise<readonly Uint8Array[]> {
  const entries: Uint8Array[] = []
  while (entries.length < count) {
    const bounds = { maxEntries: count - entries.length, maxBytes: limits.batchBytes }
    const slice = await relay.core.deps.engine.read(org.charterLane.id, first + entries.length, bounds)
    if (slice.kind === "pruned" || slice.entries.length === 0) throw new RelayError("unavailable")
    entries.push(...slice.entries)
  }
  return entries
}
