import { type Context, Hono } from "hono"
import { RelayError } from "../error.ts"
import { blobStatus, putChunk, rangeOf, readChunk, sessionOfToken } from "../operations/blobs.ts"
import type { Relay } from "../relay.ts"
import { charterFile } from "./charter-tiles.ts"
import { refuse, refuseError } from "./refusal.ts"
import type { WebRoot } from "./web-root.ts"
import { witnessLines, witnessTrouble } from "./witness-health.ts"

/** All of the relay that is plain HTTP (R8). Operations know bytes; here are only paths, headers and statuses. */
export function createRoutes(relay: Relay, webRoot?: WebRoot): Hono {
  const { core } = relay
  const app = new Hono()
  let blobRequests = 0

  const answer = async (work: () => Promise<Response>): Promise<Response> => {
    try {
      return await work()
    } catch (error) {
      const refusal = refuseError(error)
      if (refusal.status === 503) core.deps.log.warn({ error: nameOf(error) }, "A request could not be carried out")
      return refusal
    }
  }
  const blobAnswer = (c: Context, work: (session: ReturnType<typeof sessionOfToken>) => Promise<Response>) =>
    answer(async () => {
      const session = sessionOfToken(core, c.req.header("authorization"))
      if (blobRequests >= core.config.maxBlobRequests) throw new RelayError("too_many", undefined, 2)
      blobRequests++
      try {
        return await work(session)
      } finally {
        blobRequests--
      }
    })

  app.use("*", async (c, next) => {
    await next()
    c.res.headers.set("x-content-type-options", "nosniff")
    c.res.headers.set("referrer-policy", "no-referrer")
  })

  // Any page may ask: what a request may do hangs on its token, never on cookies or on where the page came from (R8.5).
  app.use("/v1/*", async (c, next) => {
    if (c.req.method === "OPTIONS") c.res = new Response(null, { status: 204 })
    else await next()
    c.res.headers.set("access-control-allow-origin", "*")
    c.res.headers.set("access-control-allow-methods", "GET, HEAD, PUT, OPTIONS")
    c.res.headers.set("access-control-allow-headers", "Authorization, Content-Type, Range")
    c.res.headers.set("access-control-expose-headers", "Content-Range, Accept-Ranges, Retry-After")
    c.res.headers.set("access-control-max-age", "86400")
    c.res.headers.set("cross-origin-resource-policy", "cross-origin")
  })

  app.put("/v1/blobs/:blob/chunks/:index", (c) =>
    blobAnswer(c, async (session) => {
      const { blob, index } = c.req.param()
      const stated = c.req.header("content-length")
      const length = stated === undefined ? undefined : Number(stated)
      const bytes = (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>
      const kind = await putChunk(core, session, { blob, index, count: c.req.query("of") }, { length, bytes })
      return Response.json({ result: kind }, { status: 201 })
    }),
  )
  app.get("/v1/blobs/:blob", (c) =>
    blobAnswer(c, async (session) => {
      const status = await blobStatus(core, session, c.req.param("blob"))
      return status === undefined
        ? refuse("not_found")
        : Response.json(status, { headers: { "cache-control": "no-store" } })
    }),
  )
  app.get("/v1/blobs/:blob/chunks/:index", (c) =>
    blobAnswer(c, async (session) => {
      const bytes = await readChunk(core, session, c.req.param("blob"), c.req.param("index"))
      return bytes === undefined ? refuse("not_found") : chunkResponse(bytes, c.req.header("range"))
    }),
  )

  app.get("/v1/orgs/:org/charter/:path{.+}", (c) =>
    answer(async () => {
      const file = await charterFile(relay, c.req.param("org"), c.req.param("path"))
      if (file === undefined) return refuse("not_found")
      const cache = file.isImmutable ? "public, max-age=31536000, immutable" : "public, max-age=2"
      return new Response(file.bytes as Uint8Array<ArrayBuffer>, {
        headers: { "content-type": file.type, "cache-control": cache },
      })
    }),
  )
  app.get("/v1/orgs/:org/witnesses", (c) =>
    answer(async () => {
      const lines = await witnessLines(relay, c.req.param("org"))
      return Response.json(lines, { headers: { "cache-control": "no-store" } })
    }),
  )
  app.all("/v1/*", () => refuse("not_found"))

  app.get("/healthz", (c) => c.text("ok\n"))
  app.get("/readyz", (c) =>
    answer(async () => {
      await core.deps.engine.check()
      return c.text(`ok\n${witnessTrouble(core.organisations.ready())}`)
    }),
  )
  app.get("*", async (c) => {
    const page = await webRoot?.serve(c.req.path, c.req.header("accept") ?? "")
    return page ?? refuse("not_found")
  })
  app.all("*", () => refuse("wrong_method"))
  app.onError((error) => {
    core.deps.log.error({ error: nameOf(error) }, "A request failed")
    return refuse("unavailable")
  })
  return app
}

function chunkResponse(bytes: Uint8Array, rangeHeader: string | undefined): Response {
  const range = rangeOf(rangeHeader, bytes.length)
  const headers = new Headers({
    "content-type": "application/octet-stream",
    "cache-control": "private, max-age=31536000, immutable",
    "accept-ranges": "bytes",
  })
  if (range !== undefined) headers.set("content-range", `bytes ${range.from}-${range.to - 1}/${bytes.length}`)
  const part = range === undefined ? bytes : bytes.subarray(range.from, range.to)
  return new Response(part as Uint8Array<ArrayBuffer>, { status: range === undefined ? 200 : 206, headers })
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
