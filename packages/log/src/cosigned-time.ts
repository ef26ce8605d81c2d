import { hex } from "@holdfast/wire"
import { LogError } from "./error.ts"
import type { VerifiedSignature } from "./verify-note.ts"

/**
 * The latest time (seconds since 1970) that `needed` distinct witnesses vouch for: the `needed`-th largest of their newest times.
 * `undefined`: fewer have cosigned. A key counts once, whatever names it stands under; signatures without a time do not count.
 * Fewer than `needed` liars cannot move it past what an honest one said. Throws `out_of_range` unless `needed` is at least 1. (L8.4)
 */
export function cosignedTime(cosignatures: readonly VerifiedSignature[], needed: number): number | undefined {
  if (!Number.isSafeInteger(needed) || needed < 1) throw new LogError("out_of_range", "number of witnesses")
  const timeByKey = new Map<string, number>()
  for (const { key, timestamp } of cosignatures) {
    if (timestamp === undefined) continue
    const id = hex(key.publicKey)
    timeByKey.set(id, Math.max(timeByKey.get(id) ?? 0, timestamp))
  }
  return [...timeByKey.values()].sort((a, b) => b - a)[needed - 1]
}
