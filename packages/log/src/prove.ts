import { LogError } from "./error.ts"
import { checkSize, emptyRoot, HASH_BYTES, type Hash, nodeHash, splitPoint } from "./merkle.ts"

/**
 * Reads the hash of a complete subtree: node `index` of `level` covers the leaves from `index * 2^level` up to
 * `(index + 1) * 2^level`. `undefined`: the storage does not have it.
 */
export type HashReader = (level: number, index: number) => Hash | undefined

/** The root over the first `size` leaves. Throws `missing_hash` if the reader lacks a subtree. (L2.1) */
export function rootFrom(read: HashReader, size: number): Hash {
  checkSize(size)
  return size === 0 ? emptyRoot() : rangeHash(read, 0, size)
}

/**
 * The path for `verifyInclusion`, the leaf's sibling first. Throws `out_of_range` for an index outside the tree and
 * `missing_hash` if the reader lacks a subtree. (L2.3)
 */
export function proveInclusion(read: HashReader, index: number, size: number): Hash[] {
  checkSize(size)
  checkSize(index)
  if (index >= size) throw new LogError("out_of_range", "leaf index")
  const path: Hash[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + splitPoint(to - from)
    if (index < middle) {
      path.push(rangeHash(read, middle, to))
      to = middle
    } else {
      path.push(rangeHash(read, from, middle))
      from = middle
    }
  }
  return path.reverse()
}

/** The path for `verifyConsistency`. Throws `out_of_range` unless 0 < oldSize ≤ newSize, and `missing_hash`. (L2.4) */
export function proveConsistency(read: HashReader, oldSize: number, newSize: number): Hash[] {
  checkSize(newSize)
  checkSize(oldSize)
  if (oldSize === 0 || oldSize > newSize) throw new LogError("out_of_range", "old size")
  const path: Hash[] = []
  let from = 0
  let to = newSize
  while (oldSize !== to) {
    const middle = from + splitPoint(to - from)
    if (oldSize <= middle) {
      path.push(rangeHash(read, middle, to))
      to = middle
    } else {
      path.push(rangeHash(read, from, middle))
      from = middle
    }
  }
  // Where the old tree is not one complete subtree, its last part has to be told to the verifier.
  if (from !== 0) path.push(rangeHash(read, from, to))
  return path.reverse()
}

/** MTH(D[from:to]) for a range as RFC 6962 splits it, so `from` is a multiple of the largest power of two inside. */
function rangeHash(read: HashReader, from: number, to: number): Hash {
  const width = to - from
  const level = levelOf(width)
  if (level !== undefined) {
    const hash = read(level, from / width)
    if (hash === undefined || hash.length !== HASH_BYTES) {
      throw new LogError("missing_hash", `level ${level}, index ${from / width}`)
    }
    return hash
  }
  const middle = from + splitPoint(width)
  return nodeHash(rangeHash(read, from, middle), rangeHash(read, middle, to))
}

function levelOf(width: number): number | undefined {
  let level = 0
  let power = 1
  while (power < width) {
    power *= 2
    level++
  }
  return power === width ? level : undefined
}
