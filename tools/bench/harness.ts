// One small harness for every bench: a bench is an async iterable of figures and knows nothing about printing.

/** How a measured number stands against its goal. Goals of ratio benches are about `ratio`, others about `value`. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The same measurement of what it is compared with, in the same unit and the same run. */
  readonly peer: number | null
  /** How many times better than the peer; above 1 is better, whichever way the unit counts. */
  readonly ratio: number | null
  /** In words and symbols, for example ">= 2.5 x" or "<= 15 µs". */
  readonly goal: string | null
  /** `null` where there is no goal. */
  readonly met: boolean | null
}

export type Better = "lower" | "higher"

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("median of nothing")
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

export interface Runs {
  /** Rounds that are thrown away, so that compilers and caches settle. */
  readonly warmUp?: number
  readonly rounds?: number
  /** Calls per round; the result is per call. */
  readonly calls?: number
}

/** Milliseconds per call: the median over the rounds. */
export async function millisPerCall(work: () => unknown, runs: Runs = {}): Promise<number> {
  const { warmUp = 2, rounds = 7, calls = 1 } = runs
  const measured: number[] = []
  for (let round = -warmUp; round < rounds; round++) {
    const start = performance.now()
    for (let call = 0; call < calls; call++) {
      const pending = work()
      if (pending instanceof Promise) await pending
    }
    if (round >= 0) measured.push((performance.now() - start) / calls)
  }
  return median(measured)
}

interface Measured {
  readonly name: string
  readonly value: number
  readonly unit: string
}

/** A figure without a peer. `goal` is the bound that the value has to keep. */
export function figure(measured: Measured, goal?: { readonly better: Better; readonly bound: number }): Figure {
  const { name, value, unit } = measured
  const bare = { name, value, unit, peer: null, ratio: null }
  if (goal === undefined) return { ...bare, goal: null, met: null }
  const met = goal.better === "lower" ? value <= goal.bound : value >= goal.bound
  return { ...bare, goal: `${goal.better === "lower" ? "<=" : ">="} ${goal.bound} ${unit}`, met }
}

/** A figure beside its peer. `ratioGoal` is how many times better it has to be. */
export function compare(
  measured: Measured & { readonly peer: number; readonly better: Better; readonly ratioGoal?: number },
): Figure {
  const { name, value, unit, peer, better, ratioGoal } = measured
  const ratio = better === "lower" ? peer / value : value / peer
  const goal = ratioGoal === undefined ? null : `>= ${ratioGoal} x`
  return { name, value, unit, peer, ratio, goal, met: ratioGoal === undefined ? null : ratio >= ratioGoal }
}
