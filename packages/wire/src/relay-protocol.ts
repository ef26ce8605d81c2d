// What a client and a relay say to each other over one WebSocket (docs/spec/wire.md W5).
// proto/relay.proto is the same contract for other languages; a test holds the two together.
import type { DeviceId, LaneId, MessageId, OrgId, RelayId } from "./ids.ts"
import { limits } from "./limits.ts"
import { bytes, message, nested, type Of, optional, plain, repeated, required, text, uint, union } from "./schema.ts"

const id16 = <T extends Uint8Array>() => bytes<T>({ length: 16 })
const id32 = <T extends Uint8Array = Uint8Array>() => bytes<T>({ length: 32 })
const signature = () => bytes({ length: 64 })
const checkpoint = () => text(limits.checkpointBytes)
const frame = () => bytes({ max: limits.frameBytes })

/** First thing on every connection, from the relay (W5.2). The nonce makes a session signature useless elsewhere or later. */
export const Challenge = message("Challenge", {
  version: required(1, uint(255)),
  nonce: required(2, id32()),
  relay: required(3, id16<RelayId>()),
  logPublicKey: required(4, id32()),
})
export type Challenge = Of<typeof Challenge>

/** Proves one active device key of the organisation's charter (W5.3). */
export const HelloDevice = message("HelloDevice", {
  org: required(1, id32<OrgId>()),
  device: required(2, id16<DeviceId>()),
  signature: required(3, signature()),
})
/** Proves an invitation's guest key that a member has registered (W5.4). */
export const HelloGuest = message("HelloGuest", {
  org: required(1, id32<OrgId>()),
  guestKey: required(2, id32()),
  signature: required(3, signature()),
})
/** Reads the charter, nothing else; knowing the organisation id is the permission (W5.5). */
export const HelloReader = message("HelloReader", { org: required(1, id32<OrgId>()) })

/** Puts a new organisation on this relay. The hosting code is what the operator hands out (W5.6). */
export const Found = message("Found", {
  hostingCode: plain(1, text(128), ""),
  genesis: required(2, bytes({ max: limits.envelopeBytes })),
})

/** Stored only if replay applies it or lets it wait (W5.7). */
export const AppendCharter = message("AppendCharter", { envelope: required(1, bytes({ max: limits.envelopeBytes })) })

export const Append = message("Append", {
  lane: required(1, id16<LaneId>()),
  frames: repeated(2, frame(), limits.framesPerAppend),
  messageIds: repeated(3, id16<MessageId>(), limits.framesPerAppend),
})
export type Append = Of<typeof Append>

export const Read = message("Read", {
  lane: required(1, id16<LaneId>()),
  from: plain(2, uint(), 0),
  maxFrames: required(3, uint(limits.framesPerBatch)),
})
export const Subscribe = message("Subscribe", { lane: required(1, id16<LaneId>()), from: plain(2, uint(), 0) })
export const Unsubscribe = message("Unsubscribe", { lane: required(1, id16<LaneId>()) })
export const GetCheckpoint = message("GetCheckpoint", { lane: required(1, id16<LaneId>()) })
export const PutDirectoryEntry = message("PutDirectoryEntry", {
  entry: required(1, bytes({ max: limits.directoryEntryBytes })),
})
/** Everybody fetches the whole directory, or all that changed since a version, so that fetching says nothing (W5.11). */
export const GetDirectory = message("GetDirectory", { since: plain(1, uint(), 0) })
export const PutInvite = message("PutInvite", {
  guestKey: required(1, id32()),
  expiresAt: required(2, uint()),
})
export const RevokeInvite = message("RevokeInvite", { guestKey: required(1, id32()) })
export const Ping = message("Ping", {})
/** The newest checkpoint of the charter that witnesses have cosigned (W5.14). */
export const GetWitnessed = message("GetWitnessed", {})

export const Request = message("Request", {
  /** Zero is for pushes only (W5.1). */
  id: required(1, uint(0xffffffff, 1)),
  op: required(
    2,
    nested(
      union("Operation", {
        helloDevice: [1, HelloDevice],
        helloGuest: [2, HelloGuest],
        helloReader: [3, HelloReader],
        found: [4, Found],
        appendCharter: [5, AppendCharter],
        append: [6, Append],
        read: [7, Read],
        subscribe: [8, Subscribe],
        unsubscribe: [9, Unsubscribe],
        getCheckpoint: [10, GetCheckpoint],
        putDirectoryEntry: [11, PutDirectoryEntry],
        getDirectory: [12, GetDirectory],
        putInvite: [13, PutInvite],
        revokeInvite: [14, RevokeInvite],
        ping: [15, Ping],
        getWitnessed: [16, GetWitnessed],
      }),
    ),
  ),
})
export type Request = Of<typeof Request>
export type Operation = Request["op"]

export const LaneHead = message("LaneHead", { lane: required(1, id16<LaneId>()), size: plain(2, uint(), 0) })
/** The session is open. The token authorises blob requests over HTTP for as long as the connection lives (W5.3, W9). */
export const SessionOpened = message("SessionOpened", {
  token: required(1, id32()),
  charter: required(2, nested(LaneHead)),
  lanes: repeated(3, nested(LaneHead), 64),
  framesPerDay: required(4, uint()),
  blobBytesPerDay: required(5, uint()),
})
export type SessionOpened = Of<typeof SessionOpened>
export const Founded = message("Founded", { org: required(1, id32<OrgId>()) })
export const CharterAppended = message("CharterAppended", { index: plain(1, uint(), 0) })
/** One index per frame, in the order sent; a frame whose message id was known keeps its first index (W5.8). */
export const Appended = message("Appended", { indices: repeated(1, uint(), limits.framesPerAppend) })
/** Frames `first`, `first+1`, …; the checkpoint is a signed note of `size`, at least their end (W5.9, W5.10). */
export const Frames = message("Frames", {
  lane: required(1, id16<LaneId>()),
  first: plain(2, uint(), 0),
  frames: repeated(3, frame(), limits.framesPerBatch),
  size: plain(4, uint(), 0),
  checkpoint: plain(5, checkpoint(), ""),
})
export type Frames = Of<typeof Frames>
export const Subscribed = message("Subscribed", { lane: required(1, id16<LaneId>()), size: plain(2, uint(), 0) })
export const Checkpoint = message("Checkpoint", { lane: required(1, id16<LaneId>()), note: required(2, checkpoint()) })
export const DirectoryStored = message("DirectoryStored", { version: required(1, uint()) })
export const DirectoryEntries = message("DirectoryEntries", {
  version: plain(1, uint(), 0),
  entries: repeated(2, bytes({ max: limits.directoryEntryBytes }), limits.directoryEntriesPerAnswer),
  more: plain(3, uint(1), 0),
})
export const Done = message("Done", {})

/** Closed list of refusals (W5.12). The number is what travels. */
export const relayErrorCodes = {
  1: "malformed",
  2: "unsupported_version",
  3: "not_authenticated",
  4: "forbidden",
  5: "unknown_organisation",
  6: "unknown_lane",
  7: "too_large",
  8: "too_many",
  9: "quota",
  10: "refused",
  11: "already_exists",
  12: "pruned",
  13: "storage_full",
  14: "unavailable",
  15: "conflict",
} as const
export type RelayErrorCode = (typeof relayErrorCodes)[keyof typeof relayErrorCodes]
const numberByCode = new Map(Object.entries(relayErrorCodes).map(([n, code]) => [code, Number(n)]))

/** `reason` is a further closed word where the code alone is not enough (a charter refusal's reason); never free text from input. */
export const Failure = message("Failure", {
  code: required(1, uint(255)),
  reason: optional(2, text(64)),
  retryAfterSeconds: optional(3, uint(86_400)),
})
export type Failure = Of<typeof Failure>
export function failure(code: RelayErrorCode, reason?: string): Failure {
  return { code: numberByCode.get(code) as number, ...(reason === undefined ? {} : { reason }) }
}
/** A code of a later version reads as `unavailable`. */
export function codeOf(f: Failure): RelayErrorCode {
  return (relayErrorCodes as Readonly<Record<number, RelayErrorCode>>)[f.code] ?? "unavailable"
}

/** Answers carry the request's id; pushes (challenge, frames and witnessed checkpoints of a subscription, goodbye) carry 0. */
export const Reply = message("Reply", {
  id: plain(1, uint(0xffffffff), 0),
  op: required(
    2,
    nested(
      union("Answer", {
        failure: [1, Failure],
        challenge: [2, Challenge],
        sessionOpened: [3, SessionOpened],
        founded: [4, Founded],
        charterAppended: [5, CharterAppended],
        appended: [6, Appended],
        frames: [7, Frames],
        subscribed: [8, Subscribed],
        checkpoint: [9, Checkpoint],
        directoryStored: [10, DirectoryStored],
        directoryEntries: [11, DirectoryEntries],
        done: [12, Done],
        goodbye: [13, Failure],
      }),
    ),
  ),
})
export type Reply = Of<typeof Reply>
export type Answer = Reply["op"]

export const protocolVersion = 1
