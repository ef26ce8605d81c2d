/** Counts what holds, and says at once what does not. */
export class Checks {
  passed = 0
  failed = 0
  readonly #say: (line: string) => void

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  holds(what: string, isTrue: boolean, seen?: unknown): void {
    if (isTrue) this.passed++
    else {
      this.failed++
      this.#say(`  FAILED ${what}${seen === undefined ? "" : `: ${JSON.stringify(seen)}`}`)
    }
  }

  same(what: string, ours: unknown, theirs: unknown): void {
    const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)]
    this.holds(what, a === b, { ours: a, theirs: b })
  }
}

/** One thing that is held against a program that is not ours. */
export interface Suite {
  readonly name: string
  run(checks: Checks, programs: string, folder: string): Promise<void>
}
