/** Resolves with what `look` gives, as soon as it is not undefined or false. Throws a sentence that begins with `what`. */
export async function until<T>(
  what: string,
  millis: number,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = performance.now() + millis
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`${what}: not within ${Math.round(millis / 100) / 10} s`)
    await pause(25)
  }
}

export function pause(millis: number): Promise<void> {
  return new Promise((done) => setTimeout(done, millis))
}
