import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  CompactRange,
  decodeTailTree,
  encodeTailTree,
  TailTree,
  verifyConsistency,
  verifyInclusion,
} from "../src/index.ts"
import { expectCode } from "./expect-code.ts"
import { referenceRoot, sampleEntries, sampleLeaves } from "./reference-tree.ts"

const MOST = 200
const entries = sampleEntries(MOST)
const leaves = sampleLeaves(MOST)
const roots = Array.from({ length: MOST + 1 }, (_, size) => referenceRoot(entries.slice(0, size)))

function treeOf(base: number, size: number): TailTree {
  const range = new CompactRange()
  for (const leaf of leaves.slice(0, base)) range.append(leaf)
  const tree = new TailTree(range)
  for (const leaf of leaves.slice(base, size)) tree.append(leaf)
  return tree
}

/** Everything a tree promises about what it holds. */
function expectWhole(tree: TailTree, base: number, size: number): void {
  expect([tree.base, tree.size]).toEqual([base, size])
  expect(tree.root()).toEqual(roots[size])
  for (let at = base; at <= size; at++) {
    expect(tree.rootAt(at)).toEqual(roots[at])
    expect(tree.compactRangeAt(at).root()).toEqual(roots[at])
    if (at > 0) {
      const claim = { oldSize: at, newSize: size, oldRoot: roots[at]!, newRoot: roots[size]! }
      verifyConsistency(claim, tree.proveConsistency(at))
    }
    if (at < size) {
      const claim = { index: at, size, leaf: leaves[at]!, root: roots[size]! }
      verifyInclusion(claim, tree.proveInclusion(at))
    }
  }
}

const bounds = fc
  .tuple(fc.nat({ max: MOST }), fc.nat({ max: MOST }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)

describe("tail tree", () => {
  test("[L3.4, L3.5] knows every root and proves everything from its base on", () => {
    fc.assert(
      fc.property(bounds, ([base, size]) => expectWhole(treeOf(base, size), base, size)),
      { numRuns: 60 },
    )
  })

  test("[L3.7] is the same tree after any trims, truncations and appends", () => {
    const steps = fc.array(fc.tuple(fc.constantFrom("append", "trim", "truncate"), fc.nat({ max: MOST })), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(bounds, steps, ([from, to], moves) => {
        const tree = treeOf(from, to)
        let [base, size] = [from as number, to as number]
        for (const [move, pick] of moves) {
          if (move === "append") {
            const next = Math.min(MOST, size + (pick % 40))
            for (const leaf of leaves.slice(size, next)) tree.append(leaf)
            size = next
          } else if (move === "trim") {
            base += pick % (size - base + 1)
            tree.trim(base)
          } else {
            size = base + (pick % (size - base + 1))
            tree.truncate(size)
          }
        }
        expectWhole(tree, base, size)
      }),
      { numRuns: 100 },
    )
  })

  test("[L3.5] does not answer for sizes it does not hold", () => {
    const tree = treeOf(40, 90)
    for (const size of [39, 91, -1, 40.5, Number.NaN]) {
      expectCode("out_of_range", () => tree.rootAt(size))
      expectCode("out_of_range", () => tree.compactRangeAt(size))
      expectCode("out_of_range", () => tree.trim(size))
      expectCode("out_of_range", () => tree.truncate(size))
      expectCode("out_of_range", () => tree.proveConsistency(size))
    }
    expectCode("out_of_range", () => tree.proveInclusion(39))
    expectCode("out_of_range", () => tree.proveInclusion(90))
    expectCode("out_of_range", () => tree.proveInclusion(50, 91))
    expect(tree.hashAt(0, 38)).toBeUndefined()
    expect(tree.hashAt(0, 90)).toBeUndefined()
    expect(tree.hashAt(9, 0)).toBeUndefined()
    expectWhole(tree, 40, 90)
  })

  test("[L3.6] tells a fork from what it cannot know", () => {
    const tree = treeOf(40, 90)
    expect(tree.compare({ size: 60, root: roots[60]! })).toBe("agrees")
    expect(tree.compare({ size: 60, root: roots[60]!.subarray(0, 16) })).toBe("agrees")
    expect(tree.compare({ size: 60, root: roots[61]! })).toBe("fork")
    const changed = roots[60]!.slice(0, 16)
    changed[15]! ^= 1
    expect(tree.compare({ size: 60, root: changed })).toBe("fork")
    expect(tree.compare({ size: 91, root: roots[91]! })).toBe("ahead")
    expect(tree.compare({ size: 39, root: roots[39]! })).toBe("before_base")
    expectCode("malformed", () => tree.compare({ size: 60, root: roots[60]!.subarray(0, 15) }))
    expectCode("malformed", () => tree.compare({ size: 60, root: new Uint8Array(33) }))
    expectCode("out_of_range", () => tree.compare({ size: 0.5, root: roots[60]! }))
  })

  test("[L3.4] what it hands out is a copy", () => {
    const tree = treeOf(7, 13)
    tree.root().fill(0)
    tree.rootAt(8).fill(0)
    tree.hashAt(0, 12)!.fill(0)
    expectWhole(tree, 7, 13)
  })

  test("[L3.4] refuses a leaf that is no hash, and stays as it was", () => {
    const tree = treeOf(7, 13)
    expectCode("malformed", () => tree.append(new Uint8Array(33)))
    expectWhole(tree, 7, 13)
  })

  test("[L3.8] comes back whole from its encoding", () => {
    fc.assert(
      fc.property(bounds, ([base, size]) => {
        expectWhole(decodeTailTree(encodeTailTree(treeOf(base, size))), base, size)
      }),
      { numRuns: 20 },
    )
  })

  test("[L3.8] refuses other lengths and counts", () => {
    const bytes = encodeTailTree(treeOf(5, 9))
    expectCode("malformed", () => decodeTailTree(bytes.subarray(0, -1)))
    expectCode("malformed", () => decodeTailTree(bytes.subarray(0, -32)))
    expectCode("malformed", () => decodeTailTree(new Uint8Array([...bytes, ...new Uint8Array(32)])))
    expectCode("malformed", () => decodeTailTree(new Uint8Array(15)))
    // A range of 2^53-1 leaves with one leaf more.
    const full = new Uint8Array(8 + 53 * 32 + 8 + 32)
    full.set([0, 0x1f, 255, 255, 255, 255, 255, 255])
    full[8 + 53 * 32 + 7] = 1
    expectCode("malformed", () => decodeTailTree(full))
  })
})
