import { createContext, useContext, useEffect, useState, useSyncExternalStore } from "react"
import type { RemoteClient } from "../engine/protocol.ts"
import type { Live } from "../state/live.ts"
import { type Resource, type Snapshot, sentenceOf } from "../state/resource.ts"

/** An unlocked organisation, for every screen below. */
export interface Session {
  readonly vault: string
  readonly client: RemoteClient
  readonly live: Live
  readonly lock: () => void
  readonly removeFromDevice: () => Promise<void>
}

const Open = createContext<Session | null>(null)
export const SessionProvider = Open.Provider

export function useSession(): Session {
  const session = useContext(Open)
  if (session === null) throw new Error("no organisation is open here")
  return session
}

export function useResource<T>(resource: Resource<T>): Snapshot<T> {
  return useSyncExternalStore(resource.subscribe, resource.snapshot)
}

export interface Action<Args extends readonly unknown[]> {
  readonly run: (...args: Args) => Promise<boolean>
  readonly busy: boolean
  /** Why the last run failed, for people. */
  readonly problem: string | undefined
}

/** Something a person sets off: busy while it runs, and a sentence when it fails. `run` gives true when it worked. */
export function useAction<Args extends readonly unknown[]>(work: (...args: Args) => Promise<void>): Action<Args> {
  const [state, become] = useState<{ busy: boolean; problem: string | undefined }>({ busy: false, problem: undefined })
  return {
    ...state,
    async run(...args) {
      become({ busy: true, problem: undefined })
      try {
        await work(...args)
        become({ busy: false, problem: undefined })
        return true
      } catch (error) {
        become({ busy: false, problem: sentenceOf(error) })
        return false
      }
    },
  }
}

/** The time, twice a minute: for what is shown as "in 3 hours" or "40 minutes ago". */
export function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
