import { LaneError } from "./error.ts"
import type { RecordWriter } from "./ports.ts"
import { Records } from "./records.ts"

/**
 * Runs operations one at a time, in the order of their calls. One that has changed records holds up the next until they are
 * flushed, so that what a flush writes is always the whole of what its callers know (N10.1, N10.2).
 */
export class Turns {
  readonly #records = new Records()
  readonly #store: (records: Records) => void
  #last: Promise<unknown> = Promise.resolve()
  #flushed: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined
  #isClosed = false

  /** `store` puts everything that has changed into the records. */
  constructor(store: (records: Records) => void) {
    this.#store = store
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#begin(work))
    this.#last = result.catch(() => undefined)
    return result
  }

  async #begin<T>(work: () => Promise<T>): Promise<T> {
    await this.#flushed?.promise
    if (this.#isClosed) throw new LaneError("closed")
    try {
      const value = await work()
      this.#store(this.#records)
      if (!this.#records.isClean) this.#flushed = Promise.withResolvers<void>()
      return value
    } catch (error) {
      // A refusal came before anything was changed. Anything else may have come in the middle (N10.6).
      if (!(error instanceof LaneError)) this.close()
      throw error
    }
  }

  flush(writer: RecordWriter): void {
    this.#records.flushTo(writer)
    this.#flushed?.resolve()
    this.#flushed = undefined
  }

  close(): void {
    this.#isClosed = true
    this.#flushed?.resolve()
  }
}
