/** How many frames back a welcome may point (N6.4). */
export const maxReplayFrames = 4_096
const maxHeldBytes = 8_388_608

/** The last raw frames, in memory only: enough for nearly every joining; for the others the caller is asked. */
export class RecentFrames {
  #frames: Uint8Array[] = []
  /** Frames before this place in the array are forgotten; the array is cut now and then. */
  #start = 0
  #first = 0
  #bytes = 0

  /** Frames come in lane order; anything else starts afresh. A copy is kept: views would hold whole read batches. */
  push(index: number, frame: Uint8Array): void {
    if (index !== this.#first + this.#frames.length - this.#start) this.#reset(index)
    this.#frames.push(frame.slice())
    this.#bytes += frame.length
    while (this.#frames.length - this.#start > maxReplayFrames || this.#bytes > maxHeldBytes) {
      this.#bytes -= this.#frames[this.#start]!.length
      this.#start++
      this.#first++
    }
    if (this.#start > maxReplayFrames) {
      this.#frames = this.#frames.slice(this.#start)
      this.#start = 0
    }
  }

  at(index: number): Uint8Array | undefined {
    return index < this.#first ? undefined : this.#frames[this.#start + index - this.#first]
  }

  #reset(index: number): void {
    this.#frames = []
    this.#start = 0
    this.#first = index
    this.#bytes = 0
  }
}
