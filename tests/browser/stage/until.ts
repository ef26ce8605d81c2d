/** Looks again until `check` gives something other than false or undefined; says what it waited for when it gives up. */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
  millis = 45_000,
): Promise<Exclude<T, false | undefined>> {
  const end = Date.now() + millis
  let last: unknown
  for (;;) {
    try {
      const found = await check()
      if (found !== false && found !== undefined) return found as Exclude<T, false | undefined>
      last = found
    } catch (error) {
      last = error
    }
    if (Date.now() > end) throw new Error(`waited ${millis} ms in vain: ${what}`, { cause: last })
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))
