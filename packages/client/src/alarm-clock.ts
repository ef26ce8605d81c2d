import type { Timers } from "./ports.ts"

/** One piece of work, run at the earliest of the times it was wanted at. */
export interface AlarmClock {
  wantIn(millis: number): void
  stop(): void
}

export function createAlarmClock(timers: Timers, work: () => void): AlarmClock {
  let due: number | undefined
  let cancel = () => {}
  return {
    wantIn(millis) {
      const at = timers.now() + millis
      if (due !== undefined && due <= at) return
      cancel()
      due = at
      cancel = timers.setTimeout(
        () => {
          due = undefined
          work()
        },
        Math.max(0, millis),
      )
    },
    stop() {
      cancel()
      due = undefined
    },
  }
}
