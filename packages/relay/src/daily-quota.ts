import { RelayError } from "./error.ts"
import type { Clock } from "./ports.ts"

const dayMillis = 86_400_000

/** Counts for each key since midnight UTC, in memory only: nothing about who did how much is ever written (R7.6). */
export class DailyQuota {
  readonly #clock: Clock
  readonly #usedByKey = new Map<string, number>()
  #day = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Throws `quota`, with the seconds to midnight, and then nothing is counted. */
  charge(key: string, amount: number, allowed: number): void {
    const now = this.#clock.now()
    this.#turn(now)
    const used = (this.#usedByKey.get(key) ?? 0) + amount
    if (used > allowed) throw new RelayError("quota", undefined, Math.ceil((dayMillis - (now % dayMillis)) / 1_000))
    this.#usedByKey.set(key, used)
  }

  refund(key: string, amount: number): void {
    const used = this.#usedByKey.get(key)
    if (used !== undefined) this.#usedByKey.set(key, Math.max(0, used - amount))
  }

  #turn(now: number): void {
    const day = Math.floor(now / dayMillis)
    if (day === this.#day) return
    this.#day = day
    this.#usedByKey.clear()
  }
}
