import { concatBytes } from "@holdfast/wire"
import type { Commit, Proposal } from "ts-mls"
import { signGroupInfo } from "ts-mls/groupInfo.js"
import { makeKeyPackageRef } from "ts-mls/keyPackage.js"
import { encodeRatchetTree } from "ts-mls/ratchetTree.js"
import { toLeafIndex } from "ts-mls/treemath.js"
import { encodeWelcome, encryptGroupInfo, encryptGroupSecrets } from "ts-mls/welcome.js"
import { u16, vector } from "./codec.ts"
import { type NextEpoch, nextEpoch } from "./epoch.ts"
import { MlsError } from "./error.ts"
import { type Content, encodeCommit, protect, signContent } from "./framing.ts"
import { currentEpoch, type Group, type GroupState, nextPast, stateOf, toGroup } from "./group.ts"
import { identityOf, type Roster } from "./identity.ts"
import { decodeKeyPackageMessage } from "./key-package.ts"
import { type Applied, applyChange } from "./membership.ts"
import { type MadePath, makePath } from "./path.ts"
import { type Suite, suiteOf } from "./suite/suite.ts"
import { directPathOf, filteredPath, leafAt, type Tree } from "./tree.ts"

/** Encoded trees up to this size travel inside the welcome; larger ones are handed out beside it (M8.3). */
export const treeInWelcomeBytes = 32_768
const mlsVersion = 1
const welcomeWireFormat = 3
const none = new Uint8Array()

export interface CommitOptions {
  /** The charter at the size this commit pins in its authenticated data. */
  readonly roster: Roster
  /** Seconds since 1970, against which the lifetimes of added key packages are checked. Only the committer looks (M5.7). */
  readonly now: number
  /** Key packages to add, as `makeKeyPackage` published them. */
  readonly add?: readonly Uint8Array[]
  /** Leaf indices. Never our own: leaving is asked for, and another member removes us. */
  readonly remove?: readonly number[]
  /** Readable by whoever can read the PrivateMessage's outside; authenticated to the group. */
  readonly authenticatedData?: Uint8Array
  /** Skips the fresh path of a commit that only adds: smaller and faster, but the group does not heal by it (M5.1). */
  readonly addWithoutPath?: boolean
}

export interface Committed {
  /** Our state after this commit: to be adopted when the commit has won its epoch, or dropped. */
  readonly pending: Group
  readonly message: Uint8Array
  /** For all added members together. Absent when none was added. */
  readonly welcome?: Uint8Array
  /** The ratchet tree a joiner needs beside the welcome. Present exactly when it was too large to go inside. */
  readonly welcomeTree?: Uint8Array
  readonly sizes: { readonly message: number; readonly welcome: number; readonly tree: number }
}

/**
 * Adds, removes, or with neither just re-keys. `group` stays valid: nothing has happened until the caller adopts `pending`.
 * Throws `not_admitted` when the roster does not admit an added device or ourselves, `expired` for a key package out of
 * its lifetime, `bad_commit` for a change that cannot be, and what `readKeyPackage` throws.
 */
export async function commit(group: Group, options: CommitOptions): Promise<Committed> {
  return commitIn(await suiteOf(), group, options)
}

export async function commitIn(suite: Suite, group: Group, options: CommitOptions): Promise<Committed> {
  const state = stateOf(group)
  const { ownLeaf } = state
  const add = (options.add ?? []).map(decodeKeyPackageMessage)
  const remove = options.remove ?? []
  for (const { leafNode } of add) {
    const now = BigInt(Math.floor(options.now))
    if (leafNode.lifetime.notBefore > now || leafNode.lifetime.notAfter < now)
      throw new MlsError("expired", "key package")
  }
  checkSelf(state, options.roster)
  const applied = await applyChange(suite, state.tree, ownLeaf, { add, remove }, options.roster)
  const newLeaves = new Set(applied.added.map((member) => member.leaf))
  const withoutPath = options.addWithoutPath === true && add.length > 0 && remove.length === 0
  const made = withoutPath
    ? undefined
    : await makePath(suite, applied.tree, ownLeaf, state.signatureKey, state.context, newLeaves)
  const tree = made?.tree ?? applied.tree
  const body = encodeCommit({ proposals: proposalsOf(remove, applied), path: made?.path })
  const content: Content = {
    type: "commit",
    sender: ownLeaf,
    authenticatedData: options.authenticatedData ?? none,
    body,
  }
  const signature = await signContent(suite, state.signatureKey, state.context, content)
  const commitSecret = made?.commitSecret ?? new Uint8Array(suite.hkdf.size)
  const next = nextEpoch(suite, state, tree, content, signature, commitSecret)
  const { message } = await protect(suite, currentEpoch(state), content, signature, vector(next.confirmationTag))
  const pending = toGroup({
    context: next.context,
    tree,
    keys: next.keys,
    secrets: next.secrets,
    ownLeaf,
    privateKeys: made?.privateKeys ?? state.privateKeys,
    signatureKey: state.signatureKey,
    confirmationTag: next.confirmationTag,
    past: nextPast(state),
  })
  if (applied.added.length === 0) {
    return { pending, message, sizes: { message: message.length, welcome: 0, tree: 0 } }
  }
  const encodedTree = encodeRatchetTree(tree.nodes)
  const inside = encodedTree.length <= treeInWelcomeBytes
  const welcome = await makeWelcome(suite, state, applied, tree, next, made, inside ? encodedTree : undefined)
  return {
    pending,
    message,
    welcome,
    ...(inside ? {} : { welcomeTree: encodedTree }),
    sizes: { message: message.length, welcome: welcome.length, tree: encodedTree.length },
  }
}

function checkSelf(state: GroupState, roster: Roster): void {
  const own = leafAt(state.tree, state.ownLeaf)
  if (own === undefined) throw new MlsError("bad_commit", "own leaf")
  if (!roster.admits(identityOf(own.credential), own.signaturePublicKey))
    throw new MlsError("not_admitted", "committer")
}

function proposalsOf(remove: readonly number[], applied: Applied): Commit["proposals"] {
  const removes = remove.map((removed): Proposal => ({ proposalType: "remove", remove: { removed } }))
  const adds = applied.added.map(({ keyPackage }): Proposal => ({ proposalType: "add", add: { keyPackage } }))
  return [...removes, ...adds].map((proposal) => ({ proposalOrRefType: "proposal", proposal }))
}

async function makeWelcome(
  suite: Suite,
  state: GroupState,
  applied: Applied,
  tree: Tree,
  next: NextEpoch,
  made: MadePath | undefined,
  encodedTree: Uint8Array | undefined,
): Promise<Uint8Array> {
  const groupInfo = await signGroupInfo(
    {
      groupContext: next.context,
      extensions: encodedTree === undefined ? [] : [{ extensionType: "ratchet_tree", extensionData: encodedTree }],
      confirmationTag: next.confirmationTag,
      signer: toLeafIndex(state.ownLeaf),
    },
    state.signatureKey,
    suite.mls.signature,
  )
  const encryptedGroupInfo = await encryptGroupInfo(groupInfo, next.welcomeSecret, suite.mls)
  const steps = made === undefined ? [] : filteredPath(applied.tree, state.ownLeaf)
  const secrets = await Promise.all(
    applied.added.map(async ({ leaf, keyPackage }) => {
      const above = new Set(directPathOf(tree, leaf))
      const shared = steps.find((step) => above.has(step.node))
      const sealed = await encryptGroupSecrets(
        await suite.mls.hpke.importPublicKey(keyPackage.initKey),
        encryptedGroupInfo,
        {
          joinerSecret: next.joinerSecret,
          pathSecret: shared === undefined ? undefined : made?.secretByNode.get(shared.node),
          psks: [],
        },
        suite.mls.hpke,
      )
      return {
        newMember: await makeKeyPackageRef(keyPackage, suite.mls.hash),
        encryptedGroupSecrets: { kemOutput: sealed.enc, ciphertext: sealed.ct },
      }
    }),
  )
  const welcome = encodeWelcome({ cipherSuite: suite.name, secrets, encryptedGroupInfo })
  return concatBytes(u16(mlsVersion), u16(welcomeWireFormat), welcome)
}
