import { type ConversationId, toConversationId } from "@holdfast/wire"
import type { GroupContext } from "ts-mls"
import { createConfirmationTag } from "ts-mls/framedContent.js"
import type { KeySchedule } from "ts-mls/keySchedule.js"
import { initializeKeySchedule } from "ts-mls/keySchedule.js"
import { signLeafNodeKeyPackage } from "ts-mls/leafNode.js"
import type { Device } from "./device.ts"
import { MlsError } from "./error.ts"
import type { EpochKeys } from "./framing.ts"
import { type Roster, toCredential } from "./identity.ts"
import { bindingExtensionType, capabilitiesOf, type Member, toMember } from "./leaf.ts"
import type { PrivateKeys } from "./path.ts"
import { expandWithLabel, makeSecretTree } from "./secret-tree.ts"
import { randomBytes } from "./suite/platform.ts"
import { type Suite, suiteOf } from "./suite/suite.ts"
import { leavesOf, makeTree, type Tree, treeHash } from "./tree.ts"

/**
 * One member's view of a group at one epoch. A value: every operation leaves it as it was and gives a new one (M1.4).
 * The secrets are not reachable from it by name, so printing it shows none.
 */
export interface Group {
  /** The MLS group id, which is the conversation's id. */
  readonly id: ConversationId
  readonly epoch: bigint
  readonly ownLeaf: number
  readonly memberCount: number
}

/** Inside this package only. */
export interface GroupState {
  readonly context: GroupContext
  readonly tree: Tree
  readonly keys: KeySchedule
  readonly secrets: EpochKeys["secrets"]
  readonly ownLeaf: number
  readonly privateKeys: PrivateKeys
  readonly signatureKey: Uint8Array
  readonly confirmationTag: Uint8Array
  /** Former epochs whose late messages still open, oldest first (M7.4). */
  readonly past: readonly EpochKeys[]
}

/** Epochs before the current one whose application messages are still opened (M7.4). */
export const pastEpochs = 4
export const maxBindingBytes = 1024
const none = new Uint8Array()

const stateByGroup = new WeakMap<Group, GroupState>()

const countByTree = new WeakMap<Tree, number>()

function memberCountOf(tree: Tree): number {
  let count = countByTree.get(tree)
  if (count === undefined) {
    count = [...leavesOf(tree)].length
    countByTree.set(tree, count)
  }
  return count
}

export function toGroup(state: GroupState): Group {
  const group: Group = Object.freeze({
    id: toConversationId(state.context.groupId),
    epoch: state.context.epoch,
    ownLeaf: state.ownLeaf,
    memberCount: memberCountOf(state.tree),
  })
  stateByGroup.set(group, state)
  return group
}

export function stateOf(group: Group): GroupState {
  const state = stateByGroup.get(group)
  if (state === undefined) throw new TypeError("not a group of this package")
  return state
}

export function currentEpoch(state: GroupState): EpochKeys {
  return { context: state.context, senderDataSecret: state.keys.senderDataSecret, secrets: state.secrets }
}

/** The past epochs of the state that follows `state`. */
export function nextPast(state: GroupState): readonly EpochKeys[] {
  return [...state.past, currentEpoch(state)].slice(-pastEpochs)
}

/** One group to found; the creator is its only member until a commit adds others. `binding` is at most 1024 bytes. */
export interface NewGroup {
  readonly id: ConversationId
  /** Organisation, kind and whatever else every member must agree on; authenticated in every message (M3.4). */
  readonly binding: Uint8Array
  readonly device: Device
}

export async function createGroup(options: NewGroup): Promise<Group> {
  return createGroupIn(await suiteOf(), options)
}

export async function createGroupIn(suite: Suite, { id, binding, device }: NewGroup): Promise<Group> {
  if (binding.length > maxBindingBytes) throw new MlsError("too_large", "group binding")
  const { kem } = suite.hpke
  const key = await kem.generate()
  const leaf = await signLeafNodeKeyPackage(
    {
      leafNodeSource: "key_package",
      hpkePublicKey: await kem.publicKeyOf(key),
      signaturePublicKey: device.publicKey,
      credential: toCredential(device.identity),
      capabilities: capabilitiesOf(suite),
      // The founder's first leaf is nobody's key package; its lifetime is never looked at.
      lifetime: { notBefore: 0n, notAfter: (1n << 42n) - 1n },
      extensions: [],
    },
    device.privateKey,
    suite.mls.signature,
  )
  const tree = makeTree([{ nodeType: "leaf", leaf }])
  const context: GroupContext = {
    version: "mls10",
    cipherSuite: suite.name,
    groupId: toConversationId(id.slice()),
    epoch: 0n,
    treeHash: treeHash(suite.hkdf, tree),
    confirmedTranscriptHash: none,
    extensions: [{ extensionType: bindingExtensionType, extensionData: binding.slice() }],
  }
  const epochSecret = randomBytes(suite.hkdf.size)
  const keys = await initializeKeySchedule(epochSecret, suite.mls.kdf)
  return toGroup({
    context,
    tree,
    keys,
    secrets: makeSecretTree(1, expandWithLabel(suite.hkdf, epochSecret, "encryption", none)),
    ownLeaf: 0,
    privateKeys: new Map([[0, key.unsafeBytes()]]),
    signatureKey: device.privateKey,
    confirmationTag: await createConfirmationTag(keys.confirmationKey, none, suite.mls.hash),
    past: [],
  })
}

/** By leaf index, lowest first. */
export function members(group: Group): Member[] {
  return [...leavesOf(stateOf(group).tree)].map(([leaf, node]) => toMember(leaf, node))
}

/** Members the roster does not admit. While there is one, nothing may be sent to the group (M4.5). */
export function strangers(group: Group, roster: Roster): Member[] {
  return members(group).filter((member) => !roster.admits(member.identity, member.signatureKey))
}

/** The bytes the group was founded with. No commit can change them (M3.4). */
export function groupBinding(group: Group): Uint8Array {
  return bindingOf(stateOf(group).context).slice()
}

/** Throws `unsupported` unless the binding is the context's one and only extension (M3.4). */
export function bindingOf(context: GroupContext): Uint8Array {
  const [binding, ...others] = context.extensions
  if (binding?.extensionType !== bindingExtensionType || others.length > 0) {
    throw new MlsError("unsupported", "group context extension")
  }
  if (binding.extensionData.length > maxBindingBytes) throw new MlsError("too_large", "group binding")
  return binding.extensionData
}

/** A secret of this epoch that all members and nobody else can derive (RFC 9420 section 8.5). */
export async function exporter(group: Group, label: string, context: Uint8Array, length: number): Promise<Uint8Array> {
  const { hkdf } = await suiteOf()
  const secret = expandWithLabel(hkdf, stateOf(group).keys.exporterSecret, label, none)
  return expandWithLabel(hkdf, secret, "exported", hkdf.digest(context), length)
}

/** The same 64 bytes for all members of an epoch, and for nobody else: for comparing out of band. */
export function epochAuthenticator(group: Group): Uint8Array {
  return stateOf(group).keys.epochAuthenticator.slice()
}
