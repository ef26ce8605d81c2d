import { LogError, signerFromSeed, verifyEd25519 } from "@holdfast/log"
import { type Device, openSealed, sealOverheadBytes, sealToDevice } from "@holdfast/mls"
import {
  type BlobId,
  bytes,
  type ConversationId,
  concatBytes,
  type DeviceId,
  decode,
  deviceIdOf,
  encode,
  equalBytes,
  frameClasses,
  type LaneId,
  limits,
  type MemberId,
  message,
  nested,
  type Of,
  openUnion,
  plain,
  readU32be,
  required,
  sealKeyBytes,
  tagBytes,
  text,
  u32be,
  uint,
  utf8,
  WireError,
} from "@holdfast/wire"
import { LaneError } from "./error.ts"

/** The smallest class that a letter has; smaller unknown frames are not tried (N6.2). */
export const letterClass = 4_096
const label = utf8("holdfast/letter/v1")
const signatureLabel = utf8("holdfast/letter/signature/v1")
const lengthBytes = 4

const head = {
  conversation: required(1, bytes<ConversationId>({ length: 32 })),
  kind: required(2, uint(3)),
  /** Of the commit that added the recipient. */
  commitIndex: plain(3, uint(), 0),
  /** What that commit pinned. */
  charterSize: required(4, uint()),
  charterRoot: required(5, bytes({ length: 32 })),
  charterNote: required(6, text(limits.checkpointBytes)),
}
/** `package` is a WelcomePackage. */
const Welcome = message("Welcome", { ...head, package: required(7, bytes({ max: frameClasses[4] })) })
const WelcomeByBlob = message("WelcomeByBlob", {
  ...head,
  blobId: required(7, bytes<BlobId>({ length: 32 })),
  key: required(8, bytes({ length: 32 })),
  /** Of the ciphertext. */
  length: required(9, uint()),
  sha256: required(10, bytes({ length: 32 })),
})
const Resync = message("Resync", {
  conversation: required(1, bytes<ConversationId>({ length: 32 })),
  /** How much of the lane the sender had read: a commit since makes the letter void (N7.3). */
  laneSize: plain(2, uint(), 0),
  keyPackage: required(3, bytes({ max: limits.keyPackageBytes })),
  sealKey: required(4, bytes({ length: sealKeyBytes })),
})
const Content = openUnion("LetterContent", {
  welcome: [1, Welcome],
  welcomeByBlob: [2, WelcomeByBlob],
  resync: [3, Resync],
})
/** What a letter says. Letters of later versions come back as `unknown`. */
export type LetterContent = Of<typeof Content>
export type WelcomeLetter = Of<typeof Welcome>
export type WelcomeByBlobLetter = Of<typeof WelcomeByBlob>
export type ResyncLetter = Of<typeof Resync>

const Signed = message("SignedLetter", {
  member: required(1, bytes<MemberId>({ length: 16 })),
  device: required(2, bytes<DeviceId>({ length: 16 })),
  signatureKey: required(3, bytes({ length: 32 })),
  content: required(4, bytes({ max: frameClasses[4] })),
  signature: required(5, bytes({ length: 64 })),
})

/** Who wrote a letter, by a signature that is right. Whether the charter admits that device is the caller's question. */
export interface Letter {
  readonly member: MemberId
  readonly device: DeviceId
  readonly signatureKey: Uint8Array
  readonly content: LetterContent
}

const infoOf = (lane: LaneId, tag: Uint8Array) => concatBytes(label, Uint8Array.of(0), lane, tag)

function signingInput(lane: LaneId, recipient: DeviceId, content: Uint8Array): Uint8Array {
  return concatBytes(signatureLabel, Uint8Array.of(0), lane, recipient, content)
}

export interface Addressee {
  readonly device: DeviceId
  readonly sealKey: Uint8Array
}

/** Fields and lengths around the content of a signed letter, at the most. */
const signedOverhead = 2 + 16 + 2 + 16 + 2 + 32 + 1 + 3 + 2 + 64
/** What the content of one letter may have (N6.2). */
export const maxLetterContent = frameClasses[4] - tagBytes - sealOverheadBytes - lengthBytes - signedOverhead

export function encodeLetterContent(content: LetterContent): Uint8Array<ArrayBuffer> {
  return encode(Content, content)
}

/** A frame with a random tag that only the addressee can tell from noise (N6.2). Throws `too_large`. */
export async function writeLetter(
  lane: LaneId,
  from: Device,
  to: Addressee,
  content: Uint8Array,
  randomBytes: (length: number) => Uint8Array,
): Promise<Uint8Array> {
  if (content.length > maxLetterContent) throw new LaneError("too_large")
  const signer = await signerFromSeed(from.privateKey)
  const { member, device } = from.identity
  const signed = encode(Signed, {
    member,
    device,
    signatureKey: from.publicKey,
    content,
    signature: await signer.sign(signingInput(lane, to.device, content)),
  })
  const need = tagBytes + sealOverheadBytes + lengthBytes + signed.length
  const size = frameClasses.find((c) => c >= letterClass && c >= need) as number
  const padded = new Uint8Array(size - tagBytes - sealOverheadBytes)
  padded.set(u32be(signed.length))
  padded.set(signed, lengthBytes)
  const tag = randomBytes(tagBytes)
  return concatBytes(tag, await sealToDevice(to.sealKey, padded, infoOf(lane, tag)))
}

/**
 * Tries each of our keys. `undefined`: not a letter to us, or one that is not in its one form, or with a wrong signature; somebody
 * else's junk is no concern of ours (N6.3).
 */
export async function openLetter(
  lane: LaneId,
  recipient: DeviceId,
  sealKeys: readonly Uint8Array[],
  frame: Uint8Array,
): Promise<Letter | undefined> {
  const info = infoOf(lane, frame.subarray(0, tagBytes))
  for (const key of sealKeys) {
    const padded = await openSealed(key, frame.subarray(tagBytes), info)
    if (padded !== null) return read(lane, recipient, padded)
  }
  return undefined
}

async function read(lane: LaneId, recipient: DeviceId, padded: Uint8Array): Promise<Letter | undefined> {
  try {
    const end = lengthBytes + readU32be(padded, 0)
    if (end > padded.length || padded.subarray(end).some((byte) => byte !== 0)) return undefined
    const signed = decode(Signed, padded.subarray(lengthBytes, end))
    const { member, device, signatureKey, content, signature } = signed
    if (!equalBytes(device, deviceIdOf(signatureKey))) return undefined
    if (!(await verifyEd25519(signatureKey, signingInput(lane, recipient, content), signature))) return undefined
    return { member, device, signatureKey, content: decode(Content, content) }
  } catch (error) {
    if (error instanceof WireError || error instanceof LogError) return undefined
    throw error
  }
}

const Package = message("WelcomePackage", {
  welcome: required(1, bytes({ max: 16_777_216 })),
  tree: plain(2, bytes({ max: 67_108_864 }), new Uint8Array()),
})
/** The MLS Welcome, and the ratchet tree where that did not fit into it. */
export type WelcomePackage = Of<typeof Package>

export const encodeWelcomePackage = (value: WelcomePackage): Uint8Array<ArrayBuffer> => encode(Package, value)
/** Strict; throws WireError. */
export const decodeWelcomePackage = (input: Uint8Array): WelcomePackage => decode(Package, input)

export const AddresseeSchema = message("Addressee", {
  device: required(1, bytes<DeviceId>({ length: 16 })),
  sealKey: required(2, bytes({ length: sealKeyBytes })),
})
export const WelcomeHeadSchema = message("WelcomeHead", head)
/** What a welcome says beside the package. */
export type WelcomeHead = Of<typeof WelcomeHeadSchema>
export const nestedAddressee = nested(AddresseeSchema)
