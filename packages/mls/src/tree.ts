import { equalBytes } from "@holdfast/wire"
import type { LeafNode, ParentNode, RatchetTree } from "ts-mls"
import { encodeParentHashInput } from "ts-mls/parentHash.js"
import { addLeafNode, filteredDirectPathAndCopathResolution, removeLeafNode, resolution } from "ts-mls/ratchetTree.js"
import { encodeLeafNodeHashInput, encodeParentNodeHashInput } from "ts-mls/treeHash.js"
import {
  directPath,
  leafToNodeIndex,
  leafWidth,
  left,
  nodeToLeafIndex,
  right,
  root,
  toLeafIndex,
  toNodeIndex,
} from "ts-mls/treemath.js"
import type { Hkdf } from "./suite/hkdf.ts"

/**
 * A ratchet tree with the hashes of its subtrees as far as they are known. ts-mls hashes the whole tree several times
 * for each commit; here a commit costs the hashes on the paths it touches.
 */
export interface Tree {
  readonly nodes: RatchetTree
  /** By node index; filled when asked for. Only ever a memo of `nodes`: never part of what a tree means. */
  readonly hashes: (Uint8Array | undefined)[]
}

export function makeTree(nodes: RatchetTree): Tree {
  return { nodes, hashes: new Array<Uint8Array | undefined>(nodes.length).fill(undefined) }
}

export const leafCountOf = (tree: Tree): number => leafWidth(tree.nodes.length)
export const nodeOfLeaf = (leaf: number): number => leafToNodeIndex(toLeafIndex(leaf))
export const rootOf = (tree: Tree): number => root(leafCountOf(tree))

export function directPathOf(tree: Tree, leaf: number): number[] {
  return directPath(leafToNodeIndex(toLeafIndex(leaf)), leafCountOf(tree))
}

/** `undefined`: blank, or beyond the tree. */
export function leafAt(tree: Tree, leaf: number): LeafNode | undefined {
  const node = tree.nodes[nodeOfLeaf(leaf)]
  return node?.nodeType === "leaf" ? node.leaf : undefined
}

export function parentAt(tree: Tree, node: number): ParentNode | undefined {
  const found = tree.nodes[node]
  return found?.nodeType === "parent" ? found.parent : undefined
}

export function* leavesOf(tree: Tree): Generator<[leaf: number, node: LeafNode]> {
  for (let i = 0; i < tree.nodes.length; i += 2) {
    const node = tree.nodes[i]
    if (node?.nodeType === "leaf") yield [i / 2, node.leaf]
  }
}

/** A tree that differs from `before` only below and on `touched`. */
export function withNodes(before: Tree, nodes: RatchetTree, touched: readonly number[]): Tree {
  const hashes = before.hashes.slice(0, nodes.length)
  while (hashes.length < nodes.length) hashes.push(undefined)
  for (const node of touched) hashes[node] = undefined
  return { nodes, hashes }
}

export function addLeaf(before: Tree, leafNode: LeafNode): { tree: Tree; leaf: number } {
  const [nodes, at] = addLeafNode(before.nodes, leafNode)
  const leaf = nodeToLeafIndex(at)
  return { tree: withNodes(before, nodes, [at, ...directPath(at, leafWidth(nodes.length))]), leaf }
}

/** Blanks the leaf and its path and cuts what became empty on the right. */
export function removeLeaf(before: Tree, leaf: number): Tree {
  const touched = [nodeOfLeaf(leaf), ...directPathOf(before, leaf)]
  const nodes = removeLeafNode(before.nodes, toLeafIndex(leaf))
  return withNodes(
    before,
    nodes,
    touched.filter((node) => node < nodes.length),
  )
}

export function resolutionOf(tree: Tree, node: number): number[] {
  return resolution(tree.nodes, toNodeIndex(node))
}

/** One node of the filtered direct path (RFC 9420 section 4.1.2), leaf to root, and whom its path secret is sent to. */
export interface PathStep {
  readonly node: number
  readonly resolution: readonly number[]
}

export function filteredPath(tree: Tree, leaf: number): PathStep[] {
  return filteredDirectPathAndCopathResolution(toLeafIndex(leaf), tree.nodes).map((step) => ({
    node: step.nodeIndex,
    resolution: step.resolution,
  }))
}

export function treeHash(hkdf: Hkdf, tree: Tree, node: number = rootOf(tree)): Uint8Array {
  const known = tree.hashes[node]
  if (known !== undefined) return known
  const hash = hashNode(hkdf, tree, node, (child) => treeHash(hkdf, tree, child), noLeaves)
  tree.hashes[node] = hash
  return hash
}

const noLeaves: ReadonlySet<number> = new Set()

function hashNode(
  hkdf: Hkdf,
  tree: Tree,
  node: number,
  hashOf: (child: number) => Uint8Array,
  without: ReadonlySet<number>,
): Uint8Array {
  if (node % 2 === 0) {
    const leafIndex = node / 2
    const leafNode = without.has(leafIndex) ? undefined : leafAt(tree, leafIndex)
    return hkdf.digest(encodeLeafNodeHashInput({ nodeType: "leaf", leafIndex, leafNode }))
  }
  const found = parentAt(tree, node)
  const parentNode =
    found !== undefined && without.size > 0
      ? { ...found, unmergedLeaves: found.unmergedLeaves.filter((leaf) => !without.has(leaf)) }
      : found
  const at = toNodeIndex(node)
  return hkdf.digest(
    encodeParentNodeHashInput({
      nodeType: "parent",
      parentNode,
      leftHash: hashOf(left(at)),
      rightHash: hashOf(right(at)),
    }),
  )
}

/** First and last leaf below a node. */
export function leavesBelow(node: number): [first: number, last: number] {
  let level = 0
  while (((node >> level) & 1) === 1) level++
  const reach = (1 << level) - 1
  return [(node - reach) / 2, (node + reach) / 2]
}

/** The tree hash of `node` as it was before the leaves in `without` joined (RFC 9420 section 7.9). */
export function originalTreeHash(hkdf: Hkdf, tree: Tree, node: number, without: ReadonlySet<number>): Uint8Array {
  const [first, last] = leavesBelow(node)
  let touched = false
  for (const leaf of without) touched ||= leaf >= first && leaf <= last
  if (!touched) return treeHash(hkdf, tree, node)
  return hashNode(hkdf, tree, node, (child) => originalTreeHash(hkdf, tree, child, without), without)
}

/** The parent hash that a child of `parentNode` carries, where `sibling` is the child on the other side. */
export function parentHash(hkdf: Hkdf, tree: Tree, parentNode: number, sibling: number): Uint8Array {
  const found = parentAt(tree, parentNode)
  if (found === undefined) throw new RangeError("blank parent")
  return hkdf.digest(
    encodeParentHashInput({
      encryptionKey: found.hpkePublicKey,
      parentHash: found.parentHash,
      originalSiblingTreeHash: originalTreeHash(hkdf, tree, sibling, new Set(found.unmergedLeaves)),
    }),
  )
}

/** The child of `parentNode` that `leaf` is not under. */
export function siblingOf(parentNode: number, leaf: number): number {
  const at = toNodeIndex(parentNode)
  return nodeOfLeaf(leaf) < parentNode ? right(at) : left(at)
}

/** Public keys, compared by value: the tree of a thousand members holds two thousand. */
export function holdsKey(tree: Tree, publicKey: Uint8Array): boolean {
  return tree.nodes.some((node) => {
    if (node === undefined) return false
    return equalBytes(node.nodeType === "leaf" ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey, publicKey)
  })
}
