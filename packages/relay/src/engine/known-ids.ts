import { hash } from "node:crypto"
import type { LaneId } from "@holdfast/wire"

export const knownIdBytes = 16

const scratch = Buffer.alloc(32)

/** What is kept of a message id: a sender's device found later does not show which entries were its own (R3.3). */
export function knownIdOf(lane: LaneId, messageId: Uint8Array): string {
  scratch.set(lane, 0)
  scratch.set(messageId, 16)
  return hash("sha256", scratch, "buffer").toString("latin1", 0, knownIdBytes)
}

/** The last `limit` ids of a lane and their indices. Changes in place. (R2.4) */
export class KnownIds {
  readonly #indexById = new Map<string, number>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get(id: string): number | undefined {
    return this.#indexById.get(id)
  }

  add(id: string, index: number): void {
    this.#indexById.set(id, index)
    // A map keeps the order of insertion, so the first key is the oldest.
    if (this.#indexById.size > this.#limit) this.#indexById.delete(this.#indexById.keys().next().value as string)
  }
}
