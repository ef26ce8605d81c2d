// When the relay is asked what witnesses have cosigned (E10.2).
import type { Charter } from "@holdfast/charter"
import type { Answer, Operation } from "@holdfast/wire"
import { createAlarmClock } from "./alarm-clock.ts"
import type { Timers } from "./ports.ts"
import type { Turns } from "./turns.ts"
import type { CharterWatch } from "./watch.ts"

export interface WitnessAskingDeps {
  readonly watch: CharterWatch
  readonly charter: () => Charter
  readonly timers: Timers
  readonly turns: Turns
  readonly request: (operation: Operation) => Promise<Answer>
  /** There is a session as a device. */
  readonly isReady: () => boolean
  readonly kick: () => void
  readonly onTrouble: (error: unknown) => void
}

export interface WitnessAsking {
  /** Now, and once more when witnesses have had their time. */
  ask(): void
  askIfDue(): void
}

const askMillis = 600_000
/** Longer than a relay takes to have a new entry cosigned. (R10.1) */
const againMillis = 10_000

export function createWitnessAsking(deps: WitnessAskingDeps): WitnessAsking {
  let askedAt = Number.NEGATIVE_INFINITY

  async function askRelay(): Promise<void> {
    const answer = await deps.request({ kind: "getWitnessed", value: {} })
    await deps.turns.take(async () => {
      if (answer.kind === "checkpoint") await deps.watch.take(answer.value.note)
      deps.watch.asked()
      deps.kick()
    })
  }

  function askOnce(): void {
    if (deps.charter().state.rules.witnesses.length === 0 || !deps.isReady()) return
    askedAt = deps.timers.now()
    askRelay().catch(deps.onTrouble)
  }
  // What has just grown is not cosigned yet, and a turned relay does not say when it is.
  const again = createAlarmClock(deps.timers, askOnce)

  return {
    ask() {
      askOnce()
      again.wantIn(againMillis)
    },
    askIfDue() {
      if (deps.timers.now() - askedAt >= askMillis) askOnce()
    },
  }
}
