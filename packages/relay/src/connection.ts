import {
  type Answer,
  type Challenge,
  decode,
  encode,
  type Failure,
  failure,
  hex,
  limits,
  type Operation,
  protocolVersion,
  type RelayErrorCode,
  Reply,
  Request,
  WireError,
} from "@holdfast/wire"
import type { RelayCore } from "./core.ts"
import { withDeadline } from "./deadline.ts"
import { EngineError } from "./engine/lane-engine.ts"
import { RelayError } from "./error.ts"
import type { FeedReader, LaneFeed } from "./lane-feed.ts"
import { getDirectory, putDirectoryEntry, putInvite, revokeInvite } from "./operations/directory.ts"
import { foundOrganisation, openDeviceSession, openGuestSession, openReaderSession } from "./operations/hello.ts"
import {
  appendCharter,
  appendFrames,
  checkStart,
  getCheckpoint,
  getWitnessed,
  readableLane,
  readFrames,
} from "./operations/lanes.ts"
import { checkAllowed, type OpenSession, type Session } from "./session.ts"

/** The other end of a connection, whatever carries it. */
export interface Peer {
  /** For limits only: never stored and never logged. */
  readonly address: string
  /** `onWritten` is called when the bytes have left this process; not called when the connection breaks. */
  send(message: Uint8Array, onWritten: () => void): void
  ping(): void
  /** Stop or go on reading what the other end sends. */
  pause(): void
  resume(): void
  /** After what was sent. `cut`: at once, without it. */
  close(how: "politely" | "cut"): void
}

/** Failed hellos and foundings before the relay hangs up. */
const maxAttempts = 4
const maxSubscriptions = 64

/** One client's side of the protocol (R6): bytes in, bytes out. The transport tells it what happens and does what the peer is asked. */
export class Connection {
  readonly #core: RelayCore
  readonly #peer: Peer
  readonly #challenge: Challenge
  readonly #onClosed: () => void
  readonly #readers = new Map<string, { readonly feed: LaneFeed; readonly reader: FeedReader }>()
  readonly #stopHelloClock: () => void
  readonly #waitingForRoom: (() => void)[] = []
  #session: Session = { kind: "none" }
  #token: Uint8Array | undefined
  #stopCharterWatch: (() => void) | undefined
  #stopWitnessedWatch: (() => void) | undefined
  /** There is a newer cosigned checkpoint than the one sent last, and there was no room for it. */
  #owesWitnessed = false
  #isClosed = false
  #isPaused = false
  #attempts = 0
  #underWay = 0
  #bytesUnderWay = 0
  #outputBytes = 0
  #lastHeard: number
  #lastWritten: number
  /** Answers that carry much are made one after the other, each when there is room for it (R6.4). */
  #bulk: Promise<unknown> = Promise.resolve()

  constructor(core: RelayCore, peer: Peer, onClosed: () => void) {
    this.#core = core
    this.#peer = peer
    this.#onClosed = onClosed
    const { clock, random, relayId, logSigner } = core.deps
    this.#lastHeard = clock.now()
    this.#lastWritten = clock.now()
    this.#challenge = {
      version: protocolVersion,
      nonce: random(32),
      relay: relayId,
      logPublicKey: logSigner.publicKey,
    }
    this.#stopHelloClock = clock.after(core.config.helloMillis, () => {
      if (this.#session.kind === "none") this.goodbye("not_authenticated", "too_late")
    })
    this.#send(0, { kind: "challenge", value: this.#challenge })
  }

  /** One whole message. Whatever is in it, this neither throws nor rejects. */
  receive(message: Uint8Array): void {
    if (this.#isClosed) return
    this.heard()
    // Node's Buffer is a Uint8Array whose `slice` does not copy: beyond this line nobody should have to know.
    const bytes = new Uint8Array(message.buffer, message.byteOffset, message.length)
    let request: Request
    try {
      request = decode(Request, bytes, limits.socketMessageBytes)
    } catch (error) {
      // Whoever sends bytes that are no request speaks another protocol, and there is no id to answer to (R6.6).
      this.goodbye(error instanceof WireError ? error.code : "malformed")
      return
    }
    void this.#process(request, message.length)
  }

  /** A sign of life that is not a message. */
  heard(): void {
    this.#lastHeard = this.#core.deps.clock.now()
  }

  /** Called every few seconds: hangs up on whoever stopped reading or is gone, and asks the silent for a sign. (R6.5, R7.5) */
  tick(): void {
    const now = this.#core.deps.clock.now()
    const { stallMillis, pingMillis } = this.#core.config
    const isStalled = this.#outputBytes > 0 && now - this.#lastWritten > stallMillis
    if (isStalled || now - this.#lastHeard > 3 * pingMillis) this.#close("cut")
    else if (now - this.#lastHeard > pingMillis) this.#peer.ping()
  }

  /** Says why, and hangs up. */
  goodbye(code: RelayErrorCode, reason?: string): void {
    if (this.#isClosed) return
    this.#send(0, { kind: "goodbye", value: failure(code, reason) })
    this.#close("politely")
  }

  /** The transport is gone. Everything that belonged to the session is, too. */
  closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopHelloClock()
    this.#stopCharterWatch?.()
    this.#stopWitnessedWatch?.()
    if (this.#token !== undefined) this.#core.tokens.remove(this.#token)
    for (const { feed, reader } of this.#readers.values()) feed.unsubscribe(reader)
    this.#readers.clear()
    for (const go of this.#waitingForRoom.splice(0)) go()
    if (this.#session.kind !== "none") this.#core.organisations.release(this.#session.org.id)
    this.#onClosed()
  }

  #close(how: "politely" | "cut"): void {
    this.closed()
    this.#peer.close(how)
  }

  async #process(request: Request, length: number): Promise<void> {
    this.#underWay++
    this.#bytesUnderWay += length
    this.#setReading()
    try {
      const answer = await this.#answer(request)
      if (answer !== undefined) this.#send(request.id, answer)
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal.code === 14) this.#core.deps.log.warn(factsOf(error), "A request could not be carried out")
      this.#send(request.id, { kind: "failure", value: refusal })
      this.#countAttempt(request.op.kind)
    } finally {
      this.#underWay--
      this.#bytesUnderWay -= length
      this.#setReading()
    }
  }

  async #answer({ id, op }: Request): Promise<Answer | undefined> {
    checkAllowed(this.#session, op.kind)
    const session = this.#session as OpenSession
    if (op.kind === "read") return this.#inBulk(() => readFrames(this.#core, session, op.value))
    if (op.kind === "getDirectory" && session.kind === "device") {
      return this.#inBulk(() => getDirectory(this.#core, session, op.value))
    }
    return this.#timed(op.kind === "subscribe" ? this.#subscribe(session, op.value, id) : this.#answerNow(session, op))
  }

  #timed<T>(work: Promise<T>): Promise<T> {
    return withDeadline(this.#core.deps.clock, this.#core.config.operationMillis, work)
  }

  async #answerNow(session: OpenSession, op: Operation): Promise<Answer | undefined> {
    const core = this.#core
    switch (op.kind) {
      case "helloDevice":
        return this.#open(() => openDeviceSession(core, this.#challenge, op.value))
      case "helloGuest":
        return this.#open(() => openGuestSession(core, this.#challenge, op.value))
      case "helloReader":
        return this.#open(() => openReaderSession(core, op.value))
      case "found":
        return this.#guarded(() => foundOrganisation(core, op.value))
      case "appendCharter":
        return appendCharter(core, session, op.value)
      case "append":
        return appendFrames(core, session, op.value)
      case "unsubscribe":
        this.#unsubscribe(hex(readableLane(session, op.value.lane).lane.id))
        return { kind: "done", value: {} }
      case "getCheckpoint":
        return getCheckpoint(session, op.value)
      case "getWitnessed":
        return getWitnessed(session)
      case "ping":
        return { kind: "done", value: {} }
      default:
        if (session.kind !== "device") throw new RelayError("forbidden")
        return this.#answerDevice(session, op)
    }
  }

  async #answerDevice(session: Extract<OpenSession, { kind: "device" }>, op: Operation): Promise<Answer | undefined> {
    switch (op.kind) {
      case "putDirectoryEntry":
        return putDirectoryEntry(this.#core, session, op.value)
      case "putInvite":
        return putInvite(this.#core, session, op.value)
      case "revokeInvite":
        return revokeInvite(this.#core, session, op.value)
      default:
        throw new RelayError("malformed")
    }
  }

  /** Slows down whoever tries codes and signatures. (R7.4) */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    this.#core.failures.check(this.#peer.address)
    try {
      return await work()
    } catch (error) {
      if (error instanceof RelayError && error.code === "not_authenticated") {
        this.#core.failures.count(this.#peer.address)
      }
      throw error
    }
  }

  async #open(prove: () => Promise<OpenSession>): Promise<Answer | undefined> {
    const session = await this.#guarded(prove)
    const { org } = session
    // Hello twice at once, or gone meanwhile: this one came second.
    if (this.#session.kind !== "none" || this.#isClosed) {
      this.#core.organisations.release(org.id)
      throw new RelayError("conflict")
    }
    this.#session = session
    this.#stopHelloClock()
    const token = this.#core.deps.random(32)
    if (session.kind === "device") {
      this.#token = token
      this.#core.tokens.add(token, session)
      this.#stopCharterWatch = org.onCharter(() => {
        if (org.device(session.device) === undefined) this.#endRemoved(session)
      })
      // The charter may have moved between the proof and here.
      if (org.device(session.device) === undefined) {
        this.#endRemoved(session)
        return undefined
      }
    }
    const { engine } = this.#core.deps
    const headOf = async ({ id }: { readonly id: LaneFeed["lane"]["id"] }) => ({
      lane: id,
      size: (await engine.head(id)).size,
    })
    const isDevice = session.kind === "device"
    return {
      kind: "sessionOpened",
      value: {
        token,
        charter: await headOf(org.charterLane),
        lanes: isDevice ? await Promise.all(org.messageLanes.map(headOf)) : [],
        framesPerDay: isDevice
          ? this.#core.config.framesPerDay
          : session.kind === "guest"
            ? this.#core.config.framesPerGuest
            : 0,
        blobBytesPerDay: isDevice ? this.#core.config.blobBytesPerDay : 0,
      },
    }
  }

  /** The charter removed this device: nothing it sends from here on is done. (R4.12) */
  #endRemoved({ org, device }: Extract<OpenSession, { kind: "device" }>): void {
    this.#core.deps.engine.removeDirectoryLine(org.id, device).catch(() => {})
    this.goodbye("forbidden", "device_removed")
  }

  async #subscribe(
    session: OpenSession,
    { lane, from }: Extract<Operation, { kind: "subscribe" }>["value"],
    id: number,
  ): Promise<undefined> {
    const feed = readableLane(session, lane)
    const key = hex(feed.lane.id)
    if (this.#readers.size >= maxSubscriptions && !this.#readers.has(key)) throw new RelayError("too_many")
    const size = await checkStart(this.#core, feed, from)
    if (this.#isClosed) return undefined
    this.#unsubscribe(key)
    const reader: FeedReader = {
      isFull: () => this.#isFull(),
      send: (message) => this.#write(message),
      fail: (code) => this.goodbye(code),
    }
    this.#readers.set(key, { feed, reader })
    // Before the first frames can go out.
    this.#send(id, { kind: "subscribed", value: { lane: feed.lane.id, size } })
    feed.subscribe(reader, from)
    if (feed.lane.number === "charter") {
      this.#stopWitnessedWatch = session.org.witnessing.onNote(() => this.#pushWitnessed(session))
      this.#pushWitnessed(session)
    }
    return undefined
  }

  #unsubscribe(key: string): void {
    const found = this.#readers.get(key)
    if (found === undefined) return
    this.#readers.delete(key)
    found.feed.unsubscribe(found.reader)
    if (found.feed.lane.number !== "charter") return
    this.#stopWitnessedWatch?.()
    this.#stopWitnessedWatch = undefined
    this.#owesWitnessed = false
  }

  /** The newest only: whoever does not keep up misses those in between. (W5.14, R6.4) */
  #pushWitnessed({ org }: OpenSession): void {
    const note = org.witnessed
    if (note === undefined) return
    this.#owesWitnessed = this.#isFull()
    if (this.#owesWitnessed) return
    this.#send(0, { kind: "checkpoint", value: { lane: org.charterLane.id, note } })
  }

  #inBulk(work: () => Promise<Answer>): Promise<Answer | undefined> {
    const done = this.#bulk.then(async () => {
      while (this.#isFull() && !this.#isClosed) await new Promise<void>((go) => this.#waitingForRoom.push(go))
      return this.#isClosed ? undefined : this.#timed(work())
    })
    this.#bulk = done.catch(() => {})
    return done
  }

  #countAttempt(kind: Operation["kind"]): void {
    if (this.#session.kind === "none" && kind !== "ping" && ++this.#attempts >= maxAttempts) {
      this.goodbye("not_authenticated", "too_many_attempts")
    }
  }

  #isFull(): boolean {
    return this.#outputBytes >= this.#core.config.maxOutputBytes
  }

  #send(id: number, op: Answer): void {
    if (!this.#isClosed) this.#write(encode(Reply, { id, op }))
  }

  #write(message: Uint8Array): void {
    if (this.#isClosed) return
    if (this.#outputBytes === 0) this.#lastWritten = this.#core.deps.clock.now()
    this.#outputBytes += message.length
    this.#peer.send(message, () => this.#written(message.length))
    this.#setReading()
  }

  #written(length: number): void {
    this.#outputBytes -= length
    this.#lastWritten = this.#core.deps.clock.now()
    if (this.#isClosed) return
    this.#setReading()
    if (this.#isFull()) return
    if (this.#owesWitnessed && this.#session.kind !== "none") this.#pushWitnessed(this.#session)
    for (const go of this.#waitingForRoom.splice(0)) go()
    for (const { feed, reader } of this.#readers.values()) feed.pump(reader)
  }

  /** A client that does not take its answers, or asks faster than they come, is not listened to meanwhile. (R6.5) */
  #setReading(): void {
    const { maxRequestsUnderWay, maxRequestBytesUnderWay, maxOutputBytes } = this.#core.config
    const isTooMuch =
      this.#underWay >= maxRequestsUnderWay ||
      this.#bytesUnderWay >= maxRequestBytesUnderWay ||
      this.#outputBytes >= 2 * maxOutputBytes
    if (isTooMuch === this.#isPaused || this.#isClosed) return
    this.#isPaused = isTooMuch
    if (isTooMuch) this.#peer.pause()
    else this.#peer.resume()
  }
}

/** What a client is told about an error: its code and nothing of what is inside. (W5.12) */
export function refusalOf(error: unknown): Failure {
  if (error instanceof EngineError) return refusalOf(relayErrorOf(error))
  if (!(error instanceof RelayError)) return failure("unavailable")
  const { code, reason, retryAfterSeconds } = error
  const refusal = failure(code, reason)
  return retryAfterSeconds === undefined ? refusal : { ...refusal, retryAfterSeconds }
}

export function relayErrorOf(error: EngineError): RelayError {
  if (error.code === "busy") return new RelayError("unavailable", "busy", 1)
  return new RelayError(error.code === "broken" ? "unavailable" : error.code, undefined)
}

/** Names of errors, never their messages: those may quote what someone sent. */
function factsOf(error: unknown): Readonly<Record<string, string | number>> {
  const cause = error instanceof Error ? error.cause : undefined
  const errcode = (cause as { errcode?: unknown } | undefined)?.errcode
  return {
    error: error instanceof Error ? error.name : typeof error,
    code: String((error as { code?: unknown } | null)?.code ?? ""),
    ...(typeof errcode === "number" ? { errcode } : {}),
  }
}
