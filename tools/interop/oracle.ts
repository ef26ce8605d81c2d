import path from "node:path"
import { type Talker, talkTo } from "./processes.ts"

/** Bytes as Go's JSON has them. */
export const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")

export interface OracleAnswer {
  readonly ok: boolean
  readonly why?: string
  readonly text?: string
  readonly names?: readonly string[]
  readonly unknown: number
  readonly root?: string
  readonly oldRoot?: string
  readonly record?: readonly string[]
  readonly treeOld?: readonly string[]
  readonly leaves?: readonly string[]
  readonly origin?: string
  readonly treeSize: number
}

/** Asks golang.org/x/mod/sumdb (go/oracle). */
export class Oracle {
  readonly #program: Talker

  constructor(programs: string) {
    this.#program = talkTo(path.join(programs, "oracle"), [])
  }

  async ask(question: Readonly<Record<string, unknown>>): Promise<OracleAnswer> {
    this.#program.say(JSON.stringify(question))
    return JSON.parse(await this.#program.line())
  }

  stop(): Promise<void> {
    return this.#program.stop()
  }
}
