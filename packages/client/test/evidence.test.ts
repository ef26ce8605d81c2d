import { createManualTimers, createMemoryDatabases } from "@holdfast/testkit"
import { fromUtf8, utf8 } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { createAlarms } from "../src/alarms.ts"
import { createChanges } from "../src/changes.ts"
import { evidenceFiles } from "../src/evidence.ts"
import { openStore } from "../src/store/store.ts"
import { watchedCharter, witness } from "./watched-charter.ts"

async function stage() {
  const store = openStore(await createMemoryDatabases().create("test", new Uint8Array(32)))
  const alarms = createAlarms({ table: store.alarms, timers: createManualTimers(), changes: createChanges() })
  return { store, alarms, first: () => store.alarms.list()[0]?.id as string }
}

const noHistory = () => {
  throw new Error("not asked for")
}

describe("evidence", () => {
  test("[E7.8] of a fork is both signed notes, and words on what they prove", async () => {
    const { store, alarms, first } = await stage()
    const witnesses = [await witness("w1"), await witness("w2")]
    const it = await watchedCharter(witnesses)
    const one = await it.note({ time: 1, by: witnesses })
    const other = await it.note({ time: 1, by: witnesses, root: new Uint8Array(32).fill(1) })
    alarms.raise("fork", one, { evidence: [one, utf8("charter 1"), other] })
    const files = evidenceFiles(store.alarms, first(), () => [{ path: "tile/0/000.p/1", bytes: utf8("tile") }])
    expect(files.map(({ path }) => path)).toEqual(["README", "note-1", "note-2", "other-1", "history/tile/0/000.p/1"])
    expect(files[1]?.bytes).toEqual(new Uint8Array(one))
    expect(files[2]?.bytes).toEqual(new Uint8Array(other))
    const words = fromUtf8(files[0]?.bytes as Uint8Array)
    expect(words).toContain("The relay shows different people different histories")
    expect(words).toContain("Each note carries the relay's own signature.")
  })

  test("[E7.8] of an alarm without notes claims no proof, is there after it was dismissed, and of no alarm is not found", async () => {
    const { store, alarms, first } = await stage()
    alarms.raise("junk", "x")
    const id = first()
    store.alarms.dismiss(id)
    const files = evidenceFiles(store.alarms, id, noHistory)
    expect(files.map(({ path }) => path)).toEqual(["README"])
    expect(fromUtf8(files[0]?.bytes as Uint8Array)).not.toContain("signature")
    expect(() => evidenceFiles(store.alarms, "00", noHistory)).toThrow(expect.objectContaining({ code: "not_found" }))
  })
})
