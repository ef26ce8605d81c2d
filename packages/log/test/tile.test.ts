import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  decodeEntryBundle,
  encodeEntryBundle,
  formatTilePath,
  hashTile,
  hashTileOfEntries,
  leafHash,
  parseTilePath,
  proveConsistency,
  proveInclusion,
  rootFrom,
  TailTree,
  type TileId,
  type TileReader,
  tileHashReader,
  tilesOf,
  verifyConsistency,
  verifyInclusion,
  verifyTiles,
} from "../src/index.ts"
import { expectCode } from "./expect-code.ts"
import { sampleEntries } from "./reference-tree.ts"

const MOST = 66_000
const tree = new TailTree()
const entries = sampleEntries(MOST)
for (const entry of entries) tree.append(leafHash(entry))

/** The tiles of one size as files, which a test can damage. */
function storeTiles(size: number): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const id of tilesOf(size)) {
    if (id.level !== "entries") files.set(formatTilePath(id), hashTile(tree.hashAt, id.level, id.index, id.width))
  }
  return files
}

const readerOf =
  (files: ReadonlyMap<string, Uint8Array>): TileReader =>
  (level, index, width) =>
    files.get(formatTilePath({ level, index, width }))

const counts = (size: number, since = 0): Record<string, number[]> => {
  const widths: Record<string, number[]> = {}
  for (const { level, width } of tilesOf(size, since)) {
    widths[level] ??= []
    widths[level].push(width)
  }
  return widths
}

describe("paths", () => {
  const examples: readonly (readonly [string, TileId])[] = [
    ["tile/0/000", { level: 0, index: 0, width: 256 }],
    ["tile/0/999", { level: 0, index: 999, width: 256 }],
    ["tile/0/x001/000", { level: 0, index: 1_000, width: 256 }],
    ["tile/3/x001/x234/067", { level: 3, index: 1_234_067, width: 256 }],
    ["tile/0/x001/067.p/8", { level: 0, index: 1_067, width: 8 }],
    ["tile/entries/x001/067.p/255", { level: "entries", index: 1_067, width: 255 }],
    ["tile/63/x009/x007/x199/x254/x740/991", { level: 63, index: Number.MAX_SAFE_INTEGER, width: 256 }],
  ]

  test.each(examples)("[L6.1] %s", (path, id) => {
    expect(formatTilePath(id)).toBe(path)
    expect(parseTilePath(path)).toEqual(id)
  })

  test("[L6.1] every tile has one path", () => {
    const ids = fc.record({
      level: fc.oneof(fc.nat({ max: 63 }), fc.constant("entries" as const)),
      index: fc.maxSafeNat(),
      width: fc.integer({ min: 1, max: 256 }),
    })
    fc.assert(
      fc.property(ids, (id) => {
        expect(parseTilePath(formatTilePath(id))).toEqual(id)
      }),
    )
  })

  test.each([
    "",
    "/tile/0/000",
    "tile/0/000/",
    "tile/00/000",
    "tile/64/000",
    "tile/-1/000",
    "tile/data/000",
    "tile/0/0",
    "tile/0/1000",
    "tile/0/x000/001",
    "tile/0/001/000",
    "tile/0/x001",
    "tile/0/x001/x000",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/000.p/08",
    "tile/0/000.p/",
    "tile/0/000.p/8/",
    "tile/0/000\n",
    "tile/0/../000",
    "tile/0/x009/x007/x199/x254/x740/992",
    "tile/0/x001/x000/x000/x000/x000/x000/000",
  ])("[L6.1] refuses %j", (path) => expectCode("malformed", () => parseTilePath(path)))

  test("[L6.1] does not write what it would not read", () => {
    expectCode("out_of_range", () => formatTilePath({ level: 64, index: 0, width: 1 }))
    expectCode("out_of_range", () => formatTilePath({ level: 0, index: -1, width: 1 }))
    expectCode("out_of_range", () => formatTilePath({ level: 0, index: 0, width: 0 }))
    expectCode("out_of_range", () => formatTilePath({ level: 0, index: 0, width: 257 }))
  })
})

describe("which tiles", () => {
  test("[L6.3] none for the empty log", () => expect([...tilesOf(0)]).toEqual([]))

  test("[L6.3] the examples of tlog-tiles", () => {
    expect(counts(256)).toEqual({ entries: [256], 0: [256], 1: [1] })
    const large = counts(70_000)
    expect(large[0]).toEqual([...Array(273).fill(256), 112])
    expect(large.entries).toEqual(large[0])
    expect([large[1], large[2], large[3]]).toEqual([[256, 17], [1], undefined])
  })

  test("[L6.3] since an earlier size: only what is new or has become wider", () => {
    expect(counts(70_000, 70_000)).toEqual({})
    expect(counts(70_001, 70_000)).toEqual({ entries: [113], 0: [113] })
    expect(counts(512, 511)).toEqual({ entries: [256], 0: [256], 1: [2] })
    expect(counts(65_536, 65_535)).toEqual({ entries: [256], 0: [256], 1: [256], 2: [1] })
    expect(counts(300, 10)).toEqual({ entries: [256, 44], 0: [256, 44], 1: [1] })
  })

  test("[L6.3] sizes beyond 32 bits", () => {
    const size = 2 ** 53 - 1
    const levels = [...tilesOf(size, size - 1)]
    expect(levels.map(({ level, width }) => [level, width])).toEqual([
      ["entries", 255],
      [0, 255],
    ])
    expect([...tilesOf(2 ** 52, 2 ** 52 - 1)].map(({ level }) => level)).toEqual(["entries", 0, 1, 2, 3, 4, 5, 6])
  })
})

describe("hash tiles", () => {
  test("[L6.2] the level-0 tile of entries is their leaf hashes", () => {
    const bundle = entries.slice(512, 512 + 9)
    expect(hashTileOfEntries(bundle)).toEqual(hashTile(tree.hashAt, 0, 2, 9))
    expectCode("out_of_range", () => hashTileOfEntries([]))
    expectCode("out_of_range", () => hashTileOfEntries(entries.slice(0, 257)))
  })

  test("[L6.2] a hash of level 1 covers one full tile", () => {
    const one = new TailTree()
    for (const entry of entries.slice(256, 512)) one.append(leafHash(entry))
    expect(hashTile(tree.hashAt, 1, 0, 2).subarray(32)).toEqual(one.root())
    expectCode("missing_hash", () => hashTile(one.hashAt, 1, 0, 2))
  })

  test.each([1, 2, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_537, MOST])(
    "[L6.2, L6.4] the tiles of size %d give the root and every proof",
    (size) => {
      const tileAt = readerOf(storeTiles(size))
      const read = tileHashReader(size, tileAt)
      const root = tree.rootAt(size)
      expect(rootFrom(read, size)).toEqual(root)
      verifyTiles(size, root, tileAt)
      for (const index of new Set([0, Math.floor(size / 3), size - 1])) {
        verifyInclusion({ index, size, leaf: leafHash(entries[index]!), root }, proveInclusion(read, index, size))
      }
      for (const oldSize of new Set([1, Math.ceil(size / 2), size])) {
        const claim = { oldSize, newSize: size, oldRoot: tree.rootAt(oldSize), newRoot: root }
        verifyConsistency(claim, proveConsistency(read, oldSize, size))
      }
    },
  )

  test("[L6.4] any changed byte of any tile is found", () => {
    const size = 700
    const files = storeTiles(size)
    const whole = verifyTiles.bind(undefined, size, tree.rootAt(size))
    fc.assert(
      fc.property(fc.constantFrom(...files.keys()), fc.nat(), (path, pick) => {
        const damaged = files.get(path)!.slice()
        damaged[pick % damaged.length]! ^= 1 << (pick & 7)
        expectCode("bad_proof", () => whole(readerOf(new Map(files).set(path, damaged))))
      }),
      { numRuns: 200 },
    )
  })

  test("[L6.4] a tile that is missing or of another length is found", () => {
    const size = 700
    const files = storeTiles(size)
    expect([...files.keys()]).toEqual(["tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"])
    for (const [path, tile] of files) {
      const fewer = new Map(files)
      fewer.delete(path)
      expectCode("missing_hash", () => verifyTiles(size, tree.rootAt(size), readerOf(fewer)))
      const short = new Map(files).set(path, tile.subarray(32))
      expectCode("malformed", () => verifyTiles(size, tree.rootAt(size), readerOf(short)))
    }
    expectCode("bad_proof", () => verifyTiles(size, tree.rootAt(699), readerOf(files)))
  })

  test("[L6.4] the empty log needs no tile and has the empty root", () => {
    verifyTiles(0, tree.rootAt(0), () => undefined)
    expectCode("bad_proof", () => verifyTiles(0, tree.rootAt(1), () => undefined))
  })
})

describe("entry bundles", () => {
  test("[L6.5] lengths are two bytes, large end first", () => {
    expect(encodeEntryBundle([Uint8Array.of(7, 8), new Uint8Array()])).toEqual(Uint8Array.of(0, 2, 7, 8, 0, 0))
    const largest = new Uint8Array(65_535).fill(1)
    expect(decodeEntryBundle(encodeEntryBundle([largest]), 1)).toEqual([largest])
  })

  test("[L6.5] come back as they were", () => {
    const bundles = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 256 })
    fc.assert(
      fc.property(bundles, (bundle) => {
        expect(decodeEntryBundle(encodeEntryBundle(bundle), bundle.length)).toEqual(bundle)
      }),
    )
  })

  test("[L6.5] refuses more, fewer or larger entries, and bytes left over", () => {
    const bytes = encodeEntryBundle(entries.slice(0, 3))
    expectCode("malformed", () => decodeEntryBundle(bytes, 2))
    expectCode("malformed", () => decodeEntryBundle(bytes, 4))
    expectCode("malformed", () => decodeEntryBundle(bytes.subarray(0, -1), 3))
    expectCode("malformed", () => decodeEntryBundle(new Uint8Array([...bytes, 0]), 3))
    expectCode("malformed", () => decodeEntryBundle(Uint8Array.of(0), 1))
    expectCode("out_of_range", () => decodeEntryBundle(bytes, 0))
    expectCode("out_of_range", () => decodeEntryBundle(bytes, 257))
    expectCode("out_of_range", () => encodeEntryBundle([]))
    expectCode("out_of_range", () => encodeEntryBundle(entries.slice(0, 257)))
    expectCode("too_large", () => encodeEntryBundle([new Uint8Array(65_536)]))
  })
})
