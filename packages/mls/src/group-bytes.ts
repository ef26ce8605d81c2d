import { concatBytes, equalBytes } from "@holdfast/wire"
import { decodeGroupContext, encodeGroupContext } from "ts-mls/groupContext.js"
import type { KeySchedule } from "ts-mls/keySchedule.js"
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js"
import { Reader, u8, u32, u64, vector, vectors } from "./codec.ts"
import { MlsError } from "./error.ts"
import { contextBytes, type EpochKeys } from "./framing.ts"
import { bindingOf, type Group, type GroupState, pastEpochs, stateOf, toGroup } from "./group.ts"
import { encodeSecretTree, readSecretTree } from "./secret-tree.ts"
import { type Suite, suiteOf } from "./suite/suite.ts"
import { leafAt, leafCountOf, makeTree } from "./tree.ts"
import { checkStructure } from "./tree-check.ts"

/**
 * A group at rest, in two parts (M9.1). The epoch part holds the tree and the keys that stay for the epoch: some 1.4 KiB a
 * member and more, written when a commit is adopted. The ratchet part holds what every message changes. They are stored
 * together; a ratchet part only fits the epoch part it was made with. Both are secret: the store encrypts them.
 */
export interface GroupParts {
  readonly epochPart: Uint8Array
  readonly ratchetPart: Uint8Array
}

const version = 1
const keyNames = [
  "senderDataSecret",
  "exporterSecret",
  "externalSecret",
  "confirmationKey",
  "membershipKey",
  "resumptionPsk",
  "epochAuthenticator",
  "initSecret",
] as const satisfies readonly (keyof KeySchedule)[]

export function encodeEpochPart(group: Group): Uint8Array {
  const state = stateOf(group)
  const privateKeys = [...state.privateKeys].sort(([a], [b]) => a - b)
  return concatBytes(
    u8(version),
    vector(contextBytes(state.context)),
    vector(state.confirmationTag),
    ...keyNames.map((name) => vector(state.keys[name])),
    u32(state.ownLeaf),
    vectors(privateKeys.flatMap(([node, key]) => [u32(node), vector(key)])),
    vector(state.signatureKey),
    encodeRatchetTree(state.tree.nodes),
  )
}

export function encodeRatchetPart(group: Group): Uint8Array {
  const state = stateOf(group)
  const past = state.past.map((epoch) =>
    vector(
      concatBytes(vector(contextBytes(epoch.context)), vector(epoch.senderDataSecret), encodeSecretTree(epoch.secrets)),
    ),
  )
  return concatBytes(
    u8(version),
    u64(state.context.epoch),
    vector(state.confirmationTag),
    vector(encodeSecretTree(state.secrets)),
    vectors(past),
  )
}

/** Both parts in one: what a test or a backup wants. A store writes the parts. */
export function encodeGroup(group: Group): Uint8Array {
  return concatBytes(u8(version), vector(encodeEpochPart(group)), vector(encodeRatchetPart(group)))
}

/** Throws `malformed`. The tree's signatures were checked when it was received and are not checked again. */
export async function decodeGroup(bytes: Uint8Array): Promise<Group> {
  const r = new Reader(bytes, "group")
  r.expect(version, r.u8())
  const parts = { epochPart: r.vector(), ratchetPart: r.vector() }
  r.end()
  return decodeGroupParts(parts)
}

/** Throws `malformed`, also when the two do not belong together. */
export async function decodeGroupParts(parts: GroupParts): Promise<Group> {
  const suite = await suiteOf()
  // Copies: the state outlives the caller's buffers, and key handles are kept by the arrays' identity.
  const epoch = readEpochPart(suite, parts.epochPart.slice())
  return toGroup({ ...epoch, ...readRatchetPart(suite, epoch, parts.ratchetPart.slice()) })
}

type EpochPart = Omit<GroupState, "secrets" | "past">

function readEpochPart(suite: Suite, bytes: Uint8Array): EpochPart {
  const r = new Reader(bytes, "group")
  const exact = (from: Reader, length: number) => {
    const value = from.vector(length)
    return value.length === length ? value : from.refuse()
  }
  r.expect(version, r.u8())
  const context = readContext(suite, r)
  const confirmationTag = exact(r, suite.hkdf.size)
  const keys = Object.fromEntries(keyNames.map((name) => [name, exact(r, suite.hkdf.size)])) as unknown as KeySchedule
  const ownLeaf = r.u32()
  const privateKeys = new Map<number, Uint8Array>()
  const keyReader = new Reader(r.vector(), "group")
  for (let last = -1; keyReader.left > 0; ) {
    const node = keyReader.u32()
    if (node <= last) r.refuse()
    last = node
    privateKeys.set(node, exact(keyReader, 32))
  }
  const signatureKey = exact(r, 32)
  const nodes = r.library(decodeRatchetTree, encodeRatchetTree)
  r.end()
  const tree = makeTree(nodes)
  try {
    checkStructure(tree)
  } catch (cause) {
    throw new MlsError("malformed", "group", { cause })
  }
  if (leafAt(tree, ownLeaf) === undefined) r.refuse()
  for (const node of privateKeys.keys()) if (tree.nodes[node] === undefined) r.refuse()
  return { context, confirmationTag, keys, ownLeaf, privateKeys, signatureKey, tree }
}

function readContext(suite: Suite, r: Reader) {
  const inner = new Reader(r.vector(), "group")
  const context = inner.library(decodeGroupContext, encodeGroupContext)
  inner.end()
  if (context.cipherSuite !== suite.name || context.groupId.length !== 32) r.refuse()
  try {
    bindingOf(context)
  } catch (cause) {
    throw new MlsError("malformed", "group", { cause })
  }
  return context
}

function readRatchetPart(suite: Suite, epoch: EpochPart, bytes: Uint8Array): Pick<GroupState, "secrets" | "past"> {
  const r = new Reader(bytes, "group")
  r.expect(version, r.u8())
  if (r.u64() !== epoch.context.epoch || !equalBytes(r.vector(), epoch.confirmationTag)) r.refuse()
  const inner = (part: Uint8Array) => new Reader(part, "group")
  const secretsReader = inner(r.vector())
  const secrets = readSecretTree(secretsReader, inner, suite.hkdf)
  secretsReader.end()
  if (secrets.leafCount !== leafCountOf(epoch.tree)) r.refuse()
  const past: EpochKeys[] = []
  const pastReader = inner(r.vector())
  while (pastReader.left > 0) {
    const one = inner(pastReader.vector())
    const context = readContext(suite, one)
    const senderDataSecret = one.vector(suite.hkdf.size)
    past.push({ context, senderDataSecret, secrets: readSecretTree(one, inner, suite.hkdf) })
    one.end()
  }
  r.end()
  for (const [i, { context }] of past.entries()) {
    if (context.epoch !== epoch.context.epoch - BigInt(past.length - i)) r.refuse()
  }
  if (past.length > pastEpochs) r.refuse()
  return { secrets, past }
}
