import { readU64, writeU64 } from "./bytes.ts"
import { LogError } from "./error.ts"
import { checkHashes, checkSize, emptyRoot, HASH_BYTES, type Hash, nodeHash } from "./merkle.ts"

/**
 * What is needed to go on appending to a tree and to know its root: one hash for each set bit of the size, the
 * largest subtree first. At most 53 hashes. It changes in place and belongs to one owner; `clone` for another. (L3.1)
 */
export class CompactRange {
  #size = 0
  #hashes: Hash[] = []

  /** Throws `malformed` unless there is one 32-byte hash for each set bit of `size`, and `out_of_range`. (L3.1) */
  static of(size: number, hashes: readonly Hash[]): CompactRange {
    checkSize(size)
    if (hashes.length !== countBits(size)) throw new LogError("malformed", "hashes of a compact range")
    checkHashes(hashes)
    const range = new CompactRange()
    range.#size = size
    range.#hashes = hashes.map((hash) => hash.slice())
    return range
  }

  get size(): number {
    return this.#size
  }

  /** Copies, the largest subtree first. */
  hashes(): Hash[] {
    return this.#hashes.map((hash) => hash.slice())
  }

  /** Adds a leaf by its hash (see `leafHash`). Throws `malformed` and `out_of_range`, and then nothing has changed. */
  append(leaf: Hash): void {
    if (leaf.length !== HASH_BYTES) throw new LogError("malformed", "hash length")
    checkSize(this.#size + 1)
    let hash: Hash = leaf.slice()
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) hash = nodeHash(this.#hashes.pop()!, hash)
    this.#hashes.push(hash)
    this.#size++
  }

  /** The root of the whole tree. (L3.2) */
  root(): Hash {
    let root = this.#hashes.at(-1)
    if (root === undefined) return emptyRoot()
    for (let i = this.#hashes.length - 2; i >= 0; i--) root = nodeHash(this.#hashes[i]!, root)
    return root.slice()
  }

  clone(): CompactRange {
    return CompactRange.of(this.#size, this.#hashes)
  }
}

/** u64be size, then the hashes. (L3.3) */
export function encodeCompactRange(range: CompactRange): Uint8Array<ArrayBuffer> {
  const hashes = range.hashes()
  const out = new Uint8Array(8 + hashes.length * HASH_BYTES)
  writeU64(new DataView(out.buffer), 0, range.size)
  hashes.forEach((hash, i) => {
    out.set(hash, 8 + i * HASH_BYTES)
  })
  return out
}

/** Throws `malformed` for anything but one encoding, to the last byte. (L3.3) */
export function decodeCompactRange(bytes: Uint8Array): CompactRange {
  if (bytes.length < 8) throw new LogError("malformed", "too short")
  const size = readU64(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0)
  const count = countBits(size)
  if (bytes.length !== 8 + count * HASH_BYTES) throw new LogError("malformed", "length of a compact range")
  const hashes = Array.from({ length: count }, (_, i) => bytes.subarray(8 + i * HASH_BYTES, 8 + (i + 1) * HASH_BYTES))
  return CompactRange.of(size, hashes)
}

export function countBits(n: number): number {
  let count = 0
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}
