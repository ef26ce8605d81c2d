// Keeps the relay's copy of this device's line fresh, and this device's copy of everybody's (E8.6, E8.7).
import type { Charter } from "@holdfast/charter"
import { type Answer, codeOf, hex, type Operation } from "@holdfast/wire"
import { createAlarmClock } from "./alarm-clock.ts"
import { type Directory, keepReplacedMillis } from "./directory.ts"
import { ClientError } from "./error.ts"
import type { Timers } from "./ports.ts"
import type { Store } from "./store/store.ts"
import type { Turns } from "./turns.ts"

export interface DirectorySyncDeps {
  readonly directory: Directory
  readonly store: Store
  readonly charter: () => Charter
  readonly turns: Turns
  readonly timers: Timers
  readonly request: (operation: Operation) => Promise<Answer>
  readonly isReady: () => boolean
  readonly onNews: () => void
  readonly report: (error: unknown) => void
}

export interface DirectorySync {
  /** Soon, and again while a device of the charter has no line. */
  want(): void
}

const versionKey = "directory version"
const firstPauseMillis = 300
const longestPauseMillis = 20_000

export function createDirectorySync(deps: DirectorySyncDeps): DirectorySync {
  const { directory, store, timers } = deps
  let running = false
  let misses = 0

  async function putOwn(): Promise<void> {
    if (directory.isDue()) {
      const own = await directory.makeOwn()
      store.transaction(() => {
        store.directory.addOwn(own, own.packages)
        store.directory.forgetReplacedBefore(timers.now() - keepReplacedMillis)
      })
    }
    const newest = store.directory.newestOwn()
    if (newest === undefined || newest.stored) return
    const answer = await deps.request({ kind: "putDirectoryEntry", value: { entry: newest.entry } })
    const isThere =
      answer.kind === "directoryStored" || (answer.kind === "failure" && codeOf(answer.value) === "conflict")
    // in conflict the relay holds a newer line of this device: only the next rotation can replace it
    if (isThere) store.directory.setOwnStored(newest.sequence)
  }

  /** True when something is missing that may come soon. */
  async function fetch(): Promise<boolean> {
    let isEarly = false
    for (let more = true; more; ) {
      const since = store.meta.getNumber(versionKey) ?? 0
      const answer = await deps.request({ kind: "getDirectory", value: { since } })
      if (answer.kind !== "directoryEntries") return true
      const { version, entries } = answer.value
      more = answer.value.more === 1
      await deps.turns.take(async () => {
        const checked = await directory.check(entries)
        isEarly ||= checked.isEarly
        store.transaction(() => {
          for (const { entry, bytes } of checked.lines) {
            store.directory.putLine(hex(entry.device), entry.sequence, entry.issuedAt, bytes)
          }
          // a relay whose directory went back is asked for everything; old lines are noticed by their sequence
          if (!isEarly) store.meta.setNumber(versionKey, version < since ? 0 : version)
        })
      })
      if (isEarly) return true
      if (version < since) return true
    }
    const devices = [...deps.charter().state.devices.values()].filter(({ removed }) => removed === undefined)
    return devices.some(({ id }) => directory.find(id) === undefined)
  }

  async function run(): Promise<void> {
    if (!deps.isReady()) return
    if (running) return clock.wantIn(firstPauseMillis)
    running = true
    try {
      await putOwn()
      const before = misses
      misses = (await fetch()) ? before + 1 : 0
      deps.onNews()
      if (misses > 0) clock.wantIn(Math.min(longestPauseMillis, firstPauseMillis * 2 ** misses))
    } catch (error) {
      if (!(error instanceof ClientError)) deps.report(error)
    } finally {
      running = false
    }
  }

  const clock = createAlarmClock(timers, () => void run())

  return {
    want() {
      misses = 0
      clock.wantIn(firstPauseMillis)
    },
  }
}
