import type { BlobId, ConversationId, DeviceId, DirectoryEntry, LaneId } from "@holdfast/wire"
import type { ConversationKind } from "./binding.ts"
import type { ClaimAhead } from "./claims.ts"
import type { BlobRef, LaneEvent, Leaf } from "./event.ts"
import type { RecordWriter } from "./ports.ts"

/** Frames to append in one call, in this order, under message ids of the caller's. `flush` comes before they leave (N10.3). */
export interface Outgoing {
  readonly localId: string
  readonly frames: readonly Uint8Array[]
}

/** A device to add, as the key directory names it. */
export interface Invitee {
  readonly device: DeviceId
  readonly keyPackage: Uint8Array
  readonly sealKey: Uint8Array
}

export interface Change {
  readonly add?: readonly Invitee[]
  readonly remove?: readonly DeviceId[]
  /** A relay-signed checkpoint of our charter, as new as there is. The commit is judged by that size (N4.2). */
  readonly note: string
  /** Seconds since 1970, for the lifetimes of key packages. */
  readonly now: number
}

export type ConversationState = "open" | "broken" | "left"

export interface ConversationView {
  readonly id: ConversationId
  readonly kind: ConversationKind
  readonly state: ConversationState
  readonly epoch: number
  /** Leaves not active in the newest charter. While there is one, nothing can be sent (N8.1). */
  readonly strangers: readonly Leaf[]
  /** The local id of an own commit on its way. */
  readonly pendingChange?: string
}

export interface DueWelcomes {
  readonly due: number
  readonly conversation: ConversationId
  readonly recipients: readonly DeviceId[]
}

/** One letter a frame, each an append of its own. With a blob, the letters go out when the blob is stored. */
export interface Welcomes {
  readonly conversation: ConversationId
  readonly frames: readonly Uint8Array[]
  readonly blob?: BlobRef & { readonly ciphertext: Uint8Array }
}

export interface ReceiveOptions {
  /** A verified head of this lane within the frames: if they do not lead to it, none is applied (N9.2). */
  readonly head?: { readonly size: number; readonly root: Uint8Array }
  /** The charter was read to its head after these frames were (N4.4). */
  readonly charterIsCurrent?: boolean
}

/**
 * A device's replica of one message lane and of the groups that live on it. Owned by one caller; methods that give promises
 * run one at a time, in the order of their calls. When one has changed records, the next begins only after `flush`, so that
 * the caller can put the records and what it made of the result into one transaction (N10.2). If that transaction fails,
 * the replica is ahead of its store: drop it and open it again.
 */
export interface Lane {
  readonly id: LaneId
  /** The first index not yet applied; the size of the tree. */
  readonly next: number
  readonly size: number
  /** `null` for sizes above `size` or so old that they are forgotten (N9.1). */
  rootAt(size: number): Uint8Array | null

  /**
   * Applies the frames at `first`, `first` + 1, …; `first` is `next` or below it (frames read before are compared and
   * skipped). May end early in `needs-charter` or `needs-frames`: go on from `next` when that is settled. Never throws for
   * what is in a frame. Throws `out_of_order` for a gap.
   */
  receive(first: number, frames: readonly Uint8Array[], options?: ReceiveOptions): Promise<readonly LaneEvent[]>
  /**
   * Frames asked for by `needs-frames`, from `from` on; several calls may bring them piece by piece. `null`: they are no longer to be
   * had, and the joining is given up. Throws `out_of_order` for frames that are not the lane's.
   */
  supply(from: number, frames: readonly Uint8Array[] | null): Promise<readonly LaneEvent[]>
  /** The ciphertext asked for by `needs-blob`, or `null` to give it up. */
  supplyBlob(blob: BlobId, ciphertext: Uint8Array | null): Promise<readonly LaneEvent[]>
  awaitedBlobs(): readonly BlobRef[]
  /** To be called when the charter has grown: compares what senders claimed to have seen of it (N9.4). Alarms only. */
  checkClaims(): Promise<readonly LaneEvent[]>
  /** Who has said to have seen more of the charter than there was when it was compared last: of each device the most (N9.4). */
  claimsAhead(): readonly ClaimAhead[]

  conversations(): readonly ConversationView[]
  /** Throws `not_found`. Empty when the conversation is not open. */
  leaves(conversation: ConversationId): readonly Leaf[]

  /** A group of this device alone; `change` adds the others. `nonce` 16 random bytes by default. Throws `exists`. */
  createConversation(options: { kind: ConversationKind; nonce?: Uint8Array }): Promise<ConversationId>
  /**
   * Throws `not_found`, `not_open`, `stranger_present`, `too_large`. The message counts as sent when it comes back as an own
   * `message` event; `late` means that it never will.
   */
  send(conversation: ConversationId, plaintext: Uint8Array, localId: string): Promise<Outgoing>
  /**
   * Adds and removes devices in one commit; with neither, fresh keys. Afterwards no leaf may be a stranger (N8.2). The
   * commit has happened when it comes back as an own `changed` event; `rebase` means that it has not and will not.
   * Throws `not_found`, `not_open`, `change_pending`, `stranger_present`, `bad_change`, `bad_key_package`, `bad_note`, `too_large`.
   */
  change(conversation: ConversationId, change: Change, localId: string): Promise<Outgoing>
  /** What the next change has to do so that the group is as the charter says; `null`: nothing (N8.3). */
  reconcile(
    conversation: ConversationId,
    directory: readonly DirectoryEntry[],
    now: number,
  ): Promise<{ readonly add: readonly Invitee[]; readonly remove: readonly DeviceId[] } | null>
  due(): readonly DueWelcomes[]
  /** Writes the letters and forgets that they are due: keep them in the same transaction as `flush`. Throws `not_found`. */
  writeWelcomes(due: number): Promise<Welcomes>
  /** A letter that asks `to` to let this device into a broken conversation again. Throws `not_found`. */
  askResync(
    conversation: ConversationId,
    to: { readonly device: DeviceId; readonly sealKey: Uint8Array },
    own: { readonly keyPackage: Uint8Array; readonly sealKey: Uint8Array },
  ): Promise<{ readonly frames: readonly Uint8Array[] }>
  /** A secret that all devices of this epoch can derive and nobody else, for calls. Throws `not_found`, `not_open`. */
  exportSecret(conversation: ConversationId, label: string, context: Uint8Array, length: number): Promise<Uint8Array>

  /** Frames under this tag come back as `watched` events. Not stored: watch again after opening. */
  watch(tag: Uint8Array, name: string): void
  unwatch(tag: Uint8Array): void

  /** Writes every record that finished operations have changed, and nothing of one under way. */
  flush(writer: RecordWriter): void
  /** Calls that wait are refused with `closed`. What was not flushed is lost, as in a crash. */
  close(): void
}
