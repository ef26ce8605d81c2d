// The real relay as a process of its own, as `npm start` runs it, so that it can be killed and started again.
import { type ChildProcess, spawn } from "node:child_process"
import { createServer } from "node:net"
import path from "node:path"
import { killTree } from "./processes.ts"

const root = path.resolve(import.meta.dirname, "../../..")
const startMillis = 60_000

/** A port that nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

/** Runs `holdfast` with these arguments. */
export function holdfast(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ["tools/run.mjs", "apps/holdfast/src/main.ts", ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  })
}

/** Runs `holdfast` to its end. */
export function holdfastEnds(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = holdfast(...args)
  let out = ""
  let err = ""
  child.stdout?.on("data", (chunk) => {
    out += String(chunk)
  })
  child.stderr?.on("data", (chunk) => {
    err += String(chunk)
  })
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })))
}

export class RelayProcess {
  readonly folder: string
  readonly port: number
  /** Where the people's client is, with a slash at the end. */
  readonly address: string
  /** The address with the hosting code that the terminal shows. */
  foundAddress = ""
  #child: ChildProcess | undefined

  constructor(folder: string, port: number) {
    this.folder = folder
    this.port = port
    this.address = `http://holdfast.localhost:${port}/`
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  async start(): Promise<void> {
    const child = holdfast("start", "--data", this.folder, "--port", String(this.port))
    this.#child = child
    let said = ""
    await new Promise<void>((resolve, reject) => {
      const failed = (why: string) => reject(new Error(`${why}:\n${said}`))
      const timer = setTimeout(() => failed("the relay did not start in time"), startMillis)
      const look = (chunk: unknown) => {
        said += String(chunk)
        const found = /http:\/\/holdfast\.localhost:[0-9]+\/#\/found\/\S*/.exec(said)
        if (found === null) return
        this.foundAddress = found[0]
        clearTimeout(timer)
        resolve()
      }
      child.stdout?.on("data", look)
      child.stderr?.on("data", look)
      child.once("exit", () => {
        clearTimeout(timer)
        failed("the relay ended")
      })
    })
  }

  /** kill -9: no goodbye to anybody, nothing flushed. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once("exit", resolve))
    killTree(this.pid)
    await ended
    this.#child = undefined
  }
}
