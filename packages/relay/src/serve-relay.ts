import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { limits } from "@holdfast/wire"
import { getRequestListener } from "@hono/node-server"
import { type WebSocket, WebSocketServer } from "ws"
import { RelayStartError } from "./error.ts"
import { createRoutes } from "./http/routes.ts"
import { openWebRoot } from "./http/web-root.ts"
import type { Relay } from "./relay.ts"

export interface ServeOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** PEM. Without it, something in front has to speak TLS for every address but this machine's own. */
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer }
  /** Folder with the built web client. */
  readonly webRoot?: string
  /** Take a client's address, for limits, from the last entry of X-Forwarded-For. Only behind a proxy that sets it. */
  readonly isBehindProxy?: boolean
}

export interface ServedRelay {
  readonly port: number
  /** http(s)://host:port, without a slash at the end. */
  readonly url: string
  /** Says goodbye, stops listening, closes the relay. */
  close(): Promise<void>
}

/** Puts a relay on a port: HTTP, and one WebSocket path (R6, R8). Throws RelayStartError. */
export async function serveRelay(relay: Relay, options: ServeOptions): Promise<ServedRelay> {
  const webRoot = options.webRoot === undefined ? undefined : await openWebRoot(options.webRoot)
  const app = createRoutes(relay, webRoot)
  const listener = getRequestListener(app.fetch)
  const server = serverFor(listener, options.tls)
  server.headersTimeout = 20_000
  server.requestTimeout = 300_000
  server.keepAliveTimeout = 65_000
  server.maxConnections = relay.core.config.maxConnections + 1_024
  // Compression would cost five times the fan-out, and what passes is ciphertext.
  const socketOptions = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.socketMessageBytes,
    closeTimeout: 5_000,
  }
  const sockets = new WebSocketServer(socketOptions)
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url !== "/v1/socket") {
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
      return
    }
    const address = addressOf(request, options.isBehindProxy ?? false)
    sockets.handleUpgrade(request, socket, head, (ws) => serveSocket(relay, ws, address))
  })
  await listen(relay, server, options)
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(":") ? `[${options.host}]` : options.host
  return {
    port,
    url: `${options.tls === undefined ? "http" : "https"}://${host}:${port}`,
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()))
      await relay.close()
      server.closeIdleConnections()
      // Goodbyes have a moment to leave; who has not gone by then is cut off.
      const cut = setTimeout(() => {
        server.closeAllConnections()
        for (const ws of sockets.clients) ws.terminate()
      }, 2_000)
      await closed
      clearTimeout(cut)
    },
  }
}

function serverFor(listener: RequestListener, tls: ServeOptions["tls"]): Server {
  if (tls === undefined) return createServer(listener)
  try {
    return createTlsServer({ ...tls }, listener)
  } catch (cause) {
    const sentence = "The TLS certificate and key cannot be used. Both have to be PEM, and belong together."
    throw new RelayStartError("tls_invalid", sentence, { cause })
  }
}

/** Ties one WebSocket to a connection of the relay. */
export function serveSocket(relay: Relay, ws: WebSocket, address: string): void {
  ws.on("error", () => {
    // ws closes by itself, with 1009 for a message that is too long and 1002 or 1007 for broken framing.
  })
  const connection = relay.connect({
    address,
    send: (message, onWritten) => ws.send(message, { binary: true }, (error) => (error ? undefined : onWritten())),
    ping: () => ws.ping(),
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    close: (how) => {
      // A paused socket would never see the other side's close.
      ws.resume()
      if (how === "cut") ws.terminate()
      else ws.close(1008)
    },
  })
  if (connection === undefined) return
  ws.on("message", (message: Buffer, isBinary: boolean) => {
    if (isBinary) connection.receive(message)
    else connection.goodbye("malformed")
  })
  ws.on("pong", () => connection.heard())
  ws.on("ping", () => connection.heard())
  ws.on("close", () => connection.closed())
}

/** An IPv6 client has a whole /64 to itself, so that is what counts as one address. */
function addressOf(request: IncomingMessage, isBehindProxy: boolean): string {
  const forwarded = isBehindProxy
    ? String(request.headers["x-forwarded-for"] ?? "")
        .split(",")
        .at(-1)
        ?.trim()
    : ""
  const address = forwarded || (request.socket.remoteAddress ?? "")
  return address.includes(":") && !address.startsWith("::ffff:") ? address.split(":").slice(0, 4).join(":") : address
}

function listen(relay: Relay, server: Server, { host, port }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(startErrorOf(error, host, port)))
    server.listen(port, host, () => {
      server.removeAllListeners("error")
      // Running out of file descriptors, for one: those who are connected stay.
      server.on("error", () => relay.core.deps.log.error({ code: "listen" }, "The port reported an error"))
      resolve()
    })
  })
}

function startErrorOf(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  if (cause.code === "EADDRINUSE") {
    const sentence = `Port ${port} is in use by another program. Stop that one or choose another port with --port.`
    return new RelayStartError("port_busy", sentence, { cause })
  }
  if (cause.code === "EACCES" || cause.code === "EPERM") {
    const sentence = `This user may not listen on port ${port}. Choose a port above 1023.`
    return new RelayStartError("port_forbidden", sentence, { cause })
  }
  if (cause.code === "EADDRNOTAVAIL" || cause.code === "ENOTFOUND" || cause.code === "EAI_AGAIN") {
    return new RelayStartError("address_unknown", `This machine does not have the address ${host}.`, { cause })
  }
  return cause
}
