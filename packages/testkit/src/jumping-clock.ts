import type { Timers } from "@holdfast/client"

/** Real time that a test can jump ahead in, for everybody who reads this clock. */
export interface JumpingClock extends Timers {
  /** What is due by then runs at once, in order. */
  advance(millis: number): void
}

export function createJumpingClock(): JumpingClock {
  let offset = 0
  const due = new Map<number, { readonly at: number; readonly run: () => void; timer: ReturnType<typeof setTimeout> }>()
  let ids = 0
  const now = () => Date.now() + offset

  function later(run: () => void, millis: number): ReturnType<typeof setTimeout> {
    // longer ones overflow; whoever jumps sets them anew
    const timer = setTimeout(run, Math.min(Math.max(0, millis), 2_000_000_000))
    timer.unref()
    return timer
  }

  return {
    now,
    setTimeout(work, millis) {
      const id = ids++
      const run = () => {
        if (due.delete(id)) work()
      }
      due.set(id, { at: now() + millis, run, timer: later(run, millis) })
      return () => {
        clearTimeout(due.get(id)?.timer)
        due.delete(id)
      }
    },
    advance(millis) {
      offset += millis
      for (const it of [...due.values()].sort((a, b) => a.at - b.at)) {
        clearTimeout(it.timer)
        it.timer = later(it.run, it.at - now())
      }
    },
  }
}
