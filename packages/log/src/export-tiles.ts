import { CompactRange } from "./compact-range.ts"
import { encodeEntryBundle } from "./entry-bundle.ts"
import { type Hash, leafHash } from "./merkle.ts"
import { formatTilePath, hashTile, TILE_WIDTH, tilesOf } from "./tile.ts"

/** A file of a directory that is not written yet. */
export interface NamedFile {
  /** A relative path with forward slashes. */
  readonly path: string
  readonly bytes: Uint8Array
}

/**
 * A whole log as files (C2SP tlog-tiles): every entry bundle and every hash tile of its size, full and partial. None for a log
 * without entries. The checkpoint is the caller's to add. Throws `too_large` for an entry above 65,535 bytes. (L6.6)
 */
export function exportTiles(entries: readonly Uint8Array[]): readonly NamedFile[] {
  const levels: Hash[][] = [entries.map(leafHash)]
  for (let below = levels[0]!; below.length >= TILE_WIDTH; below = levels.at(-1)!) levels.push(fullTileRoots(below))
  const hashAt = (level: number, index: number) => levels[level / 8]?.[index]
  const files: NamedFile[] = []
  for (const tile of tilesOf(entries.length)) {
    const { level, index, width } = tile
    const bytes =
      level === "entries"
        ? encodeEntryBundle(entries.slice(index * TILE_WIDTH, index * TILE_WIDTH + width))
        : hashTile(hashAt, level, index, width)
    files.push({ path: formatTilePath(tile), bytes })
  }
  return files
}

/** What the level above has of these: one hash over each full tile. */
function fullTileRoots(hashes: readonly Hash[]): Hash[] {
  const roots: Hash[] = []
  for (let first = 0; first + TILE_WIDTH <= hashes.length; first += TILE_WIDTH) {
    const range = new CompactRange()
    for (const hash of hashes.slice(first, first + TILE_WIDTH)) range.append(hash)
    roots.push(range.root())
  }
  return roots
}
