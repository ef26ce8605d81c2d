import type { BlobId, ConversationId, DeviceId, MemberId } from "@holdfast/wire"
import type { ConversationKind } from "./binding.ts"

/** What a sender said it had seen when it wrote: one of everybody's two logs each (N4.1). */
export interface Claim {
  readonly charterSize: number
  readonly charterRoot: Uint8Array
  readonly laneSize: number
  /** The first 16 bytes of the lane's root. */
  readonly laneRoot16: Uint8Array
}

/** One device in a conversation. */
export interface Leaf {
  readonly leaf: number
  readonly member: MemberId
  readonly device: DeviceId
  readonly signatureKey: Uint8Array
}

export interface Sender extends Leaf {
  /** Active in the newest charter we have. False: somebody whose removal from the group is still on its way. */
  readonly admitted: boolean
}

/** Why an own message will never be accepted any more (N5.7). It goes out again under the same content id. */
export type LateWhy =
  /** Its epoch ended too long ago. */
  | "epoch-over"
  /** Its counters were passed over. */
  | "displaced"
  /** This device is no longer in the group. */
  | "left"
  /** The group state is gone. Others may have accepted the message: the content id tells (N7.2). */
  | "broken"

/** `danger` in every case: none of these happens among honest parties. */
export type Alarm =
  /** The sender was shown another history than we were. With a note, the relay's own signature is the proof. */
  | {
      readonly kind: "fork"
      readonly which: "lane" | "charter"
      readonly claim: Claim
      /** Our root at that size; empty when the sender claims to have seen more of the lane than there was. */
      readonly ours: Uint8Array
      readonly sender: Sender
      readonly conversation: ConversationId
      readonly index: number
      readonly note?: string
    }
  /** The frames do not lead to the root they should. None of them was applied. */
  | { readonly kind: "wrong-root"; readonly size: number; readonly expected: Uint8Array; readonly ours: Uint8Array }
  /** Another frame at an index that was read before. */
  | { readonly kind: "rewritten"; readonly index: number }
  /** A frame whose tag has been used: the same frame twice, or a forgery by someone who saw it. Ignored (N2.6). */
  | { readonly kind: "doubled"; readonly index: number; readonly conversation: ConversationId; readonly leaf: number }
  /** A frame with one of our tags that is not a valid message of the device the tag belongs to. Ignored. */
  | { readonly kind: "junk"; readonly index: number; readonly conversation: ConversationId; readonly leaf: number }
  /** A message of this very device that it has not sent: its keys are in use elsewhere, or an old copy was restored. */
  | { readonly kind: "cloned"; readonly index: number; readonly conversation: ConversationId }
  /** A welcome to this device that does not lead into a group. */
  | {
      readonly kind: "bad-welcome"
      readonly index: number
      readonly conversation: ConversationId
      readonly inviter: DeviceId
      readonly why: "unreadable" | "wrong-binding" | "unknown-key-package" | "too-old" | "blob"
    }

export interface BlobRef {
  readonly blobId: BlobId
  /** Of the ciphertext, which is what the blob holds. */
  readonly length: number
  readonly sha256: Uint8Array
}

/** What happened, in lane order. `index` is the lane position of the frame that made it happen. */
export type LaneEvent =
  | {
      readonly kind: "message"
      readonly index: number
      readonly conversation: ConversationId
      /** The one it was sent in. */
      readonly epoch: number
      readonly sender: Sender
      readonly plaintext: Uint8Array
      readonly claim: Claim
      readonly own: boolean
      /** Of own messages. */
      readonly localId?: string
    }
  /** A commit has won. `epoch` is the one it began. */
  | {
      readonly kind: "changed"
      readonly index: number
      readonly conversation: ConversationId
      readonly epoch: number
      readonly sender: Sender
      readonly added: readonly Leaf[]
      readonly removed: readonly Leaf[]
      readonly claim: Claim
      readonly own: boolean
      readonly localId?: string
    }
  /** This device is in. The key package has been used: delete its private bytes in the same transaction. */
  | {
      readonly kind: "joined"
      readonly index: number
      readonly conversation: ConversationId
      readonly conversationKind: ConversationKind
      readonly epoch: number
      readonly commitIndex: number
      readonly inviter: { readonly member: MemberId; readonly device: DeviceId }
      readonly keyPackageRef: Uint8Array
    }
  /** This device was removed. */
  | {
      readonly kind: "left"
      readonly index: number
      readonly conversation: ConversationId
      readonly epoch: number
      readonly sender: Sender
    }
  /** A commit won that this device cannot follow: ask for re-entry with `askResync` (N7.1). */
  | { readonly kind: "broken"; readonly index: number; readonly conversation: ConversationId; readonly sender: Sender }
  /** An own commit lost its epoch or can no longer win. Look at the group again and decide anew. */
  | { readonly kind: "rebase"; readonly index: number; readonly conversation: ConversationId; readonly localId: string }
  | {
      readonly kind: "late"
      readonly index: number
      readonly conversation: ConversationId
      readonly localId: string
      readonly why: LateWhy
    }
  /** An own commit that added devices has won: `writeWelcomes(due)`. Also listed by `due()` until done. */
  | {
      readonly kind: "welcomes-due"
      readonly index: number
      readonly conversation: ConversationId
      readonly due: number
    }
  /** A device of the group has lost its state: remove and add it in one change. */
  | {
      readonly kind: "resync-asked"
      readonly index: number
      readonly conversation: ConversationId
      readonly member: MemberId
      readonly device: DeviceId
      readonly keyPackage: Uint8Array
      readonly sealKey: Uint8Array
    }
  /** A frame under a watched tag. Nothing of it has been looked at. */
  | { readonly kind: "watched"; readonly index: number; readonly name: string; readonly frame: Uint8Array }
  | { readonly kind: "alarm"; readonly alarm: Alarm }
  /**
   * `receive` stopped before the frame at `index`. Sync the charter, then call `receive` from `next` again. `proven`: a relay's
   * signature says that this size exists. If not, and the charter read to its head after this event is still smaller, pass
   * `charterIsCurrent` and the frame is dropped (N4.4).
   */
  | { readonly kind: "needs-charter"; readonly index: number; readonly size: number; readonly proven: boolean }
  /** `receive` waits for the raw frames `from` ≤ index < `to`, for a conversation just joined: `supply` (N6.5). */
  | {
      readonly kind: "needs-frames"
      readonly conversation: ConversationId
      readonly from: number
      readonly to: number
    }
  /** A welcome lies in a blob: fetch it, then `supplyBlob`. Stops nothing. Also listed by `awaitedBlobs()`. */
  | { readonly kind: "needs-blob"; readonly conversation: ConversationId; readonly blob: BlobRef }
