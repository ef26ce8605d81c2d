// `npm run bench [-- --json FILE] [--only NAME]`: measures on this machine, prints every figure, and says which goals were missed.
import { existsSync, writeFileSync } from "node:fs"
import path from "node:path"
import { pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { repoRoot } from "../source/files.ts"
import { benchNames, collect, formatFigure, toJson, toTable } from "./collect.ts"
import type { Figure } from "./harness.ts"
import { describeLoad, describeMachine } from "./machine.ts"

const benches = [
  { name: "mls", file: "packages/mls/bench/mls-bench.ts", exported: "mlsFigures" },
  { name: "charter", file: "packages/charter/bench/charter-bench.ts", exported: "charterFigures" },
  { name: "charter-chromium", file: "packages/charter/bench/chromium-bench.ts", exported: "chromiumFigures" },
  { name: "relay", file: "packages/relay/bench/relay-bench.ts", exported: "relayFigures" },
  { name: "lanes", file: "packages/lanes/bench/lane-bench.ts", exported: "laneFigures" },
]

const { values } = parseArgs({
  options: { json: { type: "string" }, only: { type: "string" } },
  allowPositionals: false,
})
const chosen = values.only === undefined ? benches : benches.filter(({ name }) => name === values.only)
if (chosen.length === 0) {
  console.error(`There is no bench "${values.only}". There are: ${benchNames(benches)}.`)
  process.exit(2)
}

console.log(describeMachine())
const figures: Figure[] = []
let isBroken = false
for (const { name, file, exported } of chosen) {
  console.log(`\n${name} (${describeLoad()})`)
  if (!existsSync(path.join(repoRoot, file))) {
    console.error(`  ${file} is not there`)
    isBroken = true
    continue
  }
  try {
    const module = await import(pathToFileURL(path.join(repoRoot, file)).href)
    for await (const figure of collect(module[exported], `${file} ${exported}`)) {
      figures.push(figure)
      console.log(`  ${formatFigure(figure)}`)
    }
  } catch (error) {
    console.error(error)
    isBroken = true
  }
}

if (figures.length > 0) console.log(`\n${toTable(figures)}`)
console.log(`\n${describeMachine()}; at the end ${describeLoad()}`)
const missed = figures.filter(({ met }) => met === false)
const withGoal = figures.filter(({ met }) => met !== null)
console.log(`${figures.length} figures; ${withGoal.length - missed.length} of ${withGoal.length} goals met`)
for (const figure of missed) console.log(`MISSED ${formatFigure(figure)}`)
if (values.json !== undefined) writeFileSync(values.json, `${toJson(figures)}\n`)
// A missed goal is a finding, not a failure of the bench: machines differ.
process.exitCode = isBroken ? 1 : 0
