import { concatBytes } from "@holdfast/wire"
import type { Commit, GroupContext } from "ts-mls"
import { encode } from "ts-mls/codec/tlsEncoder.js"
import { commitEncoder, decodeCommit } from "ts-mls/commit.js"
import { encodeGroupContext } from "ts-mls/groupContext.js"
import { mlsLabel, Reader, vector, vectorLength, Writer } from "./codec.ts"
import { MlsError } from "./error.ts"
import { expandWithLabel, prepareNext, type SecretTree, takeReceivingKey, takeSendingKey } from "./secret-tree.ts"
import { aeadOpen, aeadSeal } from "./suite/aead.ts"
import { randomBytes } from "./suite/platform.ts"
import type { Suite } from "./suite/suite.ts"

/** PrivateMessage (RFC 9420 section 6.3), the only framing we use: handshakes are encrypted too (M6.1). */

export type ContentType = "application" | "proposal" | "commit"

const typeByNumber: readonly (ContentType | undefined)[] = [undefined, "application", "proposal", "commit"]
const numberOf = { application: 1, proposal: 2, commit: 3 } as const
const mlsVersion = 1
const privateMessageWireFormat = 2
/** A commit that re-keys a tree of thousands of unmerged leaves has some megabytes. */
export const maxMessageBytes = 16_777_216

/** The fields of a PrivateMessage that are in the clear. `authenticatedData` is not authenticated before it is opened. */
export interface Outer {
  readonly groupId: Uint8Array
  readonly epoch: bigint
  readonly contentType: ContentType
  readonly authenticatedData: Uint8Array
  readonly encryptedSenderData: Uint8Array
  readonly ciphertext: Uint8Array
}

/** Throws `malformed`, for anything that is not exactly one PrivateMessage. */
export function decodeOuter(bytes: Uint8Array): Outer {
  if (bytes.length > maxMessageBytes) throw new MlsError("malformed", "message")
  const r = new Reader(bytes, "message")
  r.expect(mlsVersion, r.u16())
  r.expect(privateMessageWireFormat, r.u16())
  const groupId = r.vector(255)
  const epoch = r.u64()
  const contentType = typeByNumber[r.u8()] ?? r.refuse()
  const outer = {
    groupId,
    epoch,
    contentType,
    authenticatedData: r.vector(),
    encryptedSenderData: r.vector(),
    ciphertext: r.vector(),
  }
  r.end()
  return outer
}

const encodedContexts = new WeakMap<GroupContext, Uint8Array>()

/** A context is written into every signature of its epoch; it never changes, so neither does its encoding. */
export function contextBytes(context: GroupContext): Uint8Array {
  let bytes = encodedContexts.get(context)
  if (bytes === undefined) {
    bytes = encodeGroupContext(context)
    encodedContexts.set(context, bytes)
  }
  return bytes
}

/** What is framed: `body` is the encoded application data or commit, exactly as it is signed. */
export interface Content {
  readonly type: ContentType
  readonly sender: number
  readonly authenticatedData: Uint8Array
  readonly body: Uint8Array
}

function framedContentLength(context: GroupContext, content: Content): number {
  const { groupId } = context
  return vectorLength(groupId.length) + 14 + vectorLength(content.authenticatedData.length) + content.body.length
}

function writeFramedContent(w: Writer, context: GroupContext, content: Content): Writer {
  return w
    .vector(context.groupId)
    .u64(context.epoch)
    .u8(1)
    .u32(content.sender)
    .vector(content.authenticatedData)
    .u8(numberOf[content.type])
    .raw(content.body)
}

/** FramedContentTBS under its label, as it is signed. */
function toBeSigned(context: GroupContext, content: Content): Uint8Array {
  const around = contextBytes(context)
  const length = 4 + framedContentLength(context, content) + around.length
  const label = mlsLabel("FramedContentTBS")
  const w = new Writer(label.length + vectorLength(length)).raw(label).header(length)
  return writeFramedContent(w.u16(mlsVersion).u16(privateMessageWireFormat), context, content).raw(around).end()
}

export function signContent(
  suite: Suite,
  key: Uint8Array,
  context: GroupContext,
  content: Content,
): Promise<Uint8Array> {
  return suite.ed25519.sign(key, toBeSigned(context, content))
}

/** The new confirmed transcript hash (RFC 9420 section 8.2). */
export function confirmedHash(
  suite: Suite,
  context: GroupContext,
  confirmationTag: Uint8Array,
  content: Content,
  signature: Uint8Array,
): Uint8Array {
  const interim = suite.hkdf.digest(concatBytes(context.confirmedTranscriptHash, vector(confirmationTag)))
  const w = new Writer(content.body.length + 512).raw(interim).u16(privateMessageWireFormat)
  return suite.hkdf.digest(writeFramedContent(w, context, content).vector(signature).end())
}

/** What both sides of an epoch need for its messages. */
export interface EpochKeys {
  readonly context: GroupContext
  readonly senderDataSecret: Uint8Array
  readonly secrets: SecretTree
}

const kindOf = (type: ContentType) => (type === "application" ? "application" : "handshake")

type Clear = Pick<Outer, "groupId" | "epoch" | "contentType" | "authenticatedData">

function writeContentAad(w: Writer, { groupId, epoch, contentType, authenticatedData }: Clear): Writer {
  return w.vector(groupId).u64(epoch).u8(numberOf[contentType]).vector(authenticatedData)
}

function contentAad(outer: Clear): Uint8Array {
  const { groupId, authenticatedData } = outer
  return writeContentAad(
    new Writer(vectorLength(groupId.length) + 9 + vectorLength(authenticatedData.length)),
    outer,
  ).end()
}

function senderDataAad({ groupId, epoch, contentType }: Clear): Uint8Array {
  return new Writer(vectorLength(groupId.length) + 9).vector(groupId).u64(epoch).u8(numberOf[contentType]).end()
}

function senderDataKey(suite: Suite, secret: Uint8Array, ciphertext: Uint8Array) {
  const sample = ciphertext.subarray(0, suite.hkdf.size)
  return {
    key: expandWithLabel(suite.hkdf, secret, "key", sample, suite.hpke.keyBytes),
    nonce: expandWithLabel(suite.hkdf, secret, "nonce", sample, 12),
  }
}

function guarded(nonce: Uint8Array, guard: Uint8Array): Uint8Array {
  const out = nonce.slice()
  for (let i = 0; i < 4; i++) out[i] = (out[i] as number) ^ (guard[i] as number)
  return out
}

// Drawn from the system in larger pieces: one call costs as much as all the hashing of a message.
let guards = new Uint8Array()
function reuseGuard(): Uint8Array {
  if (guards.length < 4) guards = randomBytes(1024)
  const guard = guards.slice(0, 4)
  guards = guards.subarray(4)
  return guard
}

/**
 * Encrypts signed content. `tail` is what follows the signature: the confirmation tag of a commit, or nothing. The
 * signature may still be under way on another thread; the key is derived meanwhile.
 */
export async function protect(
  suite: Suite,
  keys: EpochKeys,
  content: Content,
  signature: Uint8Array | Promise<Uint8Array>,
  tail: Uint8Array,
): Promise<{ secrets: SecretTree; message: Uint8Array }> {
  const { context } = keys
  const { keyBytes } = suite.hpke
  const sending = takeSendingKey(suite.hkdf, keyBytes, keys.secrets, content.sender, kindOf(content.type))
  const outer = {
    groupId: context.groupId,
    epoch: context.epoch,
    contentType: content.type,
    authenticatedData: content.authenticatedData,
  }
  const guard = reuseGuard()
  const aad = contentAad(outer)
  const nonce = guarded(sending.nonce, guard)
  const signed = await signature
  const plaintext = new Writer(content.body.length + vectorLength(signed.length) + tail.length)
    .raw(content.body)
    .vector(signed)
    .raw(tail)
    .end()
  const ciphertext = await aeadSeal(sending.key, nonce, aad, plaintext)
  const senderData = new Writer(12).u32(content.sender).u32(sending.generation).raw(guard).end()
  const dataKey = senderDataKey(suite, keys.senderDataSecret, ciphertext)
  const encryptedSenderData = await aeadSeal(dataKey.key, dataKey.nonce, senderDataAad(outer), senderData)
  const message = new Writer(
    4 + aad.length + vectorLength(encryptedSenderData.length) + vectorLength(ciphertext.length),
  )
    .u16(mlsVersion)
    .u16(privateMessageWireFormat)
    .raw(aad)
    .vector(encryptedSenderData)
    .vector(ciphertext)
    .end()
  return { secrets: sending.tree, message }
}

export interface SenderData {
  readonly leaf: number
  readonly generation: number
  readonly guard: Uint8Array
}

/** Any member can have written this; only the signature of the content says who did. Throws `decrypt_failed`, `malformed`. */
export async function openSenderData(suite: Suite, keys: EpochKeys, outer: Outer): Promise<SenderData> {
  const { key, nonce } = senderDataKey(suite, keys.senderDataSecret, outer.ciphertext)
  const r = new Reader(await aeadOpen(key, nonce, senderDataAad(outer), outer.encryptedSenderData), "sender data")
  const data = { leaf: r.u32(), generation: r.u32(), guard: r.fixed(4) }
  r.end()
  return data
}

export interface Opened {
  readonly secrets: SecretTree
  readonly content: Content
  readonly signature: Uint8Array
  /** Present exactly for a commit. */
  readonly commit?: { readonly value: Commit; readonly confirmationTag: Uint8Array }
  /** Present exactly for an application message. */
  readonly plaintext?: Uint8Array
}

const encodeCommit = encode(commitEncoder)

/** Decrypted, and its signature under way on another thread. Nothing of it may be believed before `valid`. */
export interface Unverified {
  readonly opened: Opened
  readonly valid: Promise<boolean>
}

/** Throws `decrypt_failed`, `malformed` or `unsupported`. */
export async function openUnverified(
  suite: Suite,
  keys: EpochKeys,
  outer: Outer,
  sender: SenderData,
  signatureKey: Uint8Array,
): Promise<Unverified | "replayed"> {
  const { contentType } = outer
  if (contentType === "proposal") throw new MlsError("unsupported", "standalone proposal")
  const kind = kindOf(contentType)
  const taken = takeReceivingKey(suite.hkdf, suite.hpke.keyBytes, keys.secrets, sender.leaf, kind, sender.generation)
  if (taken === "replayed") return "replayed"
  if (taken === "too_far") throw new MlsError("decrypt_failed", "generation")
  const nonce = guarded(taken.nonce, sender.guard)
  const r = new Reader(await aeadOpen(taken.key, nonce, contentAad(outer), outer.ciphertext), "content")
  const value = contentType === "commit" ? r.library(decodeCommit, encodeCommit) : r.vector()
  const body = value instanceof Uint8Array ? vector(value) : encodeCommit(value)
  const signature = r.vector(64)
  const confirmationTag = contentType === "commit" ? r.vector(64) : none
  r.zeroes()
  const { authenticatedData } = outer
  const content: Content = { type: contentType, sender: sender.leaf, authenticatedData, body }
  const valid = suite.ed25519.verify(signatureKey, toBeSigned(keys.context, content), signature)
  // Whoever sent this is likely to send again; the key is derived while the signature is checked.
  if (contentType === "application") prepareNext(suite.hkdf, suite.hpke.keyBytes, taken.tree, sender.leaf, kind)
  const opened = { secrets: taken.tree, content, signature }
  return {
    opened:
      value instanceof Uint8Array ? { ...opened, plaintext: value } : { ...opened, commit: { value, confirmationTag } },
    valid,
  }
}

/**
 * Decrypts the content and verifies that the holder of `signatureKey` signed it in this epoch (M6.2). Nothing is said
 * about what a commit proposes. Throws `decrypt_failed`, `malformed`, `unsupported` or `bad_signature`.
 */
export async function openContent(
  suite: Suite,
  keys: EpochKeys,
  outer: Outer,
  sender: SenderData,
  signatureKey: Uint8Array,
): Promise<Opened | "replayed"> {
  const unverified = await openUnverified(suite, keys, outer, sender, signatureKey)
  if (unverified === "replayed") return unverified
  if (!(await unverified.valid)) throw new MlsError("bad_signature", "message")
  return unverified.opened
}

const none = new Uint8Array()

export function encodeApplication(plaintext: Uint8Array): Uint8Array {
  return vector(plaintext)
}

export { encodeCommit }
