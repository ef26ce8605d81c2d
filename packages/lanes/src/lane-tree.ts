import { decodeCompactRange, encodeCompactRange, LogError, leafHash, TailTree } from "@holdfast/log"
import { concatBytes } from "@holdfast/wire"
import { LaneError } from "./error.ts"
import type { RecordReader } from "./ports.ts"
import type { Records } from "./records.ts"

const hashBytes = 32
/** Leaf hashes that are stored, and read again, as one record. */
const chunkLeaves = 256
/** Roots of this many sizes back stay known; trimmed when twice as many are held (N9.1). */
export const keptLeaves = 8_192

const baseKey = "base"
const chunkKey = (chunk: number) => chunk.toString(16).padStart(14, "0")

/**
 * The lane's Merkle tree, with the recent leaves stored in chunks so that a flush writes some kilobytes and not all of them.
 * The base is always the start of a chunk.
 */
export class LaneTree {
  #tree: TailTree
  /** The size that the stored records describe. */
  #stored: number

  private constructor(tree: TailTree) {
    this.#tree = tree
    this.#stored = tree.size
  }

  /** Throws `damaged`. */
  static restore(reader: RecordReader): LaneTree {
    const chunks = new Map<string, Uint8Array>()
    let base: Uint8Array | undefined
    for (const [key, bytes] of reader.all("hashes")) {
      if (key === baseKey) base = bytes
      else chunks.set(key, bytes)
    }
    try {
      const tree = new TailTree(base === undefined ? undefined : decodeCompactRange(base))
      for (;;) {
        const key = chunkKey(Math.floor(tree.size / chunkLeaves))
        const hashes = chunks.get(key)
        if (tree.size % chunkLeaves !== 0 || hashes === undefined) break
        chunks.delete(key)
        if (hashes.length % hashBytes !== 0 || hashes.length > chunkLeaves * hashBytes) throw new LaneError("damaged")
        for (let at = 0; at < hashes.length; at += hashBytes) tree.append(hashes.subarray(at, at + hashBytes))
      }
      if (chunks.size > 0) throw new LaneError("damaged")
      return new LaneTree(tree)
    } catch (cause) {
      if (cause instanceof LogError) throw new LaneError("damaged", { cause })
      throw cause
    }
  }

  get size(): number {
    return this.#tree.size
  }

  append(frame: Uint8Array): void {
    this.#tree.append(leafHash(frame))
  }

  truncate(size: number): void {
    this.#tree.truncate(size)
  }

  rootAt(size: number): Uint8Array | null {
    if (!Number.isSafeInteger(size) || size < this.#tree.base || size > this.#tree.size) return null
    return this.#tree.rootAt(size)
  }

  /** `undefined` where the leaf is not held. */
  isLeaf(index: number, frame: Uint8Array): boolean | undefined {
    const held = index >= this.#tree.base ? this.#tree.hashAt(0, index) : undefined
    if (held === undefined) return undefined
    const hash = leafHash(frame)
    return held.every((byte, i) => byte === hash[i])
  }

  /** Puts what is new since the last time into the records. */
  store(records: Records): void {
    const { size } = this.#tree
    if (size === this.#stored) return
    if (size - this.#tree.base >= keptLeaves * 2) this.#trim(records)
    const firstChunk = Math.floor(Math.max(this.#stored, this.#tree.base) / chunkLeaves)
    for (let chunk = firstChunk; chunk * chunkLeaves < size; chunk++) {
      const from = chunk * chunkLeaves
      const to = Math.min(from + chunkLeaves, size)
      const hashes = Array.from({ length: to - from }, (_, i) => this.#tree.hashAt(0, from + i)!)
      records.put("hashes", chunkKey(chunk), concatBytes(...hashes))
    }
    this.#stored = size
  }

  #trim(records: Records): void {
    const { base } = this.#tree
    const next = Math.floor((this.#tree.size - keptLeaves) / chunkLeaves) * chunkLeaves
    this.#tree.trim(next)
    records.put("hashes", baseKey, encodeCompactRange(this.#tree.compactRangeAt(next)))
    // Chunks that were never stored are deleted too: for the store that is nothing to do.
    for (let chunk = base / chunkLeaves; chunk < next / chunkLeaves; chunk++) records.delete("hashes", chunkKey(chunk))
  }
}
