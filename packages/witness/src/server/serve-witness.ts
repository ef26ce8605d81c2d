import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { formatVkey } from "@holdfast/log"
import { fromHex, utf8 } from "@holdfast/wire"
import { WitnessError } from "../error.ts"
import { latestCheckpoint, processAddCheckpoint, type Witness } from "../witness.ts"

/** What keeps strangers from filling the memory or holding all connections. (V3.6) */
export interface WitnessLimits {
  readonly maxBodyBytes: number
  /** Requests at a time whose bodies are held; beyond: 503. */
  readonly maxUnderWay: number
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  readonly headerMillis: number
  /** For a whole request, from its first byte to its last. */
  readonly requestMillis: number
  readonly idleMillis: number
}

export const witnessDefaults: WitnessLimits = {
  maxBodyBytes: 128 * 1_024,
  maxUnderWay: 64,
  maxConnections: 1_024,
  maxConnectionsPerAddress: 64,
  headerMillis: 10_000,
  requestMillis: 15_000,
  idleMillis: 60_000,
}

export interface ServeWitnessOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** All connections come from one address, a proxy's: then they are not limited by address. */
  readonly isBehindProxy?: boolean
  readonly limits?: Partial<WitnessLimits>
}

export interface ServedWitness {
  readonly port: number
  /** http://host:port, the submission and monitoring prefix. */
  readonly url: string
  /** Stops listening and lets requests under way end, for a moment. The store stays open. */
  close(): Promise<void>
}

/** Puts a witness on a port: `POST /add-checkpoint`, `GET /<hash>/checkpoint`, `GET /`. Throws WitnessError. (V3) */
export async function serveWitness(witness: Witness, options: ServeWitnessOptions): Promise<ServedWitness> {
  const limits: WitnessLimits = { ...witnessDefaults, ...options.limits }
  const gate = { underWay: 0 }
  const server = createServer(
    { connectionsCheckingInterval: Math.min(1_000, limits.headerMillis), maxHeaderSize: 8_192 },
    (request, response) => {
      answer(witness, limits, gate, request).then(
        (reply) => send(request, response, reply),
        (error: unknown) => {
          // Whoever went away in the middle is no news.
          if (request.errored !== null) return
          witness.deps.log.warn({ error: error instanceof Error ? error.name : typeof error }, "A request failed")
          send(request, response, text(503, "This witness cannot do that at the moment. Try again.\n"))
        },
      )
    },
  )
  server.headersTimeout = limits.headerMillis
  server.requestTimeout = limits.requestMillis
  server.keepAliveTimeout = limits.idleMillis
  server.timeout = limits.idleMillis
  server.maxConnections = limits.maxConnections
  if (options.isBehindProxy !== true) limitByAddress(server, limits.maxConnectionsPerAddress)
  await listen(witness, server, options)
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(":") ? `[${options.host}]` : options.host
  return {
    port,
    url: `http://${host}:${port}`,
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()))
      server.closeIdleConnections()
      const cut = setTimeout(() => server.closeAllConnections(), 2_000)
      await closed
      clearTimeout(cut)
    },
  }
}

interface Reply {
  readonly status: number
  readonly type: string
  readonly body: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  /** The rest of the request is not wanted. */
  readonly cutsOff?: true
}

async function answer(
  witness: Witness,
  limits: WitnessLimits,
  gate: { underWay: number },
  request: IncomingMessage,
): Promise<Reply> {
  const { method, url = "" } = request
  const isRead = method === "GET" || method === "HEAD"
  if (url === "/add-checkpoint") {
    if (method !== "POST") return { ...text(405, "Send a POST.\n"), headers: { allow: "POST" } }
    return addCheckpoint(witness, limits, gate, request)
  }
  const hash = /^\/([0-9a-f]{64})\/checkpoint$/.exec(url)?.[1]
  if (hash === undefined && url !== "/") return text(404, "There is nothing here.\n")
  if (!isRead) return { ...text(405, "Send a GET.\n"), headers: { allow: "GET, HEAD" } }
  if (hash === undefined) return text(200, `${formatVkey(witness.key)}\n`)
  const note = await latestCheckpoint(witness, fromHex(hash))
  if (note === undefined) return text(404, "This witness has cosigned nothing of that log.\n")
  return { status: 200, type: textType, body: note, headers: anyPage }
}

async function addCheckpoint(
  witness: Witness,
  limits: WitnessLimits,
  gate: { underWay: number },
  request: IncomingMessage,
): Promise<Reply> {
  if (gate.underWay >= limits.maxUnderWay) {
    const busy = text(503, "Too many requests at once. Try again.\n")
    return { ...busy, headers: { "retry-after": "1" }, cutsOff: true }
  }
  gate.underWay++
  try {
    const body = await readBody(request, limits.maxBodyBytes)
    if (body === undefined) return { ...text(413, "The request is larger than this witness reads.\n"), cutsOff: true }
    return await processAddCheckpoint(witness, body)
  } finally {
    gate.underWay--
  }
}

const textType = "text/plain; charset=utf-8"
/** What is signed may be read from any page. */
const anyPage = { "access-control-allow-origin": "*", "cache-control": "no-cache" }

function text(status: number, sentence: string): Reply {
  return { status, type: textType, body: utf8(sentence) }
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return
  response.writeHead(reply.status, {
    "content-type": reply.type,
    "content-length": String(reply.body.length),
    "x-content-type-options": "nosniff",
    ...reply.headers,
    ...(reply.cutsOff === true ? { connection: "close" } : {}),
  })
  response.end(request.method === "HEAD" ? undefined : reply.body, () => {
    if (reply.cutsOff === true) request.destroy()
  })
}

/** `undefined`: more than `maxBytes`, as announced or as it came. Rejects when the other side goes away. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return undefined
  const parts: Uint8Array[] = []
  let length = 0
  // without destroying the request when left early: the answer still has to go out on its socket
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    length += part.length
    if (length > maxBytes) return undefined
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

function limitByAddress(server: Server, most: number): void {
  const countByAddress = new Map<string, number>()
  server.on("connection", (socket) => {
    const address = addressOf(socket.remoteAddress ?? "")
    const count = (countByAddress.get(address) ?? 0) + 1
    countByAddress.set(address, count)
    socket.once("close", () => {
      const left = (countByAddress.get(address) ?? 1) - 1
      if (left === 0) countByAddress.delete(address)
      else countByAddress.set(address, left)
    })
    if (count > most) socket.destroy()
  })
}

/** An IPv6 client has a whole /64 to itself, so that is what counts as one address. */
function addressOf(address: string): string {
  return address.includes(":") && !address.startsWith("::ffff:") ? address.split(":").slice(0, 4).join(":") : address
}

function listen(witness: Witness, server: Server, { host, port }: ServeWitnessOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(startErrorOf(error, host, port)))
    server.listen(port, host, () => {
      server.removeAllListeners("error")
      server.on("error", () => witness.deps.log.warn({ code: "listen" }, "The port reported an error"))
      resolve()
    })
  })
}

function startErrorOf(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  if (cause.code === "EADDRINUSE") {
    const sentence = `Port ${port} is in use by another program. Stop that one or choose another port with --port.`
    return new WitnessError("port_busy", sentence, { cause })
  }
  if (cause.code === "EACCES" || cause.code === "EPERM") {
    const sentence = `This user may not listen on port ${port}. Choose a port above 1023.`
    return new WitnessError("port_forbidden", sentence, { cause })
  }
  if (cause.code === "EADDRNOTAVAIL" || cause.code === "ENOTFOUND" || cause.code === "EAI_AGAIN")
    return new WitnessError("address_unknown", `This machine does not have the address ${host}.`, { cause })
  return cause
}
