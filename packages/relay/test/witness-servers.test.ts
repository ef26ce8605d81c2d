// Three witnesses on ports of their own, asked over HTTP; the relay keeps everything on the disk.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { fateOf } from "@holdfast/charter"
import { type ServedWitness, serveWitness } from "@holdfast/witness"
import { afterEach, beforeEach, expect, test } from "vitest"
import { openSqliteEngine } from "../src/index.ts"
import { otherRelays } from "./harbour.ts"
import { anchorsOf, heldNote, relaysDelay, type Watched, watched } from "./watched.ts"

let folder: string
let servers: ServedWitness[] = []
let it: Watched
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "holdfast-witnessed-"))
  it = await watched({
    config: { witnessMillis: 2_000 },
    deps: { fetch },
    openEngine: () => openSqliteEngine({ file: path.join(folder, "lanes.db") }),
    async reach(witnesses) {
      servers = await Promise.all(
        witnesses.entries.map((_, i) => serveWitness(witnesses.server(i), { host: "127.0.0.1", port: 0 })),
      )
      const entries = witnesses.entries.map((entry, i) => ({ ...entry, url: servers[i]?.url as string }))
      return { ...witnesses, entries, watch: (rules) => ({ ...rules, witnesses: entries, witnessQuorum: 2 }) }
    },
  })
})
afterEach(async () => {
  await it.relay.close()
  for (const server of servers) await server.close()
  rmSync(folder, { recursive: true, force: true })
})

test("[R10.1 R10.4 R10.5 R10.7] an act waits, is cosigned, begins, and takes effect with two of three witnesses and a relay that was started again", async () => {
  await it.eventually("all three cosign", async () => {
    const held = await heldNote(it)
    return held?.size === 2 && held.times.size === 3
  })
  const index = await it.act(await otherRelays())
  await it.eventually("it begins", async () => (await it.charter()).state.waiting[0]?.begins !== undefined)
  const begins = (await it.charter()).state.waiting[0]?.begins as number
  await it.eventually("cosigned", async () => (await heldNote(it))?.size === 4)

  await servers[0]?.close()
  await it.restart()
  expect((await heldNote(it))?.size).toBe(4)
  const due = (begins + relaysDelay) * 1_000
  await it.timers.advance(due - it.timers.now() - 60_000)
  await it.quiet()
  expect(fateOf(await it.charter(), index)?.how).toBe("waiting")
  await it.timers.advance(Math.max(0, due - it.timers.now()))
  await it.eventually("in force", async () => (await it.charter()).state.relays.length === 2)
  expect(it.timers.now() - due).toBeLessThan(60_000)
  expect(await anchorsOf(it)).toEqual([1, 3, 4])
  await it.eventually("two lines", async () => (await heldNote(it))?.size === 5)
  expect([...((await heldNote(it))?.times.keys() ?? [])]).toEqual([1, 2])
})
