// When the relay is asked what witnesses have cosigned (E10.2).
import type { Charter } from "@holdfast/charter"
import type { Answer, Operation } from "@holdfast/wire"
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
  ask(): void
  askIfDue(): void
}

const askMillis = 600_000

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

  const asking: WitnessAsking = {
    ask() {
      if (deps.charter().state.rules.witnesses.length === 0 || !deps.isReady()) return
      askedAt = deps.timers.now()
      askRelay().catch(deps.onTrouble)
    },
    askIfDue() {
      if (deps.timers.now() - askedAt >= askMillis) asking.ask()
    },
  }
  return asking
}
