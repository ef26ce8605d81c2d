// `holdfast witness` as a process, cosigning a log that Go code makes and grows.

import { execFile } from "node:child_process"
import path from "node:path"
import { promisify } from "node:util"
import { repoRoot } from "../source/files.ts"
import type { Suite } from "./checks.ts"
import { talkTo } from "./processes.ts"

const command = ["tools/run.mjs", "apps/holdfast/src/main.ts", "witness"]

export const witnessForGo: Suite = {
  name: "holdfast witness, cosigning a log made by Go",
  async run(checks, programs, folder) {
    const data = path.join(folder, "witness")
    const args = [...command, "--data", data, "--name", "witness.example/holdfast", "--port", "0"]
    const witness = talkTo(process.execPath, args, repoRoot)
    try {
      let line = await witness.line()
      while (!line.startsWith("    witness ")) line = await witness.line()
      const [, , vkey, url] = line.trim().split(" ")
      const log = talkTo(path.join(programs, "make-log"), ["log.example/made-by-go", url!, vkey!])
      try {
        const logKey = await log.line()
        await promisify(execFile)(process.execPath, [...command, "trust", data, logKey], { cwd: repoRoot })
        log.say("go")
        for (let said = await log.line(); said !== "done"; said = await log.line()) {
          checks.holds(`Go: ${said}`, !said.startsWith("FAILED"), said)
          if (said.startsWith("FAILED")) return
        }
        checks.holds("Go verified every cosignature", (await log.ended()) === 0)
      } finally {
        await log.stop()
      }
      const evidence = await promisify(execFile)(process.execPath, [...command, "evidence", data], { cwd: repoRoot })
      checks.holds("the fork that Go signed was kept as evidence", evidence.stdout.includes("NOT PROVEN"))
    } finally {
      await witness.stop()
    }
  },
}
