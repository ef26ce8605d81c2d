/** How many may be asked to agree among n people: at least two, more than half, and one can drop out. Empty for n < 3. */
export function possibleQuorums(people: number): readonly number[] {
  const least = Math.max(2, Math.floor(people / 2) + 1)
  return Array.from({ length: Math.max(0, people - least) }, (_, at) => least + at)
}

/** The smallest possible one unless what was chosen still fits. */
export function fittingQuorum(people: number, chosen: number): number {
  const possible = possibleQuorums(people)
  return possible.includes(chosen) ? chosen : (possible[0] ?? 2)
}
