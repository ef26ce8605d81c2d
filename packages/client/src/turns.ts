/**
 * One thing at a time. The state of the charter and of the lane moves over several awaits, so whatever changes it takes a
 * turn. Work in a turn must not wait for the network or for another turn.
 */
export interface Turns {
  /** Resolves or rejects as `work` does. Rejects with the reason of `stop` when that came first. */
  take<T>(work: () => T | Promise<T>): Promise<T>
  /** Lets the turn under way end, refuses all that follow, and resolves when it has ended. */
  stop(reason: Error): Promise<void>
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  let stopped: Error | undefined
  return {
    take(work) {
      const turn = last.then(() => {
        if (stopped !== undefined) throw stopped
        return work()
      })
      last = turn.catch(() => undefined)
      return turn
    },
    async stop(reason) {
      stopped = reason
      await last
    },
  }
}
