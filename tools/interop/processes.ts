import { type ChildProcess, spawn } from "node:child_process"
import { createServer } from "node:net"
import { createInterface } from "node:readline"

/** A program that speaks in lines. */
export interface Talker {
  readonly child: ChildProcess
  /** Standard output's next line; throws with what it said on standard error when there is none. */
  line(): Promise<string>
  say(line: string): void
  /** The exit code. */
  ended(): Promise<number | null>
  stop(): Promise<void>
}

export function talkTo(file: string, args: readonly string[], cwd?: string): Talker {
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], ...(cwd === undefined ? {} : { cwd }) })
  let err = ""
  child.stderr.on("data", (chunk) => {
    err = `${err}${chunk}`.slice(-8_000)
  })
  child.stdin.on("error", () => {})
  const over = new Promise<number | null>((done) => child.once("close", done))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    child,
    async line() {
      const next = await lines.next()
      if (next.done === true) throw new Error(`${file} ended: ${err}`)
      return next.value
    },
    say: (line) => void child.stdin.write(`${line}\n`),
    ended: () => over,
    async stop() {
      child.stdin.end()
      if (child.exitCode === null && child.signalCode === null) child.kill()
      await over
    },
  }
}

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
