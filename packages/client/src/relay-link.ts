// One connection to one of the charter's relays at a time: challenge, hello, requests by id, pushes. It knows nothing of
// what is inside the messages, and it comes back by itself (E8).
import {
  type Answer,
  type Challenge,
  codeOf,
  decode,
  encode,
  type Failure,
  type Frames,
  limits,
  type Operation,
  protocolVersion,
  type RelayErrorCode,
  Reply,
  Request,
  type SessionOpened,
} from "@holdfast/wire"
import type { ConnectionState } from "./api.ts"
import { createBackoff } from "./backoff.ts"
import { ClientError } from "./error.ts"
import type { Network, Socket, Timers } from "./ports.ts"

export interface Session {
  readonly url: string
  readonly challenge: Challenge
  readonly opened: SessionOpened
}

export interface RelayLinkDeps {
  readonly network: Network
  readonly timers: Timers
  readonly randomBytes: (length: number) => Uint8Array
  /** In order of preference; asked again for every attempt. */
  readonly urls: () => readonly string[]
  /** The hello for this relay. Throws to refuse the relay itself: the next one is tried, after a pause. */
  readonly hello: (challenge: Challenge, url: string) => Promise<Operation>
  /** Something to be said before the hello, such as a founding; its answer comes back before the hello is asked for. */
  readonly prologue: () => { readonly operation: Operation; readonly onAnswer: (answer: Answer) => void } | undefined
  readonly onOpen: (session: Session) => void
  readonly onFrames: (frames: Frames, session: Session) => void
  /** The charter's newest checkpoint that witnesses have cosigned, says the relay. Nothing of it is verified. (W5.14) */
  readonly onWitnessed?: (note: string, session: Session) => void
  readonly onState: (state: ConnectionState) => void
  /** The relay does not accept the hello, or says goodbye: the engine may want to say another one next time. */
  readonly onRefused: (code: RelayErrorCode) => void
  /** Bytes that are no message of the protocol, or a message at the wrong time. */
  readonly onJunk: (url: string) => void
}

export interface RelayLink {
  /** Nothing happens before. */
  start(): void
  state(): ConnectionState
  session(): Session | undefined
  /** The answer, refusals included. Throws `relay_unreachable` while there is no session, when it goes, and after 20 s. */
  request(operation: Operation): Promise<Answer>
  /** Starts anew now: after a change of identity, or when the network is known to be back. */
  restart(): void
  /** The relay in use lied: leave it, and try the next one after the usual pause. */
  abandon(): void
  close(): void
}

const answerMillis = 20_000
const connectMillis = 15_000
const pingMillis = 25_000

interface Waiting {
  resolve(answer: Answer): void
  reject(error: ClientError): void
  cancelTimer(): void
}

export function unreachable(cause?: unknown): ClientError {
  return new ClientError("relay_unreachable", "The relay cannot be reached. It goes on by itself when it can.", {
    cause,
  })
}

const refusalSentences: Partial<Record<RelayErrorCode, string>> = {
  quota: "The relay's daily limit for this device is reached. It goes on tomorrow.",
  storage_full: "The relay has no room left. Tell whoever runs it.",
  forbidden: "The relay does not allow this.",
  too_large: "This is larger than the relay takes.",
  unavailable: "The relay is not ready at the moment.",
  unknown_organisation: "This relay does not host the organisation.",
}

export function refusedError(failure: Failure): ClientError {
  const code = codeOf(failure)
  const sentence = refusalSentences[code] ?? "The relay refused a request."
  return new ClientError(code === "too_large" ? "too_large" : "relay_refused", sentence, {
    cause: failure.reason === undefined ? code : `${code} ${failure.reason}`,
  })
}

export function createRelayLink(deps: RelayLinkDeps): RelayLink {
  const backoff = createBackoff(deps.randomBytes)
  let state: ConnectionState = "connecting"
  let current:
    | { socket: Socket; session: Session | undefined; waiting: Map<number, Waiting>; end: () => void }
    | undefined
  let nextUrl = 0
  let nextId = 1
  let closed = false
  let cancelRetry = () => {}

  function setState(next: ConnectionState): void {
    if (state === next) return
    state = next
    deps.onState(next)
  }

  function retryLater(): void {
    if (closed) return
    cancelRetry()
    cancelRetry = deps.timers.setTimeout(connect, backoff.next())
  }

  function connect(): void {
    if (closed || current !== undefined) return
    cancelRetry()
    const urls = deps.urls()
    const url = urls[nextUrl % Math.max(1, urls.length)]
    if (url === undefined) {
      retryLater()
      return
    }
    if (state !== "offline") setState("connecting")
    let given = false
    const giveUp = () => {
      if (given) return
      given = true
      nextUrl += 1
      setState("offline")
      retryLater()
    }
    const cancelTimer = deps.timers.setTimeout(giveUp, connectMillis)
    deps.network.openSocket(url).then(
      (socket) => {
        cancelTimer()
        if (given || closed || current !== undefined) return socket.close()
        given = true
        talk(socket, url)
      },
      () => {
        cancelTimer()
        giveUp()
      },
    )
  }

  function talk(socket: Socket, url: string): void {
    const waiting = new Map<number, Waiting>()
    let challenge: Challenge | undefined
    let cancelPing = () => {}
    let ended = false
    const end = () => {
      if (ended) return
      ended = true
      cancelPing()
      cancelHello()
      if (current === own) current = undefined
      for (const { reject, cancelTimer } of waiting.values()) {
        cancelTimer()
        reject(unreachable())
      }
      waiting.clear()
      socket.close()
      if (own.session === undefined) nextUrl += 1
      if (!closed) setState("offline")
      retryLater()
    }
    const own = { socket, session: undefined as Session | undefined, waiting, end }
    const cancelHello = deps.timers.setTimeout(end, connectMillis)
    current = own

    const ping = () => {
      cancelPing = deps.timers.setTimeout(() => {
        ask({ kind: "ping", value: {} }).then(ping, () => {})
      }, pingMillis)
    }

    const greet = async (received: Challenge) => {
      challenge = received
      if (received.version !== protocolVersion) return end()
      let hello: Operation
      try {
        const prologue = deps.prologue()
        if (prologue !== undefined) prologue.onAnswer(await ask(prologue.operation))
        hello = await deps.hello(received, url)
      } catch {
        return end()
      }
      if (ended) return
      const answer = await ask(hello)
      cancelHello()
      if (answer.kind !== "sessionOpened") {
        if (answer.kind === "failure") deps.onRefused(codeOf(answer.value))
        else deps.onJunk(url)
        return end()
      }
      backoff.reset()
      own.session = { url, challenge: received, opened: answer.value }
      setState("online")
      ping()
      deps.onOpen(own.session)
    }

    socket.onClose(end)
    socket.onMessage((bytes) => {
      if (ended) return
      let reply: Reply
      try {
        // the socket owns its buffer; what is decoded are views
        reply = decode(Reply, bytes.slice(), limits.socketMessageBytes)
      } catch {
        deps.onJunk(url)
        return end()
      }
      if (reply.id !== 0) {
        const found = waiting.get(reply.id)
        if (found === undefined) return
        waiting.delete(reply.id)
        found.cancelTimer()
        return found.resolve(reply.op)
      }
      switch (reply.op.kind) {
        case "challenge":
          if (challenge !== undefined) {
            deps.onJunk(url)
            return end()
          }
          greet(reply.op.value).catch(end)
          return
        case "frames":
          if (own.session !== undefined) deps.onFrames(reply.op.value, own.session)
          return
        case "checkpoint":
          if (own.session !== undefined) deps.onWitnessed?.(reply.op.value.note, own.session)
          return
        case "goodbye":
          deps.onRefused(codeOf(reply.op.value))
          return end()
        default:
          deps.onJunk(url)
          return end()
      }
    })
  }

  function ask(operation: Operation): Promise<Answer> {
    const here = current
    if (here === undefined) return Promise.reject(unreachable())
    const id = nextId
    nextId = nextId === 0xffffffff ? 1 : nextId + 1
    return new Promise((resolve, reject) => {
      const cancelTimer = deps.timers.setTimeout(here.end, answerMillis)
      here.waiting.set(id, { resolve, reject, cancelTimer })
      try {
        here.socket.send(encode(Request, { id, op: operation }))
      } catch {
        here.end()
      }
    })
  }

  return {
    start: connect,
    state: () => state,
    session: () => current?.session,
    request(operation) {
      return current?.session === undefined ? Promise.reject(unreachable()) : ask(operation)
    },
    restart() {
      backoff.reset()
      nextUrl = 0
      if (current === undefined) connect()
      else current.end()
    },
    abandon() {
      nextUrl += 1
      current?.end()
    },
    close() {
      closed = true
      cancelRetry()
      current?.end()
    },
  }
}

/** Who answers at an address, without saying anything: for a founding, which has to name its relay. Throws `relay_unreachable`. */
export function readChallenge(network: Network, timers: Timers, url: string): Promise<Challenge> {
  return new Promise((resolve, reject) => {
    const cancelTimer = timers.setTimeout(() => reject(unreachable()), connectMillis)
    const fail = (cause?: unknown) => {
      cancelTimer()
      reject(unreachable(cause))
    }
    network.openSocket(url).then((socket) => {
      socket.onClose(() => fail())
      socket.onMessage((bytes) => {
        try {
          const { op } = decode(Reply, bytes.slice(), limits.socketMessageBytes)
          if (op.kind !== "challenge" || op.value.version !== protocolVersion) return fail()
          cancelTimer()
          resolve(op.value)
        } catch (error) {
          fail(error)
        } finally {
          socket.close()
        }
      })
    }, fail)
  })
}
