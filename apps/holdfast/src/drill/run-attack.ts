import path from "node:path"
import type { Attack } from "./attack.ts"
import type { Tried, Verdict } from "./finding.ts"
import { openScene, type Patience, type Sheet } from "./scene.ts"
import type { Stage } from "./stage.ts"

/** An attack that hangs proves nothing. */
const attackMillis = 120_000

/** Tries attacks one after the other in one copy of the stage, and judges what came of each. Never throws (D4). */
export async function runAttacks(
  attacks: readonly Attack[],
  stage: Stage,
  root: string,
  patience: Patience,
): Promise<readonly Tried[]> {
  const tried: Tried[] = []
  while (tried.length < attacks.length) {
    const left = attacks.slice(tried.length)
    const started = performance.now()
    try {
      tried.push(...(await runInOneScene(left, stage, path.join(root, String(tried.length)), patience)))
    } catch (error) {
      tried.push(judge(left[0] as Attack, { gains: [], measured: [], notice: undefined }, started, error))
    }
  }
  return tried
}

/** Goes on as long as nothing has gone wrong: after that, the scene is no longer what the next attack expects. */
async function runInOneScene(
  attacks: readonly Attack[],
  stage: Stage,
  root: string,
  patience: Patience,
): Promise<readonly Tried[]> {
  let started = performance.now()
  const scene = await openScene(stage, root, patience)
  const tried: Tried[] = []
  try {
    for (const attack of attacks) {
      const one = await withinTime(attack.run(scene)).then(
        () => judge(attack, scene.sheet(), started),
        (error: unknown) => judge(attack, scene.sheet(), started, error),
      )
      tried.push(one)
      if (one.verdict !== "held") break
      scene.newSheet()
      started = performance.now()
    }
    return tried
  } finally {
    await scene.close()
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
