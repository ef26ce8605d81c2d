// What travels inside an MLS message: everything that people write and everything their clients tell each other.
// proto/content.proto is the same contract for other languages; a test holds the two together.
import {
  bytes,
  decode,
  encode,
  labelledHash,
  type MemberId,
  message,
  nested,
  type Of,
  openUnion,
  optional,
  plain,
  repeated,
  required,
  text,
  uint,
} from "@holdfast/wire"
import { FileReference } from "./files/index.ts"

const id16 = <T extends Uint8Array = Uint8Array>() => bytes<T>({ length: 16 })
const id32 = <T extends Uint8Array = Uint8Array>() => bytes<T>({ length: 32 })
const signature = () => bytes({ length: 64 })

/** The last moment that a Date can hold, in milliseconds: a later one would break whatever shows it. */
const lastMillis = 8_640_000_000_000_000
const millis = () => uint(lastMillis)
const seconds = () => uint(lastMillis / 1_000)

export const contentLimits = {
  /** UTF-8 bytes of one text message. */
  textBytes: 32_768,
  titleBytes: 256,
  nameBytes: 256,
  labelBytes: 128,
  /** One content, snapshots of a whole organisation included. */
  contentBytes: 1_048_576,
  names: 4_096,
  /** People in one imported list. */
  importedPeople: 500,
  statementBytes: 60_000,
  approvalBytes: 4_096,
} as const

export const Text = message("Text", { text: required(1, text(contentLimits.textBytes)) })
export const FileMessage = message("FileMessage", {
  file: required(1, nested(FileReference)),
  caption: plain(2, text(contentLimits.textBytes), ""),
})

export const conversationKinds = ["group", "direct", "everyone"] as const
/** First in every conversation, and again after people were added: what kind it is and what it is called (E3.2). */
export const Opened = message("Opened", {
  kind: plain(1, uint(conversationKinds.length - 1), 0),
  title: plain(2, text(contentLimits.titleBytes), ""),
})
export const Title = message("Title", { title: plain(1, text(contentLimits.titleBytes), "") })

/** The plaintext of a salted commitment in the charter: a member's name, or the organisation's under no id (E4.1). */
export const NameEntry = message("NameEntry", {
  member: optional(1, id16<MemberId>()),
  name: required(2, text(contentLimits.nameBytes)),
  salt: required(3, id16()),
})
export type NameEntry = Of<typeof NameEntry>
export const DeviceLabel = message("DeviceLabel", {
  device: required(1, id16()),
  label: plain(2, text(contentLimits.labelBytes), ""),
})

/** An invitation as all members know it, signed by the inviting device so that it can be passed on (E5.2). */
export const InviteAnnounced = message("InviteAnnounced", {
  guestKey: required(1, id32()),
  requestKey: required(2, id32()),
  name: plain(3, text(contentLimits.nameBytes), ""),
  purpose: plain(4, uint(3), 0),
  /** Seconds since 1970. */
  expiresAt: required(5, seconds()),
  device: required(6, id16()),
  /** 1: requests for it wait until somebody proposes them together (E5.16). */
  together: optional(7, uint(1)),
  signature: required(15, signature()),
})
export type InviteAnnounced = Of<typeof InviteAnnounced>
/** A whole list of people, invited at once (E5.20). */
export const InvitesAnnounced = message("InvitesAnnounced", {
  invites: repeated(1, nested(InviteAnnounced), contentLimits.importedPeople),
})
export const InviteRevoked = message("InviteRevoked", { guestKey: required(1, id32()) })

/** A drafted statement, for everybody to see and for those who count to approve (E5.6). */
export const ProposalMade = message("ProposalMade", {
  statement: required(1, bytes({ max: contentLimits.statementBytes })),
})
export const ApprovalGiven = message("ApprovalGiven", {
  statement: required(1, id32()),
  approval: required(2, bytes({ max: contentLimits.approvalBytes })),
})
export const Declined = message("Declined", { statement: required(1, id32()) })

/** A key that is ready to be a keeper's, with its proof of admission (E5.9). */
export const KeeperKey = message("KeeperKey", {
  keeper: required(1, id16()),
  publicKey: required(2, id32()),
  proof: required(3, signature()),
})
export type KeeperKey = Of<typeof KeeperKey>
const PlannedKeeper = message("PlannedKeeper", {
  name: plain(1, text(contentLimits.nameBytes), ""),
  /** One of the two: a member who is asked, or the invitation that will bring them. */
  member: optional(2, id16<MemberId>()),
  guestKey: optional(3, id32()),
})
export const KeeperAsk = message("KeeperAsk", {
  needed: required(1, uint(64)),
  people: repeated(2, nested(PlannedKeeper), 64),
})
export type KeeperAsk = Of<typeof KeeperAsk>
/** A passkey that is ready to be a keeper's, with its record (C3.2) and its proof of admission (E9.7). */
export const PasskeyOffer = message("PasskeyOffer", {
  keeper: required(1, id16()),
  publicKey: required(2, bytes({ max: 512 })),
  rpId: required(3, text(64)),
  origin: required(4, text(256)),
  backupEligible: plain(5, uint(1), 0),
  proof: required(6, bytes({ max: 4_096 })),
})
/** Signed by the accepting member's device, so that it can be passed on. Exactly one of `key` and `passkey` is there. */
export const KeeperAccept = message("KeeperAccept", {
  key: optional(1, nested(KeeperKey)),
  device: required(2, id16()),
  passkey: optional(3, nested(PasskeyOffer)),
  /** 1: the key is in a file, and on no device. */
  inFile: optional(4, uint(1)),
  signature: required(15, signature()),
})
export type KeeperAccept = Of<typeof KeeperAccept>

const Passed = message("PassedProposal", {
  statement: required(1, bytes({ max: contentLimits.statementBytes })),
  proposer: required(2, id16<MemberId>()),
  at: plain(3, millis(), 0),
  approvals: repeated(4, bytes({ max: contentLimits.approvalBytes }), 128),
})
const PassedRequest = message("PassedRequest", {
  guestKey: required(1, id32()),
  /** The sealed request's plaintext; its own signature speaks for it. */
  request: required(2, bytes({ max: 4_096 })),
})
/** What somebody who was just added cannot have seen. Everything in it is checked by its own signature or commitment (E4.3). */
export const Snapshot = message("Snapshot", {
  names: repeated(1, nested(NameEntry), contentLimits.names),
  labels: repeated(2, nested(DeviceLabel), contentLimits.names),
  invites: repeated(3, nested(InviteAnnounced), 256),
  requests: repeated(4, nested(PassedRequest), 256),
  proposals: repeated(5, nested(Passed), 64),
  ask: optional(6, nested(KeeperAsk)),
  accepts: repeated(7, nested(KeeperAccept), 64),
})
export type Snapshot = Of<typeof Snapshot>

export const Body = openUnion("Body", {
  text: [1, Text],
  file: [2, FileMessage],
  opened: [3, Opened],
  title: [4, Title],
  snapshot: [5, Snapshot],
  name: [6, NameEntry],
  deviceLabel: [7, DeviceLabel],
  inviteAnnounced: [8, InviteAnnounced],
  inviteRevoked: [9, InviteRevoked],
  proposal: [10, ProposalMade],
  approval: [11, ApprovalGiven],
  decline: [12, Declined],
  keeperAsk: [13, KeeperAsk],
  keeperAccept: [14, KeeperAccept],
  invitesAnnounced: [15, InvitesAnnounced],
})
export type Body = Of<typeof Body>
export type KnownBody = Exclude<Body, { readonly kind: "unknown" }>

const version = 1
const ContentSchema = message("Content", {
  version: required(1, uint(255)),
  /** Chosen by the sender; a content that arrives twice is kept once (E3.5). */
  id: required(2, id16()),
  /** Milliseconds since 1970 by the sender's clock. */
  sentAt: required(3, millis()),
  body: required(4, nested(Body)),
})
export interface Content {
  readonly id: Uint8Array
  readonly sentAt: number
  readonly body: Body
}

export function encodeContent(content: Content): Uint8Array<ArrayBuffer> {
  return encode(ContentSchema, { version, ...content })
}

/** Strict for what this release knows; a kind or version of a later one comes back as `unknown` (E3.1). Throws WireError. */
export function decodeContent(input: Uint8Array): Content {
  const head = input[0] === 8 ? input[1] : undefined
  if (head !== undefined && head > version)
    return { ...laterHead(input), body: { kind: "unknown", number: 0, bytes: input } }
  const { id, sentAt, body } = decode(ContentSchema, input, contentLimits.contentBytes)
  return { id, sentAt, body }
}

/** Later versions keep the first two fields; nothing else of them is looked at. */
function laterHead(input: Uint8Array): { id: Uint8Array; sentAt: number } {
  const hasId = input.length >= 20 && input[2] === 0x12 && input[3] === 16
  return { id: hasId ? input.slice(4, 20) : labelledHash("holdfast/unknown/v1", input).slice(0, 16), sentAt: 0 }
}
