import type { Timers } from "@holdfast/client"

interface Pending {
  readonly due: number
  readonly work: () => void
  timer: NodeJS.Timeout
}

/** A machine's clock that can be made to run ahead: what was due in between happens, in its order. */
export interface RunningClock {
  readonly timers: Timers
  advance(millis: number): void
  /** Nothing happens on this machine any more. */
  stop(): void
}

export function createClock(): RunningClock {
  const pending = new Set<Pending>()
  let ahead = 0
  const now = () => Date.now() + ahead

  function arm(one: Pending): void {
    clearTimeout(one.timer)
    one.timer = setTimeout(() => fire(one), Math.max(0, one.due - now()))
  }

  function fire(one: Pending): void {
    clearTimeout(one.timer)
    if (pending.delete(one)) one.work()
  }

  return {
    timers: {
      now,
      setTimeout(work, millis) {
        const due = now() + millis
        const one: Pending = { due, work, timer: setTimeout(() => fire(one), Math.max(0, millis)) }
        pending.add(one)
        return () => {
          clearTimeout(one.timer)
          pending.delete(one)
        }
      },
    },
    stop() {
      for (const { timer } of pending) clearTimeout(timer)
      pending.clear()
    },
    advance(millis) {
      ahead += millis
      for (const one of [...pending].sort((a, b) => a.due - b.due)) {
        if (one.due <= now()) fire(one)
        else arm(one)
      }
    },
  }
}
