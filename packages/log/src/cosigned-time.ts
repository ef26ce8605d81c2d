import { hex } from "@holdfast/wire"
import { LogError } from "./error.ts"
import type { VerifiedSignature } from "./verify-note.ts"

/**
 * The latest time (seconds since 1970) that `needed` distinct witnesses vouch for: the `needed`-th largest of their newest times.
 * `undefined`: fewer have cosigned. A key counts once, whatever names it stands under; signatures without a time do not count.
 * Fewer than `needed` liars cannot move it past what an honest one said. Throws `out_of_range` unless `needed` is at least 1. (L8.4)
 */
export function cosignedTime(cosignatures: readonly VerifiedSignature[], needed: number): number | undefined {
  return timesOf(cosignatures, needed).toReversed()[needed - 1]
}

/**
 * A time (seconds since 1970) by which the checkpoint had been made: the `needed`-th smallest of the witnesses' newest times. `undefined`:
 * fewer have cosigned. Fewer than `needed` liars cannot move it before what an honest one said. Throws as `cosignedTime`. (L8.5)
 */
export function cosignedBy(cosignatures: readonly VerifiedSignature[], needed: number): number | undefined {
  return timesOf(cosignatures, needed)[needed - 1]
}

/** Each key's newest, in ascending order. */
function timesOf(cosignatures: readonly VerifiedSignature[], needed: number): readonly number[] {
  if (!Number.isSafeInteger(needed) || needed < 1) throw new LogError("out_of_range", "number of witnesses")
  const timeByKey = new Map<string, number>()
  for (const { key, timestamp } of cosignatures) {
    if (timestamp === undefined) continue
    const id = hex(key.publicKey)
    timeByKey.set(id, Math.max(timeByKey.get(id) ?? 0, timestamp))
  }
  return [...timeByKey.values()].sort((a, b) => a - b)
}
