import { chmodSync, writeFileSync } from "node:fs"
import path from "node:path"
import { afterEach, expect, test, vi } from "vitest"
import { findChromium } from "../../tools/ensure-system.ts"
import { addCounts, countsOf, noCounts, run } from "../../tools/steps.ts"
import { smallRepo } from "./small-repo.ts"

afterEach(() => void vi.unstubAllEnvs())

test("a file that cannot be loaded counts as failed", () => {
  const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1, success: false }
  const failed = { status: "failed", assertionResults: [] }
  const normal = { status: "failed", assertionResults: [{}] }
  const counts = countsOf({ ...report, testResults: [failed, normal, { status: "passed", assertionResults: [{}] }] })
  expect(counts).toEqual({ passed: 5, failed: 2, skipped: 3 })
  expect(addCounts(counts, { ...noCounts, failed: 1 })).toEqual({ passed: 5, failed: 3, skipped: 3 })
})

test("a step tells success from failure and keeps what was printed", async () => {
  const root = smallRepo({
    "good.mjs": 'console.log("out"); console.error("err")\n',
    "bad.mjs": 'console.log("why"); process.exitCode = 3\n',
  })
  const good = await run(path.join(root, "good.mjs"), [])
  expect(good).toMatchObject({ ok: true })
  expect(good.output.split("\n").sort()).toEqual(["err", "out"])
  expect(await run(path.join(root, "bad.mjs"), [])).toMatchObject({ ok: false, output: "why" })
  expect((await run(path.join(root, "gone.mjs"), [])).ok).toBe(false)
})

test("Chromium is the one that was named, or none", () => {
  const file = path.join(smallRepo({}), "my-chromium")
  vi.stubEnv("HOLDFAST_CHROMIUM", file)
  expect(findChromium()).toBeUndefined()
  writeFileSync(file, "#!/bin/sh\n")
  chmodSync(file, 0o755)
  expect(findChromium()).toBe(file)
})
