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

export interface TurnsDeps {
  /** True for errors after which memory may be ahead of the store. */
  readonly breaks: (error: unknown) => boolean
  /** Runs before the next turn after such an error, until it succeeds. */
  readonly repair: () => Promise<void>
}

export function createTurns(deps: TurnsDeps): Turns {
  let last: Promise<unknown> = Promise.resolve()
  let stopped: Error | undefined
  let isBroken = false
  return {
    take(work) {
      const turn = last.then(async () => {
        if (stopped !== undefined) throw stopped
        if (isBroken) {
          await deps.repair()
          isBroken = false
        }
        try {
          return await work()
        } catch (error) {
          isBroken ||= deps.breaks(error)
          throw error
        }
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
