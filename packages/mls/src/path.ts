import { concatBytes, equalBytes } from "@holdfast/wire"
import type { GroupContext, LeafNode, UpdatePath } from "ts-mls"
import { encodeGroupContext } from "ts-mls/groupContext.js"
import { signLeafNodeCommit } from "ts-mls/leafNode.js"
import { mlsLabel, vector } from "./codec.ts"
import { MlsError } from "./error.ts"
import { expandWithLabel } from "./secret-tree.ts"
import type { KemPrivateKey } from "./suite/kem.ts"
import { randomBytes } from "./suite/platform.ts"
import type { Suite } from "./suite/suite.ts"
import {
  directPathOf,
  filteredPath,
  holdsKey,
  leafAt,
  nodeOfLeaf,
  type PathStep,
  parentHash,
  siblingOf,
  type Tree,
  treeHash,
  withNodes,
} from "./tree.ts"

/** Private keys of the nodes above our leaf, by node index, our leaf's own among them. */
export type PrivateKeys = ReadonlyMap<number, Uint8Array>

const none = new Uint8Array()
const aPathOf = "update path"

function nextPathSecret(suite: Suite, secret: Uint8Array): Uint8Array {
  return expandWithLabel(suite.hkdf, secret, "path", none)
}

interface NodeKeys {
  readonly key: KemPrivateKey
  readonly publicKey: Uint8Array
}

async function nodeKeys(suite: Suite, pathSecret: Uint8Array): Promise<NodeKeys> {
  const { kem } = suite.hpke
  const key = await kem.derive(expandWithLabel(suite.hkdf, pathSecret, "node", none))
  return { key, publicKey: await kem.publicKeyOf(key) }
}

function pathLabel(context: GroupContext, tree: Tree, suite: Suite): Uint8Array {
  const provisional = { ...context, epoch: context.epoch + 1n, treeHash: treeHash(suite.hkdf, tree) }
  return concatBytes(mlsLabel("UpdatePathNode"), vector(encodeGroupContext(provisional)))
}

/** The tree with the path's public keys in place, root first so that each parent hash can be made from the one above. */
function placePath(suite: Suite, before: Tree, leaf: number, steps: readonly PathStep[], keys: readonly Uint8Array[]) {
  const nodes = before.nodes.slice()
  const touched = [nodeOfLeaf(leaf), ...directPathOf(before, leaf)]
  for (const node of touched.slice(1)) nodes[node] = undefined
  const tree = withNodes(before, nodes, touched)
  let hash: Uint8Array = none
  for (let i = steps.length - 1; i >= 0; i--) {
    const { node } = steps[i] as PathStep
    nodes[node] = {
      nodeType: "parent",
      parent: { hpkePublicKey: keys[i] as Uint8Array, parentHash: hash, unmergedLeaves: [] },
    }
    hash = parentHash(suite.hkdf, tree, node, siblingOf(node, leaf))
  }
  return { tree, leafParentHash: hash }
}

export interface MadePath {
  readonly tree: Tree
  readonly path: UpdatePath
  readonly privateKeys: PrivateKeys
  readonly commitSecret: Uint8Array
  /** By node index: what a new member below that node is given. */
  readonly secretByNode: ReadonlyMap<number, Uint8Array>
}

/**
 * A new key for our leaf and every node above it (RFC 9420 section 7.5). `before` already has the proposals applied;
 * `newLeaves` get their secret in the welcome and are left out here.
 */
export async function makePath(
  suite: Suite,
  before: Tree,
  leaf: number,
  signatureKey: Uint8Array,
  context: GroupContext,
  newLeaves: ReadonlySet<number>,
): Promise<MadePath> {
  const own = leafAt(before, leaf) as LeafNode
  const leafSecret = randomBytes(suite.hkdf.size)
  const steps = filteredPath(before, leaf)
  // Under way while the keys are made: nothing in an encapsulation depends on them.
  const sealing = steps.map((step) =>
    Promise.all(recipientsOf(step, newLeaves).map((node) => suite.hpke.prepare(publicKeyAt(before, node)))),
  )
  const secrets: Uint8Array[] = []
  for (const _ of steps) secrets.push(nextPathSecret(suite, secrets.at(-1) ?? leafSecret))
  const [leafKeys, ...keys] = (await Promise.all([leafSecret, ...secrets].map((s) => nodeKeys(suite, s)))) as [
    NodeKeys,
    ...NodeKeys[],
  ]
  const { tree, leafParentHash } = placePath(
    suite,
    before,
    leaf,
    steps,
    keys.map((k) => k.publicKey),
  )
  const leafNode = await signLeafNodeCommit(
    {
      leafNodeSource: "commit",
      hpkePublicKey: leafKeys.publicKey,
      signaturePublicKey: own.signaturePublicKey,
      credential: own.credential,
      capabilities: own.capabilities,
      extensions: own.extensions,
      parentHash: leafParentHash,
      groupId: context.groupId,
      leafIndex: leaf,
    },
    signatureKey,
    suite.mls.signature,
  )
  tree.nodes[nodeOfLeaf(leaf)] = { nodeType: "leaf", leaf: plainLeaf(leafNode) }
  const info = pathLabel(context, tree, suite)
  const nodes = await Promise.all(
    steps.map(async (_, i) => ({
      hpkePublicKey: (keys[i] as NodeKeys).publicKey,
      encryptedPathSecret: await Promise.all(
        (await (sealing[i] as (typeof sealing)[number])).map(async (prepared) => ({
          kemOutput: prepared.enc,
          ciphertext: await prepared.seal(info, none, secrets[i] as Uint8Array),
        })),
      ),
    })),
  )
  const privateKeys = new Map([[nodeOfLeaf(leaf), leafKeys.key.unsafeBytes()]])
  for (const [i, step] of steps.entries()) privateKeys.set(step.node, (keys[i] as NodeKeys).key.unsafeBytes())
  return {
    tree,
    path: { leafNode: plainLeaf(leafNode), nodes },
    privateKeys,
    commitSecret: nextPathSecret(suite, secrets.at(-1) ?? leafSecret),
    secretByNode: new Map(steps.map((step, i) => [step.node, secrets[i] as Uint8Array])),
  }
}

/** Without the group id and index that are signed with a leaf but are no part of it. */
function plainLeaf(leaf: Awaited<ReturnType<typeof signLeafNodeCommit>>): UpdatePath["leafNode"] {
  return {
    leafNodeSource: "commit",
    hpkePublicKey: leaf.hpkePublicKey,
    signaturePublicKey: leaf.signaturePublicKey,
    credential: leaf.credential,
    capabilities: leaf.capabilities,
    extensions: leaf.extensions,
    parentHash: leaf.parentHash,
    signature: leaf.signature,
  }
}

function recipientsOf(step: PathStep, newLeaves: ReadonlySet<number>): number[] {
  return step.resolution.filter((node) => !(node % 2 === 0 && newLeaves.has(node / 2)))
}

function publicKeyAt(tree: Tree, node: number): Uint8Array {
  const found = tree.nodes[node]
  if (found === undefined) throw new RangeError("blank node")
  return found.nodeType === "leaf" ? found.leaf.hpkePublicKey : found.parent.hpkePublicKey
}

/**
 * The tree after someone's path, checked with public values only, so that every member comes to the same verdict (M5.5).
 * The leaf's signature and identity are the caller's to check. Throws `bad_commit`.
 */
export function applyPath(
  suite: Suite,
  before: Tree,
  committer: number,
  path: UpdatePath,
  newLeaves: ReadonlySet<number>,
): Tree {
  const steps = filteredPath(before, committer)
  if (path.nodes.length !== steps.length) throw new MlsError("bad_commit", aPathOf)
  const keys = path.nodes.map((node) => node.hpkePublicKey)
  for (const [i, node] of path.nodes.entries()) {
    if (node.encryptedPathSecret.length !== recipientsOf(steps[i] as PathStep, newLeaves).length) {
      throw new MlsError("bad_commit", aPathOf)
    }
  }
  const fresh = [path.leafNode.hpkePublicKey, ...keys]
  if (!fresh.every(suite.hpke.kem.accepts)) throw new MlsError("bad_commit", aPathOf)
  const repeated = fresh.some((key, i) => fresh.slice(i + 1).some((other) => equalBytes(key, other)))
  if (repeated || fresh.some((key) => holdsKey(before, key))) throw new MlsError("bad_commit", aPathOf)
  const { tree, leafParentHash } = placePath(suite, before, committer, steps, keys)
  if (!equalBytes(leafParentHash, path.leafNode.parentHash)) throw new MlsError("bad_commit", aPathOf)
  tree.nodes[nodeOfLeaf(committer)] = { nodeType: "leaf", leaf: path.leafNode }
  return tree
}

/**
 * Our part of someone's path: the keys above us and the commit secret. `after` is what `applyPath` gave for `before`.
 * Throws `decrypt_failed` when we cannot open it or it does not fit the public keys (M5.6).
 */
export async function openPath(
  suite: Suite,
  before: Tree,
  after: Tree,
  own: { readonly leaf: number; readonly privateKeys: PrivateKeys },
  committer: number,
  path: UpdatePath,
  context: GroupContext,
  newLeaves: ReadonlySet<number>,
): Promise<{ privateKeys: PrivateKeys; commitSecret: Uint8Array }> {
  const ownPath = new Set(directPathOf(after, own.leaf))
  const steps = filteredPath(before, committer)
  const at = steps.findIndex((step) => ownPath.has(step.node))
  const recipients = at < 0 ? [] : recipientsOf(steps[at] as PathStep, newLeaves)
  const n = recipients.findIndex((node) => own.privateKeys.has(node))
  const ciphertext = path.nodes[at]?.encryptedPathSecret[n]
  if (ciphertext === undefined) throw new MlsError("decrypt_failed", aPathOf)
  const key = suite.hpke.kem.privateKey(own.privateKeys.get(recipients[n] as number) as Uint8Array)
  const info = pathLabel(context, after, suite)
  const secret = await suite.hpke.open(key, ciphertext.kemOutput, info, none, ciphertext.ciphertext)
  return followPath(
    suite,
    after,
    own,
    steps.slice(at).map((step) => step.node),
    secret,
  )
}

/**
 * From a path secret up to the root: private keys for `nodes` (leaf side first), each compared with the public key in
 * the tree, and the commit secret. Throws `decrypt_failed`.
 */
export async function followPath(
  suite: Suite,
  tree: Tree,
  own: { readonly leaf: number; readonly privateKeys: PrivateKeys },
  nodes: readonly number[],
  first: Uint8Array,
): Promise<{ privateKeys: PrivateKeys; commitSecret: Uint8Array }> {
  if (first.length !== suite.hkdf.size) throw new MlsError("decrypt_failed", aPathOf)
  const privateKeys = new Map([...own.privateKeys].filter(([node]) => tree.nodes[node] !== undefined))
  const secrets: Uint8Array[] = [first]
  for (const _ of nodes) secrets.push(nextPathSecret(suite, secrets.at(-1) as Uint8Array))
  const keys = await Promise.all(nodes.map((_, i) => nodeKeys(suite, secrets[i] as Uint8Array)))
  for (const [i, node] of nodes.entries()) {
    const { key, publicKey } = keys[i] as NodeKeys
    if (!equalBytes(publicKey, publicKeyAt(tree, node))) throw new MlsError("decrypt_failed", aPathOf)
    privateKeys.set(node, key.unsafeBytes())
  }
  return { privateKeys, commitSecret: secrets.at(-1) as Uint8Array }
}
