import { concatBytes } from "@holdfast/wire"
import type { Commit, KeyPackage, Proposal, UpdatePath } from "ts-mls"
import { encodeKeyPackage, signKeyPackage } from "ts-mls/keyPackage.js"
import { signLeafNodeCommit, signLeafNodeKeyPackage } from "ts-mls/leafNode.js"
import { vector } from "../src/codec.ts"
import { nextEpoch } from "../src/epoch.ts"
import { type Content, encodeCommit, protect, signContent } from "../src/framing.ts"
import { currentEpoch, type Group, stateOf } from "../src/group.ts"
import { toCredential } from "../src/identity.ts"
import { capabilitiesOf } from "../src/leaf.ts"
import { type MadePath, makePath } from "../src/path.ts"
import { suiteOf } from "../src/suite/suite.ts"
import { addLeaf, removeLeaf, type Tree } from "../src/tree.ts"
import { lifetime, type Person } from "./people.ts"

/** What a malicious member can do: sign and encrypt any commit at all, without any of our checks. */
export function forge(
  group: Group,
  commit: Commit,
  confirmationTag: Uint8Array = new Uint8Array(64),
  type: Content["type"] = "commit",
  sender = group.ownLeaf,
): Promise<Uint8Array> {
  return forgeBody(group, encodeCommit(commit), confirmationTag, type, sender)
}

/** The same with a body that need not even be a commit. */
export async function forgeBody(
  group: Group,
  body: Uint8Array,
  confirmationTag: Uint8Array = new Uint8Array(64),
  type: Content["type"] = "commit",
  sender = group.ownLeaf,
): Promise<Uint8Array> {
  const suite = await suiteOf()
  const state = stateOf(group)
  const content: Content = { type, sender, authenticatedData: new Uint8Array(), body }
  const signature = await signContent(suite, state.signatureKey, state.context, content)
  return (await protect(suite, currentEpoch(state), content, signature, vector(confirmationTag))).message
}

export const byValue = (...proposals: Proposal[]): Commit["proposals"] =>
  proposals.map((proposal) => ({ proposalOrRefType: "proposal", proposal }))

export interface Change {
  readonly add?: readonly KeyPackage[]
  readonly remove?: readonly number[]
}

/** A path as an honest committer would make it for these proposals. */
export async function pathFor(group: Group, change: Change = {}): Promise<MadePath & { before: Tree }> {
  const state = stateOf(group)
  let tree = state.tree
  for (const leaf of change.remove ?? []) tree = removeLeaf(tree, leaf)
  const added = new Set<number>()
  for (const keyPackage of change.add ?? []) {
    const grown = addLeaf(tree, keyPackage.leafNode)
    tree = grown.tree
    added.add(grown.leaf)
  }
  const made = await makePath(await suiteOf(), tree, state.ownLeaf, state.signatureKey, state.context, added)
  return { ...made, before: tree }
}

/** The confirmation tag a commit needs for its makers to agree with themselves. */
export async function tagFor(group: Group, commit: Commit, made: MadePath): Promise<Uint8Array> {
  const suite = await suiteOf()
  const state = stateOf(group)
  const body = encodeCommit(commit)
  const content: Content = { type: "commit", sender: group.ownLeaf, authenticatedData: new Uint8Array(), body }
  const signature = await signContent(suite, state.signatureKey, state.context, content)
  return nextEpoch(suite, state, made.tree, content, signature, made.commitSecret).confirmationTag
}

/** The same path under another leaf, signed anew by whoever holds `key`. */
export async function withLeaf(
  group: Group,
  path: UpdatePath,
  change: Partial<UpdatePath["leafNode"]>,
  key: Uint8Array = stateOf(group).signatureKey,
): Promise<UpdatePath> {
  const tbs = { ...path.leafNode, ...change, groupId: stateOf(group).context.groupId, leafIndex: group.ownLeaf }
  const { signature } = await signLeafNodeCommit(tbs, key, (await suiteOf()).mls.signature)
  return { ...path, leafNode: { ...path.leafNode, ...change, signature } }
}

/** A key package that an honest device would not make. */
export async function oddPackage(
  who: Person,
  leafChange: Record<string, unknown> = {},
  change: Record<string, unknown> = {},
): Promise<KeyPackage> {
  const suite = await suiteOf()
  const { kem } = suite.hpke
  const publicKey = async () => kem.publicKeyOf(await kem.generate())
  const leafNode = await signLeafNodeKeyPackage(
    {
      leafNodeSource: "key_package",
      hpkePublicKey: await publicKey(),
      signaturePublicKey: who.device.publicKey,
      credential: toCredential(who.device.identity),
      capabilities: capabilitiesOf(suite),
      lifetime: { notBefore: BigInt(lifetime.notBefore), notAfter: BigInt(lifetime.notAfter) },
      extensions: [],
      ...leafChange,
    },
    who.device.privateKey,
    suite.mls.signature,
  )
  const tbs = {
    version: "mls10" as const,
    cipherSuite: suite.name,
    initKey: await publicKey(),
    extensions: [],
    leafNode,
  }
  return signKeyPackage({ ...tbs, ...change }, who.device.privateKey, suite.mls.signature)
}

export function keyPackageMessage(keyPackage: KeyPackage): Uint8Array {
  return concatBytes(Uint8Array.of(0, 1, 0, 5), encodeKeyPackage(keyPackage))
}
