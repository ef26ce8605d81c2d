import { concatBytes, readU32be, u32be } from "@holdfast/wire"
import { LaneError } from "./error.ts"
import type { FrameKeys } from "./frame-keys.ts"
import type { TagEntry, TagIndex } from "./tag-index.ts"

/** How many tags are expected ahead of each sender, by the number of members of the epoch (N2.5). */
export function windowOf(memberCount: number): number {
  if (memberCount <= 128) return 8
  return memberCount <= 512 ? 4 : 2
}

/** How many counters behind the highest are still told apart, as a multiple of the window; at most 32, for the mask. */
const behindFactor = 4
const maxCounter = 0xffffffff

interface LeafWindow<Owner> {
  /** The highest counter whose frame opened; -1 before the first. */
  highest: number
  /** Bit i: the message of counter `highest` - i was accepted. */
  mask: number
  readonly entries: Map<number, TagEntry<Owner>>
}

/**
 * The tags of one epoch. For each leaf: the counters from `highest` - behind + 1 to `highest` + window are known; the ones
 * whose message was accepted are marked, so that a second frame under them is noticed (N2.6). A frame that opens moves the
 * window on; only an accepted message marks its counters. So nobody can use up another's tag with junk, and a gap
 * that was never filled does not silence its sender (N2.7).
 *
 * Changes in place; belongs to one epoch of one conversation.
 */
export class LeafWindows<Owner> {
  readonly keys: FrameKeys
  readonly #owner: Owner
  readonly #ahead: number
  readonly #behind: number
  #index: TagIndex<Owner>
  readonly #windowByLeaf = new Map<number, LeafWindow<Owner>>()

  constructor(keys: FrameKeys, memberCount: number, owner: Owner, index: TagIndex<Owner>) {
    this.keys = keys
    this.#owner = owner
    this.#ahead = windowOf(memberCount)
    this.#behind = this.#ahead * behindFactor
    this.#index = index
  }

  add(leaf: number): void {
    this.#restore(leaf, -1, 0)
  }

  /** Whoever a commit removed has no say any more, in former epochs too (N5.4). */
  remove(leaf: number): void {
    const window = this.#windowByLeaf.get(leaf)
    if (window === undefined) return
    for (const entry of window.entries.values()) this.#index.remove(entry)
    this.#windowByLeaf.delete(leaf)
  }

  clear(): void {
    for (const leaf of [...this.#windowByLeaf.keys()]) this.remove(leaf)
  }

  /** -1 when none of its frames was opened, or it has no window here. */
  highestOf(leaf: number): number {
    return this.#windowByLeaf.get(leaf)?.highest ?? -1
  }

  /** False for counters that can no longer be accepted. */
  isReachable(leaf: number, counter: number): boolean {
    const window = this.#windowByLeaf.get(leaf)
    return window !== undefined && counter > window.highest - this.#behind
  }

  /** A frame under this counter has opened. */
  reach(leaf: number, counter: number): void {
    const window = this.#windowByLeaf.get(leaf)
    if (window === undefined || counter <= window.highest) return
    // At most `ahead` at once: nothing beyond is in the index.
    window.mask = (window.mask << (counter - window.highest)) >>> 0
    window.highest = counter
    this.#fill(leaf, window)
  }

  /** The message in the frames of these counters was accepted. */
  markSeen(leaf: number, first: number, last: number): void {
    const window = this.#windowByLeaf.get(leaf)
    if (window === undefined) return
    for (let counter = Math.max(first, window.highest - 31); counter <= last; counter++) {
      window.mask = (window.mask | (1 << (window.highest - counter))) >>> 0
      const entry = window.entries.get(counter)
      if (entry !== undefined) entry.seen = true
    }
  }

  #restore(leaf: number, highest: number, mask: number): void {
    const window: LeafWindow<Owner> = { highest, mask, entries: new Map() }
    this.#windowByLeaf.set(leaf, window)
    this.#fill(leaf, window)
  }

  #fill(leaf: number, window: LeafWindow<Owner>): void {
    const from = Math.max(0, window.highest - this.#behind + 1)
    const to = Math.min(maxCounter, window.highest + this.#ahead)
    for (const [counter, entry] of window.entries) {
      if (counter >= from) break
      this.#index.remove(entry)
      window.entries.delete(counter)
    }
    for (let counter = from; counter <= to; counter++) {
      if (window.entries.has(counter)) continue
      const back = window.highest - counter
      const seen = back >= 0 && ((window.mask >>> back) & 1) === 1
      const entry = { tag: this.keys.tag(leaf, counter), owner: this.#owner, leaf, counter, seen }
      window.entries.set(counter, entry)
      this.#index.add(entry)
    }
  }

  /** Takes all tags over to another index. */
  moveTo(index: TagIndex<Owner>): void {
    for (const window of this.#windowByLeaf.values()) {
      for (const entry of window.entries.values()) {
        this.#index.remove(entry)
        index.add(entry)
      }
    }
    this.#index = index
  }

  /** For each leaf: u32 leaf ‖ u32 highest + 1 ‖ u32 mask, in ascending order (N10.5). */
  encode(): Uint8Array<ArrayBuffer> {
    const leaves = [...this.#windowByLeaf].sort(([a], [b]) => a - b)
    return concatBytes(...leaves.flatMap(([leaf, { highest, mask }]) => [u32be(leaf), u32be(highest + 1), u32be(mask)]))
  }

  /** Throws `damaged` unless the bytes are the one encoding of some windows. */
  decodeInto(bytes: Uint8Array): void {
    let last = -1
    for (let at = 0; at < bytes.length; at += 12) {
      if (bytes.length - at < 12) throw new LaneError("damaged")
      const leaf = readU32be(bytes, at)
      if (leaf <= last) throw new LaneError("damaged")
      last = leaf
      this.#restore(leaf, readU32be(bytes, at + 4) - 1, readU32be(bytes, at + 8))
    }
  }
}
