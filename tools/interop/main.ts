// `npm run interop`: holds what others must be able to check against programs that are not ours. Needs Go and its modules; without
// them nothing is checked, and that is said.
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { againstSumdb } from "./against-sumdb.ts"
import { Checks, type Suite } from "./checks.ts"
import { buildGoPrograms } from "./go-programs.ts"
import { againstLitewitness } from "./litewitness.ts"
import { verifiedExport } from "./verify-export.ts"
import { witnessForGo } from "./witness-for-go.ts"

const suites: readonly Suite[] = [againstSumdb, witnessForGo, againstLitewitness, verifiedExport]

let passed = 0
let failed = 0
const folder = mkdtempSync(path.join(os.tmpdir(), "holdfast-interop-"))
try {
  const programs = path.join(folder, "bin")
  console.log("Building Go programs")
  const built = buildGoPrograms(programs)
  if (built.kind === "missing") {
    const line = "!".repeat(100)
    console.log(
      `${line}\nSKIPPED: ${suites.length} suites (${suites.map(({ name }) => name).join("; ")}).\n${built.sentence}\n${line}`,
    )
  } else if (built.kind === "failed") {
    console.log(built.sentence)
    failed++
  } else {
    for (const suite of suites) {
      console.log(suite.name)
      const start = performance.now()
      const checks = new Checks(console.log)
      await suite
        .run(checks, programs, folder)
        .catch((error) => checks.holds("the suite runs to its end", false, String(error)))
      console.log(
        `  ${checks.passed} passed, ${checks.failed} failed (${((performance.now() - start) / 1_000).toFixed(1)} s)`,
      )
      passed += checks.passed
      failed += checks.failed
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
