import { hex } from "@holdfast/wire"
import { encode } from "ts-mls/codec/tlsEncoder.js"
import { commitEncoder } from "ts-mls/commit.js"
import { applyUpdatePathSecret } from "ts-mls/createCommit.js"
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js"
import { pathToRoot } from "ts-mls/pathSecrets.js"
import { decodeProposal } from "ts-mls/proposal.js"
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js"
import { treeHashRoot } from "ts-mls/treeHash.js"
import { leafToNodeIndex, toLeafIndex, toNodeIndex } from "ts-mls/treemath.js"
import { applyUpdatePath, decodeUpdatePath, firstCommonAncestor } from "ts-mls/updatePath.js"
import { expect, test } from "vitest"
import { vector } from "../src/codec.ts"
import {
  decodeOuter,
  encodeApplication,
  encodeCommit,
  openContent,
  openSenderData,
  protect,
  signContent,
} from "../src/framing.ts"
import { applyPath, makePath, openPath } from "../src/path.ts"
import { makeSecretTree, takeReceivingKey } from "../src/secret-tree.ts"
import { suiteOf, vectorSuiteName } from "../src/suite/suite.ts"
import {
  addLeaf,
  directPathOf,
  leafAt,
  leavesOf,
  makeTree,
  nodeOfLeaf,
  removeLeaf,
  resolutionOf,
  treeHash,
} from "../src/tree.ts"
import { checkParentHashes, checkStructure, checkUnmergedLeaves } from "../src/tree-check.ts"
import { everyNth, h, suiteById, vectorsOf } from "./vectors.ts"

/** The working group's vectors through our own tree, paths, secret tree and framing (suite 1), and the library's for the rest. */

type Hex = string
const ours = () => suiteOf(vectorSuiteName)

interface SecretTreeVector {
  cipher_suite: number
  encryption_secret: Hex
  leaves: (Record<string, Hex> & { generation: never })[][]
}

test("[M7.1] secret-tree: three trees, every leaf, in order and backwards", async () => {
  const { hkdf, hpke } = await ours()
  for (const v of vectorsOf<SecretTreeVector>("mls/secret-tree.json").filter((x) => x.cipher_suite === 1)) {
    for (const order of [[...v.leaves.keys()], [...v.leaves.keys()].reverse()]) {
      let tree = makeSecretTree(v.leaves.length, h(v.encryption_secret))
      for (const leaf of order) {
        for (const entry of v.leaves[leaf]!) {
          for (const kind of ["handshake", "application"] as const) {
            const taken = takeReceivingKey(hkdf, hpke.keyBytes, tree, leaf, kind, entry.generation)
            if (typeof taken === "string") throw new Error(taken)
            expect(hex(taken.key)).toBe(entry[`${kind}_key`])
            expect(hex(taken.nonce)).toBe(entry[`${kind}_nonce`])
            expect(takeReceivingKey(hkdf, hpke.keyBytes, taken.tree, leaf, kind, entry.generation)).toBe("replayed")
            tree = taken.tree
          }
        }
      }
      // Every secret above a used leaf is gone (M7.1).
      expect(tree.nodes.every((secret) => secret === undefined)).toBe(true)
    }
  }
})

interface Protection extends Record<string, unknown> {
  cipher_suite: number
  epoch: number
}

test("[M6.2] message-protection: commit and application open, and what we protect opens", async () => {
  const suite = await ours()
  const v = vectorsOf<Protection>("mls/message-protection.json").find((x) => x.cipher_suite === 1)!
  const at = (name: string) => h(v[name] as Hex)
  const keys = {
    context: {
      version: "mls10" as const,
      cipherSuite: suite.name,
      groupId: at("group_id"),
      epoch: BigInt(v.epoch),
      treeHash: at("tree_hash"),
      confirmedTranscriptHash: at("confirmed_transcript_hash"),
      extensions: [],
    },
    senderDataSecret: at("sender_data_secret"),
    secrets: makeSecretTree(2, at("encryption_secret")),
  }
  const open = async (message: Uint8Array) => {
    const outer = decodeOuter(message)
    const sender = await openSenderData(suite, keys, outer)
    expect(sender.leaf).toBe(1)
    const opened = await openContent(suite, keys, outer, sender, at("signature_pub"))
    if (opened === "replayed") throw new Error(opened)
    return opened
  }
  expect(hex((await open(at("application_priv"))).plaintext!)).toBe(v.application)
  const commit = (await open(at("commit_priv"))).commit!
  expect(hex(encode(commitEncoder)(commit.value))).toBe(v.commit)

  const none = new Uint8Array()
  const app = {
    type: "application" as const,
    sender: 1,
    authenticatedData: none,
    body: encodeApplication(at("application")),
  }
  const signed = await signContent(suite, at("signature_priv"), keys.context, app)
  const sent = await protect(suite, keys, app, signed, none)
  expect(hex((await open(sent.message)).plaintext!)).toBe(v.application)
  const body = encodeCommit(commit.value)
  const content = { type: "commit" as const, sender: 1, authenticatedData: none, body }
  const signature = await signContent(suite, at("signature_priv"), keys.context, content)
  const made = await protect(suite, keys, content, signature, vector(commit.confirmationTag))
  expect(hex(encodeCommit((await open(made.message)).commit!.value))).toBe(v.commit)
})

test("[M5.3] tree-operations: add and remove, with remembered hashes", async () => {
  const { hkdf } = await ours()
  for (const v of vectorsOf<Record<string, Hex>>("mls/tree-operations.json")) {
    const before = makeTree(decodeRatchetTree(h(v.tree_before as Hex), 0)![0])
    expect(hex(treeHash(hkdf, before))).toBe(v.tree_hash_before)
    const proposal = decodeProposal(h(v.proposal as Hex), 0)![0]
    if (proposal.proposalType === "update") continue
    const after =
      proposal.proposalType === "add"
        ? addLeaf(before, proposal.add.keyPackage.leafNode).tree
        : proposal.proposalType === "remove"
          ? removeLeaf(before, proposal.remove.removed)
          : undefined
    expect(hex(encodeRatchetTree(after!.nodes))).toBe(v.tree_after)
    expect(hex(treeHash(hkdf, after!))).toBe(v.tree_hash_after)
  }
})

interface TreeValidation {
  cipher_suite: number
  tree: Hex
  group_id: Hex
  tree_hashes: Hex[]
  resolutions: number[][]
}

test("[M8.2] tree-validation: 14 trees", async () => {
  const suite = await ours()
  const vectors = vectorsOf<TreeValidation>("mls/tree-validation.json").filter((v) => v.cipher_suite === 1)
  expect(vectors).toHaveLength(14)
  for (const v of vectors) {
    const tree = makeTree(decodeRatchetTree(h(v.tree), 0)![0])
    checkStructure(tree)
    checkUnmergedLeaves(tree)
    checkParentHashes(suite, tree)
    for (const [i, expected] of v.tree_hashes.entries()) {
      expect(hex(treeHash(suite.hkdf, tree, i))).toBe(expected)
      expect(resolutionOf(tree, i)).toEqual(v.resolutions[i])
    }
    for (const [leaf, node] of leavesOf(tree)) {
      const valid =
        node.leafNodeSource === "key_package"
          ? verifyLeafNodeSignatureKeyPackage(node, suite.mls.signature)
          : verifyLeafNodeSignature(node, h(v.group_id), leaf, suite.mls.signature)
      expect(await valid).toBe(true)
    }
    // And a parent hash that is off by a bit is seen, wherever it is.
    for (const [i, node] of tree.nodes.entries()) {
      if (node?.nodeType !== "parent") continue
      const nodes = tree.nodes.slice()
      const hpkePublicKey = node.parent.hpkePublicKey.slice()
      hpkePublicKey[0]! ^= 1
      nodes[i] = { nodeType: "parent", parent: { ...node.parent, hpkePublicKey } }
      expect(() => checkParentHashes(suite, makeTree(nodes))).toThrow("bad_tree")
    }
  }
})

interface TreeKem {
  cipher_suite: number
  group_id: Hex
  epoch: number
  confirmed_transcript_hash: Hex
  ratchet_tree: Hex
  leaves_private: {
    index: number
    encryption_priv: Hex
    signature_priv: Hex
    path_secrets: { node: number; path_secret: Hex }[]
  }[]
  update_paths: {
    sender: number
    update_path: Hex
    path_secrets: (Hex | null)[]
    commit_secret: Hex
    tree_hash_after: Hex
  }[]
}

const treeKem = vectorsOf<TreeKem>("mls/treekem.json")

for (const [n, v] of treeKem.filter((x) => x.cipher_suite === 1).entries()) {
  test(`[M5.5] [M5.6] treekem ${n}: ${v.update_paths.length} paths, each opened by every member, and our own paths`, async () => {
    const suite = await ours()
    const before = makeTree(decodeRatchetTree(h(v.ratchet_tree), 0)![0])
    // openPath and makePath count from the epoch the commit ends; the vector names the one it starts.
    const context = {
      version: "mls10" as const,
      cipherSuite: suite.name,
      groupId: h(v.group_id),
      epoch: BigInt(v.epoch) - 1n,
      treeHash: treeHash(suite.hkdf, before),
      confirmedTranscriptHash: h(v.confirmed_transcript_hash),
      extensions: [],
    }
    const nobody = new Set<number>()
    const keysOf = async (leaf: TreeKem["leaves_private"][number]) => {
      const keys = new Map<number, Uint8Array>([[nodeOfLeaf(leaf.index), h(leaf.encryption_priv)]])
      for (const { node, path_secret } of leaf.path_secrets) {
        const secret = await suite.mls.kdf.expand(h(path_secret), nodeLabel, 32)
        keys.set(node, (await suite.hpke.kem.derive(secret)).unsafeBytes())
      }
      return keys
    }
    for (const p of everyNth(v.update_paths, v.update_paths.length > 12 ? 4 : 1)) {
      const path = decodeUpdatePath(h(p.update_path), 0)![0]
      const after = applyPath(suite, before, p.sender, path, nobody)
      expect(hex(treeHash(suite.hkdf, after))).toBe(p.tree_hash_after)
      for (const leaf of v.leaves_private) {
        if (leaf.index === p.sender) continue
        const own = { leaf: leaf.index, privateKeys: await keysOf(leaf) }
        const opened = await openPath(suite, before, after, own, p.sender, path, context, nobody)
        expect(hex(opened.commitSecret)).toBe(p.commit_secret)
      }
    }
    const maker = v.leaves_private[0]!
    const made = await makePath(suite, before, maker.index, h(maker.signature_priv), context, nobody)
    const applied = applyPath(suite, before, maker.index, made.path, nobody)
    expect(treeHash(suite.hkdf, applied)).toEqual(treeHash(suite.hkdf, made.tree))
    expect(
      await verifyLeafNodeSignature(leafAt(applied, maker.index)!, context.groupId, maker.index, suite.mls.signature),
    ).toBe(true)
    checkParentHashes(suite, applied)
    for (const leaf of v.leaves_private.slice(1)) {
      const own = { leaf: leaf.index, privateKeys: await keysOf(leaf) }
      const opened = await openPath(suite, before, applied, own, maker.index, made.path, context, nobody)
      expect(opened.commitSecret).toEqual(made.commitSecret)
      for (const node of directPathOf(applied, leaf.index)) {
        const key = made.privateKeys.get(node)
        if (key !== undefined) expect(opened.privateKeys.get(node)).toEqual(key)
      }
    }
  })
}

/** ExpandWithLabel's info for "node", no context and 32 bytes, written out by hand. */
const nodeLabel = h(`0020${hex(vector(new TextEncoder().encode("MLS 1.0 node")))}00`)

test("[M2.2] treekem through the library, every 5th of the other suites", async () => {
  for (const v of everyNth(
    treeKem.filter((x) => x.cipher_suite !== 1),
    5,
  )) {
    const cs = await suiteById(v.cipher_suite)
    const tree = decodeRatchetTree(h(v.ratchet_tree), 0)![0]
    const p = v.update_paths[0]!
    const path = decodeUpdatePath(h(p.update_path), 0)![0]
    const updated = await applyUpdatePath(tree, toLeafIndex(p.sender), path, cs.hash)
    expect(hex(await treeHashRoot(updated, cs.hash))).toBe(p.tree_hash_after)
    const leaf = v.leaves_private.find((l) => l.index !== p.sender)!
    const privatePath = {
      leafIndex: leaf.index,
      privateKeys: { [leafToNodeIndex(toLeafIndex(leaf.index))]: h(leaf.encryption_priv) } as Record<
        number,
        Uint8Array
      >,
    }
    for (const { node, path_secret } of leaf.path_secrets) {
      const secret = await cs.kdf.expand(
        h(path_secret),
        h(`00${cs.kdf.size.toString(16)}${hex(vector(new TextEncoder().encode("MLS 1.0 node")))}00`),
        cs.kdf.size,
      )
      privatePath.privateKeys[node] = await cs.hpke.exportPrivateKey((await cs.hpke.deriveKeyPair(secret)).privateKey)
    }
    const context = {
      version: "mls10" as const,
      cipherSuite: cs.name,
      groupId: h(v.group_id),
      epoch: BigInt(v.epoch),
      treeHash: h(p.tree_hash_after),
      confirmedTranscriptHash: h(v.confirmed_transcript_hash),
      extensions: [],
    }
    const opened = await applyUpdatePathSecret(updated, privatePath, toLeafIndex(p.sender), context, path, [], cs)
    expect(hex(opened.pathSecret)).toBe(p.path_secrets[leaf.index])
    const ancestor = firstCommonAncestor(tree, toLeafIndex(leaf.index), toLeafIndex(p.sender))
    expect(toNodeIndex(opened.nodeIndex)).toBe(ancestor)
    expect(Object.keys(await pathToRoot(updated, ancestor, opened.pathSecret, cs.kdf)).length).toBeGreaterThan(0)
  }
})
