// The service worker of /download/: turns files that the engine decrypts, piece by piece, into ordinary browser downloads.
// It keeps nothing, sees no other address of this origin, and answers each address once.
import { streamOf } from "./read-stream.ts"

export interface Offer {
  readonly kind: "offer"
  /** Random, the last part of the address. */
  readonly id: string
  readonly name: string
  readonly size: number
}
/** `keep` keeps the worker alive while bytes flow; the browser would end it between two events otherwise. */
export type ToDownloadWorker = Offer | { readonly kind: "keep" }
export type FromDownloadWorker = { readonly kind: "ready" } | { readonly kind: "done"; readonly id: string }

// of service workers only, so not in the type library of pages
interface Scope {
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
  addEventListener(
    type: "install" | "activate",
    listener: (event: { waitUntil(work: Promise<unknown>): void }) => void,
  ): void
  addEventListener(
    type: "message",
    listener: (event: MessageEvent<ToDownloadWorker> & { waitUntil(work: Promise<unknown>): void }) => void,
  ): void
  addEventListener(
    type: "fetch",
    listener: (event: { request: Request; respondWith(response: Response | Promise<Response>): void }) => void,
  ): void
}
const scope = globalThis as unknown as Scope

const offers = new Map<string, { offer: Offer; bytes: MessagePort; page: MessagePort }>()

scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()))
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()))

scope.addEventListener("message", (event) => {
  if (event.data.kind === "keep") {
    event.waitUntil(new Promise((resolve) => setTimeout(resolve, 20_000)))
    return
  }
  const [bytes, page] = event.ports
  if (bytes === undefined || page === undefined) return
  offers.set(event.data.id, { offer: event.data, bytes, page })
  page.postMessage({ kind: "ready" } satisfies FromDownloadWorker)
})

scope.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url)
  const found = /^\/download\/([0-9a-f]{32})$/.exec(pathname)
  if (found === null) return
  const id = found[1] as string
  const offered = offers.get(id)
  offers.delete(id)
  event.respondWith(offered === undefined ? gone() : download(offered.offer, offered.bytes, offered.page))
})

// "No content" leaves whoever followed the address on the page where they are
function gone(): Response {
  return new Response(null, { status: 204 })
}

function download(offer: Offer, bytes: MessagePort, page: MessagePort): Response {
  const done = () => page.postMessage({ kind: "done", id: offer.id } satisfies FromDownloadWorker)
  return new Response(streamOf(bytes, done), {
    headers: {
      "content-type": "application/octet-stream",
      "content-length": String(offer.size),
      "content-disposition": `attachment; filename*=UTF-8''${encodeName(offer.name)}`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; sandbox",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
    },
  })
}

// RFC 8187: what encodeURIComponent leaves alone, less what the header's grammar does not allow
function encodeName(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
