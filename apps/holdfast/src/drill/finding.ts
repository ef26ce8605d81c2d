/** Who the attacker is (SECURITY.md). Each level has everything of the one before. */
export const levels = ["T1", "T2", "T3", "T4"] as const
export type Level = (typeof levels)[number]

export type PromiseId = "P1" | "P2" | "P3" | "P4" | "P6" | "P7" | "P8" | "P9"

/** One attack as `--json` writes it, with exactly these fields (D7.1). */
export interface Finding {
  readonly attack: string
  readonly level: Level
  readonly promise: PromiseId
  /** 0, or what was gained, with counts. */
  readonly gained: 0 | string
  /** "name: kind of alarm", "name: refused" …; `null` where there is nothing to notice, or where nobody noticed. */
  readonly noticedBy: string | null
  /** From the first lie to the notice. `null` without a notice. */
  readonly afterMs: number | null
}

/** What the report shows besides. */
export interface Tried {
  readonly finding: Finding
  /** What was done, in a sentence. */
  readonly tries: string
  /** What it came to: "held", or why not. */
  readonly verdict: Verdict
  /** What was measured, for people. */
  readonly measured: readonly string[]
  readonly tookMs: number
}

/**
 * - `held`: tried, nothing gained, noticed where that is promised
 * - `gained`: the attacker has something; worse when nobody noticed
 * - `unnoticed`: nothing gained, but a promised notice did not come in time
 * - `not tried`: the attack itself did not get through its steps, so it proves nothing
 */
export type Verdict = "held" | "gained" | "unnoticed" | "not tried"

/** 0 only when every attack held (D7.3). */
export function exitCodeOf(tried: readonly Tried[]): 0 | 1 {
  return tried.length > 0 && tried.every(({ verdict }) => verdict === "held") ? 0 : 1
}
