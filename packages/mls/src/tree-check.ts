import { equalBytes, hex } from "@holdfast/wire"
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js"
import { left, right, toNodeIndex } from "ts-mls/treemath.js"
import { MlsError } from "./error.ts"
import { encodeIdentity, identityOf } from "./identity.ts"
import { checkLeafForm } from "./leaf.ts"
import { maxLeaves } from "./secret-tree.ts"
import type { Suite } from "./suite/suite.ts"
import {
  leafCountOf,
  leavesBelow,
  leavesOf,
  nodeOfLeaf,
  parentAt,
  parentHash,
  resolutionOf,
  type Tree,
  treeHash,
} from "./tree.ts"

function fail(what: string, cause?: unknown): never {
  throw new MlsError("bad_tree", what, { cause })
}

/**
 * Everything RFC 9420 section 12.4.3.1 asks of a tree received from someone else (M8.2). Written out here because the
 * library's check refuses honest trees (it wants nested unmerged lists to be equal) and hashes n² nodes.
 */
export async function checkTree(
  suite: Suite,
  tree: Tree,
  groupId: Uint8Array,
  expectedHash: Uint8Array,
): Promise<void> {
  checkStructure(tree)
  checkLeaves(suite, tree)
  checkKeysDiffer(tree)
  if (!equalBytes(treeHash(suite.hkdf, tree), expectedHash)) fail("tree hash")
  checkUnmergedLeaves(tree)
  checkParentHashes(suite, tree)
  checkKeysUsable(suite, tree)
  await checkLeafSignatures(suite, tree, groupId)
}

/** Leaves at even places, parents at odd ones, 2^k leaves, not too many (M1.2). */
export function checkStructure(tree: Tree): void {
  const leaves = leafCountOf(tree)
  if (!Number.isInteger(leaves) || leaves < 1 || leaves > maxLeaves || (leaves & (leaves - 1)) !== 0) fail("tree size")
  for (const [i, node] of tree.nodes.entries()) {
    if (node !== undefined && (node.nodeType === "leaf") !== (i % 2 === 0)) fail("tree structure")
  }
}

function checkLeaves(suite: Suite, tree: Tree): void {
  for (const [, node] of leavesOf(tree)) {
    try {
      checkLeafForm(suite, node)
    } catch (cause) {
      fail("leaf form", cause)
    }
  }
}

function checkKeysDiffer(tree: Tree): void {
  type Seen = Map<string, Uint8Array[]>
  const signatureKeys: Seen = new Map()
  const devices: Seen = new Map()
  const encryptionKeys: Seen = new Map()
  // By a short prefix, then whole: keys are 1216 bytes and a large tree holds thousands.
  const once = (seen: Seen, bytes: Uint8Array) => {
    const prefix = hex(bytes.subarray(0, 20))
    const alike = seen.get(prefix) ?? []
    if (alike.some((other) => equalBytes(other, bytes))) fail("duplicate key or device")
    seen.set(prefix, [...alike, bytes])
  }
  for (const [, node] of leavesOf(tree)) {
    once(signatureKeys, node.signaturePublicKey)
    once(devices, encodeIdentity(identityOf(node.credential)))
  }
  for (const node of tree.nodes) {
    if (node !== undefined)
      once(encryptionKeys, node.nodeType === "leaf" ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey)
  }
}

/** Each entry is a leaf below its node, in order, and listed by every non-blank node in between. */
export function checkUnmergedLeaves(tree: Tree): void {
  for (let node = 1; node < tree.nodes.length; node += 2) {
    const unmerged = parentAt(tree, node)?.unmergedLeaves ?? []
    const [first, last] = leavesBelow(node)
    for (const [i, leaf] of unmerged.entries()) {
      if (leaf < first || leaf > last || tree.nodes[nodeOfLeaf(leaf)]?.nodeType !== "leaf") fail("unmerged leaf")
      if (i > 0 && leaf <= (unmerged[i - 1] as number)) fail("unmerged leaf order")
      for (let at = node; at % 2 === 1; ) {
        at = nodeOfLeaf(leaf) < at ? left(toNodeIndex(at)) : right(toNodeIndex(at))
        const between = parentAt(tree, at)
        if (between !== undefined && !between.unmergedLeaves.includes(leaf)) fail("unmerged leaf")
      }
    }
  }
}

/** Every non-blank parent hangs by its parent hash on exactly one child it was made together with (section 7.9.2). */
export function checkParentHashes(suite: Suite, tree: Tree): void {
  for (let node = 1; node < tree.nodes.length; node += 2) {
    const parentNode = parentAt(tree, node)
    if (parentNode === undefined) continue
    const at = toNodeIndex(node)
    const links =
      linksThrough(suite, tree, node, left(at), right(at), parentNode.unmergedLeaves) +
      linksThrough(suite, tree, node, right(at), left(at), parentNode.unmergedLeaves)
    if (links !== 1) fail("parent hash")
  }
}

function linksThrough(
  suite: Suite,
  tree: Tree,
  node: number,
  child: number,
  sibling: number,
  unmerged: readonly number[],
): number {
  const [first, last] = leavesBelow(child)
  const unmergedNodes = unmerged.filter((leaf) => leaf >= first && leaf <= last).map(nodeOfLeaf)
  const below = resolutionOf(tree, child)
  // The resolution must be the one node made with the parent, and the leaves that came later.
  const made = below.filter((n) => !unmergedNodes.includes(n))
  if (made.length !== 1 || below.length !== unmergedNodes.length + 1) return 0
  const found = tree.nodes[made[0] as number]
  let carried: Uint8Array | undefined
  if (found?.nodeType === "parent") carried = found.parent.parentHash
  else if (found?.nodeType === "leaf" && found.leaf.leafNodeSource === "commit") carried = found.leaf.parentHash
  return carried !== undefined && equalBytes(carried, parentHash(suite.hkdf, tree, node, sibling)) ? 1 : 0
}

function checkKeysUsable(suite: Suite, tree: Tree): void {
  const keys = tree.nodes.flatMap((node) => {
    if (node === undefined) return []
    return [node.nodeType === "leaf" ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey]
  })
  if (!keys.every(suite.hpke.kem.accepts)) fail("encryption key")
}

async function checkLeafSignatures(suite: Suite, tree: Tree, groupId: Uint8Array): Promise<void> {
  const valid = await Promise.all(
    [...leavesOf(tree)].map(([leaf, node]) =>
      node.leafNodeSource === "key_package"
        ? verifyLeafNodeSignatureKeyPackage(node, suite.mls.signature)
        : verifyLeafNodeSignature(node, groupId, leaf, suite.mls.signature),
    ),
  )
  if (!valid.every(Boolean)) fail("leaf signature")
}
