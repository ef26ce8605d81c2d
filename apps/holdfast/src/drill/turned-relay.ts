import { randomBytes } from "node:crypto"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { charterOrigin, laneOrigin } from "@holdfast/log"
import {
  type Connection,
  createRelay,
  createRoutes,
  type Relay,
  type RelayFolder,
  silentLog,
  systemClock,
} from "@holdfast/relay"
import {
  type Answer,
  decode,
  encode,
  hex,
  type LaneId,
  laneIdOf,
  limits,
  type Operation,
  type OrgId,
  Reply,
  Request,
} from "@holdfast/wire"
import { type WebSocket, WebSocketServer } from "ws"
import { answerHttp } from "./http-bridge.ts"
import { LaneView } from "./lane-view.ts"
import type { Rules, Who } from "./rules.ts"

/**
 * A real relay whose operator was turned: it runs on the real folder with the real keys, and stands between the clients and
 * the honest code. Lanes are always shown through a view for each victim; everything else passes through the rules (D3).
 */
export interface TurnedRelay {
  readonly url: string
  readonly folder: RelayFolder
  readonly relay: Relay
  /** May be changed at any moment. */
  rules: Rules
  view(org: OrgId, lane: "charter" | number, who: Who): LaneView
  /** Keeps a device in, whatever the charter says, and never tells it otherwise. */
  keepIn(device: Who): void
  /** Breaks the connections of one, or of all. They may come back. */
  cut(who?: Who): void
  /** Nobody gets through until it is called with `true`. */
  open(isOpen: boolean): void
  connected(): readonly Who[]
  /** Device sessions opened so far, as anybody on the machine could have recorded them. */
  readonly recorded: readonly { readonly hello: Operation; readonly challenge: Uint8Array }[]
  close(): Promise<void>
}

export async function startTurnedRelay(
  folder: RelayFolder,
  options: { readonly hostingCode: string; readonly port?: number },
): Promise<TurnedRelay> {
  const random = (n: number) => new Uint8Array(randomBytes(n))
  const deps = { ...folder, clock: systemClock, random, fetch, log: silentLog }
  const relay = createRelay(deps, { hostingCode: options.hostingCode })
  const routes = createRoutes(relay)
  const views = new Map<string, LaneView>()
  const taps = new Set<Tap>()
  const kept = new Set<Who>()
  const recorded: { hello: Operation; challenge: Uint8Array }[] = []
  let isOpen = true

  const turned: TurnedRelay = {
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    folder,
    relay,
    rules: {},
    view(org, lane, who) {
      const id = laneIdOf(org, lane)
      const key = `${who} ${hex(id)}`
      const found = views.get(key)
      if (found !== undefined) return found
      const origin = lane === "charter" ? charterOrigin(org) : laneOrigin(org, id)
      const made = new LaneView({ engine: folder.engine, lane: id, origin, signer: folder.logSigner })
      views.set(key, made)
      return made
    },
    keepIn: (device) => void kept.add(device),
    cut(who) {
      for (const tap of [...taps]) if (who === undefined || tap.who === who) tap.close()
    },
    open(now) {
      isOpen = now
      if (!now) for (const tap of [...taps]) tap.close()
    },
    connected: () => [...taps].flatMap(({ who }) => (who === undefined ? [] : [who])),
    recorded,
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()))
      for (const tap of [...taps]) tap.close()
      for (const view of views.values()) view.close()
      await relay.close()
      server.closeAllConnections()
      await closed
    },
  }

  const server: Server = createServer((request, response) => {
    if (!isOpen) return void request.destroy()
    void answerHttp(routes.fetch, turned, request, response)
  })
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.socketMessageBytes })
  server.on("upgrade", (request, socket, head) => {
    if (!isOpen || request.url !== "/v1/socket") return void socket.destroy()
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const tap = new Tap(turned, ws, { kept, recorded, onGone: () => void taps.delete(tap) })
      taps.add(tap)
    })
  })
  await new Promise<void>((listening, failed) => {
    server.once("error", failed)
    server.listen(options.port ?? 0, "127.0.0.1", listening)
  })
  return turned
}

interface Session {
  readonly who: Who
  readonly org: OrgId
  /** Without the honest relay behind it, which would not have this device any more. */
  readonly isKept: boolean
}

/** One client's connection: its socket on one side, the honest relay on the other. */
class Tap {
  readonly #turned: TurnedRelay
  readonly #ws: WebSocket
  readonly #upstream: Connection | undefined
  readonly #shared: {
    readonly kept: ReadonlySet<Who>
    readonly recorded: { hello: Operation; challenge: Uint8Array }[]
  }
  readonly #subscriptions = new Map<string, { readonly stop: () => void }>()
  readonly #lanes = new Map<string, "charter" | number>()
  /** Appends on their way: their answers name real indices. */
  readonly #appends = new Map<number, LaneId>()
  readonly #onGone: () => void
  #challenge: Uint8Array = new Uint8Array()
  #hello: { readonly who: Who; readonly org: OrgId } | undefined
  #session: Session | undefined
  #isGone = false

  constructor(
    turned: TurnedRelay,
    ws: WebSocket,
    shared: {
      readonly kept: ReadonlySet<Who>
      readonly recorded: { hello: Operation; challenge: Uint8Array }[]
      readonly onGone: () => void
    },
  ) {
    this.#turned = turned
    this.#ws = ws
    this.#shared = shared
    this.#onGone = shared.onGone
    ws.on("error", () => {})
    ws.on("close", () => this.close())
    ws.on("message", (message: Buffer) => {
      void this.#fromClient(new Uint8Array(message)).catch(() => this.close())
    })
    this.#upstream = turned.relay.connect({
      address: "127.0.0.1",
      send: (message, onWritten) => {
        void this.#fromRelay(message).catch(() => this.close())
        onWritten()
      },
      ping: () => this.#upstream?.heard(),
      pause: () => {},
      resume: () => {},
      close: () => {
        if (this.#session?.isKept !== true) this.close()
      },
    })
  }

  get who(): Who | undefined {
    return this.#session?.who
  }

  close(): void {
    if (this.#isGone) return
    this.#isGone = true
    for (const { stop } of this.#subscriptions.values()) stop()
    this.#upstream?.closed()
    this.#ws.terminate()
    this.#onGone()
  }

  #send(id: number, op: Answer): void {
    if (!this.#isGone && this.#ws.readyState === this.#ws.OPEN) this.#ws.send(encode(Reply, { id, op }))
  }

  async #fromClient(bytes: Uint8Array): Promise<void> {
    const { id, op } = decode(Request, bytes)
    const ruled = this.#turned.rules.request?.(op, this.who) ?? "pass"
    if (ruled === "swallow") return
    if (ruled !== "pass") return this.#send(id, ruled)
    if (op.kind === "helloDevice" || op.kind === "helloGuest" || op.kind === "helloReader") {
      if (await this.#greet(id, op)) return
    }
    const session = this.#session
    if (session !== undefined && (await this.#serveLane(id, op, session))) return
    if (session?.isKept === true) return this.#answerKept(id, op, session)
    if (op.kind === "append") this.#appends.set(id, op.value.lane)
    this.#upstream?.receive(bytes)
  }

  /** True when it was answered here: a device that is kept in. */
  async #greet(id: number, op: Extract<Operation, { kind: `hello${string}` }>): Promise<boolean> {
    const { org } = op.value
    const who = op.kind === "helloDevice" ? hex(op.value.device) : op.kind === "helloGuest" ? "guest" : "reader"
    for (const lane of ["charter", 0] as const) this.#lanes.set(hex(laneIdOf(org, lane)), lane)
    this.#hello = { who, org: org.slice() as OrgId }
    if (op.kind === "helloDevice") this.#shared.recorded.push({ hello: op, challenge: this.#challenge })
    if (!this.#shared.kept.has(who)) return false
    this.#session = { ...this.#hello, isKept: true }
    this.#upstream?.closed()
    const token = new Uint8Array(randomBytes(32))
    const opened = { token, framesPerDay: 20_000, blobBytesPerDay: 2 ** 40, ...(await this.#sizes(this.#hello)) }
    this.#send(id, { kind: "sessionOpened", value: opened })
    return true
  }

  async #sizes({ org, who }: { readonly org: OrgId; readonly who: Who }) {
    const [charter, messages] = (["charter", 0] as const).map((lane) => this.#turned.view(org, lane, who))
    await Promise.all([charter?.sync(), messages?.sync()])
    return {
      charter: { lane: laneIdOf(org, "charter"), size: charter?.size ?? 0 },
      lanes: [{ lane: laneIdOf(org, 0), size: messages?.size ?? 0 }],
    }
  }

  /** Lanes are served from the views. True when it was answered here. */
  async #serveLane(id: number, op: Operation, session: Session): Promise<boolean> {
    if (op.kind !== "read" && op.kind !== "subscribe" && op.kind !== "unsubscribe" && op.kind !== "getCheckpoint") {
      return false
    }
    const key = hex(op.value.lane)
    const number = this.#lanes.get(key)
    const isDevice = session.who !== "guest" && session.who !== "reader"
    if (number === undefined || (!isDevice && number !== "charter")) return false
    const lane = op.value.lane.slice() as LaneId
    const view = this.#turned.view(session.org, number, session.who)
    await view.sync()
    switch (op.kind) {
      case "getCheckpoint":
        this.#send(id, { kind: "checkpoint", value: { lane, note: (await view.head()).note } })
        return true
      case "read": {
        const { from, maxFrames } = op.value
        this.#send(id, (await this.#frames(view, lane, from, maxFrames)).answer)
        return true
      }
      case "unsubscribe":
        this.#subscriptions.get(key)?.stop()
        this.#subscriptions.delete(key)
        this.#send(id, { kind: "done", value: {} })
        return true
      case "subscribe":
        this.#subscriptions.get(key)?.stop()
        this.#send(id, { kind: "subscribed", value: { lane, size: view.size } })
        this.#subscriptions.set(key, { stop: this.#follow(view, lane, op.value.from) })
        return true
    }
  }

  async #frames(
    view: LaneView,
    lane: LaneId,
    from: number,
    max: number,
  ): Promise<{ readonly answer: Answer; readonly count: number }> {
    const frames = view.frames(from, max)
    const { size, note } = await view.head()
    const value = { lane, first: from, frames: [...frames], size, checkpoint: note }
    const ruled = this.#turned.rules.frames?.(value, this.who ?? "") ?? value
    return { answer: { kind: "frames", value: ruled }, count: frames.length }
  }

  #follow(view: LaneView, lane: LaneId, from: number): () => void {
    let next = from
    let isSending = false
    let isStopped = false
    const pump = async () => {
      if (isSending) return
      isSending = true
      try {
        while (!isStopped && next < view.size) {
          const { answer, count } = await this.#frames(view, lane, next, limits.framesPerBatch)
          if (isStopped || count === 0) break
          next += count
          this.#send(0, answer)
        }
      } finally {
        isSending = false
      }
    }
    const stopListening = view.onGrown(() => void pump().catch(() => this.close()))
    void pump().catch(() => this.close())
    return () => {
      isStopped = true
      stopListening()
    }
  }

  /** The attacker's own code for a device that the honest relay has thrown out. */
  async #answerKept(id: number, op: Operation, { org, who }: Session): Promise<void> {
    const { engine } = this.#turned.folder
    switch (op.kind) {
      case "append": {
        const entries = op.value.frames.map((bytes, i) => ({
          messageId: (op.value.messageIds[i] as Uint8Array).slice(),
          bytes: bytes.slice(),
        }))
        const { indices } = await engine.append(op.value.lane, entries)
        const view = this.#turned.view(org, 0, who)
        await view.sync()
        return this.#send(id, { kind: "appended", value: { indices: indices.map((i) => view.shownIndexOf(i)) } })
      }
      case "getDirectory": {
        const page = await engine.directory(org, op.value.since, { maxEntries: 512, maxBytes: 4 * 2 ** 20 })
        const value = { version: page.version, entries: [...page.entries], more: page.more ? 1 : 0 }
        return this.#send(id, { kind: "directoryEntries", value })
      }
      case "putDirectoryEntry":
        return this.#send(id, { kind: "directoryStored", value: { version: 1 } })
      default:
        return this.#send(id, { kind: "done", value: {} })
    }
  }

  async #fromRelay(bytes: Uint8Array): Promise<void> {
    const { id, op } = decode(Reply, bytes.slice())
    const { rules } = this.#turned
    switch (op.kind) {
      case "challenge": {
        const value = rules.challenge?.(op.value) ?? op.value
        this.#challenge = value.nonce
        return this.#send(id, { kind: "challenge", value })
      }
      case "sessionOpened": {
        const hello = this.#hello
        if (hello === undefined) return this.#send(id, op)
        this.#session = { ...hello, isKept: false }
        const isDevice = op.value.lanes.length > 0
        const { charter, lanes } = await this.#sizes(hello)
        return this.#send(id, { kind: op.kind, value: { ...op.value, charter, lanes: isDevice ? lanes : [] } })
      }
      case "appended": {
        const lane = this.#appends.get(id)
        this.#appends.delete(id)
        const session = this.#session
        const number = lane === undefined ? undefined : this.#lanes.get(hex(lane))
        if (session === undefined || number === undefined) return this.#send(id, op)
        const view = this.#turned.view(session.org, number, session.who)
        await view.sync()
        return this.#send(id, { kind: op.kind, value: { indices: op.value.indices.map((i) => view.shownIndexOf(i)) } })
      }
      case "directoryEntries": {
        const entries = rules.directory?.(op.value.entries, this.who ?? "") ?? op.value.entries
        return this.#send(id, { kind: op.kind, value: { ...op.value, entries: [...entries] } })
      }
      case "goodbye": {
        const who = this.who
        if (who === undefined || !this.#shared.kept.has(who)) return this.#send(id, op)
        this.#session = { ...(this.#session as Session), isKept: true }
        return
      }
      default:
        return this.#send(id, op)
    }
  }
}
