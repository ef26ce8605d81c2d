import type { Attack } from "./attack.ts"
import type { Tried, Verdict } from "./finding.ts"
import { openScene, type Patience, type Sheet } from "./scene.ts"
import type { Stage } from "./stage.ts"

/** An attack that hangs proves nothing. */
const attackMillis = 120_000

/** Tries one attack on its own copy of the stage and judges what came of it. Never throws (D4). */
export async function runAttack(attack: Attack, stage: Stage, root: string, patience: Patience): Promise<Tried> {
  const started = performance.now()
  try {
    const scene = await openScene(stage, root, patience)
    try {
      await withinTime(attack.run(scene))
      return judge(attack, scene.sheet(), started)
    } catch (error) {
      return judge(attack, scene.sheet(), started, error)
    } finally {
      await scene.close()
    }
  } catch (error) {
    return judge(attack, { gains: [], measured: [], notice: undefined }, started, error)
  }
}

async function withinTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${attackMillis / 1_000} s`)), attackMillis)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

export function judge(attack: Attack, sheet: Sheet, started: number, error?: unknown): Tried {
  const { gains, measured, notice } = sheet
  const isPromised = attack.expected.kind !== "nothing"
  const broke = error === undefined ? undefined : error instanceof Error ? error.message : String(error)
  const verdict: Verdict =
    gains.length > 0
      ? "gained"
      : broke !== undefined
        ? "not tried"
        : isPromised && notice === undefined
          ? "unnoticed"
          : "held"
  const gained = gains.length > 0 ? gains.join("; ") : broke === undefined ? 0 : `not known: ${broke}`
  return {
    finding: {
      attack: attack.name,
      level: attack.level,
      promise: attack.promise,
      gained,
      noticedBy: notice?.by ?? null,
      afterMs: notice?.afterMs ?? null,
    },
    tries: attack.tries,
    verdict,
    measured,
    tookMs: Math.round(performance.now() - started),
  }
}
