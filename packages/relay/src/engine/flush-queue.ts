import { EngineError } from "./lane-engine.ts"

/** One write that waits for the next flush. */
export interface Job {
  readonly bytes: number
  /** Does its part inside the transaction and returns what to do when that is durable. What it throws is refused to its caller alone. */
  run(): () => void
  refuse(error: unknown): void
}

export interface FlushBounds {
  readonly maxWaitingBytes: number
  /** One flush holds the event loop for as long as it takes to write this much. */
  readonly maxFlushBytes: number
  readonly maxFlushJobs: number
}

/**
 * When to flush: at once while little is going on; once flushes carry more than a few jobs, wait up to 1 ms until as many
 * have come as last time, so that one fsync carries them all. (R2.6; measured: a fixed wait costs 2 ms idle, no wait 5x the tail.)
 */
export function isWorthWaiting(lastJobs: number, waitingJobs: number): boolean {
  return lastJobs > 4 && waitingJobs < lastJobs
}

/** Gathers writes and hands them to `flush` in the order they came. `flush` answers for every job it is given. (R2.6) */
export class FlushQueue {
  #jobs: Job[] = []
  #bytes = 0
  #lastJobs = 0
  #immediate: NodeJS.Immediate | undefined
  #hold: NodeJS.Timeout | undefined
  #isClosed = false
  readonly #flush: (jobs: readonly Job[]) => void
  readonly #bounds: FlushBounds

  constructor(flush: (jobs: readonly Job[]) => void, bounds: FlushBounds) {
    this.#flush = flush
    this.#bounds = bounds
  }

  /** Throws `busy` when too much is waiting and `broken` after `close`. */
  push(job: Job): void {
    if (this.#isClosed) throw new EngineError("broken")
    if (this.#bytes + job.bytes > this.#bounds.maxWaitingBytes && this.#jobs.length > 0) throw new EngineError("busy")
    this.#jobs.push(job)
    this.#bytes += job.bytes
    this.#schedule()
  }

  /** Flushes everything now and takes nothing more. */
  close(): void {
    this.#isClosed = true
    while (this.#jobs.length > 0) this.#run()
    clearImmediate(this.#immediate)
    clearTimeout(this.#hold)
  }

  #schedule(): void {
    if (this.#immediate !== undefined) return
    if (isWorthWaiting(this.#lastJobs, this.#jobs.length)) {
      this.#hold ??= setTimeout(() => this.#run(), 1)
    } else {
      this.#immediate = setImmediate(() => this.#run())
    }
  }

  #run(): void {
    clearImmediate(this.#immediate)
    clearTimeout(this.#hold)
    this.#immediate = undefined
    this.#hold = undefined
    const taken = this.#take()
    this.#lastJobs = taken.length
    if (taken.length > 0) this.#flush(taken)
    if (this.#jobs.length > 0 && !this.#isClosed) this.#schedule()
  }

  #take(): readonly Job[] {
    let bytes = 0
    let count = 0
    for (const job of this.#jobs) {
      if (count > 0 && (count === this.#bounds.maxFlushJobs || bytes + job.bytes > this.#bounds.maxFlushBytes)) break
      bytes += job.bytes
      count++
    }
    this.#bytes -= bytes
    return this.#jobs.splice(0, count)
  }
}
