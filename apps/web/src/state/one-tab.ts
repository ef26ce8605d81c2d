// Only one tab of a browser may run the engine: two would write to the same database.
// A lock says who; a tab that wants it asks over a channel and waits, and takes it from a tab that does not answer.

export interface OneTab {
  /** Resolves with true when this tab may run the engine, with false when another one does. */
  tryHold(): Promise<boolean>
  /** Asks the other tab to stop and resolves when this one may run. */
  takeOver(): Promise<void>
  /** Called once when another tab takes over; the engine has to have stopped when the promise resolves. */
  onLost(listener: () => Promise<void>): void
}

const lockName = "holdfast-engine"
const patience = 4_000

export function oneTab(): OneTab {
  const channel = new BroadcastChannel(lockName)
  let release: (() => void) | undefined
  let lost: () => Promise<void> = async () => undefined

  async function giveWay(): Promise<void> {
    const held = release
    if (held === undefined) return
    release = undefined
    await lost()
    held()
  }
  channel.onmessage = () => void giveWay()

  function request(options: LockOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      navigator.locks
        .request(lockName, options, (lock) => {
          if (lock === null) {
            resolve(false)
            return undefined
          }
          resolve(true)
          return new Promise<void>((free) => {
            release = free
          })
        })
        .catch((error: unknown) => {
          // the lock was stolen from this tab while it did not answer
          if (release !== undefined) void giveWay()
          reject(error as Error)
        })
    })
  }
  return {
    tryHold: () => request({ ifAvailable: true }),
    async takeOver() {
      channel.postMessage("give way")
      const impatient = AbortSignal.timeout(patience)
      try {
        await request({ signal: impatient })
      } catch (error) {
        if (!impatient.aborted) throw error
        await request({ steal: true })
      }
    },
    onLost(listener) {
      lost = listener
    },
  }
}
