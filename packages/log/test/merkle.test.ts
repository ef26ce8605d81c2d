import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  emptyRoot,
  leafHash,
  nodeHash,
  proveConsistency,
  proveInclusion,
  rootFrom,
  TailTree,
  verifyConsistency,
  verifyInclusion,
} from "../src/index.ts"
import { codeOf, expectCode } from "./expect-code.ts"
import { referenceRoot, sampleEntries } from "./reference-tree.ts"
import { fromBase64, readVector, vectorFiles } from "./vector-files.ts"

interface InclusionVector {
  readonly leafIdx: number
  readonly treeSize: number
  readonly root: string
  readonly leafHash: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

interface ConsistencyVector {
  readonly size1: number
  readonly size2: number
  readonly root1: string
  readonly root2: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

describe("transparency-dev/merkle", () => {
  const inclusion = vectorFiles("transparency-dev-merkle/inclusion")
  const consistency = vectorFiles("transparency-dev-merkle/consistency")

  test("all 196 files are there", () => expect(inclusion.length + consistency.length).toBe(196))

  test.each(inclusion)("[L2.3] %s", (file) => {
    const v = readVector<InclusionVector>(file)
    const claim = { index: v.leafIdx, size: v.treeSize, leaf: fromBase64(v.leafHash), root: fromBase64(v.root) }
    expect(codeOf(() => verifyInclusion(claim, (v.proof ?? []).map(fromBase64))) !== "accepted").toBe(v.wantErr)
  })

  test.each(consistency)("[L2.4] %s", (file) => {
    const v = readVector<ConsistencyVector>(file)
    const claim = {
      oldSize: v.size1,
      newSize: v.size2,
      oldRoot: fromBase64(v.root1),
      newRoot: fromBase64(v.root2),
    }
    expect(codeOf(() => verifyConsistency(claim, (v.proof ?? []).map(fromBase64))) !== "accepted").toBe(v.wantErr)
  })
})

const entries = sampleEntries(300)
const tree = new TailTree()
for (const entry of entries) tree.append(leafHash(entry))
const roots = entries.map((_, i) => referenceRoot(entries.slice(0, i)))
roots.push(referenceRoot(entries))

describe("hashes", () => {
  test("[L2.1] the empty tree's root is SHA-256 of nothing", () => {
    expect(Buffer.from(emptyRoot()).toString("hex")).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )
  })

  test("[L2.1] roots are those of RFC 6962's recursion at every size up to 300", () => {
    roots.forEach((root, size) => {
      expect(rootFrom(tree.hashAt, size)).toEqual(root)
    })
  })

  test("[L2.1] a leaf cannot pass for a node", () => {
    const [a, b] = [leafHash(entries[0]!), leafHash(entries[1]!)]
    expect(leafHash(Buffer.concat([a, b]))).not.toEqual(nodeHash(a, b))
  })
})

describe("inclusion", () => {
  test("[L2.3] every proof of every size up to 70 verifies", () => {
    for (let size = 1; size <= 70; size++) {
      for (let index = 0; index < size; index++) {
        const claim = { index, size, leaf: leafHash(entries[index]!), root: roots[size]! }
        verifyInclusion(claim, proveInclusion(tree.hashAt, index, size))
      }
    }
  })

  test("[L2.3] a changed bit anywhere fails", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 300 }),
        fc.nat(),
        fc.nat(),
        fc.nat({ max: 255 }),
        (size, pick, part, bit) => {
          const index = pick % size
          const proof = proveInclusion(tree.hashAt, index, size)
          const parts = [leafHash(entries[index]!), roots[size]!.slice(), ...proof]
          flip(parts[part % parts.length]!, bit)
          expectCode("bad_proof", () =>
            verifyInclusion({ index, size, leaf: parts[0]!, root: parts[1]! }, parts.slice(2)),
          )
        },
      ),
    )
  })

  test("[L2.3] another index, or one hash more or less, fails", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 300 }), fc.nat(), fc.nat(), (size, pick, other) => {
        const index = pick % size
        const elsewhere = (index + 1 + (other % (size - 1))) % size
        const proof = proveInclusion(tree.hashAt, index, size)
        const claim = { index, size, leaf: leafHash(entries[index]!), root: roots[size]! }
        expectCode("bad_proof", () => verifyInclusion({ ...claim, index: elsewhere }, proof))
        expectCode("bad_proof", () => verifyInclusion(claim, proof.slice(1)))
        expectCode("bad_proof", () => verifyInclusion(claim, proof.slice(0, -1)))
        expectCode("bad_proof", () => verifyInclusion(claim, [...proof, roots[1]!]))
      }),
    )
  })

  test("[L2.3] a path that goes on above the root of that size fails, even where it leads to the claimed root", () => {
    const above = nodeHash(roots[9]!, roots[1]!)
    expectCode("bad_proof", () => verifyInclusion({ index: 0, size: 1, leaf: roots[1]!, root: above }, [roots[9]!]))
  })

  test("[L2.3] an index outside the tree, and sizes that are not exact, are refused", () => {
    const claim = { index: 0, size: 1, leaf: roots[1]!, root: roots[1]! }
    expectCode("out_of_range", () => verifyInclusion({ ...claim, index: 1 }, []))
    expectCode("out_of_range", () => verifyInclusion({ ...claim, size: 0 }, []))
    expectCode("out_of_range", () => verifyInclusion({ ...claim, index: -1 }, []))
    expectCode("out_of_range", () => verifyInclusion({ ...claim, index: 0.5 }, []))
    expectCode("out_of_range", () => verifyInclusion({ ...claim, size: 2 ** 53 }, []))
    expectCode("out_of_range", () => verifyInclusion({ ...claim, size: Number.NaN }, []))
  })

  test("[L2.2] a hash that is not 32 bytes is refused", () => {
    const claim = { index: 0, size: 2, leaf: roots[1]!, root: roots[2]! }
    expectCode("malformed", () => verifyInclusion(claim, [new Uint8Array(31)]))
    expectCode("malformed", () => verifyInclusion({ ...claim, leaf: new Uint8Array(33) }, [roots[1]!]))
    expectCode("malformed", () => verifyInclusion({ ...claim, root: new Uint8Array() }, [roots[1]!]))
    const step = { oldSize: 1, newSize: 2, oldRoot: roots[1]!, newRoot: roots[2]! }
    expectCode("malformed", () => verifyConsistency(step, [new Uint8Array(31)]))
    expectCode("malformed", () => verifyConsistency({ ...step, oldRoot: new Uint8Array(33) }, [roots[1]!]))
    expectCode("malformed", () => verifyConsistency({ ...step, newRoot: new Uint8Array() }, [roots[1]!]))
  })
})

describe("consistency", () => {
  test("[L2.4] every proof between sizes up to 70 verifies", () => {
    for (let newSize = 1; newSize <= 70; newSize++) {
      for (let oldSize = 1; oldSize <= newSize; oldSize++) {
        const claim = { oldSize, newSize, oldRoot: roots[oldSize]!, newRoot: roots[newSize]! }
        verifyConsistency(claim, proveConsistency(tree.hashAt, oldSize, newSize))
      }
    }
  })

  test("[L2.4] a changed bit anywhere fails", () => {
    const cases = fc.tuple(fc.integer({ min: 2, max: 300 }), fc.nat(), fc.nat(), fc.nat({ max: 255 }))
    fc.assert(
      fc.property(cases, ([newSize, pick, part, bit]) => {
        const oldSize = 1 + (pick % (newSize - 1))
        const proof = proveConsistency(tree.hashAt, oldSize, newSize)
        const parts = [roots[oldSize]!.slice(), roots[newSize]!.slice(), ...proof]
        flip(parts[part % parts.length]!, bit)
        const claim = { oldSize, newSize, oldRoot: parts[0]!, newRoot: parts[1]! }
        expectCode("bad_proof", () => verifyConsistency(claim, parts.slice(2)))
      }),
    )
  })

  test("[L2.4] a proof with one hash more or less, and an empty one, fail", () => {
    const claim = { oldSize: 6, newSize: 11, oldRoot: roots[6]!, newRoot: roots[11]! }
    const proof = proveConsistency(tree.hashAt, 6, 11)
    expectCode("bad_proof", () => verifyConsistency(claim, []))
    expectCode("bad_proof", () => verifyConsistency(claim, proof.slice(1)))
    expectCode("bad_proof", () => verifyConsistency(claim, proof.slice(0, -1)))
    expectCode("bad_proof", () => verifyConsistency(claim, [...proof, roots[1]!]))
  })

  test("[L2.4] a path that goes on above the roots fails, even where it leads to both claimed roots", () => {
    const proof = [...proveConsistency(tree.hashAt, 3, 5), roots[9]!]
    const [oldRoot, newRoot] = [nodeHash(roots[9]!, roots[3]!), nodeHash(roots[9]!, roots[5]!)]
    expectCode("bad_proof", () => verifyConsistency({ oldSize: 3, newSize: 5, oldRoot, newRoot }, proof))
  })

  test("[L2.4] equal sizes need equal roots and no proof", () => {
    const claim = { oldSize: 5, newSize: 5, oldRoot: roots[5]!, newRoot: roots[5]! }
    verifyConsistency(claim, [])
    expectCode("bad_proof", () => verifyConsistency(claim, [roots[1]!]))
    expectCode("bad_proof", () => verifyConsistency({ ...claim, newRoot: roots[4]! }, []))
  })

  test("[L2.5] an old size of 0 and a shrinking tree are refused", () => {
    const claim = { oldSize: 0, newSize: 5, oldRoot: roots[0]!, newRoot: roots[5]! }
    expectCode("out_of_range", () => verifyConsistency(claim, []))
    expectCode("out_of_range", () => verifyConsistency({ ...claim, newSize: 0, newRoot: roots[0]! }, []))
    expectCode("out_of_range", () => verifyConsistency({ ...claim, oldSize: 6 }, []))
    expectCode("out_of_range", () => proveConsistency(tree.hashAt, 0, 5))
    expectCode("out_of_range", () => proveConsistency(tree.hashAt, 6, 5))
  })
})

describe("[L1.1] sizes beyond 32 bits", () => {
  // Every leaf is the same, so one hash for each level is a whole tree of any size.
  const levels = [leafHash(new Uint8Array())]
  for (let level = 1; level <= 53; level++) levels.push(nodeHash(levels[level - 1]!, levels[level - 1]!))
  const read = (level: number) => levels[level]

  test.each([2 ** 31 - 1, 2 ** 31 + 1, 2 ** 32, 2 ** 40 + 12_345, 2 ** 52 + 2 ** 31, 2 ** 53 - 1])(
    "proofs at size %d verify, and fail one leaf further on",
    (size) => {
      const root = rootFrom(read, size)
      for (const index of [0, 1, Math.floor(size / 2), size - 2, size - 1]) {
        verifyInclusion({ index, size, leaf: levels[0]!, root }, proveInclusion(read, index, size))
      }
      for (const oldSize of [1, 2 ** 20 + 1, Math.floor(size / 3), size - 1]) {
        const oldRoot = rootFrom(read, oldSize)
        const proof = proveConsistency(read, oldSize, size)
        verifyConsistency({ oldSize, newSize: size, oldRoot, newRoot: root }, proof)
        expectCode("bad_proof", () =>
          verifyConsistency({ oldSize: oldSize + 1, newSize: size, oldRoot, newRoot: root }, proof),
        )
      }
    },
  )
})

test("storage that lacks a hash is told apart from a bad proof", () => {
  expectCode("missing_hash", () => proveInclusion(() => undefined, 0, 2))
  expectCode("missing_hash", () => rootFrom(() => new Uint8Array(31), 3))
  expect(proveInclusion(() => undefined, 0, 1)).toEqual([])
})

function flip(hash: Uint8Array, bit: number): void {
  hash[bit >> 3]! ^= 1 << (bit & 7)
}
