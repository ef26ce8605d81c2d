import { equalBytes } from "@holdfast/wire"
import type { Commit, KeyPackage } from "ts-mls"
import { MlsError } from "./error.ts"
import { identityOf, type LeafIdentity, type Roster } from "./identity.ts"
import { verifyKeyPackage } from "./key-package.ts"
import { type Member, toMember } from "./leaf.ts"
import type { Suite } from "./suite/suite.ts"
import { addLeaf, holdsKey, leafAt, leavesOf, removeLeaf, type Tree } from "./tree.ts"

/** What a commit does to the membership. */
export interface Change {
  readonly add: readonly KeyPackage[]
  readonly remove: readonly number[]
}

/**
 * By-value Add and Remove are all we know. Update, PreSharedKey, ReInit, ExternalInit, GroupContextExtensions, private
 * types and anything by reference are refused (M5.2). Throws `unsupported`.
 */
export function changeOf(commit: Commit): Change {
  const add: KeyPackage[] = []
  const remove: number[] = []
  for (const entry of commit.proposals) {
    if (entry.proposalOrRefType !== "proposal") throw new MlsError("unsupported", "proposal by reference")
    const { proposal } = entry
    if (proposal.proposalType === "add") add.push(proposal.add.keyPackage)
    else if (proposal.proposalType === "remove") remove.push(proposal.remove.removed)
    else throw new MlsError("unsupported", "proposal type")
  }
  return { add, remove }
}

export interface Applied {
  readonly tree: Tree
  readonly added: readonly (Member & { readonly keyPackage: KeyPackage })[]
  readonly removed: readonly Member[]
}

/** Removes, then adds (RFC 9420 section 12.3), checking each (M5.3, M5.4). Throws `bad_commit`, `not_admitted`, or what a key package is refused for. */
export async function applyChange(
  suite: Suite,
  before: Tree,
  committer: number,
  change: Change,
  roster: Roster,
): Promise<Applied> {
  let tree = before
  const removed: Member[] = []
  for (const leaf of change.remove) {
    // A leaf removed twice is blank the second time.
    const node = leafAt(tree, leaf)
    if (node === undefined || leaf === committer) throw new MlsError("bad_commit", "remove")
    removed.push(toMember(leaf, node))
    tree = removeLeaf(tree, leaf)
  }
  await Promise.all(change.add.map((keyPackage) => verifyKeyPackage(suite, keyPackage)))
  const added: (Member & { keyPackage: KeyPackage })[] = []
  for (const keyPackage of change.add) {
    const { leafNode } = keyPackage
    const identity = identityOf(leafNode.credential)
    if (!roster.admits(identity, leafNode.signaturePublicKey)) throw new MlsError("not_admitted", "add")
    if (isTaken(tree, identity, leafNode.signaturePublicKey) || holdsKey(tree, leafNode.hpkePublicKey)) {
      throw new MlsError("bad_commit", "add")
    }
    const { tree: next, leaf } = addLeaf(tree, leafNode)
    tree = next
    added.push({ ...toMember(leaf, leafNode), keyPackage })
  }
  return { tree, added, removed }
}

/** One device, one leaf, one signature key. */
function isTaken(tree: Tree, identity: LeafIdentity, signatureKey: Uint8Array): boolean {
  for (const [, node] of leavesOf(tree)) {
    if (equalBytes(node.signaturePublicKey, signatureKey)) return true
    const other = identityOf(node.credential)
    if (equalBytes(other.device, identity.device) && equalBytes(other.member, identity.member)) return true
  }
  return false
}
