// Acts on their way into the charter: handed to the relay, and missed when it has said yes and does not show them (E7.3).
import type { Charter } from "@holdfast/charter"
import type { Answer, Operation } from "@holdfast/wire"
import type { Alarms } from "./alarms.ts"
import { withheldMillis } from "./lane-sync.ts"
import type { Timers } from "./ports.ts"

export interface CharterSubmissionDeps {
  readonly request: (operation: Operation) => Promise<Answer>
  readonly charter: () => Charter
  readonly timers: Timers
  readonly alarms: Alarms
}

export interface CharterSubmission {
  /** Not waited for; whoever wants an act tries again while it is open. */
  submit(envelope: Uint8Array): void
  /** In a turn. */
  overdue(): void
}

export function createCharterSubmission(deps: CharterSubmissionDeps): CharterSubmission {
  /** An act that the relay has said it has appended. */
  let promised: { readonly index: number; readonly since: number } | undefined

  return {
    submit(envelope) {
      deps.request({ kind: "appendCharter", value: { envelope } }).then(
        (answer) => {
          if (answer.kind !== "charterAppended" || promised?.index === answer.value.index) return
          promised = { index: answer.value.index, since: deps.timers.now() }
        },
        () => {
          // unreachable: it is tried again while the proposal is open
        },
      )
    },
    overdue() {
      if (promised === undefined || promised.index < deps.charter().size) {
        promised = undefined
      } else if (deps.timers.now() - promised.since >= withheldMillis) {
        const detail = "It confirmed an act and does not show it."
        deps.alarms.raise("withheld", `charter ${promised.index}`, { detail })
      }
    },
  }
}
