import { RelayError } from "./error.ts"
import type { Clock } from "./ports.ts"

/** The promise's own end, or `unavailable` when it does not end in time. The work itself goes on (R6.7). */
export function withDeadline<T>(clock: Clock, millis: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, refuse) => {
    const callOff = clock.after(millis, () => refuse(new RelayError("unavailable", "timeout", 5)))
    work.then(resolve, refuse).finally(callOff)
  })
}
