import { EngineError } from "../engine/protocol.ts"
import { text } from "../messages.ts"

/** Something that is asked of the engine and asked again when it has changed. */
export interface Resource<T> {
  /** The newest answer; undefined before the first. The same object until something changed. */
  readonly snapshot: () => Snapshot<T>
  /** Asks for the first time, or again after a change. */
  readonly refresh: () => void
  readonly subscribe: (listener: () => void) => () => void
}
export interface Snapshot<T> {
  readonly value: T | undefined
  /** Why the last question failed. The value before it stays. */
  readonly problem: string | undefined
}

export function sentenceOf(error: unknown): string {
  if (error instanceof EngineError) return error.sentence
  // its message is for people; the class itself comes with code that is loaded late
  return error instanceof Error && error.name === "PasskeyError" ? error.message : text.problem.unexpected
}

/** Asks when somebody looks, once at a time; changes during a question lead to one more question after it. */
export function resourceOf<T>(ask: () => Promise<T>): Resource<T> {
  const listeners = new Set<() => void>()
  let snapshot: Snapshot<T> = { value: undefined, problem: undefined }
  let asking = false
  let again = false
  let stale = true

  async function run(): Promise<void> {
    asking = true
    do {
      again = false
      stale = false
      try {
        snapshot = { value: await ask(), problem: undefined }
      } catch (error) {
        snapshot = { value: snapshot.value, problem: sentenceOf(error) }
      }
      for (const listener of listeners) listener()
    } while (again)
    asking = false
  }
  function refresh(): void {
    stale = true
    if (asking) again = true
    else if (listeners.size > 0) void run()
  }
  return {
    snapshot: () => snapshot,
    refresh,
    subscribe(listener) {
      listeners.add(listener)
      if (stale && !asking) void run()
      return () => listeners.delete(listener)
    },
  }
}
