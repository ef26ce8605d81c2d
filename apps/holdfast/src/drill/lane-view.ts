import { type Ed25519Signer, type Hash, leafHash, TailTree } from "@holdfast/log"
import type { LaneEngine } from "@holdfast/relay"
import { type LaneId, limits } from "@holdfast/wire"
import { signCheckpoint } from "./checkpoint.ts"

/** What a victim is shown in the place of the frame that really lies at `index`: none, itself, others, several. */
export type Edit = (frame: Uint8Array, index: number) => readonly Uint8Array[]

export const honest: Edit = (frame) => [frame]

/**
 * One lane as one victim is shown it. The real frames go through `edit`; what comes out is a lane of its own with its own
 * tree, and every checkpoint of it is signed with the relay's real key. So each victim's view holds together by itself (D3.2).
 */
export class LaneView {
  edit: Edit = honest
  /** What to sign in the place of the true root of the view. */
  falseRoot: ((size: number) => Hash) | undefined
  readonly #engine: LaneEngine
  readonly #lane: LaneId
  readonly #origin: string
  readonly #signer: Ed25519Signer
  readonly #onGrown = new Set<() => void>()
  readonly #stopWatching: () => void
  #isFrozen = false
  #shown: Uint8Array[] = []
  #tree = new TailTree()
  /** For every real index that went through `edit`: where the victim sees it. */
  #shownAt: number[] = []
  #turn: Promise<void> = Promise.resolve()

  constructor(deps: { engine: LaneEngine; lane: LaneId; origin: string; signer: Ed25519Signer }) {
    this.#engine = deps.engine
    this.#lane = deps.lane
    this.#origin = deps.origin
    this.#signer = deps.signer
    this.#stopWatching = deps.engine.watch(deps.lane, () => void this.sync().catch(() => {}))
  }

  get size(): number {
    return this.#shown.length
  }

  get realSize(): number {
    return this.#shownAt.length
  }

  at(index: number): Uint8Array | undefined {
    return this.#shown[index]
  }

  /** Takes in what the real lane has by now. One at a time. */
  sync(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#follow())
    return this.#turn
  }

  async #follow(): Promise<void> {
    const before = this.#shown.length
    while (!this.#isFrozen) {
      const bounds = { maxEntries: limits.framesPerBatch, maxBytes: limits.batchBytes }
      const slice = await this.#engine.read(this.#lane, this.#shownAt.length, bounds)
      if (slice.kind === "pruned" || slice.entries.length === 0) break
      for (const entry of slice.entries) {
        const index = this.#shownAt.length
        this.#shownAt.push(this.#shown.length)
        for (const frame of this.edit(entry.slice(), index)) this.#add(frame)
      }
    }
    if (this.#shown.length > before) this.#announce()
  }

  /** Shows something that never was in the real lane. */
  inject(frame: Uint8Array): void {
    this.#add(frame)
    this.#announce()
  }

  /** From now on nothing new is shown. */
  freeze(): void {
    this.#isFrozen = true
  }

  async thaw(): Promise<void> {
    this.#isFrozen = false
    await this.sync()
  }

  /** The lane as it was at an earlier size, and no further. Whoever saw more has to be cut off for this to show. */
  rollBack(size: number): void {
    this.#isFrozen = true
    this.#shown = this.#shown.slice(0, size)
    this.#tree = new TailTree()
    for (const frame of this.#shown) this.#tree.append(leafHash(frame))
  }

  /** Where the victim sees a frame that was really appended at `index`. */
  shownIndexOf(index: number): number {
    return this.#shownAt[index] ?? this.#shown.length
  }

  frames(from: number, max: number): readonly Uint8Array[] {
    const out: Uint8Array[] = []
    let length = 0
    for (const frame of this.#shown.slice(from, from + Math.min(max, limits.framesPerBatch))) {
      length += frame.length
      if (length > limits.batchBytes && out.length > 0) break
      out.push(frame)
    }
    return out
  }

  async head(): Promise<{ readonly size: number; readonly note: string }> {
    const size = this.#shown.length
    const root = this.falseRoot?.(size) ?? this.#tree.rootAt(size)
    return { size, note: await signCheckpoint(this.#signer, this.#origin, { size, root }) }
  }

  onGrown(listener: () => void): () => void {
    this.#onGrown.add(listener)
    return () => this.#onGrown.delete(listener)
  }

  close(): void {
    this.#isFrozen = true
    this.#stopWatching()
    this.#onGrown.clear()
  }

  #add(frame: Uint8Array): void {
    this.#shown.push(frame)
    this.#tree.append(leafHash(frame))
  }

  #announce(): void {
    for (const listener of this.#onGrown) listener()
  }
}
