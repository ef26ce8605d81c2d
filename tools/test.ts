// `npm test`: checks, unit tests, then the tests in real browsers. The last line counts all of them.
import { readdirSync } from "node:fs"
import path from "node:path"
import { ensureChromium } from "./ensure-system.ts"
import { repoRoot } from "./source/files.ts"
import { addCounts, noCounts, runChecks, runTests } from "./steps.ts"

function browserTests(): readonly string[] {
  try {
    return readdirSync(path.join(repoRoot, "tests/browser")).filter((name) => name.endsWith(".test.ts"))
  } catch {
    return []
  }
}

let isFine = true

console.log("Checks")
const checked = await runChecks((line) => console.log(`  ${line}`))

console.log("\nUnit tests")
const unit = await runTests("vitest.config.ts", { show: true })
isFine &&= unit.ok

const suites = browserTests()
let browser = noCounts
if (suites.length > 0) {
  console.log("\nBrowser tests")
  const chromium = ensureChromium(console.log)
  if (chromium.kind === "found") {
    const ran = await runTests("vitest.browser.config.ts", { show: true, env: { HOLDFAST_CHROMIUM: chromium.file } })
    browser = ran.counts
    isFine &&= ran.ok
  } else {
    const line = "!".repeat(100)
    console.log(
      `${line}\nSKIPPED: ${suites.length} browser suites (${suites.join(", ")}).\n${chromium.sentence}\n${line}`,
    )
    browser = { ...noCounts, skipped: suites.length }
  }
}

const { passed, failed, skipped } = [checked, unit.counts, browser].reduce(addCounts, noCounts)
isFine &&= failed === 0 && unit.counts.passed > 0
if (!isFine && failed === 0) console.log("A test run ended with an error outside any test, or ran no test; see above.")
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`)
process.exitCode = isFine ? 0 : 1
