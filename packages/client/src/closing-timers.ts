import type { Timers } from "./ports.ts"

/** Timers that are all called off at once, whoever set them, so that nothing runs in what was closed. */
export interface ClosingTimers extends Timers {
  close(): void
}

export function createClosingTimers(inner: Timers): ClosingTimers {
  const pending = new Set<() => void>()
  let isClosed = false
  return {
    now: () => inner.now(),
    setTimeout(work, millis) {
      if (isClosed) return () => {}
      const cancel = inner.setTimeout(() => {
        pending.delete(cancel)
        if (!isClosed) work()
      }, millis)
      pending.add(cancel)
      return () => {
        pending.delete(cancel)
        cancel()
      }
    },
    close() {
      isClosed = true
      for (const cancel of pending) cancel()
      pending.clear()
    },
  }
}
