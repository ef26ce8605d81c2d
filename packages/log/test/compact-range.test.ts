import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { CompactRange, decodeCompactRange, encodeCompactRange } from "../src/index.ts"
import { expectCode } from "./expect-code.ts"
import { referenceRoot, sampleEntries, sampleLeaves } from "./reference-tree.ts"

const entries = sampleEntries(130)
const leaves = sampleLeaves(130)

function rangeOf(size: number): CompactRange {
  const range = new CompactRange()
  for (const leaf of leaves.slice(0, size)) range.append(leaf)
  return range
}

describe("compact range", () => {
  test("[L3.2] has the tree's root at every size", () => {
    const range = new CompactRange()
    for (let size = 0; size <= 130; size++) {
      expect(range.size).toBe(size)
      expect(range.root()).toEqual(referenceRoot(entries.slice(0, size)))
      if (size < 130) range.append(leaves[size]!)
    }
  })

  test("[L3.3] goes on from its encoding at every size", () => {
    fc.assert(
      fc.property(fc.nat({ max: 130 }), fc.nat(), (size, pick) => {
        const stop = pick % (size + 1)
        const range = decodeCompactRange(encodeCompactRange(rangeOf(stop)))
        for (const leaf of leaves.slice(stop, size)) range.append(leaf)
        expect(range.root()).toEqual(referenceRoot(entries.slice(0, size)))
      }),
    )
  })

  test("[L3.1] has one hash for each set bit of the size", () => {
    expect(rangeOf(0).hashes().length).toBe(0)
    expect(rangeOf(127).hashes().length).toBe(7)
    expect(rangeOf(128).hashes().length).toBe(1)
    expectCode("malformed", () => CompactRange.of(3, [leaves[0]!]))
    expectCode("malformed", () => CompactRange.of(1, [new Uint8Array(31)]))
    expectCode("out_of_range", () => CompactRange.of(2 ** 53, [leaves[0]!]))
    expectCode("out_of_range", () => CompactRange.of(-1, []))
  })

  test("[L3.1] a clone and what is handed out are its own", () => {
    const range = rangeOf(5)
    const root = range.root()
    const clone = range.clone()
    clone.append(leaves[5]!)
    range.hashes()[0]!.fill(0)
    range.root().fill(0)
    expect(range.size).toBe(5)
    expect(range.root()).toEqual(root)
  })

  test("[L3.1] refuses a leaf that is no hash, and stays as it was", () => {
    const range = rangeOf(3)
    expectCode("malformed", () => range.append(new Uint8Array(31)))
    expect(range.root()).toEqual(rangeOf(3).root())
  })

  test("[L1.1] stops at 2^53-1 leaves", () => {
    const full = CompactRange.of(
      2 ** 53 - 1,
      Array.from({ length: 53 }, () => leaves[0]!),
    )
    const root = full.root()
    expectCode("out_of_range", () => full.append(leaves[0]!))
    expect(full.root()).toEqual(root)
  })

  test("[L3.3] refuses other lengths and sizes above 2^53-1", () => {
    const bytes = encodeCompactRange(rangeOf(5))
    expectCode("malformed", () => decodeCompactRange(bytes.subarray(0, -1)))
    expectCode("malformed", () => decodeCompactRange(new Uint8Array([...bytes, 0])))
    expectCode("malformed", () => decodeCompactRange(new Uint8Array(7)))
    const large = new Uint8Array(8 + 32)
    large[1] = 0x20
    expectCode("malformed", () => decodeCompactRange(large))
  })
})
