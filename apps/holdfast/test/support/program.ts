// Runs the real command as people do, and reads what it says.
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterAll } from "vitest"

const root = path.resolve(import.meta.dirname, "../../../..")
export const mainFile = path.join(root, "apps/holdfast/src/main.ts")

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Arguments for Node itself. */
  readonly node?: readonly string[]
  /** A program and arguments that run it inside something. */
  readonly inside?: readonly string[]
}

/** Runs `holdfast` to its end, with no terminal. */
export function run(args: readonly string[], { env = {}, node = [], inside = [] }: RunOptions = {}): Promise<Ended> {
  const [program, ...rest] = [...inside, process.execPath, ...node, mainFile, ...args]
  const child = spawn(program as string, rest, {
    cwd: root,
    env: { PATH: process.env.PATH ?? "", HOME: os.tmpdir(), NODE_NO_WARNINGS: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let out = ""
  let err = ""
  child.stdout.on("data", (chunk) => {
    out += String(chunk)
  })
  child.stderr.on("data", (chunk) => {
    err += String(chunk)
  })
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) => resolve({ code, out, err }))
  })
}

/** A folder that goes when the tests of the file have ended. */
export function folder(): string {
  const made = mkdtempSync(path.join(os.tmpdir(), "holdfast-"))
  afterAll(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** Whether this machine lets us run a program without any network. */
export function canCutNetwork(): boolean {
  return spawnSync("unshare", ["-rn", "true"], { stdio: "ignore" }).status === 0
}
