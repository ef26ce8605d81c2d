import { concatBytes } from "@holdfast/wire"
import { leafToNodeIndex, left, nodeWidth, parent, right, root, toLeafIndex, toNodeIndex } from "ts-mls/treemath.js"
import { mlsLabel, type Reader, u32, vector, vectorLength, Writer } from "./codec.ts"
import type { Hkdf } from "./suite/hkdf.ts"

/** Keys of one sender for one kind of message. `secret` gives generation `generation` and all later ones. */
export interface Ratchet {
  readonly secret: Uint8Array
  readonly generation: number
  /** Keys of generations that were passed over, oldest first. Only the keys are kept: the secrets would give what follows. */
  readonly skipped: readonly SkippedKey[]
}

export interface SkippedKey extends MessageKey {
  readonly generation: number
}

export interface MessageKey {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
}

/**
 * The secret tree of an epoch (RFC 9420 section 9), grown only where someone has sent: a node's secret is held until one
 * of its leaves is first used, then replaced by its children's (M7.1). ts-mls derives all 4n secrets at every commit.
 */
export interface SecretTree {
  readonly leafCount: number
  /** By node index. */
  readonly nodes: readonly (Uint8Array | undefined)[]
  /** By leaf index × 2 + kind. */
  readonly ratchets: readonly (Ratchet | undefined)[]
}

export type RatchetKind = "handshake" | "application"

export const maxForwardGenerations = 1024
export const maxSkippedKeys = 64
const nonceBytes = 12
const none = new Uint8Array()
const leftWord = Uint8Array.from("left", (c) => c.charCodeAt(0))
const rightWord = Uint8Array.from("right", (c) => c.charCodeAt(0))

export function expandWithLabel(
  hkdf: Hkdf,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length = hkdf.size,
): Uint8Array {
  const name = mlsLabel(label)
  const info = new Writer(2 + name.length + vectorLength(context.length)).u16(length).raw(name).vector(context).end()
  return hkdf.expand(secret, info, length)
}

export function makeSecretTree(leafCount: number, encryptionSecret: Uint8Array): SecretTree {
  const nodes = new Array<Uint8Array | undefined>(nodeWidth(leafCount)).fill(undefined)
  nodes[root(leafCount)] = encryptionSecret
  return { leafCount, nodes, ratchets: new Array<Ratchet | undefined>(leafCount * 2).fill(undefined) }
}

const slotOf = (leaf: number, kind: RatchetKind) => leaf * 2 + (kind === "application" ? 1 : 0)

/** The tree with both ratchets of `leaf` in place. Secrets on the way down leave it. */
function growTo(hkdf: Hkdf, tree: SecretTree, leaf: number): SecretTree {
  if (tree.ratchets[slotOf(leaf, "application")] !== undefined) return tree
  const nodes = tree.nodes.slice()
  const leafNode = leafToNodeIndex(toLeafIndex(leaf))
  const down: number[] = [leafNode]
  const top = root(tree.leafCount)
  while (nodes[down[0] as number] === undefined) {
    if (down[0] === top) throw new RangeError("no secret above this leaf")
    down.unshift(parent(toNodeIndex(down[0] as number), tree.leafCount))
  }
  for (const [i, next] of down.slice(1).entries()) {
    const at = toNodeIndex(down[i] as number)
    const secret = nodes[at] as Uint8Array
    const [l, r] = [left(at), right(at)]
    nodes[l] = expandWithLabel(hkdf, secret, "tree", leftWord)
    nodes[r] = expandWithLabel(hkdf, secret, "tree", rightWord)
    nodes[at] = undefined
    if (next !== l && next !== r) throw new RangeError("not a path in this tree")
  }
  const leafSecret = nodes[leafNode] as Uint8Array
  nodes[leafNode] = undefined
  const ratchets = tree.ratchets.slice()
  for (const kind of ["handshake", "application"] as const) {
    ratchets[slotOf(leaf, kind)] = {
      secret: expandWithLabel(hkdf, leafSecret, kind, none),
      generation: 0,
      skipped: [],
    }
  }
  return { ...tree, nodes, ratchets }
}

interface Step {
  readonly used: SkippedKey
  readonly next: Uint8Array
}

const steps = new WeakMap<Ratchet, Step>()

function step(hkdf: Hkdf, keyBytes: number, ratchet: Ratchet): Step {
  let made = steps.get(ratchet)
  if (made === undefined) {
    const context = u32(ratchet.generation)
    made = {
      used: {
        generation: ratchet.generation,
        key: expandWithLabel(hkdf, ratchet.secret, "key", context, keyBytes),
        nonce: expandWithLabel(hkdf, ratchet.secret, "nonce", context, nonceBytes),
      },
      next: expandWithLabel(hkdf, ratchet.secret, "secret", context),
    }
    steps.set(ratchet, made)
  }
  return made
}

/** Derives the key of the next message of `leaf` while something else is waited for. Changes nothing that can be seen. */
export function prepareNext(hkdf: Hkdf, keyBytes: number, tree: SecretTree, leaf: number, kind: RatchetKind): void {
  const ratchet = tree.ratchets[slotOf(leaf, kind)]
  if (ratchet !== undefined) step(hkdf, keyBytes, ratchet)
}

function withRatchet(tree: SecretTree, slot: number, ratchet: Ratchet): SecretTree {
  const ratchets = tree.ratchets.slice()
  ratchets[slot] = ratchet
  return { ...tree, ratchets }
}

/** The next key of `leaf`, and the tree without it. */
export function takeSendingKey(
  hkdf: Hkdf,
  keyBytes: number,
  before: SecretTree,
  leaf: number,
  kind: RatchetKind,
): SkippedKey & { readonly tree: SecretTree } {
  const tree = growTo(hkdf, before, leaf)
  const slot = slotOf(leaf, kind)
  const ratchet = tree.ratchets[slot] as Ratchet
  const { used, next } = step(hkdf, keyBytes, ratchet)
  return { ...used, tree: withRatchet(tree, slot, { ...ratchet, secret: next, generation: ratchet.generation + 1 }) }
}

/**
 * The key of one generation of `leaf`, and the tree without it. "replayed": that key was used or has been dropped.
 * "too_far": more than `maxForwardGenerations` ahead (M7.3).
 */
export function takeReceivingKey(
  hkdf: Hkdf,
  keyBytes: number,
  before: SecretTree,
  leaf: number,
  kind: RatchetKind,
  generation: number,
): (MessageKey & { readonly tree: SecretTree }) | "replayed" | "too_far" {
  if (leaf >= before.leafCount) return "too_far"
  const tree = growTo(hkdf, before, leaf)
  const slot = slotOf(leaf, kind)
  let ratchet = tree.ratchets[slot] as Ratchet
  if (generation < ratchet.generation) {
    const key = ratchet.skipped.find((k) => k.generation === generation)
    if (key === undefined) return "replayed"
    const skipped = ratchet.skipped.filter((k) => k !== key)
    return { key: key.key, nonce: key.nonce, tree: withRatchet(tree, slot, { ...ratchet, skipped }) }
  }
  if (generation - ratchet.generation > maxForwardGenerations) return "too_far"
  const skipped = ratchet.skipped.slice()
  while (ratchet.generation < generation) {
    if (generation - ratchet.generation <= maxSkippedKeys) {
      const { used, next } = step(hkdf, keyBytes, ratchet)
      skipped.push(used)
      ratchet = { ...ratchet, secret: next, generation: ratchet.generation + 1 }
    } else {
      const next = expandWithLabel(hkdf, ratchet.secret, "secret", u32(ratchet.generation))
      ratchet = { ...ratchet, secret: next, generation: ratchet.generation + 1 }
    }
  }
  const { used, next } = step(hkdf, keyBytes, ratchet)
  const after: Ratchet = { secret: next, generation: generation + 1, skipped: skipped.slice(-maxSkippedKeys) }
  return { key: used.key, nonce: used.nonce, tree: withRatchet(tree, slot, after) }
}

/** The generation that `leaf` sends next; every earlier one has been sent or passed over. */
export function nextGeneration(tree: SecretTree, leaf: number, kind: RatchetKind): number {
  return tree.ratchets[slotOf(leaf, kind)]?.generation ?? 0
}

export function encodeSecretTree(tree: SecretTree): Uint8Array {
  const nodes = tree.nodes.flatMap((secret, i) => (secret === undefined ? [] : [u32(i), vector(secret)]))
  const ratchets = tree.ratchets.flatMap((r, slot) =>
    r === undefined
      ? []
      : [
          u32(slot),
          u32(r.generation),
          vector(r.secret),
          vector(concatBytes(...r.skipped.flatMap((k) => [u32(k.generation), vector(k.key), vector(k.nonce)]))),
        ],
  )
  return concatBytes(u32(tree.leafCount), vector(concatBytes(...nodes)), vector(concatBytes(...ratchets)))
}

export function readSecretTree(r: Reader, inner: (bytes: Uint8Array) => Reader, hkdf: Hkdf): SecretTree {
  const leafCount = r.u32()
  if (leafCount === 0 || leafCount > maxLeaves || (leafCount & (leafCount - 1)) !== 0) r.refuse()
  const nodes = new Array<Uint8Array | undefined>(nodeWidth(leafCount)).fill(undefined)
  const ratchets = new Array<Ratchet | undefined>(leafCount * 2).fill(undefined)
  const secretOf = (from: Reader) => {
    const secret = from.vector(hkdf.size)
    return secret.length === hkdf.size ? secret : from.refuse()
  }
  const nodeReader = inner(r.vector())
  for (let last = -1; nodeReader.left > 0; ) {
    const i = nodeReader.u32()
    if (i <= last || i >= nodes.length) nodeReader.refuse()
    last = i
    nodes[i] = secretOf(nodeReader)
  }
  const ratchetReader = inner(r.vector())
  for (let last = -1; ratchetReader.left > 0; ) {
    const slot = ratchetReader.u32()
    if (slot <= last || slot >= ratchets.length) ratchetReader.refuse()
    last = slot
    const generation = ratchetReader.u32()
    const secret = secretOf(ratchetReader)
    const skipped: SkippedKey[] = []
    const skippedReader = inner(ratchetReader.vector())
    while (skippedReader.left > 0) {
      const skippedGeneration = skippedReader.u32()
      if (skippedGeneration >= generation || skippedGeneration <= (skipped.at(-1)?.generation ?? -1)) r.refuse()
      const key = skippedReader.vector(32)
      const nonce = skippedReader.vector(nonceBytes)
      if ((key.length !== 16 && key.length !== 32) || nonce.length !== nonceBytes) r.refuse()
      skipped.push({ generation: skippedGeneration, key, nonce })
    }
    if (skipped.length > maxSkippedKeys) r.refuse()
    ratchets[slot] = { secret, generation, skipped }
  }
  return { leafCount, nodes, ratchets }
}

/** Far above any group of ours; keeps a forged count from allocating (M1.2). */
export const maxLeaves = 65_536
