import { useSyncExternalStore } from "react"

// One polite live region for the whole page: new messages and changes of state are read out by screen readers.
let words = ""
let turn = 0
const listeners = new Set<() => void>()

export function announce(sentence: string): void {
  turn += 1
  // the same sentence twice has to count as a change
  words = turn % 2 === 0 ? sentence : `${sentence}\u00a0`
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Announcer() {
  const said = useSyncExternalStore(subscribe, () => words)
  return (
    <div className="unseen" role="status" aria-live="polite" data-testid="announcer">
      {said}
    </div>
  )
}
