// A client that speaks the protocol and nothing more, in process or over a real socket.
import {
  type Answer,
  type Challenge,
  codeOf,
  decode,
  encode,
  type Operation,
  type OrgId,
  type RelayErrorCode,
  Reply,
  Request,
  type SessionOpened,
  sessionSigningInput,
} from "@holdfast/wire"
import { WebSocket } from "ws"
import type { Connection, Relay } from "../src/index.ts"
import type { Person } from "./harbour.ts"

type AnswerOf<K extends Answer["kind"]> = Extract<Answer, { kind: K }>["value"]

export class Caller {
  /** What came without having been asked for, oldest first. */
  readonly pushes: Answer[] = []
  isClosed = false
  readonly #send: (bytes: Uint8Array) => void
  readonly #answers = new Map<number, (answer: Answer) => void>()
  #wake: (() => void)[] = []
  #lastId = 0

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send
  }

  /** For the transport. */
  onMessage(bytes: Uint8Array): void {
    const { id, op } = decode(Reply, bytes)
    if (id === 0) this.pushes.push(op)
    else this.#answers.get(id)?.(op)
    for (const wake of this.#wake.splice(0)) wake()
  }

  onClose(): void {
    this.isClosed = true
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** Bytes as they are, right or wrong. */
  raw(bytes: Uint8Array): void {
    this.#send(bytes)
  }

  ask(op: Operation): Promise<Answer> {
    const id = ++this.#lastId
    const answer = new Promise<Answer>((resolve) => this.#answers.set(id, resolve))
    this.#send(encode(Request, { id, op }))
    return answer
  }

  /** Asks, and throws `code` or `code: reason` for a failure. */
  async get<K extends Answer["kind"]>(op: Operation, kind: K): Promise<AnswerOf<K>> {
    const answer = await this.ask(op)
    if (answer.kind === "failure") {
      const { reason } = answer.value
      throw new Error(reason === undefined ? codeOf(answer.value) : `${codeOf(answer.value)}: ${reason}`)
    }
    if (answer.kind !== kind) throw new Error(`unexpected ${answer.kind}`)
    return answer.value as AnswerOf<K>
  }

  async until<T>(look: () => T | undefined, millis = 10_000): Promise<T> {
    const end = Date.now() + millis
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      if (Date.now() > end) throw new Error("nothing came")
      await new Promise<void>((wake) => {
        const timer = setTimeout(wake, 50)
        this.#wake.push(() => {
          clearTimeout(timer)
          wake()
        })
      })
    }
  }

  push<K extends Answer["kind"]>(kind: K): Promise<AnswerOf<K>> {
    return this.until(() => {
      const at = this.pushes.findIndex((push) => push.kind === kind)
      return at < 0 ? undefined : (this.pushes.splice(at, 1)[0]?.value as AnswerOf<K>)
    })
  }

  async goodbye(): Promise<RelayErrorCode> {
    const value = await this.push("goodbye")
    await this.until(() => this.isClosed || undefined)
    return codeOf(value)
  }

  challenge(): Promise<Challenge> {
    return this.push("challenge")
  }

  async hello(org: OrgId, who: Person): Promise<SessionOpened> {
    const challenge = await this.challenge()
    const signature = await who.key.sign(sessionSigningInput("device", challenge, org))
    return this.get({ kind: "helloDevice", value: { org, device: who.device, signature } }, "sessionOpened")
  }

  /** The frames of a subscription, until there are this many. */
  async frames(count: number): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = []
    while (frames.length < count) frames.push(...(await this.push("frames")).frames)
    return frames
  }
}

export interface InProcess {
  readonly caller: Caller
  readonly connection: Connection | undefined
  /** While true, what the relay sends stays on its way. */
  hold(isHeld: boolean): void
  /** Bytes sent and not taken. */
  waiting(): number
  readonly events: string[]
}

export function callInProcess(relay: Relay, address = "192.0.2.1"): InProcess {
  const queue: { message: Uint8Array; onWritten: () => void }[] = []
  const events: string[] = []
  let isHeld = false
  let connection: Connection | undefined
  const flush = () => {
    while (!isHeld) {
      const next = queue.shift()
      if (next === undefined) return
      caller.onMessage(next.message)
      next.onWritten()
    }
  }
  const caller = new Caller((bytes) => connection?.receive(bytes))
  connection = relay.connect({
    address,
    send: (message, onWritten) => {
      queue.push({ message, onWritten })
      queueMicrotask(flush)
    },
    ping: () => events.push("ping"),
    pause: () => events.push("pause"),
    resume: () => events.push("resume"),
    close: (how) => {
      events.push(how)
      queueMicrotask(() => {
        if (how === "politely") flush()
        caller.onClose()
      })
    },
  })
  return {
    caller,
    connection,
    hold(held) {
      isHeld = held
      flush()
    },
    waiting: () => queue.reduce((sum, { message }) => sum + message.length, 0),
    events,
  }
}

export async function callOverSocket(url: string): Promise<{ readonly caller: Caller; readonly ws: WebSocket }> {
  const ws = new WebSocket(`${url.replace(/^http/, "ws")}/v1/socket`)
  const caller = new Caller((bytes) => ws.send(bytes))
  ws.on("message", (message: Buffer) => caller.onMessage(message))
  ws.on("close", () => caller.onClose())
  ws.on("error", () => caller.onClose())
  await new Promise<void>((opened, failed) => {
    ws.once("open", opened)
    ws.once("error", failed)
  })
  return { caller, ws }
}
