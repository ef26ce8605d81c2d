import { sha256 } from "@noble/hashes/sha2.js"
import { concatBytes, u32be, utf8 } from "./bytes.ts"
import { WireError } from "./error.ts"

declare const brand: unique symbol
type Branded<Name extends string> = Uint8Array & { readonly [brand]: Name }

/** SHA-256 of the genesis statement: the only thing a person ever has to trust first (W2.1). 32 bytes. */
export type OrgId = Branded<"OrgId">
/** 16 random bytes, chosen by the member's first device (W2.2). */
export type MemberId = Branded<"MemberId">
/** First 16 bytes of SHA-256("holdfast/device/v1" 00 ‖ Ed25519 public key), so a key cannot be swapped under an id (W2.3). */
export type DeviceId = Branded<"DeviceId">
/** 16 random bytes (W2.2). */
export type KeeperId = Branded<"KeeperId">
/** 16 random bytes (W2.2). */
export type RelayId = Branded<"RelayId">
/** 16 bytes derived from the organisation and a number (W2.4). */
export type LaneId = Branded<"LaneId">
/** 32 bytes that follow from what binds the conversation to its organisation and lane; also the MLS group id (W2.5). */
export type ConversationId = Branded<"ConversationId">
/** 16 random bytes, chosen by the sender; the relay stores a frame with a known id only once (W2.6). */
export type MessageId = Branded<"MessageId">
/** 32 random bytes (W2.7). */
export type BlobId = Branded<"BlobId">

function fixed<T extends Uint8Array>(bytes: Uint8Array, length: number, what: string): T {
  if (bytes.length !== length) throw new WireError("malformed", what)
  return bytes as T
}

export const toOrgId = (bytes: Uint8Array): OrgId => fixed(bytes, 32, "organisation id")
export const toMemberId = (bytes: Uint8Array): MemberId => fixed(bytes, 16, "member id")
export const toDeviceId = (bytes: Uint8Array): DeviceId => fixed(bytes, 16, "device id")
export const toKeeperId = (bytes: Uint8Array): KeeperId => fixed(bytes, 16, "keeper id")
export const toRelayId = (bytes: Uint8Array): RelayId => fixed(bytes, 16, "relay id")
export const toLaneId = (bytes: Uint8Array): LaneId => fixed(bytes, 16, "lane id")
export const toConversationId = (bytes: Uint8Array): ConversationId => fixed(bytes, 32, "conversation id")
export const toMessageId = (bytes: Uint8Array): MessageId => fixed(bytes, 16, "message id")
export const toBlobId = (bytes: Uint8Array): BlobId => fixed(bytes, 32, "blob id")

/** Hash of a labelled value: SHA-256(utf8(label) ‖ 00 ‖ parts…). Labels are of the form "holdfast/…/v1". */
export function labelledHash(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes(utf8(label), Uint8Array.of(0), ...parts))
}

export function deviceIdOf(publicKey: Uint8Array): DeviceId {
  return labelledHash("holdfast/device/v1", publicKey).slice(0, 16) as DeviceId
}

export function orgIdOf(genesisStatement: Uint8Array): OrgId {
  return labelledHash("holdfast/org/v1", genesisStatement) as OrgId
}

/** Which lane of an organisation: its charter, or message lane 0, 1, 2… */
export type LaneNumber = "charter" | number

const charterLane = 0xffffffff

/** Throws `malformed` for a number that is no lane's. (W2.4) */
export function laneIdOf(org: OrgId, number: LaneNumber): LaneId {
  const n = number === "charter" ? charterLane : number
  if (number !== "charter" && !(Number.isInteger(n) && n >= 0 && n < charterLane))
    throw new WireError("malformed", "lane")
  return labelledHash("holdfast/lane/v1", org, u32be(n)).slice(0, 16) as LaneId
}

/** The id of the conversation that every member of the organisation is in (W2.5). */
export function everyoneConversationOf(org: OrgId): ConversationId {
  return labelledHash("holdfast/everyone/v1", org) as ConversationId
}
