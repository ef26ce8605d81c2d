// What the passing of time makes worth saying: acts that wait or are held up, a canary that lapses, proposals that nobody
// decides (E5.14, E5.17, E10.7).
import { actInWords, type Charter } from "@holdfast/charter"
import { hex } from "@holdfast/wire"
import type { Alarms } from "./alarms.ts"
import type { Id } from "./id.ts"
import type { People } from "./people.ts"
import type { Timers } from "./ports.ts"
import type { Proposals } from "./proposals.ts"
import { actsHeldUp, createCoverage, type Vouched } from "./standing-clock.ts"
import type { Meta } from "./store/meta.ts"

export interface StandingNoticesDeps {
  readonly charter: () => Charter
  readonly people: People
  readonly proposals: Proposals
  readonly alarms: Alarms
  readonly timers: Timers
  readonly meta: Meta
  /** What enough witnesses vouch for, as far as this device knows. */
  readonly vouched: () => Vouched | undefined
}

export interface StandingNotices {
  /** In a turn, every few minutes and whenever it was wanted. Idempotent. */
  lookIfDue(): Promise<void>
  want(): void
}

const pauseMillis = 600_000

const waitingKey = "waiting acts told"
const canaryKey = "lapsed canary told"
const dueKey = "due decisions told"
const heldUpKey = "acts held up told"

export function isCanaryLapsed({ state }: Charter, nowMillis: number): boolean {
  return state.canary !== undefined && Math.max((state.clock ?? 0) * 1_000, nowMillis) > state.canary.until * 1_000
}

export function createStandingNotices(deps: StandingNoticesDeps): StandingNotices {
  const { meta, alarms, people } = deps
  let lookedAt = Number.NEGATIVE_INFINITY
  const coverage = createCoverage()

  /** Those told before and not any more are cleared. */
  function tellAll(
    key: string,
    kind: "act_waiting" | "decision_due" | "clock_stands",
    now: readonly { readonly subject: Id; readonly detail: string }[],
  ): void {
    const before = (meta.getText(key) ?? "").split(" ").filter((subject) => subject !== "")
    const subjects = now.map(({ subject }) => subject)
    for (const { subject, detail } of now) if (!before.includes(subject)) alarms.raise(kind, subject, { detail })
    for (const subject of before) if (!subjects.includes(subject)) alarms.clear(kind, subject)
    if (before.join(" ") !== subjects.join(" ")) meta.setText(key, subjects.join(" "))
  }

  function tellCanary(charter: Charter): void {
    const { canary } = charter.state
    const isLapsed = isCanaryLapsed(charter, deps.timers.now())
    const subject = canary === undefined || !isLapsed ? undefined : `canary ${canary.mark.index}`
    const before = meta.getText(canaryKey)
    if (before === subject) return
    if (before !== undefined) alarms.clear("canary_lapsed", before)
    if (subject === undefined) {
      meta.remove(canaryKey)
    } else {
      alarms.raise("canary_lapsed", subject)
      meta.setText(canaryKey, subject)
    }
  }

  function tellHeldUp(charter: Charter): void {
    const vouched = deps.vouched()
    if (vouched === undefined) return
    const { waiting } = charter.state
    coverage.saw(
      vouched,
      waiting.map(({ index }) => index),
    )
    const ids = actsHeldUp(charter, vouched, coverage.since)
    const words = (id: Uint8Array) => waiting.find(({ statement }) => statement.id === id)?.statement
    tellAll(
      heldUpKey,
      "clock_stands",
      ids.map((id) => {
        const statement = words(id)
        return {
          subject: hex(id),
          detail: statement === undefined ? "" : `It is: ${actInWords(statement, people.names)}.`,
        }
      }),
    )
  }

  return {
    want() {
      lookedAt = Number.NEGATIVE_INFINITY
    },
    async lookIfDue() {
      if (deps.timers.now() - lookedAt < pauseMillis) return
      lookedAt = deps.timers.now()
      const charter = deps.charter()
      tellAll(
        waitingKey,
        "act_waiting",
        charter.state.waiting.map(({ statement }) => ({
          subject: hex(statement.id),
          detail: `It is: ${actInWords(statement, people.names)}.`,
        })),
      )
      tellCanary(charter)
      tellHeldUp(charter)
      const open = await deps.proposals.list()
      const due = open.filter(({ mine, reminder }) => mine === "can-approve" && reminder !== undefined)
      tellAll(
        dueKey,
        "decision_due",
        due.map(({ id, sentence }) => ({ subject: id, detail: `It is: ${sentence}.` })),
      )
    },
  }
}
