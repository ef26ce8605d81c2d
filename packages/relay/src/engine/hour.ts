/** Seconds, at the full hour that follows: no time finer than that is kept (R3.4). */
export function toHour(seconds: number): number {
  return Math.ceil(seconds / 3_600) * 3_600
}
