import {
  bool,
  bytes,
  type DeviceId,
  decode,
  encode,
  type LaneId,
  limits,
  type MemberId,
  type Message,
  message,
  nested,
  type Of,
  optional,
  plain,
  repeated,
  required,
  text,
  uint,
  WireError,
} from "@holdfast/wire"
import { LaneError } from "./error.ts"
import { keyBytes } from "./frame-keys.ts"
import { nestedAddressee } from "./letter.ts"

/** Stored forms of a conversation (N10.5). Numbers that may be absent are stored one higher, 0 for absent. */

const u32 = uint(0xffffffff)
const none = new Uint8Array()
const localId = () => text(256)
const big = () => bytes({ max: 268_435_456 })

const EpochRecord = message("EpochRecord", {
  epoch: plain(1, uint(), 0),
  memberCount: required(2, u32),
  ownLeaf: plain(3, u32, 0),
  ownCounter: plain(4, uint(), 0),
  endedAt1: plain(5, uint(), 0),
  tagKey: required(6, bytes({ length: keyBytes })),
  frameKey: required(7, bytes({ length: keyBytes })),
})

const Inviter = message("Inviter", {
  member: required(1, bytes<MemberId>({ length: 16 })),
  device: required(2, bytes<DeviceId>({ length: 16 })),
})

export const ConversationRecord = message("ConversationRecord", {
  binding: required(1, bytes({ max: 1_024 })),
  state: required(2, uint(3)),
  pin: plain(3, uint(), 0),
  since1: plain(4, uint(), 0),
  inviter: optional(5, nested(Inviter)),
  confirmed: plain(6, bool, false),
  /** The last one is the current epoch. */
  epochs: repeated(7, nested(EpochRecord), 5),
})
export type ConversationRecord = Of<typeof ConversationRecord>

/** An own application message that has not come back yet. Its key is conversation ‖ SHA-256 of the MLS message. */
export const OwnRecord = message("OwnRecord", {
  localId: required(1, localId()),
  epoch: plain(2, uint(), 0),
  firstCounter: plain(3, u32, 0),
  lastCounter: plain(4, u32, 0),
  plaintext: plain(5, big(), none),
})
export type OwnRecord = Of<typeof OwnRecord>

/** An own commit that has not come back yet, with the state to adopt if it wins. */
export const ChangeRecord = message("ChangeRecord", {
  localId: required(1, localId()),
  hash: required(2, bytes({ length: 32 })),
  epoch: plain(3, uint(), 0),
  firstCounter: plain(4, u32, 0),
  lastCounter: plain(5, u32, 0),
  charterSize: required(6, uint()),
  charterRoot: required(7, bytes({ length: 32 })),
  charterNote: required(8, text(limits.checkpointBytes)),
  epochPart: required(9, big()),
  ratchetPart: required(10, big()),
  invitees: repeated(11, nestedAddressee, 65_536),
  /** A WelcomePackage; empty when nobody was added. */
  welcome: plain(12, big(), none),
  /** Leaf indices. */
  removed: repeated(13, u32, 65_536),
})
export type ChangeRecord = Of<typeof ChangeRecord>

/** Says whose records these are and where they end. */
export const LaneRecord = message("LaneRecord", {
  version: required(1, uint(1)),
  lane: required(2, bytes<LaneId>({ length: 16 })),
  next: plain(3, uint(), 0),
})

/** Throws `damaged` in place of what the decoder says. */
export function decodeRecord<T>(schema: Message<T>, input: Uint8Array): T {
  try {
    return decode(schema, input)
  } catch (cause) {
    if (cause instanceof WireError) throw new LaneError("damaged", { cause })
    throw cause
  }
}

export const encodeRecord: <T>(schema: Message<T>, value: T) => Uint8Array<ArrayBuffer> = encode
