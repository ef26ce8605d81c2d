import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { repoRoot } from "./source/files.ts"

export interface Ran {
  readonly ok: boolean
  readonly output: string
  readonly millis: number
}

/** Runs a program of `node_modules` or a script of ours. With `show`, its output is passed on while it comes. */
export function run(
  script: string,
  args: readonly string[],
  options: { readonly show?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const start = performance.now()
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["tools/run.mjs", script, ...args], {
      cwd: repoRoot,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
    })
    const end = (ok: boolean) => {
      resolve({ ok, output: Buffer.concat(chunks).toString("utf8").trimEnd(), millis: performance.now() - start })
    }
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      from.on("data", (chunk: Buffer) => {
        chunks.push(chunk)
        if (options.show === true) to.write(chunk)
      })
    }
    child.on("error", (error) => {
      chunks.push(Buffer.from(String(error)))
      end(false)
    })
    child.on("close", (code) => end(code === 0))
  })
}

export interface Check {
  readonly name: string
  readonly script: string
  readonly args: readonly string[]
}

const biome = "node_modules/@biomejs/biome/bin/biome"
/** Code and settings. Prose is formatted by whoever writes it. */
const formatted = [
  "packages",
  "apps",
  "tests",
  "tools",
  "package.json",
  "tsconfig.json",
  "biome.json",
  "vitest.config.ts",
]
const asked = ["--diagnostic-level=error", "--max-diagnostics=100", "--no-errors-on-unmatched", ...formatted]

/** Everything that is checked without running the product, cheapest first. */
export const checks: readonly Check[] = [
  { name: "format", script: biome, args: ["format", ...asked] },
  { name: "lint", script: biome, args: ["check", "--formatter-enabled=false", ...asked] },
  { name: "imports", script: "tools/check-imports.ts", args: [] },
  { name: "relay bundle", script: "tools/check-relay-bundle.ts", args: [] },
  { name: "repo", script: "tools/check-repo.ts", args: [] },
  { name: "spec", script: "tools/check-spec.ts", args: [] },
  { name: "types", script: "node_modules/typescript/bin/tsc", args: ["-p", "tsconfig.json"] },
]

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const noCounts: Counts = { passed: 0, failed: 0, skipped: 0 }

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly success: boolean
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

/** A file that could not even be loaded has no tests to count: it counts as one that failed. */
export function countsOf(report: VitestReport): Counts {
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** Runs the tests of a vitest configuration and counts them. `ok` is false too when vitest failed without a failed test. */
export async function runTests(
  config: string,
  options: { readonly show: boolean; readonly filters?: readonly string[]; readonly env?: NodeJS.ProcessEnv },
): Promise<Ran & { readonly counts: Counts }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "holdfast-tests-"))
  try {
    const file = path.join(folder, "report.json")
    const args = ["run", "--config", config, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`]
    const ran = await run("node_modules/vitest/vitest.mjs", [...args, ...(options.filters ?? [])], options)
    let counts = noCounts
    try {
      counts = countsOf(JSON.parse(readFileSync(file, "utf8")))
    } catch {
      // vitest itself failed before it wrote a report
    }
    return { ...ran, ok: ran.ok && counts.failed === 0, counts }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function seconds(millis: number): string {
  return `${(millis / 1_000).toFixed(1)} s`
}

const shownLines = 200

function shortened(output: string): string {
  const lines = output.split("\n")
  if (lines.length <= shownLines) return output
  return [...lines.slice(0, shownLines), `... and ${lines.length - shownLines} lines more`].join("\n")
}

/** Runs the checks one after the other, a line each and the output of those that failed. Returns how many passed and failed. */
export async function runChecks(say: (line: string) => void): Promise<Counts> {
  let counts = noCounts
  for (const { name, script, args } of checks) {
    const { ok, output, millis } = await run(script, args)
    say(`${ok ? "ok    " : "FAILED"} ${name.padEnd(14)} ${seconds(millis)}`)
    if (!ok) say(`${shortened(output)}\n`)
    counts = addCounts(counts, { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 })
  }
  return counts
}
