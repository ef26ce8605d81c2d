import type { Timers } from "@holdfast/client"

/** A clock that a test winds on by hand. */
export interface ManualTimers extends Timers {
  /** Runs what is due on the way, in order; work that is set meanwhile runs too when it falls within. */
  advance(millis: number): Promise<void>
  readonly waiting: () => number
}

export function createManualTimers(start = 1_800_000_000_000): ManualTimers {
  let now = start
  let ids = 0
  const due = new Map<number, { readonly at: number; readonly work: () => void }>()
  // what hangs on promises goes on between two timers, as it would in reality
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    now: () => now,
    setTimeout(work, millis) {
      ids += 1
      const id = ids
      due.set(id, { at: now + millis, work })
      return () => due.delete(id)
    },
    async advance(millis) {
      const end = now + millis
      await settle()
      for (;;) {
        const next = [...due].filter(([, { at }]) => at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0]
        if (next === undefined) break
        due.delete(next[0])
        now = Math.max(now, next[1].at)
        next[1].work()
        await settle()
      }
      now = end
      await settle()
    },
    waiting: () => due.size,
  }
}
