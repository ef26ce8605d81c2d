import type { Change } from "./api.ts"

/** Tells listeners what changed, once per change and after the work that is under way. */
export interface Changes {
  mark(...changes: readonly Change[]): void
  subscribe(listener: (change: Change) => void): () => void
  stop(): void
}

export function createChanges(): Changes {
  const listeners = new Set<(change: Change) => void>()
  let marked = new Map<string, Change>()
  let stopped = false

  function tell(): void {
    const now = [...marked.values()]
    marked = new Map()
    if (stopped) return
    for (const change of now) {
      for (const listener of [...listeners]) {
        try {
          listener(change)
        } catch {
          // a listener's own mistake must not stop the engine
        }
      }
    }
  }

  return {
    mark(...changes) {
      if (marked.size === 0 && changes.length > 0) queueMicrotask(tell)
      for (const change of changes) marked.set(JSON.stringify(change), change)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop() {
      stopped = true
      listeners.clear()
    },
  }
}
