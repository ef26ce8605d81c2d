// A relay that hands out what witnesses sign and writes none of it into the log stops the log's clock: what waits goes on
// waiting, and nobody would see why (E10.7).
import type { Charter, StatementId } from "@holdfast/charter"

export interface Vouched {
  /** Seconds since 1970, that enough witnesses vouch for. */
  readonly time: number
  /** How much of the charter they had seen. */
  readonly size: number
}

/** A relay writes an anchor within a minute; witnesses that are slow get some more. */
const patienceSeconds = 900

/**
 * Acts whose wait has not begun although witnesses have seen them, or has not ended although by the witnesses' time it is over.
 * `coveredSince`: the time of the first vouched checkpoint that held the entry, as far as this device has seen one. (E10.7)
 */
export function actsHeldUp(
  { state }: Charter,
  vouched: Vouched,
  coveredSince: (index: number) => number | undefined,
): readonly StatementId[] {
  return state.waiting
    .filter(({ index, begins, delaySeconds }) => {
      const due = begins === undefined ? coveredSince(index) : begins + delaySeconds
      return due !== undefined && vouched.time - due > patienceSeconds
    })
    .map(({ statement }) => statement.id)
}

/** Remembers, for as long as the program runs, since when witnesses have seen an entry. */
export function createCoverage(): {
  saw(vouched: Vouched, indexes: readonly number[]): void
  since(index: number): number | undefined
} {
  const seen = new Map<number, number>()
  return {
    saw({ time, size }, indexes) {
      for (const index of seen.keys()) if (!indexes.includes(index)) seen.delete(index)
      for (const index of indexes) if (index < size && !seen.has(index)) seen.set(index, time)
    },
    since: (index) => seen.get(index),
  }
}
