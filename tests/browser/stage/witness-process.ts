// A real witness as a process of its own: somebody else's machine that vouches for one history.
import type { ChildProcess } from "node:child_process"
import { killTree } from "./processes.ts"
import { freePort, holdfast } from "./relay-process.ts"

const startMillis = 60_000

export class WitnessProcess {
  readonly name: string
  readonly folder: string
  /** As the rules want it: name, key id and key. */
  vkey = ""
  url = ""
  #child: ChildProcess | undefined

  constructor(name: string, folder: string) {
    this.name = name
    this.folder = folder
  }

  /** Follows this organisation's charter, so that it trusts exactly the relays that the charter names. */
  async start(relay: string, organisation: string): Promise<void> {
    const port = String(await freePort())
    const where = ["--data", this.folder, "--name", this.name, "--port", port]
    const child = holdfast("witness", ...where, "--follow", relay, organisation, "--every", "2")
    this.#child = child
    let said = ""
    await new Promise<void>((resolve, reject) => {
      const failed = (why: string) => reject(new Error(`${why}:\n${said}`))
      const timer = setTimeout(() => failed("the witness did not start in time"), startMillis)
      const look = (chunk: unknown) => {
        said += String(chunk)
        const line = /^ {4}witness (\S+) (\S+) (http:\S+)$/m.exec(said)
        if (line === null) return
        this.vkey = line[2] as string
        this.url = line[3] as string
        clearTimeout(timer)
        resolve()
      }
      child.stdout?.on("data", look)
      child.stderr?.on("data", look)
      child.once("exit", () => {
        clearTimeout(timer)
        failed("the witness ended")
      })
    })
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once("exit", resolve))
    killTree(child.pid)
    await ended
    this.#child = undefined
  }
}
