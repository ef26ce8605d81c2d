// Everything that has to hold before a change goes in, in the order of what it costs: `npm run verify`.
import { addCounts, noCounts, runChecks, runTests, seconds } from "./steps.ts"

const start = performance.now()
const checked = await runChecks(console.log)
const unit = process.argv.includes("--no-tests") ? undefined : await runTests("vitest.config.ts", { show: false })
if (unit !== undefined) {
  const { passed, failed, skipped } = unit.counts
  const counted = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
  console.log(`${unit.ok ? "ok    " : "FAILED"} ${"unit tests".padEnd(14)} ${seconds(unit.millis)} (${counted})`)
  if (!unit.ok) console.log(unit.output)
}
const { failed } = addCounts(checked, unit?.counts ?? noCounts)
const isFine = failed === 0 && unit?.ok !== false && (unit === undefined || unit.counts.passed > 0)
console.log(`${isFine ? "All of it holds" : "NOT READY"} after ${seconds(performance.now() - start)}`)
process.exitCode = isFine ? 0 : 1
