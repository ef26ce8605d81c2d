/** Waiting times that double from half a second to half a minute, each at random between half of itself and all of it (E8.2). */
export interface Backoff {
  next(): number
  reset(): void
}

const firstMillis = 500
const maxMillis = 30_000

export function createBackoff(randomBytes: (length: number) => Uint8Array): Backoff {
  let failures = 0
  return {
    next() {
      const whole = Math.min(maxMillis, firstMillis * 2 ** Math.min(failures, 16))
      failures += 1
      return Math.floor(whole * (0.5 + randomFraction(randomBytes) / 2))
    },
    reset() {
      failures = 0
    },
  }
}

/** 0 (included) to 1 (not included). */
export function randomFraction(randomBytes: (length: number) => Uint8Array): number {
  const [a, b, c] = randomBytes(3) as unknown as [number, number, number]
  return (a * 65_536 + b * 256 + c) / 16_777_216
}
