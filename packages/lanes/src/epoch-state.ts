import type { LaneId } from "@holdfast/wire"
import { FrameKeys, type FrameSecrets } from "./frame-keys.ts"
import { LeafWindows } from "./leaf-windows.ts"
import type { TagIndex } from "./tag-index.ts"

/** Late messages are accepted up to this many frames after the commit that ended their epoch (N5.3). */
export const lateFrames = 256
/** And at most this many epochs back; the same number as the group keeps keys for (N5.3). */
export const pastEpochs = 4

export interface EpochStart {
  readonly epoch: number
  readonly memberCount: number
  readonly ownLeaf: number
  readonly secrets: FrameSecrets
}

/**
 * One epoch of one conversation, as far as frames go: its keys, and which tags come next. Changes in place. `Conversation` is a
 * parameter because this module needs to know nothing of it; a tag that is found leads back to it.
 */
export class EpochState<Conversation> {
  readonly conversation: Conversation
  readonly epoch: number
  readonly memberCount: number
  readonly ownLeaf: number
  readonly keys: FrameKeys
  readonly windows: LeafWindows<EpochState<Conversation>>
  /** Index of the commit that ended it. */
  endedAt: number | undefined
  /** All counters below it were used for frames of ours. */
  ownCounter = 0
  windowsChanged = true

  constructor(conversation: Conversation, start: EpochStart, lane: LaneId, index: TagIndex<EpochState<Conversation>>) {
    this.conversation = conversation
    this.epoch = start.epoch
    this.memberCount = start.memberCount
    this.ownLeaf = start.ownLeaf
    this.keys = new FrameKeys(start.secrets, lane)
    this.windows = new LeafWindows(this.keys, start.memberCount, this, index)
  }

  isOver(index: number): boolean {
    return this.endedAt !== undefined && index - this.endedAt > lateFrames
  }

  reach(leaf: number, counter: number): void {
    this.windows.reach(leaf, counter)
    this.windowsChanged = true
  }

  markSeen(leaf: number, first: number, last: number): void {
    this.windows.markSeen(leaf, first, last)
    this.windowsChanged = true
  }

  removeLeaf(leaf: number): void {
    this.windows.remove(leaf)
    this.windowsChanged = true
  }

  /** The counter of our next frame: beyond all that we have used and all that were seen (N2.2). */
  get nextCounter(): number {
    return Math.max(this.ownCounter, this.windows.highestOf(this.ownLeaf) + 1)
  }

  /** Counters up to and without `end` are used. */
  useCounters(end: number): void {
    this.ownCounter = end
  }
}
