import { equalBytes } from "@holdfast/wire"
import { sha256 } from "@noble/hashes/sha2.js"
import { LogError } from "./error.ts"

/** 32 bytes of SHA-256. */
export type Hash = Uint8Array

export const HASH_BYTES = 32
/** A proof for 2^53 leaves has at most 53 hashes; C2SP allows 63. (L2.6) */
export const MAX_PROOF_HASHES = 63

const LEAF_PREFIX = Uint8Array.of(0)
// One buffer for all node hashes: hashing is synchronous, so nothing can come in between.
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES)
nodeInput[0] = 1

/** SHA-256(00 || data). (L2.1) */
export function leafHash(data: Uint8Array): Hash {
  return sha256.create().update(LEAF_PREFIX).update(data).digest()
}

/** SHA-256(01 || left || right). Both must be 32 bytes; the caller has checked. (L2.1) */
export function nodeHash(left: Hash, right: Hash): Hash {
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + HASH_BYTES)
  return sha256(nodeInput)
}

/** The root of a tree without leaves: SHA-256(""). A new array at each call. (L2.1) */
export function emptyRoot(): Hash {
  return sha256(new Uint8Array())
}

/** Throws `out_of_range` unless `size` is an integer from 0 to 2^53-1. (L1.1) */
export function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new LogError("out_of_range", "tree size")
}

/** Throws `malformed` unless all are 32 bytes. (L2.2) */
export function checkHashes(hashes: readonly Uint8Array[]): void {
  for (const hash of hashes) if (hash.length !== HASH_BYTES) throw new LogError("malformed", "hash length")
}

/** The largest power of two below `n` (n ≥ 2), by multiplication: shifts end at 2^31. */
export function splitPoint(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

export interface InclusionClaim {
  readonly index: number
  readonly size: number
  readonly leaf: Hash
  readonly root: Hash
}

/**
 * Returns if `proof` shows that the tree of `size` leaves with this root has `leaf` (a leaf hash) at `index`.
 * Throws `bad_proof` if not, `out_of_range` for an index outside the tree, `malformed` for a hash that is not 32 bytes. (L2.3)
 */
export function verifyInclusion(claim: InclusionClaim, proof: readonly Hash[]): void {
  checkSize(claim.size)
  checkSize(claim.index)
  if (claim.index >= claim.size) throw new LogError("out_of_range", "leaf index")
  checkHashes([claim.leaf, claim.root])
  checkHashes(proof)
  let fn = claim.index
  let sn = claim.size - 1
  let hash = claim.leaf
  for (const sibling of proof) {
    if (sn === 0) throw new LogError("bad_proof", "too long")
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash)
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2
        sn = half(sn)
      }
    } else {
      hash = nodeHash(hash, sibling)
    }
    fn = half(fn)
    sn = half(sn)
  }
  if (sn !== 0) throw new LogError("bad_proof", "too short")
  if (!equalBytes(hash, claim.root)) throw new LogError("bad_proof", "another root")
}

export interface ConsistencyClaim {
  readonly oldSize: number
  readonly newSize: number
  readonly oldRoot: Hash
  readonly newRoot: Hash
}

/**
 * Returns if `proof` shows that the older tree is a prefix of the newer one. Throws `bad_proof` if not,
 * `out_of_range` for sizes in the wrong order. An old size of 0 is refused as `out_of_range`: every tree extends
 * the empty one, so a proof says nothing and the caller must decide what it means. At equal sizes the roots are compared and nothing else. (L2.4, L2.5)
 */
export function verifyConsistency(claim: ConsistencyClaim, proof: readonly Hash[]): void {
  const { oldSize, newSize, oldRoot, newRoot } = claim
  checkSize(oldSize)
  checkSize(newSize)
  if (oldSize === 0) throw new LogError("out_of_range", "nothing is inconsistent with an empty tree")
  if (oldSize > newSize) throw new LogError("out_of_range", "old size above new size")
  // Before the lengths are looked at: here nothing is hashed, the roots are only compared.
  if (oldSize === newSize) {
    if (proof.length !== 0) throw new LogError("bad_proof", "too long")
    if (!equalBytes(oldRoot, newRoot)) throw new LogError("bad_proof", "same size, another root")
    return
  }
  checkHashes([oldRoot, newRoot])
  checkHashes(proof)
  let fn = oldSize - 1
  let sn = newSize - 1
  while (fn % 2 === 1) {
    fn = half(fn)
    sn = half(sn)
  }
  // A complete old tree (fn came down to 0) is itself the first node and so is not in the proof.
  const path = fn === 0 ? [oldRoot, ...proof] : proof
  const first = path[0]
  if (first === undefined || proof.length === 0) throw new LogError("bad_proof", "too short")
  let oldHash = first
  let newHash = first
  for (const sibling of path.slice(1)) {
    if (sn === 0) throw new LogError("bad_proof", "too long")
    if (fn % 2 === 1 || fn === sn) {
      oldHash = nodeHash(sibling, oldHash)
      newHash = nodeHash(sibling, newHash)
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2
        sn = half(sn)
      }
    } else {
      newHash = nodeHash(newHash, sibling)
    }
    fn = half(fn)
    sn = half(sn)
  }
  if (sn !== 0) throw new LogError("bad_proof", "too short")
  if (!equalBytes(oldHash, oldRoot)) throw new LogError("bad_proof", "another old root")
  if (!equalBytes(newHash, newRoot)) throw new LogError("bad_proof", "another new root")
}

function half(n: number): number {
  return Math.floor(n / 2)
}
