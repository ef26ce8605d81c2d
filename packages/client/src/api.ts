// What a program that embeds the client sees: plain values, safe to hand across a worker boundary.
// Ids are lower-case hex; times are milliseconds since 1970 by the clock of whoever wrote them.

import type { Id } from "./id.ts"

export type { Id }

/** Closed list of what can go wrong for a caller. `sentence` in ClientError says it in plain words. */
export type ClientCode =
  | "wrong_passphrase"
  | "damaged_store"
  | "newer_store"
  | "store_busy"
  | "disk_full"
  | "bad_invitation"
  | "invitation_expired"
  | "wrong_organisation"
  | "relay_unreachable"
  | "relay_refused"
  | "not_allowed"
  | "not_found"
  | "too_large"
  | "stranger_present"
  | "file_changed"
  | "file_damaged"
  | "stopped"
  | "malformed"

export type ConnectionState = "connecting" | "online" | "offline"
/** `waiting`: joined by invitation, keepers have not approved yet. `removed`: no longer in the charter. `stopped`: a fork or rollback was seen. */
export type Standing = "active" | "waiting" | "removed" | "stopped"

export interface Overview {
  readonly organisation: { readonly id: Id; readonly name: string; readonly evaluation: boolean }
  readonly me: { readonly member: Id; readonly device: Id; readonly name: string; readonly keeper: boolean }
  readonly standing: Standing
  readonly connection: ConnectionState
  /** All that the relay had when this connection began has been read. While false, more is still on its way. */
  readonly upToDate: boolean
  readonly relay: string
  readonly keepers: { readonly total: number; readonly needed: number; readonly names: readonly string[] }
  /** Set while an organisation is still one person's and waits for its keepers. */
  readonly keeperPlan?: KeeperPlan
  /** While waiting: read this code to a keeper, who sees the same one beside the request. */
  readonly joinCode?: string
  /** While this device waits to be the only one of a member who has lost all others. `effectAt` is absent until witnesses have seen it. */
  readonly recovery?: { readonly approved: boolean; readonly effectAt?: number }
  /** How many proposals wait for this member's decision. */
  readonly decisions: number
  readonly unread: number
  readonly alarms: readonly Alarm[]
}

export interface KeeperPlan {
  readonly needed: number
  readonly people: readonly {
    readonly name: string
    readonly member?: Id
    readonly state: "invited" | "joined" | "accepted" | "you"
  }[]
  /** This member is asked to become a keeper and has not answered. */
  readonly asksMe: boolean
}

export interface Alarm {
  readonly id: Id
  readonly at: number
  /** "danger" stops something; "notice" is worth knowing. */
  readonly level: "danger" | "notice"
  /** A closed word (fork, rollback, withheld, substituted_key, ghost_device, junk, doubled, broken_conversation …) for programs. */
  readonly kind: string
  readonly sentence: string
}

export interface Device {
  readonly id: Id
  readonly label: string
  /** First 8 bytes of the key's SHA-256, in groups, for comparing. */
  readonly fingerprint: string
  readonly active: boolean
  readonly you: boolean
  /** Index of the charter statement that admitted it. */
  readonly admittedAt: number
  readonly removedAt?: number
}

export interface Person {
  readonly member: Id
  readonly name: string
  readonly keeper: boolean
  readonly active: boolean
  readonly you: boolean
  readonly admittedAt: number
  readonly removedAt?: number
  readonly devices: readonly Device[]
}

export type ConversationKind = "everyone" | "direct" | "group"
/** `healing`: a removal is being carried out, sending waits. `broken`: re-entry was asked for. `left`: this device was removed. */
export type ConversationState = "open" | "healing" | "broken" | "left"

export interface Conversation {
  readonly id: Id
  readonly kind: ConversationKind
  readonly title: string
  readonly members: readonly Id[]
  readonly state: ConversationState
  readonly unread: number
  readonly last?: { readonly text: string; readonly from: Id; readonly at: number }
  readonly epoch: number
}

/** Who can read a conversation: every leaf of its group, each traced to the charter. */
export interface Reader {
  readonly member: Id
  readonly name: string
  readonly device: Device
  /** The act that admitted the device, in words. */
  readonly act: string
  readonly admittedAt: number
  /** False for a leaf that is not in the charter: a ghost. Sending is stopped while one is there. */
  readonly inCharter: boolean
}

export interface Attachment {
  readonly name: string
  readonly type: string
  readonly size: number
  readonly sha256: string
  readonly width?: number
  readonly height?: number
  /** What of it is on this device, and what is under way. */
  readonly transfer: {
    readonly state: "preparing" | "uploading" | "remote" | "downloading" | "here" | "failed"
    readonly doneBytes: number
    readonly sentence?: string
  }
}

/** `waiting`: only here. `sent`: durable on the relay and in its place. `received`: somebody else's. */
export type MessageState = "waiting" | "sent" | "received" | "failed"

export interface Message {
  readonly id: Id
  readonly conversation: Id
  readonly from: Id
  readonly device: Id
  readonly at: number
  readonly state: MessageState
  /** Position in the lane; absent while waiting. */
  readonly index?: number
  readonly body:
    | { readonly kind: "text"; readonly text: string }
    | { readonly kind: "file"; readonly caption: string; readonly file: Attachment }
    /** Something that happened to the conversation (created, renamed, somebody joined or was removed), in words. */
    | { readonly kind: "event"; readonly sentence: string }
    | { readonly kind: "unknown" }
}

/** One entry of the charter, for the timeline. */
export interface Act {
  readonly index: number
  readonly statement: Id
  readonly type: string
  readonly sentence: string
  readonly approvedBy: readonly string[]
  /** `waiting`: it has its approvals and takes effect later. `lapsed`: it waited and broke a rule when its time came. */
  readonly outcome: "applied" | "waiting" | "vetoed" | "lapsed" | "refused"
  readonly reason?: string
  readonly code: string
  /** The log's clock when the entry was covered by an anchor; absent while there is none (times are never a server's word). */
  readonly at?: number
}

/** Something that waits for approvals. */
export interface Proposal {
  /** Statement id. */
  readonly id: Id
  /** As in `Act`. */
  readonly type?: string
  readonly sentence: string
  /** Further plain lines (key fingerprints, who invited, who asked). */
  readonly details: readonly string[]
  /** Short code of the exact statement; the same on every device that shows it. */
  readonly code: string
  readonly proposedBy: string
  readonly at: number
  readonly needed: number
  readonly approvedBy: readonly string[]
  readonly declinedBy: readonly string[]
  readonly mine: "can-approve" | "approved" | "declined" | "not-a-keeper"
  readonly expiresAt: number
  /** For a join or device request: the code that the asking device shows. */
  readonly joinCode?: string
  /** Whose approval would still count (names), and how many further organisations and jurisdictions it takes beyond the number of keepers. */
  readonly missing?: {
    readonly keepers: readonly string[]
    readonly organisations: number
    readonly jurisdictions: number
  }
  /** `approved`: it is in the charter. `overtaken`: another act came first. `proposals` gives the open ones only. */
  readonly state?: "open" | "approved" | "expired" | "overtaken"
  /** Approvals that count so far, in whichever quorum lacks most (RULES needs two). */
  readonly given?: number
  /** Members whose own device has agreed, for an act about their devices: no keeper's approval. */
  readonly agreedBy?: readonly string[]
  /** From how many organisations and jurisdictions those who approve have to be; 0: any. */
  readonly labels?: { readonly organisations: number; readonly jurisdictions: number }
  /** How long it will wait before it takes effect, once it is approved; 0: not at all. */
  readonly waitsSeconds?: number
  /** Keepers who can stop it while it waits; 0: none can. */
  readonly vetoK?: number
  /** It is a day old and not decided, or its time is over within a day. */
  readonly reminder?: "undecided" | "expiring"
  /** How this member would approve. `passkey`: see `approvalRequest`. `key-file`: see `signingRequest`. */
  readonly approveWith?: "device" | "passkey" | "key-file" | "nothing"
}

export interface Invite {
  readonly id: Id
  readonly purpose: "member" | "keeper" | "device" | "recovery"
  /** Whom it is meant for, as the inviter wrote it. */
  readonly name: string
  readonly invitedBy: string
  readonly expiresAt: number
  /** `waiting`: the relay does not know it yet, so nobody can use it; it is told as soon as it can be reached. */
  readonly state: "waiting" | "open" | "asked" | "used" | "expired" | "revoked"
  /** The invitation text; only on the device that made it. */
  readonly text?: string
}

/** Where a file's bytes come from. `read` returns exactly `length` bytes or throws. */
export interface FileSource {
  readonly name: string
  readonly type: string
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array>
  readonly width?: number
  readonly height?: number
}

export interface FoundOptions {
  readonly relay: string
  readonly hostingCode: string
  readonly organisation: string
  readonly name: string
  readonly passphrase: string
  readonly deviceLabel: string
  /** Names of the further keepers-to-be. Empty: an evaluation organisation. */
  readonly keepers: readonly string[]
  /** How many keepers must agree once they have joined. */
  readonly needed: number
}

export interface JoinOptions {
  readonly invitation: string
  readonly name: string
  readonly passphrase: string
  readonly deviceLabel: string
}

/** What changed; ask again for what you show. `messages` names the conversation, `transfer` the message. */
export type Change =
  | { readonly topic: "overview" | "people" | "conversations" | "timeline" | "proposals" | "invites" | "governance" }
  | { readonly topic: "messages"; readonly conversation: Id }
  | { readonly topic: "transfer"; readonly message: Id }

/** One organisation on one device, unlocked. Every method may throw ClientError. */
export interface Client {
  overview(): Promise<Overview>
  people(): Promise<readonly Person[]>
  conversations(): Promise<readonly Conversation[]>
  /** Newest last. `before` is a message id; 50 by default. */
  messages(conversation: Id, page?: { before?: Id; limit?: number }): Promise<readonly Message[]>
  readers(conversation: Id): Promise<readonly Reader[]>
  timeline(): Promise<readonly Act[]>
  proposals(): Promise<readonly Proposal[]>
  invites(): Promise<readonly Invite[]>

  startConversation(options: { kind: "direct" | "group"; title: string; members: readonly Id[] }): Promise<Id>
  renameConversation(conversation: Id, title: string): Promise<void>
  addToConversation(conversation: Id, members: readonly Id[]): Promise<void>
  removeFromConversation(conversation: Id, members: readonly Id[]): Promise<void>
  sendText(conversation: Id, text: string): Promise<Id>
  sendFile(conversation: Id, file: FileSource, caption?: string): Promise<Id>
  /** Tries a failed upload or download again; for an upload whose source is gone, `file` must be given. */
  retryTransfer(message: Id, file?: FileSource): Promise<void>
  cancelTransfer(message: Id): Promise<void>
  /** Brings the file to this device (as ciphertext, verified whole). Resolves when it is here. */
  fetchFile(message: Id): Promise<void>
  /** Plaintext bytes of a file that is here. Throws `not_found` if it is not. */
  readFile(message: Id, offset: number, length: number): Promise<Uint8Array>
  markRead(conversation: Id): Promise<void>

  createInvite(options: { purpose: "member" | "keeper" | "device"; name: string; hours: number }): Promise<Invite>
  revokeInvite(invite: Id): Promise<void>
  approve(proposal: Id): Promise<void>
  decline(proposal: Id): Promise<void>
  proposeRemoveMember(member: Id): Promise<Id>
  proposeRemoveDevice(device: Id): Promise<Id>
  /** Asks these members to become keepers; when all have accepted, a RULES statement is proposed. */
  planKeepers(options: { members: readonly Id[]; needed: number }): Promise<void>
  acceptKeeper(): Promise<void>
  dismissAlarm(alarm: Id): Promise<void>

  /** The whole charter as raw entries, for export and `holdfast log verify`. */
  exportCharter(): Promise<readonly Uint8Array[]>
  subscribe(listener: (change: Change) => void): () => void
  close(): Promise<void>
}
