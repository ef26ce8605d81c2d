import type { Charter } from "@holdfast/charter"
import { describe, expect, test } from "vitest"
import { actsHeldUp, createCoverage } from "../src/standing-clock.ts"

const noon = 1_800_000_000
const id = (n: number) => new Uint8Array(32).fill(n)

/** Only what is looked at: acts that wait. */
function charterWith(...waiting: readonly { index: number; begins?: number; delaySeconds: number }[]): Charter {
  return {
    state: { waiting: waiting.map((it) => ({ begins: undefined, ...it, statement: { id: id(it.index) } })) },
  } as unknown as Charter
}

describe("a relay that stops the log's clock", () => {
  test("[E10.7] is told of when an act should have taken effect for more than a quarter of an hour", () => {
    const charter = charterWith({ index: 4, begins: noon, delaySeconds: 3_600 })
    const at = (time: number) => actsHeldUp(charter, { time, size: 9 }, () => undefined)
    expect(at(noon + 3_600)).toEqual([])
    expect(at(noon + 3_600 + 900)).toEqual([])
    expect(at(noon + 3_600 + 901)).toEqual([id(4)])
  })

  test("[E10.7] is told of when witnesses have long seen an act whose wait has not begun", () => {
    const charter = charterWith({ index: 4, delaySeconds: 3_600 })
    const coverage = createCoverage()
    coverage.saw({ time: noon - 9_000, size: 4 }, [4])
    expect(coverage.since(4)).toBeUndefined()
    coverage.saw({ time: noon, size: 5 }, [4])
    coverage.saw({ time: noon + 800, size: 5 }, [4])
    expect(actsHeldUp(charter, { time: noon + 900, size: 5 }, coverage.since)).toEqual([])
    expect(actsHeldUp(charter, { time: noon + 901, size: 5 }, coverage.since)).toEqual([id(4)])
  })

  test("[E10.7] not by witnesses who have not seen the act, and not for what waits no more", () => {
    const coverage = createCoverage()
    coverage.saw({ time: noon, size: 4 }, [4])
    expect(
      actsHeldUp(charterWith({ index: 4, delaySeconds: 60 }), { time: noon + 9_000, size: 4 }, coverage.since),
    ).toEqual([])
    coverage.saw({ time: noon, size: 5 }, [4])
    coverage.saw({ time: noon, size: 6 }, [])
    expect(coverage.since(4)).toBeUndefined()
  })
})
