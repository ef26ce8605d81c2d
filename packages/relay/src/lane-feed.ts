import type { Hash } from "@holdfast/log"
import { encode, limits, Reply } from "@holdfast/wire"
import type { CheckpointSigner, SignedHead } from "./checkpoint-signer.ts"
import type { HostedLane, LaneEngine, LaneNews } from "./engine/lane-engine.ts"

/** Someone who reads a lane as it grows. */
export interface FeedReader {
  /** Nothing more may be read for it until it calls `LaneFeed.pump` again. */
  isFull(): boolean
  send(message: Uint8Array): void
  /** What comes next for it was pruned, or cannot be read at all. */
  fail(code: "pruned" | "unavailable"): void
}

interface Subscription {
  readonly reader: FeedReader
  next: number
  isReading: boolean
}

const maxTailBytes = 4 * 2 ** 20

/**
 * One lane to many readers: first what a reader has missed, then what comes, in order and without a gap (R6.1). All readers
 * at one place share one encoded message. A reader that does not keep up holds a number, not memory (R6.4).
 */
export class LaneFeed {
  readonly lane: HostedLane
  readonly #engine: LaneEngine
  readonly #checkpoints: CheckpointSigner
  readonly #subscriptions = new Map<FeedReader, Subscription>()
  readonly #messageByStart = new Map<number, { readonly bytes: Uint8Array; readonly end: number }>()
  readonly #onBroken: () => void
  #signed: SignedHead | undefined
  #tail: Uint8Array[] = []
  #tailFirst = 0
  #tailBytes = 0
  #isAnnouncing = false
  #isStale = false
  #stopWatching: (() => void) | undefined

  constructor(lane: HostedLane, engine: LaneEngine, checkpoints: CheckpointSigner, onBroken: () => void) {
    this.lane = lane
    this.#engine = engine
    this.#checkpoints = checkpoints
    this.#onBroken = onBroken
  }

  /** A checkpoint of everything that is durable now. */
  async signedHead(): Promise<SignedHead> {
    const head = await this.#engine.head(this.lane.id)
    return this.sign(head.size, () => head.tree.root())
  }

  /** A checkpoint at a size that is durable, with the root the lane had there. */
  sign(size: number, root: () => Hash): Promise<SignedHead> {
    return this.#checkpoints.sign(size, root)
  }

  /** Takes the place of an earlier subscription of the same reader. `from` must have been checked against the lane. */
  subscribe(reader: FeedReader, from: number): void {
    this.#stopWatching ??= this.#engine.watch(this.lane.id, (news) => this.#onNews(news))
    this.#subscriptions.set(reader, { reader, next: from, isReading: false })
    this.#announce()
  }

  unsubscribe(reader: FeedReader): void {
    this.#subscriptions.delete(reader)
    if (this.#subscriptions.size > 0) return
    this.#stopWatching?.()
    this.#stopWatching = undefined
    this.#signed = undefined
    this.#messageByStart.clear()
    this.#dropTail()
  }

  /** Sends what there is for this reader, as far as it can take it. */
  pump(reader: FeedReader): void {
    const subscription = this.#subscriptions.get(reader)
    if (subscription !== undefined) this.#pump(subscription)
  }

  #onNews(news: LaneNews): void {
    if (news.first !== this.#tailFirst + this.#tail.length) this.#dropTail()
    if (this.#tail.length === 0) this.#tailFirst = news.first
    for (const bytes of news.entries) {
      this.#tail.push(bytes)
      this.#tailBytes += bytes.length
    }
    let dropped = 0
    while (this.#tailBytes > maxTailBytes) this.#tailBytes -= (this.#tail[dropped++] as Uint8Array).length
    if (dropped > 0) this.#tail = this.#tail.slice(dropped)
    this.#tailFirst += dropped
    this.#announce()
  }

  /** Signs the newest head and sends up to it. One at a time: what comes meanwhile goes with the next. */
  #announce(): void {
    this.#isStale = true
    if (this.#isAnnouncing) return
    this.#isAnnouncing = true
    void this.#announceWhileStale()
      .catch(() => this.#failAll())
      .finally(() => {
        this.#isAnnouncing = false
      })
  }

  async #announceWhileStale(): Promise<void> {
    while (this.#isStale && this.#subscriptions.size > 0) {
      this.#isStale = false
      const signed = await this.signedHead()
      if (signed.size !== this.#signed?.size) this.#messageByStart.clear()
      this.#signed = signed
      for (const subscription of this.#subscriptions.values()) this.#pump(subscription)
    }
  }

  #failAll(): void {
    this.#onBroken()
    for (const { reader } of [...this.#subscriptions.values()]) reader.fail("unavailable")
  }

  #pump(subscription: Subscription): void {
    const { reader } = subscription
    while (this.#isLive(subscription) && !subscription.isReading && !reader.isFull()) {
      const signed = this.#signed
      if (signed === undefined || subscription.next >= signed.size) return
      const message = this.#messageByStart.get(subscription.next) ?? this.#messageFromTail(subscription.next, signed)
      if (message === undefined) {
        void this.#readFor(subscription, signed)
        return
      }
      subscription.next = message.end
      reader.send(message.bytes)
    }
  }

  #messageFromTail(
    first: number,
    signed: SignedHead,
  ): { readonly bytes: Uint8Array; readonly end: number } | undefined {
    if (first < this.#tailFirst || this.#tailFirst + this.#tail.length < signed.size) return undefined
    const frames: Uint8Array[] = []
    let length = 0
    for (let i = first; i < signed.size && frames.length < limits.framesPerBatch; i++) {
      const bytes = this.#tail[i - this.#tailFirst] as Uint8Array
      length += bytes.length
      if (length > limits.batchBytes && frames.length > 0) break
      frames.push(bytes)
    }
    const message = { bytes: this.#encode(first, frames, signed), end: first + frames.length }
    this.#messageByStart.set(first, message)
    return message
  }

  async #readFor(subscription: Subscription, signed: SignedHead): Promise<void> {
    subscription.isReading = true
    const { reader, next } = subscription
    try {
      const maxEntries = Math.min(limits.framesPerBatch, signed.size - next)
      const slice = await this.#engine.read(this.lane.id, next, { maxEntries, maxBytes: limits.batchBytes })
      if (!this.#isLive(subscription)) return
      if (slice.kind === "pruned") return reader.fail("pruned")
      if (slice.entries.length === 0) return reader.fail("unavailable")
      subscription.next = next + slice.entries.length
      reader.send(this.#encode(next, slice.entries, signed))
    } catch {
      this.#onBroken()
      reader.fail("unavailable")
    } finally {
      subscription.isReading = false
    }
    this.#pump(subscription)
  }

  #isLive(subscription: Subscription): boolean {
    return this.#subscriptions.get(subscription.reader) === subscription
  }

  #encode(first: number, frames: readonly Uint8Array[], { size, note }: SignedHead): Uint8Array {
    return encode(Reply, {
      id: 0,
      op: { kind: "frames", value: { lane: this.lane.id, first, frames, size, checkpoint: note } },
    })
  }

  #dropTail(): void {
    this.#tail = []
    this.#tailBytes = 0
  }
}
