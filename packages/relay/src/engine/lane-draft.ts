import type { CompactRange } from "@holdfast/log"
import type { LaneId } from "@holdfast/wire"
import { type KnownIds, knownIdOf } from "./known-ids.ts"
import { EngineError, type Entry, type Stored } from "./lane-engine.ts"
import { platformLeafHash } from "./leaf.ts"

/** A lane as an engine holds it in memory: authoritative between flushes, rebuilt from storage at opening. */
export interface LaneState {
  readonly id: LaneId
  size: number
  first: number
  tree: CompactRange
  readonly known: KnownIds
}

/** What one flush adds to a lane. The lane itself changes in `settle`, when all of it is durable. */
export class LaneDraft {
  readonly lane: LaneState
  readonly first: number
  readonly entries: Uint8Array[] = []
  readonly ids: string[] = []
  readonly #indexById = new Map<string, number>()
  #tree: CompactRange | undefined

  constructor(lane: LaneState) {
    this.lane = lane
    this.first = lane.size
  }

  get size(): number {
    return this.first + this.entries.length
  }

  /** Throws `conflict`, and then nothing has changed. (R2.2, R2.3) */
  add(entries: readonly Entry[], expectSize: number | undefined): Stored {
    if (expectSize !== undefined && expectSize !== this.size) throw new EngineError("conflict")
    const before = this.size
    const indices = entries.map(({ messageId, bytes }) => {
      const id = knownIdOf(this.lane.id, messageId)
      const known = this.#indexById.get(id) ?? this.lane.known.get(id)
      if (known !== undefined) return known
      const index = this.size
      this.entries.push(bytes)
      this.ids.push(id)
      this.#indexById.set(id, index)
      return index
    })
    return { indices, added: this.size - before, size: this.size }
  }

  /** Of the lane with everything added. Call it once all is added. */
  tree(): CompactRange {
    if (this.#tree === undefined) {
      this.#tree = this.lane.tree.clone()
      for (const bytes of this.entries) this.#tree.append(platformLeafHash(bytes))
    }
    return this.#tree
  }

  settle(): void {
    this.ids.forEach((id, i) => {
      this.lane.known.add(id, this.first + i)
    })
    this.lane.size = this.size
    this.lane.tree = this.tree()
  }
}
