// The model can fail: with one thing broken in the code that it judges, it finds a history that shows it, and names the rule.
import { afterEach, expect, test, vi } from "vitest"

afterEach(() => {
  vi.doUnmock("@holdfast/log")
  for (const file of ["tally", "state", "judge", "settle", "floors", "anchor", "quorum"])
    vi.doUnmock(`../../src/${file}.ts`)
})

type Anything = (...args: never[]) => unknown

/** One function of one file of the package, replaced. */
function broken(file: string, name: string, replacement: (original: Anything) => Anything): void {
  vi.doMock(file, async (importOriginal) => {
    const original = await importOriginal<Record<string, Anything>>()
    return { ...original, [name]: replacement(original[name] as Anything) }
  })
}

async function counterexample(): Promise<string> {
  vi.resetModules()
  const { play } = await import("./play.ts")
  const report = await play({ entries: 20_000, seed: 40 }).then(
    () => "none",
    (error: Error) => `${error.message} ${String((error.cause as Error | undefined)?.message)}`,
  )
  return report
}

const mutants: readonly (readonly [what: string, rules: RegExp, breakIt: () => void])[] = [
  [
    "one keeper fewer is enough",
    /\[C11\.[12]\]/,
    () =>
      broken(
        "../../src/tally.ts",
        "tallyOf",
        (original) => (rule: { k: number }, approved: unknown) =>
          (original as (...args: unknown[]) => unknown)({ ...rule, k: Math.max(1, rule.k - 1) }, approved),
      ),
  ],
  [
    "a keeper's signature counts twice",
    /\[C11\.[12]\]/,
    () =>
      broken(
        "../../src/tally.ts",
        "tallyOf",
        (original) => (rule: unknown, approved: unknown[]) =>
          (original as (...args: unknown[]) => unknown)(rule, [...approved, ...approved.slice(0, 1)]),
      ),
  ],
  [
    "a suspended keeper counts",
    /\[C11\.(2|5|12|15)\]/,
    () => broken("../../src/state.ts", "isSuspended", () => () => false),
  ],
  [
    "acts wait one second",
    /\[C11\.6\]/,
    () =>
      broken("../../src/settle.ts", "waitOf", (original) => (...args) => {
        const wait = original(...args) as object | undefined
        return wait === undefined ? undefined : { ...wait, delaySeconds: 1 }
      }),
  ],
  ["nothing waits", /\[C11\.6\]/, () => broken("../../src/settle.ts", "waitOf", () => () => undefined)],
  [
    "the base is not looked at",
    /\[C11\.10\]/,
    () =>
      broken("../../src/judge.ts", "judge", (original) => (...args) => {
        const refusal = original(...args)
        return refusal === "wrong_base" ? undefined : refusal
      }),
  ],
  [
    "a device that was removed may come again",
    /\[C11\.8\]/,
    () =>
      broken("../../src/judge.ts", "judge", (original) => (...args) => {
        const refusal = original(...args)
        return refusal === "device_known" ? undefined : refusal
      }),
  ],
  [
    "a member who was removed may come again",
    /\[C11\.8\]/,
    () =>
      broken("../../src/judge.ts", "judge", (original) => (...args) => {
        const refusal = original(...args)
        return refusal === "member_known" ? undefined : refusal
      }),
  ],
  [
    "one witness fewer tells the time",
    /\[C11\.11\]/,
    () =>
      broken(
        "@holdfast/log",
        "cosignedTime",
        (original) => (lines: unknown, needed: number) =>
          (original as (...args: unknown[]) => unknown)(lines, Math.max(1, needed - 1)),
      ),
  ],
  [
    "a wait begins with the clock, however old that is",
    /\[C11\.(2|6|12)\]/,
    () => broken("@holdfast/log", "cosignedBy", () => () => 0),
  ],
  ["no floor holds", /\[C11\.[45]\]/, () => broken("../../src/floors.ts", "brokenFloor", () => () => undefined)],
  [
    "a suspension may leave too few",
    /\[C11\.5\]/,
    () => broken("../../src/floors.ts", "canDoEverything", () => () => true),
  ],
  [
    "a device of anybody vetoes a recovery",
    /\[C11\.15\]/,
    () =>
      broken(
        "../../src/quorum.ts",
        "shortOf",
        (original) => (state: unknown, statement: { type: string }, approvers: { devices: unknown[] }) =>
          statement.type === "veto" && approvers.devices.length > 0
            ? undefined
            : (original as (...args: unknown[]) => unknown)(state, statement, approvers),
      ),
  ],
]

test.each(mutants)("the model finds it if %s", { timeout: 240_000 }, async (_, rules, breakIt) => {
  breakIt()
  expect(await counterexample()).toMatch(rules)
})
