import type { CharterFollower, Followed } from "./follow-charter.ts"

export interface FollowingLog {
  info(facts: Readonly<Record<string, string | number>>, sentence: string): void
  warn(facts: Readonly<Record<string, string | number>>, sentence: string): void
}

const longestMillis = 60 * 60_000

const warnings: Readonly<Partial<Record<Followed, string>>> = {
  forked: "A relay shows another history than the one that was followed or cosigned. Its keys are not taken over.",
  too_large: "A relay shows a charter that is larger than this witness reads. It is followed no further.",
  unreadable: "A relay's charter could not be read. What was trusted before stays so.",
}

/**
 * Asks again and again until the signal, whatever comes back: every `millis`, and less often (at most hourly) while no relay gives anything that can be
 * read. Never rejects. (V5.4)
 */
export async function keepFollowing(
  follower: CharterFollower,
  millis: number,
  log: FollowingLog,
  signal: AbortSignal,
): Promise<void> {
  let pause = millis
  while (!signal.aborted) {
    const results = await follower.pass().catch((error: unknown): readonly Followed[] => {
      log.warn({ error: error instanceof Error ? error.name : typeof error }, "What was read could not be stored")
      return []
    })
    const { size, state } = follower.charter
    if (results.includes("followed"))
      log.info({ entries: size, relays: state.relays.length }, "The charter was read; its relays' keys are trusted")
    for (const [result, sentence] of Object.entries(warnings) as [Followed, string][]) {
      const count = results.filter((one) => one === result).length
      if (count > 0) log.warn({ relays: count, problem: result }, sentence)
    }
    const isUseful = results.some((result) => result === "followed" || result === "no_news")
    pause = isUseful ? millis : Math.min(pause * 2, Math.max(millis, longestMillis))
    await sleep(pause, signal)
  }
}

function sleep(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) return done()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener("abort", end)
      done()
    }
    const timer = setTimeout(end, millis)
    signal.addEventListener("abort", end)
  })
}
