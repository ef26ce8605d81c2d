// The web client from one's own machine (K3): the code is that of this checkout, whatever server the organisation uses.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { WebRoot } from "@holdfast/relay"
import { CommandError } from "../terminal/command-error.ts"

export const deskHost = "holdfast.localhost"

export interface Desk {
  /** The only address at which it answers, without a slash at the end. */
  readonly address: string
  close(): Promise<void>
}

export interface DeskOptions {
  readonly webRoot: WebRoot
  /** Origin of the relay that new organisations are founded on. */
  readonly relay: string
  readonly port: number
}

/** Listens on this machine's own addresses and no other. Throws CommandError when somebody else has the port. (K3.1, K3.2) */
export async function serveDesk(options: DeskOptions): Promise<Desk> {
  const authority = `${deskHost}:${options.port}`
  const servers: Server[] = []
  const close = async () => {
    for (const server of servers) server.closeAllConnections()
    await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  }
  try {
    // Both: browsers may try either, and whoever had the other one would be the desk.
    for (const host of ["127.0.0.1", "::1"]) {
      const server = createServer((request, response) => void answer(request, response, authority, options))
      if (await listen(server, host, options.port)) servers.push(server)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { address: `http://${authority}`, close }
}

/** False where this machine does not have such an address. */
function listen(server: Server, host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "EADDRNOTAVAIL" || cause.code === "EAFNOSUPPORT") return resolve(false)
      const why = cause.code === "EADDRINUSE" ? "is in use by another program" : "cannot be used"
      reject(
        new CommandError(
          `Port ${port} ${why}. Stop that program: passkeys are bound to this port, so the desk does not take another one.`,
          { cause },
        ),
      )
    })
    server.listen({ port, host, ipv6Only: true }, () => resolve(true))
  })
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  authority: string,
  { webRoot, relay }: DeskOptions,
): Promise<void> {
  const refuse = (status: number, sentence: string) =>
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...always }).end(`${sentence}\n`)
  // A page elsewhere can have its name lead to this machine; it cannot have this one. (K3.3)
  if (request.headers.host !== authority) return void refuse(421, `This is ${authority} and nothing else.`)
  if (request.method !== "GET" && request.method !== "HEAD") return void refuse(405, "Files can only be read here.")
  const pathname = pathOf(request.url ?? "/", authority)
  if (pathname === undefined) return void refuse(400, "That is no path.")
  const file = await webRoot.serve(pathname, request.headers.accept ?? "")
  if (file === undefined) return void refuse(404, "There is no such file.")
  const bytes = Buffer.from(await file.arrayBuffer())
  const isPage = file.headers.get("content-type")?.startsWith("text/html") === true
  const body = isPage ? Buffer.from(withRelay(bytes.toString("utf8"), relay)) : bytes
  response.writeHead(file.status, { ...Object.fromEntries(file.headers), "content-length": body.length, ...always })
  response.end(request.method === "HEAD" ? undefined : body)
}

/** `undefined`: none. "//name" would be read as another place, and so would what a URL takes for slashes. */
function pathOf(target: string, authority: string): string | undefined {
  if (!target.startsWith("/") || target.startsWith("//")) return undefined
  const url = URL.parse(target, `http://${authority}`)
  return url?.host === authority ? url.pathname : undefined
}

const always = { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" }

/** Tells the page where to found an organisation; everything later follows the charter. (K3.4) */
function withRelay(page: string, relay: string): string {
  // an origin holds no quotation mark
  return page.replace("<head>", `<head>\n    <meta name="holdfast-relay" content="${relay}" />`)
}
