import { expect, test } from "vitest"
import {
  decodeEntryBundle,
  exportTiles,
  formatTilePath,
  parseTilePath,
  type TileReader,
  tilesOf,
  verifyTiles,
} from "../src/index.ts"
import { expectCode } from "./expect-code.ts"
import { referenceRoot, sampleEntries } from "./reference-tree.ts"

const readerOf =
  (files: ReadonlyMap<string, Uint8Array>): TileReader =>
  (level, index, width) =>
    files.get(formatTilePath({ level, index, width }))

test.each([1, 2, 255, 256, 257, 512, 700, 65_536, 65_537])(
  "[L6.6] %i entries become exactly the tiles of that size, and these lead to the root",
  (size) => {
    const entries = sampleEntries(size)
    const files = new Map(exportTiles(entries).map(({ path, bytes }) => [path, bytes]))
    expect([...files.keys()].toSorted()).toEqual([...tilesOf(size)].map(formatTilePath).toSorted())
    verifyTiles(size, referenceRoot(entries), readerOf(files))
    const read = [...files]
      .filter(([path]) => path.startsWith("tile/entries/"))
      .flatMap(([path, bytes]) => decodeEntryBundle(bytes, parseTilePath(path).width))
    expect(read).toEqual(entries)
  },
)

test("[L6.6] a log without entries has no tiles", () => {
  expect(exportTiles([])).toEqual([])
})

test("[L6.5] an entry that no bundle can hold is refused", () => {
  expectCode("too_large", () => exportTiles([new Uint8Array(65_536)]))
})
