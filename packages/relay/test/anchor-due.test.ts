import type { OrgState, Suspension, Waiting } from "@holdfast/charter"
import { describe, expect, test } from "vitest"
import { anchorDue, nextAnchorTime } from "../src/witnessing/anchor-due.ts"
import { foundHarbour, person, relayIdentity } from "./harbour.ts"

const day = 86_400
const now = 1_800_000_000
const ana = await person("ana")
const { charter } = await foundHarbour(ana, [ana], [await relayIdentity()])
const watched = {
  ...charter.state.rules,
  witnesses: [{ name: "w", publicKey: new Uint8Array(32), url: "", organisation: "", jurisdiction: "" }],
  witnessQuorum: 1,
}
/** Anchored at `now` with 10 entries, and nothing going on. */
const quiet: OrgState = { ...charter.state, rules: watched, clock: now, anchoredSize: 10 }
const waiting = (index: number, begins: number | undefined, delaySeconds = 3_600) =>
  ({ index, begins, delaySeconds, vetoK: 2 }) as Waiting
const suspended = (index: number, begins: number | undefined, seconds = 3_600): OrgState => {
  const { id } = charter.state.rules.keepers[0] as { id: Suspension["keeper"] }
  const mark = { index, statementId: new Uint8Array(32) as Suspension["mark"]["statementId"] }
  return { ...quiet, suspensions: quiet.suspensions.with(id, { keeper: id, seconds, begins, rulesVersion: 1, mark }) }
}

describe("[R10.6] an anchor is due", () => {
  test.each([
    ["for the first time", { ...quiet, clock: undefined, anchoredSize: 0 }, now, 1, "first"],
    ["when witnesses have seen an act that waits", { ...quiet, waiting: [waiting(10, undefined)] }, now, 11, "begins"],
    ["when its time has come", { ...quiet, waiting: [waiting(5, now)] }, now + 3_600, 10, "takes_effect"],
    [
      "when one of several is due",
      { ...quiet, waiting: [waiting(5, now, 9), waiting(6, now)] },
      now + 9,
      10,
      "takes_effect",
    ],
    ["when a suspension was seen", suspended(10, undefined), now, 11, "suspension_begins"],
    ["when a suspension is over", suspended(5, now), now + 3_600, 10, "suspension_over"],
    ["after a day", quiet, now + day, 10, "daily"],
  ] as const)("%s", (_, state, time, size, why) => {
    expect(anchorDue(state, { time, seenBy: time, size })).toBe(why)
    // a second earlier, or with an entry less, it was not
    const isSeen = why === "begins" || why === "suspension_begins"
    const before = isSeen ? { time, seenBy: time, size: size - 1 } : { time: time - 1, seenBy: time - 1, size }
    if (why !== "first") expect(anchorDue(state, before)).toBeUndefined()
  })
})

describe("[R10.6] a beginning that a witness's wrong clock has put off", () => {
  test("is made good when others say more, and not for less than a minute", () => {
    const late = { ...quiet, waiting: [waiting(5, now + 600)] }
    const vouched = (seenBy: number, size = 10) => ({ time: now + 10, seenBy, size })
    expect(anchorDue(late, vouched(now + 11))).toBe("begins")
    expect(anchorDue(late, vouched(now + 600))).toBeUndefined()
    expect(anchorDue(late, vouched(now + 540))).toBeUndefined()
    expect(anchorDue(late, vouched(now + 539))).toBe("begins")
    expect(anchorDue(late, vouched(now + 11, 5))).toBeUndefined()
    expect(anchorDue(suspended(5, now + 600), vouched(now + 11))).toBe("suspension_begins")
  })
})

describe("[R10.6] no anchor is due", () => {
  test.each([
    ["without witnesses", { ...quiet, rules: charter.state.rules, clock: undefined }, now + day, 99],
    ["for entries alone, however many", quiet, now + day - 1, 5_000],
    ["for what replay would refuse as no news", { ...quiet, waiting: [waiting(5, now, 0)] }, now, 10],
    ["while an act waits that witnesses have not seen", { ...quiet, waiting: [waiting(12, undefined)] }, now + 5, 12],
    ["before an act's time", { ...quiet, waiting: [waiting(5, now)] }, now + 3_599, 50],
    ["for a suspension that was over before", { ...suspended(5, now - 7_200) }, now + 60, 50],
  ] as const)("%s", (_, state, time, size) => {
    expect(anchorDue(state, { time, seenBy: time, size })).toBeUndefined()
  })
})

describe("[R10.7] the next one is due by itself", () => {
  test("a day after the last, or when the first thing that waits has its time", () => {
    expect(nextAnchorTime({ ...quiet, clock: undefined })).toBeUndefined()
    expect(nextAnchorTime(quiet)).toBe(now + day)
    expect(nextAnchorTime({ ...quiet, waiting: [waiting(1, now), waiting(2, now - 60), waiting(3, undefined)] })).toBe(
      now + 3_540,
    )
    expect(nextAnchorTime({ ...quiet, waiting: [waiting(1, now, 30 * day)] })).toBe(now + day)
    expect(nextAnchorTime(suspended(5, now, 7_200))).toBe(now + 7_200)
    expect(nextAnchorTime(suspended(5, now - 7_200))).toBe(now + day)
  })
})
