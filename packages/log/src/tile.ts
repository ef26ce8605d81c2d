import { equalBytes } from "@holdfast/wire"
import { parseDecimal } from "./bytes.ts"
import { LogError } from "./error.ts"
import { checkSize, HASH_BYTES, type Hash, leafHash, nodeHash } from "./merkle.ts"
import { type HashReader, rootFrom } from "./prove.ts"

export const TILE_WIDTH = 256
const TILE_HEIGHT = 8
const MAX_LEVEL = 63

/** One file of a tiled log: `width` hashes of a level, or the entries below tile `index` of level 0. (L6.1) */
export interface TileId {
  readonly level: number | "entries"
  readonly index: number
  /** 256 for a full tile, 1 to 255 for a partial one. */
  readonly width: number
}

/** The path below the log's prefix, such as `tile/0/x001/067.p/8`; throws `out_of_range`. (L6.1) */
export function formatTilePath({ level, index, width }: TileId): string {
  if (level !== "entries" && !isWithin(level, 0, MAX_LEVEL)) throw new LogError("out_of_range", "tile level")
  checkSize(index)
  if (!isWithin(width, 1, TILE_WIDTH)) throw new LogError("out_of_range", "tile width")
  const groups = [threeDigits(index % 1000)]
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${threeDigits(rest % 1000)}`)
  }
  const path = `tile/${level}/${groups.join("/")}`
  return width === TILE_WIDTH ? path : `${path}.p/${width}`
}

/** Throws `malformed` for every path that `formatTilePath` does not make. (L6.1) */
export function parseTilePath(path: string): TileId {
  const match = /^tile\/([0-9]{1,2}|entries)\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path)
  if (match === null) throw new LogError("malformed", "tile path")
  const [, levelText, groups, widthText] = match
  const level = levelText === "entries" ? levelText : parseDecimal(levelText!)
  const index = Number(groups!.replaceAll(/[x/]/g, ""))
  const width = widthText === undefined ? TILE_WIDTH : parseDecimal(widthText)
  if (level === undefined || width === undefined || !Number.isSafeInteger(index)) {
    throw new LogError("malformed", "tile path")
  }
  const id: TileId = { level, index, width }
  if (level !== "entries" && level > MAX_LEVEL) throw new LogError("malformed", "tile level")
  if (width < 1 || width > TILE_WIDTH || formatTilePath(id) !== path) throw new LogError("malformed", "tile path")
  return id
}

/**
 * Every tile that a log of `size` entries serves and that it did not serve, or only narrower, at `since`: level by level
 * from 0, each level left to right; the entries of a tile come just before its level-0 hashes. (L6.3)
 */
export function* tilesOf(size: number, since = 0): Generator<TileId> {
  checkSize(size)
  checkSize(since)
  let nodes = size
  let nodesBefore = since
  for (let level = 0; nodes > 0; level++) {
    for (let index = Math.floor(nodesBefore / TILE_WIDTH); index * TILE_WIDTH < nodes; index++) {
      const width = Math.min(TILE_WIDTH, nodes - index * TILE_WIDTH)
      if (index * TILE_WIDTH + width <= nodesBefore) continue
      if (level === 0) yield { level: "entries", index, width }
      yield { level, index, width }
    }
    nodes = Math.floor(nodes / TILE_WIDTH)
    nodesBefore = Math.floor(nodesBefore / TILE_WIDTH)
  }
}

/** The bytes of a hash tile, from stored subtree hashes. Throws `missing_hash` and `out_of_range`. (L6.2) */
export function hashTile(read: HashReader, level: number, index: number, width: number): Uint8Array<ArrayBuffer> {
  if (!isWithin(level, 0, MAX_LEVEL) || !isWithin(width, 1, TILE_WIDTH)) throw new LogError("out_of_range", "tile")
  const out = new Uint8Array(width * HASH_BYTES)
  for (let i = 0; i < width; i++) {
    const hash = read(level * TILE_HEIGHT, index * TILE_WIDTH + i)
    if (hash === undefined || hash.length !== HASH_BYTES) throw new LogError("missing_hash", `tile ${level}/${index}`)
    out.set(hash, i * HASH_BYTES)
  }
  return out
}

/** The level-0 tile above these entries; throws `out_of_range` unless they are 1 to 256. (L6.2) */
export function hashTileOfEntries(entries: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return hashTile((_, i) => leafHash(entries[i]!), 0, 0, entries.length)
}

/** Where tiles are kept: the bytes of one hash tile at exactly this width; `undefined`: not there. */
export type TileReader = (level: number, index: number, width: number) => Uint8Array | undefined

/**
 * Reads subtree hashes out of the tiles of a log of `size` entries, to prove from them or to compute the root.
 * `undefined` for a subtree that is not complete at `size` and for a tile that is not there; a tile of another length
 * throws `malformed`. The hashes are only as good as the tiles: see `verifyTiles`. (L6.2)
 */
export function tileHashReader(size: number, tileAt: TileReader): HashReader {
  checkSize(size)
  return (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT)
    const count = 2 ** (level % TILE_HEIGHT)
    const first = index * count
    const nodes = Math.floor(size / TILE_WIDTH ** tileLevel)
    if (first + count > nodes) return undefined
    const tileIndex = Math.floor(first / TILE_WIDTH)
    const tile = wholeTile(tileAt, tileLevel, tileIndex, Math.min(TILE_WIDTH, nodes - tileIndex * TILE_WIDTH))
    return tile === undefined ? undefined : completeHash(tile, first % TILE_WIDTH, count)
  }
}

/**
 * Returns if all hash tiles of a log of `size` entries are there, agree with each other and lead to `root`. Throws
 * `missing_hash`, `malformed` (a tile's length) or `bad_proof`. Hashes every entry's leaf hash once. (L6.4)
 */
export function verifyTiles(size: number, root: Hash, tileAt: TileReader): void {
  const read = tileHashReader(size, tileAt)
  for (const { level, index, width } of tilesOf(size)) {
    if (level === "entries") continue
    const tile = wholeTile(tileAt, level, index, width)
    if (tile === undefined) throw new LogError("missing_hash", `tile ${level}/${index}`)
    if (width < TILE_WIDTH) continue
    const above = read((level + 1) * TILE_HEIGHT, index)
    if (above === undefined) throw new LogError("missing_hash", `tile ${level + 1}`)
    if (!equalBytes(completeHash(tile, 0, TILE_WIDTH), above)) throw new LogError("bad_proof", `tile ${level}/${index}`)
  }
  // Full tiles are under a hash of the level above; what is left is the partial tiles, and the root is made of those.
  if (!equalBytes(rootFrom(read, size), root)) throw new LogError("bad_proof", "another root")
}

function wholeTile(tileAt: TileReader, level: number, index: number, width: number): Uint8Array | undefined {
  const tile = tileAt(level, index, width)
  if (tile !== undefined && tile.length !== width * HASH_BYTES) throw new LogError("malformed", "tile length")
  return tile
}

/** The hash over `count` (a power of two) neighbouring hashes of a tile. */
function completeHash(tile: Uint8Array, first: number, count: number): Hash {
  if (count === 1) return tile.slice(first * HASH_BYTES, (first + 1) * HASH_BYTES)
  return nodeHash(completeHash(tile, first, count / 2), completeHash(tile, first + count / 2, count / 2))
}

function threeDigits(n: number): string {
  return String(n).padStart(3, "0")
}

function isWithin(n: number, least: number, most: number): boolean {
  return Number.isInteger(n) && n >= least && n <= most
}
