import { RelayError } from "./error.ts"
import type { Clock } from "./ports.ts"

/** Slows down guessing: failures of one address in the running minute. In memory only (R7.4). */
export class FailureLimit {
  readonly #clock: Clock
  readonly #allowed: number
  readonly #failuresByAddress = new Map<string, number>()
  #minute = 0

  constructor(clock: Clock, allowed: number) {
    this.#clock = clock
    this.#allowed = allowed
  }

  /** Throws `too_many`. */
  check(address: string): void {
    const minute = Math.floor(this.#clock.now() / 60_000)
    if (minute !== this.#minute) this.#failuresByAddress.clear()
    this.#minute = minute
    if ((this.#failuresByAddress.get(address) ?? 0) >= this.#allowed) throw new RelayError("too_many", undefined, 60)
  }

  count(address: string): void {
    this.#failuresByAddress.set(address, (this.#failuresByAddress.get(address) ?? 0) + 1)
  }
}
