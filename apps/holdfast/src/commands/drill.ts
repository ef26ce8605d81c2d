import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import path from "node:path"
import { ClientError } from "@holdfast/client"
import type { Command } from "commander"
import { choose } from "../drill/catalogue.ts"
import { exitCodeOf, type Level, levels, type Tried } from "../drill/finding.ts"
import { reportPage } from "../drill/report/html.ts"
import { headLine, summaryLines, triedLines } from "../drill/report/table.ts"
import { runDrill } from "../drill/run-drill.ts"

interface DrillCommandOptions {
  readonly level: string
  readonly json?: string
  readonly html?: string
  readonly only?: string
  readonly keep?: string
}

function levelFrom(text: string): Level {
  const level = levels.find((one) => one === text.toUpperCase())
  if (level === undefined)
    throw new ClientError("malformed", `"${text}" is no level. Give one of: ${levels.join(", ")}.`)
  return level
}

async function save(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((cause) => {
    throw new ClientError("not_found", `The report cannot be written to ${file}.`, { cause })
  })
}

/** `holdfast drill`: becomes the attacker and tries everything, for real. Exits 0 only when every attack held (D7.3). */
export function addDrill(program: Command): void {
  program
    .command("drill")
    .description(
      "stand up a deployment, turn its relay against it, and see whether anything is gained or goes unnoticed",
    )
    .option("--level <level>", `whose means the attacker has: ${levels.join(", ")}; each has those before it`, "T4")
    .option("--json <file>", "write the findings as JSON")
    .option("--html <file>", "write a report to read in a browser")
    .option("--only <name>", "only attacks whose name has this in it")
    .option("--keep <folder>", "keep everything that was made in this new folder, to look into")
    .action(async (options: DrillCommandOptions) => {
      const chosen = choose(levelFrom(options.level), options.only)
      if (chosen.searches.length + chosen.attacks.length === 0) {
        throw new ClientError("not_found", `No attack of this level has "${options.only}" in its name.`)
      }
      if (options.keep !== undefined && existsSync(options.keep)) {
        throw new ClientError("malformed", `${options.keep} is there already. Choose a folder that is not.`)
      }
      const started = performance.now()
      const all = await runDrill({
        ...chosen,
        ...(options.keep === undefined ? {} : { keep: path.resolve(options.keep) }),
        onStep: (sentence) => console.log(sentence),
        onTried: printer(),
      })
      const seconds = (performance.now() - started) / 1_000
      for (const text of summaryLines(all, seconds)) console.log(text)
      if (options.json !== undefined) {
        await save(
          options.json,
          `${JSON.stringify(
            all.map(({ finding }) => finding),
            null,
            2,
          )}\n`,
        )
      }
      if (options.html !== undefined) await save(options.html, reportPage(all, { at: new Date(), seconds }))
      process.exitCode = exitCodeOf(all)
    })
}

/** Prints each attack when it is over, with a heading where a level begins. */
function printer(): (tried: Tried) => void {
  let level: Level | undefined
  return (tried) => {
    if (tried.finding.level !== level) console.log(headLine(tried.finding.level))
    level = tried.finding.level
    for (const text of triedLines(tried)) console.log(text)
  }
}
