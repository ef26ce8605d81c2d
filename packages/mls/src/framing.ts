import { concatBytes } from "@holdfast/wire"
import type { Commit, GroupContext } from "ts-mls"
import { encode } from "ts-mls/codec/tlsEncoder.js"
import { commitEncoder, decodeCommit } from "ts-mls/commit.js"
import { encodeGroupContext } from "ts-mls/groupContext.js"
import { Reader, u8, u16, u32, u64, vector } from "./codec.ts"
import { MlsError } from "./error.ts"
import { expandWithLabel, type SecretTree, takeReceivingKey, takeSendingKey } from "./secret-tree.ts"
import { signWithLabel, verifyWithLabel } from "./signature.ts"
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

function framedContent(context: GroupContext, content: Content): Uint8Array {
  return concatBytes(
    vector(context.groupId),
    u64(context.epoch),
    u8(1),
    u32(content.sender),
    vector(content.authenticatedData),
    u8(numberOf[content.type]),
    content.body,
  )
}

/** The version and wire format a signature and a transcript start with. */
function toBeSigned(context: GroupContext, content: Content): Uint8Array {
  return concatBytes(
    u16(mlsVersion),
    u16(privateMessageWireFormat),
    framedContent(context, content),
    contextBytes(context),
  )
}

export function signContent(
  suite: Suite,
  key: Uint8Array,
  context: GroupContext,
  content: Content,
): Promise<Uint8Array> {
  return signWithLabel(suite, key, "FramedContentTBS", toBeSigned(context, content))
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
  return suite.hkdf.digest(
    concatBytes(interim, u16(privateMessageWireFormat), framedContent(context, content), vector(signature)),
  )
}

/** What both sides of an epoch need for its messages. */
export interface EpochKeys {
  readonly context: GroupContext
  readonly senderDataSecret: Uint8Array
  readonly secrets: SecretTree
}

const kindOf = (type: ContentType) => (type === "application" ? "application" : "handshake")

function contentAad(outer: Pick<Outer, "groupId" | "epoch" | "contentType" | "authenticatedData">): Uint8Array {
  return concatBytes(
    vector(outer.groupId),
    u64(outer.epoch),
    u8(numberOf[outer.contentType]),
    vector(outer.authenticatedData),
  )
}

function senderDataAad(outer: Pick<Outer, "groupId" | "epoch" | "contentType">): Uint8Array {
  return concatBytes(vector(outer.groupId), u64(outer.epoch), u8(numberOf[outer.contentType]))
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

/** Encrypts signed content. `tail` is what follows the signature: the confirmation tag of a commit, or nothing. */
export async function protect(
  suite: Suite,
  keys: EpochKeys,
  content: Content,
  signature: Uint8Array,
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
  const guard = randomBytes(4)
  const plaintext = concatBytes(content.body, vector(signature), tail)
  const ciphertext = await aeadSeal(sending.key, guarded(sending.nonce, guard), contentAad(outer), plaintext)
  const senderData = concatBytes(u32(content.sender), u32(sending.generation), guard)
  const dataKey = senderDataKey(suite, keys.senderDataSecret, ciphertext)
  const encryptedSenderData = await aeadSeal(dataKey.key, dataKey.nonce, senderDataAad(outer), senderData)
  const message = concatBytes(
    u16(mlsVersion),
    u16(privateMessageWireFormat),
    contentAad(outer),
    vector(encryptedSenderData),
    vector(ciphertext),
  )
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
  const { contentType } = outer
  if (contentType === "proposal") throw new MlsError("unsupported", "standalone proposal")
  const kind = kindOf(contentType)
  const taken = takeReceivingKey(suite.hkdf, suite.hpke.keyBytes, keys.secrets, sender.leaf, kind, sender.generation)
  if (taken === "replayed") return "replayed"
  if (taken === "too_far") throw new MlsError("decrypt_failed", "generation")
  const nonce = guarded(taken.nonce, sender.guard)
  const r = new Reader(await aeadOpen(taken.key, nonce, contentAad(outer), outer.ciphertext), "content")
  const bytesFrom = r.offset
  const value = contentType === "commit" ? r.library(decodeCommit, encodeCommit) : r.vector()
  const bodyBytes = value instanceof Uint8Array ? vector(value) : encodeCommit(value)
  if (r.offset - bytesFrom !== bodyBytes.length) r.refuse()
  const signature = r.vector(64)
  const confirmationTag = contentType === "commit" ? r.vector(64) : none
  r.zeroes()
  const content: Content = {
    type: contentType,
    sender: sender.leaf,
    authenticatedData: outer.authenticatedData,
    body: bodyBytes,
  }
  const tbs = toBeSigned(keys.context, content)
  if (!(await verifyWithLabel(suite, signatureKey, "FramedContentTBS", tbs, signature))) {
    throw new MlsError("bad_signature", "message")
  }
  const opened = { secrets: taken.tree, content, signature }
  return value instanceof Uint8Array
    ? { ...opened, plaintext: value }
    : { ...opened, commit: { value, confirmationTag } }
}

const none = new Uint8Array()

export function encodeApplication(plaintext: Uint8Array): Uint8Array {
  return vector(plaintext)
}

export { encodeCommit }
