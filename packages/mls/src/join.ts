import { concatBytes, equalBytes } from "@holdfast/wire"
import type { GroupInfo, Welcome } from "ts-mls"
import { decodeGroupInfo, encodeGroupInfo, encodeGroupInfoTBS, extractWelcomeSecret } from "ts-mls/groupInfo.js"
import { decodeGroupSecrets, encodeGroupSecrets, type GroupSecrets } from "ts-mls/groupSecrets.js"
import { makeKeyPackageRef } from "ts-mls/keyPackage.js"
import { encodeLeafNode } from "ts-mls/leafNode.js"
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js"
import { constantTimeEqual } from "ts-mls/util/constantTimeCompare.js"
import { decodeWelcome, encodeWelcome, welcomeKey, welcomeNonce } from "ts-mls/welcome.js"
import { mlsLabel, Reader, u16, vector } from "./codec.ts"
import { MlsError } from "./error.ts"
import { bindingOf, type Group, strangers, toGroup } from "./group.ts"
import type { Roster } from "./identity.ts"
import { decodeKeyPackageMessage, decodeSecrets, type KeyPackagePair } from "./key-package.ts"
import { secretsOfJoiner } from "./key-schedule.ts"
import type { Member } from "./leaf.ts"
import { followPath } from "./path.ts"
import { makeSecretTree } from "./secret-tree.ts"
import { verifyWithLabel } from "./signature.ts"
import { aeadOpen } from "./suite/aead.ts"
import { type Suite, suiteOf } from "./suite/suite.ts"
import { directPathOf, filteredPath, leafAt, leafCountOf, leavesOf, makeTree, nodeOfLeaf, type Tree } from "./tree.ts"
import { checkTree } from "./tree-check.ts"

export const maxWelcomeBytes = 16_777_216
const mlsVersion = 1
const welcomeWireFormat = 3
const none = new Uint8Array()

export interface JoinOptions {
  readonly roster: Roster
  /** The tree that came beside a welcome without one. */
  readonly tree?: Uint8Array
}

export interface Joined {
  readonly group: Group
  /** Members the roster does not admit. While there is one, nothing may be sent to the group (M4.5). */
  readonly strangers: readonly Member[]
}

function decodeWelcomeMessage(bytes: Uint8Array): Welcome {
  if (bytes.length > maxWelcomeBytes) throw new MlsError("malformed", "welcome")
  const r = new Reader(bytes, "welcome")
  r.expect(mlsVersion, r.u16())
  r.expect(welcomeWireFormat, r.u16())
  const welcome = r.library(decodeWelcome, encodeWelcome)
  r.end()
  return welcome
}

/** The key packages this welcome was made for, as `keyPackageRef` gives them. Throws `malformed`. */
export function welcomeRecipients(welcome: Uint8Array): Uint8Array[] {
  return decodeWelcomeMessage(welcome).secrets.map((secret) => secret.newMember)
}

/**
 * The same welcome for one of its recipients alone: smaller, and it does not tell them who else was added with them
 * (M8.4). Throws `not_for_us` when it has no such recipient, or `malformed`.
 */
export function welcomeFor(welcome: Uint8Array, ref: Uint8Array): Uint8Array {
  const all = decodeWelcomeMessage(welcome)
  const secrets = all.secrets.filter((secret) => equalBytes(secret.newMember, ref))
  if (secrets.length === 0) throw new MlsError("not_for_us", "welcome")
  return concatBytes(u16(mlsVersion), u16(welcomeWireFormat), encodeWelcome({ ...all, secrets }))
}

/**
 * Enters a group by a welcome made for this key package. The caller then deletes the key package's private bytes.
 * Throws `not_for_us` when the welcome names another key package, `no_tree` when the tree is neither inside nor given,
 * `decrypt_failed`, `bad_signature`, `bad_tree`, `unsupported`, or `malformed`.
 */
export async function join(welcome: Uint8Array, keyPackage: KeyPackagePair, options: JoinOptions): Promise<Joined> {
  return joinIn(await suiteOf(), welcome, keyPackage, options)
}

export async function joinIn(
  suite: Suite,
  welcomeBytes: Uint8Array,
  pair: KeyPackagePair,
  options: JoinOptions,
): Promise<Joined> {
  const welcome = decodeWelcomeMessage(welcomeBytes)
  const keyPackage = decodeKeyPackageMessage(pair.publicBytes)
  const own = decodeSecrets(pair.privateBytes)
  if (welcome.cipherSuite !== suite.name) throw new MlsError("unsupported", "welcome suite")

  const ref = await makeKeyPackageRef(keyPackage, suite.mls.hash)
  const secrets = await openSecrets(suite, welcome, ref, own.initKey)
  const groupInfo = await openGroupInfo(suite, welcome, secrets)
  const context = groupInfo.groupContext
  if (context.version !== "mls10" || context.cipherSuite !== suite.name)
    throw new MlsError("unsupported", "group suite")
  if (context.groupId.length !== 32) throw new MlsError("malformed", "group id")
  bindingOf(context)

  const tree = treeOf(groupInfo, options.tree)
  await checkTree(suite, tree, context.groupId, context.treeHash)
  const signer = leafAt(tree, groupInfo.signer)
  if (signer === undefined) throw new MlsError("bad_tree", "signer")
  const tbs = encodeGroupInfoTBS(groupInfo)
  if (!(await verifyWithLabel(suite, signer.signaturePublicKey, "GroupInfoTBS", tbs, groupInfo.signature))) {
    throw new MlsError("bad_signature", "group info")
  }
  const ownLeaf = findOwnLeaf(tree, encodeLeafNode(keyPackage.leafNode))
  let privateKeys: ReadonlyMap<number, Uint8Array> = new Map([[nodeOfLeaf(ownLeaf), own.leafKey]])
  if (secrets.pathSecret !== undefined) {
    const above = new Set(directPathOf(tree, ownLeaf))
    const nodes = filteredPath(tree, groupInfo.signer).map((step) => step.node)
    const shared = nodes.slice(nodes.findIndex((node) => above.has(node)))
    ;({ privateKeys } = await followPath(suite, tree, { leaf: ownLeaf, privateKeys }, shared, secrets.pathSecret))
  }

  const { keys, encryptionSecret } = secretsOfJoiner(suite.hkdf, secrets.joinerSecret, context)
  const tag = suite.hkdf.mac(keys.confirmationKey, context.confirmedTranscriptHash)
  if (!constantTimeEqual(tag, groupInfo.confirmationTag)) throw new MlsError("decrypt_failed", "confirmation tag")
  const group = toGroup({
    context,
    tree,
    keys,
    secrets: makeSecretTree(leafCountOf(tree), encryptionSecret),
    ownLeaf,
    privateKeys,
    signatureKey: own.signatureKey,
    confirmationTag: groupInfo.confirmationTag,
    past: [],
  })
  return { group, strangers: strangers(group, options.roster) }
}

async function openSecrets(
  suite: Suite,
  welcome: Welcome,
  ref: Uint8Array,
  initKey: Uint8Array,
): Promise<GroupSecrets> {
  const ours = welcome.secrets.find((secret) => equalBytes(secret.newMember, ref))
  if (ours === undefined) throw new MlsError("not_for_us", "welcome")
  const info = concatBytes(mlsLabel("Welcome"), vector(welcome.encryptedGroupInfo))
  const { kemOutput, ciphertext } = ours.encryptedGroupSecrets
  const key = suite.hpke.kem.privateKey(initKey)
  const r = new Reader(await suite.hpke.open(key, kemOutput, info, none, ciphertext), "group secrets")
  const secrets = r.library(decodeGroupSecrets, encodeGroupSecrets)
  r.end()
  if (secrets.psks.length > 0) throw new MlsError("unsupported", "pre-shared key")
  if (secrets.joinerSecret.length !== suite.hkdf.size) throw new MlsError("malformed", "group secrets")
  return secrets
}

async function openGroupInfo(suite: Suite, welcome: Welcome, secrets: GroupSecrets): Promise<GroupInfo> {
  const noPsk = new Uint8Array(suite.hkdf.size)
  const secret = await extractWelcomeSecret(secrets.joinerSecret, noPsk, suite.mls.kdf)
  const [key, nonce] = await Promise.all([welcomeKey(secret, suite.mls), welcomeNonce(secret, suite.mls)])
  const r = new Reader(await aeadOpen(key, nonce, none, welcome.encryptedGroupInfo), "group info")
  const groupInfo = r.library(decodeGroupInfo, encodeGroupInfo)
  r.end()
  return groupInfo
}

function treeOf(groupInfo: GroupInfo, beside: Uint8Array | undefined): Tree {
  const [extension, ...others] = groupInfo.extensions
  if (others.length > 0 || (extension !== undefined && extension.extensionType !== "ratchet_tree")) {
    throw new MlsError("unsupported", "group info extension")
  }
  const bytes = extension?.extensionData ?? beside
  if (bytes === undefined) throw new MlsError("no_tree", "welcome")
  const r = new Reader(bytes, "ratchet tree")
  const nodes = r.library(decodeRatchetTree, encodeRatchetTree)
  r.end()
  return makeTree(nodes)
}

function findOwnLeaf(tree: Tree, encoded: Uint8Array): number {
  for (const [leaf, node] of leavesOf(tree)) if (equalBytes(encodeLeafNode(node), encoded)) return leaf
  throw new MlsError("bad_tree", "own leaf")
}
