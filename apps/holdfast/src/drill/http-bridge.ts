import type { IncomingMessage, ServerResponse } from "node:http"
import { limits } from "@holdfast/wire"
import type { Rules } from "./rules.ts"

const chunkPath = /^\/v1\/blobs\/[0-9a-f]+\/chunks\/([0-9]+)$/

/** One HTTP request through the honest routes; a blob's chunk may be another on its way back. */
export async function answerHttp(
  routes: (request: Request) => Response | Promise<Response>,
  turned: { readonly rules: Rules },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const url = new URL(request.url ?? "/", "http://127.0.0.1")
    const body = await bodyOf(request)
    const method = request.method ?? "GET"
    const headers = new Headers()
    for (const [name, value] of Object.entries(request.headers)) if (typeof value === "string") headers.set(name, value)
    const isBodiless = method === "GET" || method === "HEAD" || method === "OPTIONS"
    const answer = await routes(new Request(url, { method, headers, ...(isBodiless ? {} : { body }) }))
    const real = new Uint8Array(await answer.arrayBuffer())
    const index = chunkPath.exec(url.pathname)?.[1]
    const isChunk = index !== undefined && method === "GET" && answer.status === 200
    const bytes = isChunk ? (turned.rules.chunk?.(real, Number(index)) ?? real) : real
    const out = Object.fromEntries(answer.headers)
    delete out["content-length"]
    response.writeHead(answer.status, out).end(bytes)
  } catch {
    response.destroy()
  }
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request) {
    length += (part as Uint8Array).length
    if (length > 2 * limits.blobChunkBytes) throw new Error("too large")
    parts.push(part as Uint8Array)
  }
  return new Uint8Array(Buffer.concat(parts))
}
