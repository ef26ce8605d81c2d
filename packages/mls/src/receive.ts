import { equalBytes } from "@holdfast/wire"
import type { LeafNode } from "ts-mls"
import { verifyLeafNodeSignature } from "ts-mls/leafNode.js"
import { constantTimeEqual } from "ts-mls/util/constantTimeCompare.js"
import { nextEpoch } from "./epoch.ts"
import { MlsError } from "./error.ts"
import {
  decodeOuter,
  type EpochKeys,
  type Opened,
  type Outer,
  openContent,
  openSenderData,
  openUnverified,
} from "./framing.ts"
import { currentEpoch, type Group, type GroupState, nextPast, stateOf, toGroup } from "./group.ts"
import { encodeIdentity, identityOf, type Roster } from "./identity.ts"
import { checkLeafForm, type Member, toMember } from "./leaf.ts"
import { applyChange, changeOf } from "./membership.ts"
import { applyPath, openPath, type PrivateKeys } from "./path.ts"
import { nextGeneration } from "./secret-tree.ts"
import { type Suite, suiteOf } from "./suite/suite.ts"
import { leafAt, type Tree } from "./tree.ts"

/** Why a message changes nothing. Closed list (M6.4). */
export type Why =
  /** Not one PrivateMessage. */
  | "malformed"
  | "other_group"
  /** Sent by this very leaf: what it did is already in our state, or in the pending one. */
  | "own"
  /** A commit of an epoch that is over, or a message of one whose keys are gone. */
  | "old_epoch"
  | "future_epoch"
  /** Its key was used before. */
  | "replayed"
  /** The charter does not admit the committer, or a device the commit brings in; or `checkCommit` refused. */
  | "not_admitted"
  /** A late message of someone who is no longer in the group (M7.5). */
  | "removed_sender"
  /** A proposal, or a commit of proposals we do not use (M5.2). */
  | "unsupported"
  /** Does not decrypt, or its signature or content is wrong. One reason, so that it tells a sender nothing. */
  | "invalid"

/** What a commit does, authenticated and admissible, before it takes effect. */
export interface CommitView {
  readonly committer: Member
  readonly added: readonly Member[]
  readonly removed: readonly Member[]
  /** True when the committer took fresh keys. */
  readonly updated: boolean
  readonly authenticatedData: Uint8Array
}

export type Received =
  | {
      readonly kind: "application"
      readonly group: Group
      readonly sender: Member
      /** The epoch it was sent in; below `group.epoch` for a late one. */
      readonly epoch: bigint
      readonly plaintext: Uint8Array
      readonly authenticatedData: Uint8Array
    }
  | ({ readonly kind: "advanced"; readonly group: Group; readonly selfRemoved: false } & CommitView)
  /** The commit removed this leaf. Its state stays where it was and cannot follow. */
  | ({ readonly kind: "removed"; readonly selfRemoved: true } & CommitView)
  /** Everybody else accepts this commit; we cannot follow it, because its secret for us is wrong (M6.5). */
  | ({ readonly kind: "unopenable"; readonly selfRemoved: false } & CommitView)
  | { readonly kind: "ignored"; readonly why: Why }

export interface ReceiveOptions {
  /** The charter at the size the message pins; `inspect` shows the authenticated data before. */
  readonly roster: Roster
  /** A further rule for commits, such as who may remove whom. Pure, for the same reason as a roster. */
  readonly checkCommit?: (commit: CommitView) => boolean
}

const ignored = (why: Why): Ignored => ({ kind: "ignored", why })

/**
 * Applies one message of the lane. Never throws for what is in the message, and never changes `group` (M1.4): two
 * competing commits can both be tried on one state. What makes a commit win its epoch is checked before anything only
 * this member could know (M6.5).
 */
export async function receive(group: Group, message: Uint8Array, options: ReceiveOptions): Promise<Received> {
  return receiveIn(await suiteOf(), group, message, options)
}

export async function receiveIn(
  suite: Suite,
  group: Group,
  message: Uint8Array,
  options: ReceiveOptions,
): Promise<Received> {
  const begun = await begin(suite, group, message)
  if (begun.kind === "commit") return commitOr(() => receiveCommit(suite, stateOf(group), begun.outer, options))
  if (begun.kind === "ignored") return begun
  return (await begun.valid) ? begun.received : ignored("invalid")
}

/** Signatures checked side by side by `receiveAll`. */
const window = 32

/**
 * What `receive` would give for these messages one after the other, each on the group the ones before left, and the
 * group after all of them. Signatures of a run of application messages are checked side by side; if one is wrong, what
 * was built on it is thrown away and done again. Made for catching up.
 */
export async function receiveAll(
  group: Group,
  messages: readonly Uint8Array[],
  optionsFor: (message: Uint8Array) => ReceiveOptions,
): Promise<{ readonly group: Group; readonly received: readonly Received[] }> {
  const suite = await suiteOf()
  const received: Received[] = []
  let settled = group
  while (received.length < messages.length) {
    const run: (Unsettled | Ignored)[] = []
    let at = settled
    let next = messages[received.length]
    while (next !== undefined && run.length < window) {
      const begun = await begin(suite, at, next)
      if (begun.kind === "commit") break
      run.push(begun)
      if (begun.kind === "unsettled") at = begun.received.group
      next = messages[received.length + run.length]
    }
    if (run.length === 0) {
      const message = messages[received.length] as Uint8Array
      const got = await receiveIn(suite, settled, message, optionsFor(message))
      if (got.kind === "advanced") settled = got.group
      received.push(got)
      continue
    }
    const valid = await Promise.all(run.map((one) => (one.kind === "unsettled" ? one.valid : true)))
    for (const [i, one] of run.entries()) {
      if (valid[i] !== true) {
        received.push(ignored("invalid"))
        break
      }
      received.push(one.kind === "unsettled" ? one.received : one)
      if (one.kind === "unsettled") settled = one.received.group
    }
  }
  return { group: settled, received }
}

type Application = Extract<Received, { kind: "application" }>
type Ignored = Extract<Received, { kind: "ignored" }>

/** Opened, but whoever signed it is not known yet. */
interface Unsettled {
  readonly kind: "unsettled"
  readonly received: Application
  readonly valid: Promise<boolean>
}

async function begin(
  suite: Suite,
  group: Group,
  message: Uint8Array,
): Promise<Unsettled | Ignored | { readonly kind: "commit"; readonly outer: Outer }> {
  const state = stateOf(group)
  try {
    const outer = decodeOuter(message)
    if (!equalBytes(outer.groupId, state.context.groupId)) return ignored("other_group")
    if (outer.epoch > state.context.epoch) return ignored("future_epoch")
    if (outer.contentType === "proposal") return ignored("unsupported")
    if (outer.contentType === "commit") return { kind: "commit", outer }
    return await beginApplication(suite, state, outer)
  } catch (error) {
    return refused(error)
  }
}

async function commitOr(work: () => Promise<Received>): Promise<Received> {
  try {
    return await work()
  } catch (error) {
    return refused(error)
  }
}

function refused(error: unknown): Ignored {
  if (error instanceof MlsError) return ignored(whyOf(error))
  throw error
}

function whyOf({ code, what }: MlsError): Why {
  if (code === "not_admitted") return "not_admitted"
  if (code === "unsupported") return "unsupported"
  return code === "malformed" && what === "message" ? "malformed" : "invalid"
}

async function beginApplication(suite: Suite, state: GroupState, outer: Outer): Promise<Unsettled | Ignored> {
  const late = outer.epoch < state.context.epoch
  const keys = late ? state.past.find((epoch) => epoch.context.epoch === outer.epoch) : currentEpoch(state)
  if (keys === undefined) return ignored("old_epoch")
  const sender = await openSenderData(suite, keys, outer)
  // What we have not sent, though it is ours, was sent before our state was restored: it opens (M6.7).
  if (sender.leaf === state.ownLeaf && sender.generation < nextGeneration(keys.secrets, sender.leaf, "application")) {
    return ignored("own")
  }
  // A late message is checked against the leaf as it is now: whoever was removed since has none (M7.5).
  const node = leafAt(state.tree, sender.leaf)
  if (node === undefined) return ignored(late ? "removed_sender" : "invalid")
  const unverified = await openUnverified(suite, keys, outer, sender, node.signaturePublicKey)
  if (unverified === "replayed") return ignored("replayed")
  const { secrets, plaintext } = unverified.opened
  const after = late ? { ...state, past: withEpoch(state.past, { ...keys, secrets }) } : { ...state, secrets }
  const received: Application = {
    kind: "application",
    group: toGroup(after),
    sender: toMember(sender.leaf, node),
    epoch: outer.epoch,
    plaintext: plaintext as Uint8Array,
    authenticatedData: outer.authenticatedData,
  }
  return { kind: "unsettled", received, valid: unverified.valid }
}

function withEpoch(past: readonly EpochKeys[], after: EpochKeys): readonly EpochKeys[] {
  return past.map((epoch) => (epoch.context.epoch === after.context.epoch ? after : epoch))
}

async function receiveCommit(
  suite: Suite,
  state: GroupState,
  outer: Outer,
  options: ReceiveOptions,
): Promise<Received> {
  if (outer.epoch < state.context.epoch) return ignored("old_epoch")
  const keys = currentEpoch(state)
  const sender = await openSenderData(suite, keys, outer)
  const node = leafAt(state.tree, sender.leaf)
  if (node === undefined) return ignored("invalid")
  const opened = await openContent(suite, keys, outer, sender, node.signaturePublicKey)
  if (opened === "replayed") return ignored("replayed")
  if (sender.leaf === state.ownLeaf) return ignored("own")

  const judged = await judgeCommit(suite, state, opened, options.roster)
  const { view } = judged
  if (options.checkCommit?.(view) === false) return ignored("not_admitted")
  if (view.removed.some((member) => member.leaf === state.ownLeaf))
    return { kind: "removed", selfRemoved: true, ...view }
  const next = await followCommit(suite, state, opened, judged)
  return next === undefined
    ? { kind: "unopenable", selfRemoved: false, ...view }
    : { kind: "advanced", selfRemoved: false, group: toGroup(next), ...view }
}

interface Judged {
  readonly view: CommitView
  /** With the proposals applied, and with the path as well. */
  readonly changed: Tree
  readonly tree: Tree
  readonly newLeaves: ReadonlySet<number>
}

/** Everything about a commit that all members check alike, the removed ones too (M5.2 to M5.5). Throws. */
async function judgeCommit(suite: Suite, state: GroupState, opened: Opened, roster: Roster): Promise<Judged> {
  const { value } = opened.commit as NonNullable<Opened["commit"]>
  const committer = opened.content.sender
  const before = leafAt(state.tree, committer) as LeafNode
  const change = changeOf(value)
  if (!roster.admits(identityOf(before.credential), before.signaturePublicKey)) {
    throw new MlsError("not_admitted", "committer")
  }
  const applied = await applyChange(suite, state.tree, committer, change, roster)
  const newLeaves = new Set(applied.added.map((member) => member.leaf))
  const { path } = value
  if (path === undefined && (change.remove.length > 0 || change.add.length === 0)) {
    throw new MlsError("bad_commit", "no path")
  }
  let tree = applied.tree
  if (path !== undefined) {
    await checkNewLeaf(suite, state, committer, before, path.leafNode, roster)
    tree = applyPath(suite, applied.tree, committer, path, newLeaves)
  }
  return {
    view: {
      committer: toMember(committer, before),
      added: applied.added.map(({ leaf, identity, signatureKey }) => ({ leaf, identity, signatureKey })),
      removed: applied.removed,
      updated: path !== undefined,
      authenticatedData: opened.content.authenticatedData,
    },
    changed: applied.tree,
    tree,
    newLeaves,
  }
}

/** A committer's fresh leaf is the same device under the same key (M5.5). */
async function checkNewLeaf(
  suite: Suite,
  state: GroupState,
  committer: number,
  before: LeafNode,
  after: LeafNode,
  roster: Roster,
): Promise<void> {
  checkLeafForm(suite, after)
  const identity = identityOf(after.credential)
  const same =
    equalBytes(encodeIdentity(identity), encodeIdentity(identityOf(before.credential))) &&
    equalBytes(after.signaturePublicKey, before.signaturePublicKey)
  if (!same || !roster.admits(identity, after.signaturePublicKey))
    throw new MlsError("not_admitted", "committer's leaf")
  const { groupId } = state.context
  if (after.leafNodeSource !== "commit") throw new MlsError("bad_commit", "committer's leaf")
  if (!(await verifyLeafNodeSignature(after, groupId, committer, suite.mls.signature))) {
    throw new MlsError("bad_signature", "committer's leaf")
  }
}

/** `undefined`: our path secret does not open or does not fit, or the confirmation tag is wrong. */
async function followCommit(
  suite: Suite,
  state: GroupState,
  opened: Opened,
  { changed, tree, newLeaves }: Judged,
): Promise<GroupState | undefined> {
  const { value, confirmationTag } = opened.commit as NonNullable<Opened["commit"]>
  const { sender } = opened.content
  let privateKeys: PrivateKeys = new Map([...state.privateKeys].filter(([node]) => tree.nodes[node] !== undefined))
  let commitSecret: Uint8Array = new Uint8Array(suite.hkdf.size)
  if (value.path !== undefined) {
    const own = { leaf: state.ownLeaf, privateKeys }
    try {
      ;({ privateKeys, commitSecret } = await openPath(
        suite,
        changed,
        tree,
        own,
        sender,
        value.path,
        state.context,
        newLeaves,
      ))
    } catch (error) {
      if (error instanceof MlsError && error.code === "decrypt_failed") return undefined
      throw error
    }
  }
  const next = nextEpoch(suite, state, tree, opened.content, opened.signature, commitSecret)
  if (!constantTimeEqual(confirmationTag, next.confirmationTag)) return undefined
  return {
    context: next.context,
    tree,
    keys: next.keys,
    secrets: next.secrets,
    ownLeaf: state.ownLeaf,
    privateKeys,
    signatureKey: state.signatureKey,
    confirmationTag: next.confirmationTag,
    past: nextPast(state),
  }
}
