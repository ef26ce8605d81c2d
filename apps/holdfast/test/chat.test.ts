import { writeFileSync } from "node:fs"
import path from "node:path"
import { type ServedRelay, serveRelay } from "@holdfast/relay"
import { createTestRelay, hostingCode } from "@holdfast/testkit"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Ended, folder, run } from "./support/program.ts"

let served: ServedRelay
let data: string
const chat = (...args: readonly string[]): Promise<Ended> =>
  run(["chat", "--data", data, "--wait", "2", ...args], { env: { HOLDFAST_PASSPHRASE: "correct horse" } })

beforeAll(async () => {
  served = await serveRelay(await createTestRelay(), { host: "127.0.0.1", port: 0 })
  data = folder()
  const found = ["--organisation", "The Harbour", "--name", "Ana", "--device", "Terminal"]
  expect((await chat("found", "--relay", served.url, "--code", hostingCode, ...found)).code).toBe(0)
}, 60_000)
afterAll(() => served?.close())

describe("a keeper at a terminal", () => {
  test("sees the rules: keepers, what each act takes, witnesses, relays", async () => {
    const { code, out } = await chat("rules")
    expect(code).toBe(0)
    expect(out).toContain("Rules, version 1 (evaluation: one person decides everything)")
    expect(out).toMatch(/Ana {2}key [0-9a-f ]{19} {2}\(you\)/)
    expect(out).toContain("every act       1 of 1 keepers")
    expect(out).toContain("No witnesses")
    expect(out).toContain(served.url)
  })

  test("sees how things stand: who vouches, what waits, the canary", async () => {
    const { code, out } = await chat("governance")
    expect(code).toBe(0)
    expect(out).toContain("Nothing waits to take effect.")
    expect(out).toContain("Nobody has declared that no one has compelled the keepers.")
  })

  test("gets one sentence for what is not there or is not right", async () => {
    const junk = path.join(folder(), "junk.holdfast-approval")
    writeFileSync(junk, "{}\n")
    for (const args of [
      ["veto", "00000000"],
      ["request", "00000000"],
      ["import-approval", junk],
      ["import-approval", `${junk}.none`],
    ]) {
      const { code, err } = await chat(...args)
      expect(code).toBe(1)
      expect(err.trim().split("\n")).toHaveLength(1)
    }
  })
})
