import { readU64, writeU64 } from "./bytes.ts"
import { CompactRange, countBits, decodeCompactRange, encodeCompactRange } from "./compact-range.ts"
import { LogError } from "./error.ts"
import { checkSize, emptyRoot, HASH_BYTES, type Hash, nodeHash } from "./merkle.ts"
import { proveConsistency, proveInclusion } from "./prove.ts"

/** What a peer says it has seen: a size and its root, or the first 16 or more bytes of the root. */
export interface HeadClaim {
  readonly size: number
  readonly root: Uint8Array
}

/** `fork` is evidence: two trees of one size with different roots. The other three say that all is well or not known. */
export type HeadVerdict = "agrees" | "fork" | "ahead" | "before_base"

/** Fewer bytes of a root could be met by chance or by search. (L3.6) */
export const MIN_ROOT_PREFIX_BYTES = 16

/**
 * A tree of which the front, up to `base`, is forgotten except for its compact range. It knows the root at every size
 * from `base` to `size`, answers claims about them and proves everything from `base` on. With base 0 it is a whole tree
 * in memory. It changes in place and belongs to one owner. Costs 64 bytes a leaf since `base`. (L3.4)
 */
export class TailTree {
  #base: number
  #size: number
  readonly #levels: Level[] = []

  constructor(base: CompactRange = new CompactRange()) {
    this.#base = base.size
    this.#size = base.size
    const hashes = base.hashes()
    for (let rest = base.size; rest > 0; rest = Math.floor(rest / 2)) {
      // The range has a node at this level exactly if the bit is set, and it is the last one below `base`.
      const set = rest % 2 === 1
      const nodes = new Level(set ? rest - 1 : rest)
      if (set) nodes.push(hashes.pop()!)
      this.#levels.push(nodes)
    }
  }

  get base(): number {
    return this.#base
  }

  get size(): number {
    return this.#size
  }

  /** Adds a leaf by its hash (see `leafHash`). Throws `malformed` and `out_of_range`, and then nothing has changed. */
  append(leaf: Hash): void {
    if (leaf.length !== HASH_BYTES) throw new LogError("malformed", "hash length")
    checkSize(this.#size + 1)
    let hash = leaf
    let level = 0
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2, level++) {
      const nodes = this.#level(level)
      const left = nodes.at(rest - 1)!
      nodes.push(hash)
      hash = nodeHash(left, hash)
    }
    this.#level(level).push(hash)
    this.#size++
  }

  /** The hash of a complete subtree, a copy; `undefined` if it is forgotten or not complete yet. A `HashReader`. */
  readonly hashAt = (level: number, index: number): Hash | undefined => this.#levels[level]?.at(index)?.slice()

  root(): Hash {
    return this.rootAt(this.#size)
  }

  /** Throws `out_of_range` for a size below `base` or above `size`. (L3.5) */
  rootAt(size: number): Hash {
    this.#checkKnown(size)
    let root: Hash | undefined
    for (let level = 0, rest = size; rest > 0; level++, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 0) continue
      const node = this.#levels[level]!.at(rest - 1)!
      root = root === undefined ? node.slice() : nodeHash(node, root)
    }
    return root ?? emptyRoot()
  }

  /** The compact range at any size from `base` to `size`; throws `out_of_range` for others. */
  compactRangeAt(size: number): CompactRange {
    this.#checkKnown(size)
    const hashes: Hash[] = []
    for (let level = 0, rest = size; rest > 0; level++, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 1) hashes.unshift(this.#levels[level]!.at(rest - 1)!)
    }
    return CompactRange.of(size, hashes)
  }

  /**
   * Holds a peer's claim against this tree. `ahead`: the peer has seen more; ask again after appending.
   * `before_base`: too old to tell. Throws `malformed` for a root of less than 16 or more than 32 bytes. (L3.6)
   */
  compare(claim: HeadClaim): HeadVerdict {
    checkSize(claim.size)
    const length = claim.root.length
    if (length < MIN_ROOT_PREFIX_BYTES || length > HASH_BYTES) throw new LogError("malformed", "root length")
    if (claim.size > this.#size) return "ahead"
    if (claim.size < this.#base) return "before_base"
    const own = this.rootAt(claim.size)
    return claim.root.every((byte, i) => byte === own[i]) ? "agrees" : "fork"
  }

  /** Throws `out_of_range` unless base ≤ index < size ≤ this.size. */
  proveInclusion(index: number, size: number = this.#size): Hash[] {
    this.#checkKnown(size)
    if (index < this.#base) throw new LogError("out_of_range", "leaf before the base")
    return proveInclusion(this.hashAt, index, size)
  }

  /** Throws `out_of_range` unless base ≤ oldSize ≤ newSize ≤ this.size and oldSize > 0. */
  proveConsistency(oldSize: number, newSize: number = this.#size): Hash[] {
    this.#checkKnown(oldSize)
    this.#checkKnown(newSize)
    return proveConsistency(this.hashAt, oldSize, newSize)
  }

  /** Forgets everything before `base`, which may only move forward, up to `size`; throws `out_of_range`. (L3.7) */
  trim(base: number): void {
    this.#checkKnown(base)
    for (let level = 0, rest = base; level < this.#levels.length; level++, rest = Math.floor(rest / 2)) {
      this.#levels[level]!.dropBefore(rest % 2 === 1 ? rest - 1 : rest)
    }
    this.#base = base
  }

  /** Takes back the leaves from `size` on, for a batch that did not lead to the root it should. Throws `out_of_range`. (L3.7) */
  truncate(size: number): void {
    this.#checkKnown(size)
    for (let level = 0, rest = size; level < this.#levels.length; level++, rest = Math.floor(rest / 2)) {
      this.#levels[level]!.dropFrom(rest)
    }
    this.#size = size
  }

  #checkKnown(size: number): void {
    checkSize(size)
    if (size < this.#base || size > this.#size) throw new LogError("out_of_range", "size not held")
  }

  #level(level: number): Level {
    const nodes = this.#levels[level]
    if (nodes !== undefined) return nodes
    const added = new Level(0)
    this.#levels.push(added)
    return added
  }
}

/** Hashes `first`, `first + 1`, … of one level, side by side: an array of small arrays costs five times the memory. */
class Level {
  #first: number
  #count = 0
  #bytes = new Uint8Array(HASH_BYTES * 4)

  constructor(first: number) {
    this.#first = first
  }

  /** A view, good until the next change. */
  at(index: number): Uint8Array | undefined {
    const at = index - this.#first
    if (!(at >= 0 && at < this.#count)) return undefined
    return this.#bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)
  }

  push(hash: Hash): void {
    const at = this.#count * HASH_BYTES
    if (at === this.#bytes.length) this.#resize(at * 2)
    this.#bytes.set(hash, at)
    this.#count++
  }

  dropBefore(index: number): void {
    const dropped = Math.min(Math.max(index - this.#first, 0), this.#count)
    if (dropped > 0) {
      this.#bytes.copyWithin(0, dropped * HASH_BYTES, this.#count * HASH_BYTES)
      this.#count -= dropped
      const used = Math.max(this.#count, 4) * HASH_BYTES
      if (used * 4 < this.#bytes.length) this.#resize(used)
    }
    this.#first = Math.max(this.#first, index)
  }

  dropFrom(index: number): void {
    this.#count = Math.min(this.#count, Math.max(index - this.#first, 0))
  }

  #resize(length: number): void {
    const next = new Uint8Array(length)
    next.set(this.#bytes.subarray(0, Math.min(length, this.#count * HASH_BYTES)))
    this.#bytes = next
  }
}

/** The compact range at `base`, u64be count, the leaf hashes since. (L3.8) */
export function encodeTailTree(tree: TailTree): Uint8Array<ArrayBuffer> {
  const range = encodeCompactRange(tree.compactRangeAt(tree.base))
  const count = tree.size - tree.base
  const out = new Uint8Array(range.length + 8 + count * HASH_BYTES)
  out.set(range)
  writeU64(new DataView(out.buffer), range.length, count)
  for (let i = 0; i < count; i++) {
    out.set(tree.hashAt(0, tree.base + i)!, range.length + 8 + i * HASH_BYTES)
  }
  return out
}

/** Throws `malformed` for anything but one encoding, to the last byte. Hashes the tail again: about 2 µs a leaf. (L3.8) */
export function decodeTailTree(bytes: Uint8Array): TailTree {
  if (bytes.length < 16) throw new LogError("malformed", "too short")
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const rangeLength = 8 + countBits(readU64(view, 0)) * HASH_BYTES
  if (bytes.length < rangeLength + 8) throw new LogError("malformed", "too short")
  const tree = new TailTree(decodeCompactRange(bytes.subarray(0, rangeLength)))
  const count = readU64(view, rangeLength)
  if (bytes.length - rangeLength - 8 !== count * HASH_BYTES) throw new LogError("malformed", "length of a tail")
  if (!Number.isSafeInteger(tree.size + count)) throw new LogError("malformed", "tree size")
  for (let at = rangeLength + 8; at < bytes.length; at += HASH_BYTES) tree.append(bytes.subarray(at, at + HASH_BYTES))
  return tree
}
