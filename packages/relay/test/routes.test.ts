import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import {
  charterOrigin,
  decodeEntryBundle,
  formatTilePath,
  NOTE_SIGNATURE,
  noteKey,
  tileHashReader,
  tilesOf,
  verifyCheckpoint,
  verifyTiles,
} from "@holdfast/log"
import { hex, limits } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { contentSecurityPolicy, createMemoryBlobs, createRoutes, openWebRoot, RelayStartError } from "../src/index.ts"
import { callInProcess } from "./caller.ts"
import { envelope, follow, memberAdd, person, relayIdentity } from "./harbour.ts"
import { memoryDeps, stage } from "./harness.ts"

const blob = "ab".repeat(32)

async function http(config = {}, deps = {}) {
  const scene = await stage(config, deps)
  const link = callInProcess(scene.relay)
  const { token } = await link.caller.hello(scene.harbour.org, scene.ana)
  const app = createRoutes(scene.relay)
  const authorization = `Bearer ${hex(token)}`
  const put = (where: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    app.request(`/v1/blobs/${where}`, { method: "PUT", body, headers: { authorization, ...headers } })
  const get = (where: string, headers: Record<string, string> = {}) =>
    app.request(`/v1/blobs/${where}`, { headers: { authorization, ...headers } })
  return { ...scene, app, link, put, get, authorization }
}

describe("blobs", () => {
  test("[R8.3] [R8.4] put, list and get", async () => {
    const { put, get } = await http()
    const chunk = new Uint8Array(5_000).fill(9)
    expect((await get(blob)).status).toBe(404)
    const stored = await put(`${blob}/chunks/2?of=4`, chunk)
    expect([stored.status, await stored.json()]).toEqual([201, { result: "stored" }])
    const again = await put(`${blob}/chunks/2?of=4`, chunk)
    expect([again.status, await again.json()]).toEqual([201, { result: "same" }])
    expect(await (await get(blob)).json()).toEqual({ chunks: 4, have: [[2, 3]] })
    const got = await get(`${blob}/chunks/2`)
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(chunk)
    expect(got.headers.get("cache-control")).toBe("private, max-age=31536000, immutable")
    expect(got.headers.get("content-type")).toBe("application/octet-stream")
    expect((await get(`${blob}/chunks/1`)).status).toBe(404)
  })

  test("[R8.4] ranges", async () => {
    const { put, get } = await http()
    await put(
      `${blob}/chunks/0?of=1`,
      Uint8Array.from({ length: 100 }, (_, i) => i),
    )
    const part = async (range: string) => {
      const answer = await get(`${blob}/chunks/0`, { range })
      return [answer.status, answer.headers.get("content-range"), (await answer.arrayBuffer()).byteLength]
    }
    expect(await part("bytes=10-19")).toEqual([206, "bytes 10-19/100", 10])
    expect(await part("bytes=90-")).toEqual([206, "bytes 90-99/100", 10])
    expect(await part("bytes=-5")).toEqual([206, "bytes 95-99/100", 5])
    expect(await part("bytes=95-500")).toEqual([206, "bytes 95-99/100", 5])
    expect(await part("bytes=0-1,5-6")).toEqual([200, null, 100])
    expect((await get(`${blob}/chunks/0`, { range: "bytes=100-" })).status).toBe(416)
  })

  test("[R8.1] nothing without a token of an open device session", async () => {
    const { app, link, get, authorization, harbour, relay } = await http()
    const status = async (headers: Record<string, string>) =>
      (await app.request(`/v1/blobs/${blob}`, { headers })).status
    expect(await status({})).toBe(401)
    expect(await status({ authorization: `Bearer ${"0".repeat(64)}` })).toBe(401)
    expect(await status({ authorization: authorization.toUpperCase() })).toBe(401)
    expect(await status({ authorization: `${authorization} ` })).toBe(404)
    expect(await status({ authorization: authorization.replace("Bearer", "Basic") })).toBe(401)
    const reader = callInProcess(relay)
    const opened = await reader.caller.get({ kind: "helloReader", value: { org: harbour.org } }, "sessionOpened")
    expect(await status({ authorization: `Bearer ${hex(opened.token)}` })).toBe(401)
    link.connection?.closed()
    const gone = await get(blob)
    expect([gone.status, await gone.json()]).toEqual([
      401,
      { error: "not_authenticated", sentence: "There is no open session for this request." },
    ])
  })

  test("[R8.6] wrong places, sizes and contents have their statuses, and store nothing", async () => {
    const { put, get } = await http(
      { blobBytesPerDay: 3_000_000 },
      { blobs: createMemoryBlobs({ maxBytesPerOrg: 2_500_000 }) },
    )
    const small = new Uint8Array(10)
    const status = async (where: string, body = small, headers = {}) => (await put(where, body, headers)).status
    expect(await status(`${blob}/chunks/0`)).toBe(400)
    expect(await status(`${blob}/chunks/0?of=0`)).toBe(400)
    expect(await status(`${blob}/chunks/1?of=1`)).toBe(400)
    expect(await status(`${blob}/chunks/01?of=2`)).toBe(400)
    expect(await status(`${blob}/chunks/-1?of=2`)).toBe(400)
    expect(await status(`${blob}/chunks/0?of=${limits.blobChunks + 1}`)).toBe(400)
    expect(await status(`${blob.slice(2)}/chunks/0?of=1`)).toBe(400)
    expect(await status(`${blob.toUpperCase()}/chunks/0?of=1`)).toBe(400)
    expect(await status(`..%2f..%2fetc/chunks/0?of=1`)).toBe(400)
    expect(await status(`${blob}/chunks/0?of=1`, new Uint8Array(0))).toBe(400)
    expect(await status(`${blob}/chunks/0?of=1`, small, { "content-length": "11" })).toBe(400)
    expect(await status(`${blob}/chunks/0?of=1`, new Uint8Array(limits.blobChunkBytes + 1))).toBe(413)
    expect(await status(`${blob}/chunks/0?of=1`, small, { "content-length": "9999999" })).toBe(413)
    expect((await get(blob)).status).toBe(404)
    const large = new Uint8Array(1_000_000)
    expect(await status(`${blob}/chunks/0?of=9`, large)).toBe(201)
    expect(
      await status(
        `${blob}/chunks/0?of=9`,
        large.map(() => 1),
      ),
    ).toBe(409)
    expect(await status(`${blob}/chunks/1?of=8`, large)).toBe(409)
    expect(await status(`${blob}/chunks/1?of=9`, large)).toBe(201)
    expect(await status(`${blob}/chunks/2?of=9`, large)).toBe(507)
    const rest = new Uint8Array(500_000)
    expect(await status(`${blob}/chunks/3?of=9`, rest)).toBe(201)
    const over = await put(`${blob}/chunks/4?of=9`, large)
    expect([over.status, Number(over.headers.get("retry-after")) > 0]).toEqual([429, true])
  })

  test("[R8.5] pages from anywhere may ask, and are told so", async () => {
    const { app, get } = await http()
    const preflight = await app.request(`/v1/blobs/${blob}/chunks/0?of=1`, {
      method: "OPTIONS",
      headers: { origin: "https://elsewhere.example", "access-control-request-method": "PUT" },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*")
    expect(preflight.headers.get("access-control-allow-methods")).toContain("PUT")
    expect(preflight.headers.get("access-control-allow-headers")).toContain("Authorization")
    const answer = await get(blob)
    expect(answer.headers.get("access-control-allow-origin")).toBe("*")
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull()
    expect(answer.headers.get("cross-origin-resource-policy")).toBe("cross-origin")
  })
})

describe("charter", () => {
  test("[R5.2] is a C2SP tiled log that anyone can check", async () => {
    const { app, harbour, link, ana, cem } = await http()
    for (let i = 0; i < 5; i++) {
      const entry = await envelope(harbour, await memberAdd(harbour, await person(`member ${i}`)), [
        ana.keeper,
        cem.keeper,
      ])
      await link.caller.get({ kind: "appendCharter", value: { envelope: entry } }, "charterAppended")
      await follow(harbour, entry)
    }
    const base = `/v1/orgs/${hex(harbour.org)}/charter`
    const fetchBytes = async (file: string) => {
      const answer = await app.request(`${base}/${file}`)
      expect(answer.status, file).toBe(200)
      return new Uint8Array(await answer.arrayBuffer())
    }
    const origin = charterOrigin(harbour.org)
    const { logSigner } = await relayIdentity()
    const logKeys = [noteKey(origin, NOTE_SIGNATURE, logSigner.publicKey)]
    const checkpoint = await verifyCheckpoint(await fetchBytes("checkpoint"), { origin, logKeys, witnessKeys: [] })
    expect(checkpoint.size).toBe(6)
    const tiles = new Map<string, Uint8Array>()
    for (const tile of tilesOf(6)) tiles.set(formatTilePath(tile), await fetchBytes(formatTilePath(tile)))
    const tileAt = (level: number, index: number, width: number) => tiles.get(formatTilePath({ level, index, width }))
    verifyTiles(6, checkpoint.root, tileAt)
    expect(tileHashReader(6, tileAt)(0, 5)).toBeDefined()
    const entries = decodeEntryBundle(tiles.get("tile/entries/000.p/6") as Uint8Array, 6)
    expect(entries[0]).toEqual(harbour.genesis)
    expect((await fetchBytes("tile/0/000.p/3")).length).toBe(96)
    const status = async (file: string) => (await app.request(`${base}/${file}`)).status
    expect(await status("tile/0/000")).toBe(404)
    expect(await status("tile/0/000.p/7")).toBe(404)
    expect(await status("tile/1/000.p/1")).toBe(404)
    expect(await status("tile/63/000.p/1")).toBe(404)
    expect(await status("tile/entries/001.p/1")).toBe(404)
    expect(await status("tile/0/00")).toBe(400)
    expect(await status("tile/0/000.p/0")).toBe(400)
    expect(await status("secrets")).toBe(400)
    expect((await app.request(`/v1/orgs/${"00".repeat(32)}/charter/checkpoint`)).status).toBe(404)
    expect((await app.request("/v1/orgs/xyz/charter/checkpoint")).status).toBe(400)
  })
})

describe("health", () => {
  test("[R7.7] alive while it runs, ready while the engine answers", async () => {
    const { app, relay } = await http()
    expect((await app.request("/healthz")).status).toBe(200)
    expect((await app.request("/readyz")).status).toBe(200)
    await relay.close()
    expect((await app.request("/healthz")).status).toBe(200)
    expect((await app.request("/readyz")).status).toBe(503)
  })

  test("[R8.6] what is not there is not there", async () => {
    const { app } = await http()
    expect((await app.request("/")).status).toBe(404)
    expect((await app.request("/v1/nothing")).status).toBe(404)
    expect((await app.request("/", { method: "POST" })).status).toBe(405)
    expect((await app.request("/v1/blobs", { method: "DELETE" })).status).toBe(404)
  })

  test("[R8.6] an error inside is one sentence outside", async () => {
    const deps = memoryDeps()
    const blobs = { ...deps.blobs, status: () => Promise.reject(new Error("/var/lib/secret: ENOENT")) }
    const { get } = await http({}, { blobs })
    const answer = await get(blob)
    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain("secret")
  })
})

describe("web client", () => {
  async function site() {
    const outer = mkdtempSync(path.join(tmpdir(), "holdfast-web-"))
    const root = path.join(outer, "dist")
    mkdirSync(path.join(root, "assets"), { recursive: true })
    writeFileSync(path.join(outer, "secret.txt"), "secret")
    writeFileSync(path.join(root, "index.html"), "<!doctype html>the page")
    writeFileSync(path.join(root, "assets", "app-Ab12Cd34.js"), "1")
    writeFileSync(path.join(root, "assets", "sqlite-Ab12Cd34.wasm"), "1")
    writeFileSync(path.join(root, "icon.svg"), "<svg/>")
    symlinkSync(path.join(outer, "secret.txt"), path.join(root, "link.txt"))
    const { relay } = await stage()
    const app = createRoutes(relay, await openWebRoot(root))
    const get = (where: string, accept = "*/*") => app.request(where, { headers: { accept } })
    return { get, root, discard: () => rmSync(outer, { recursive: true, force: true }) }
  }

  test("[R8.7] serves its files with their types, and the page for every address a person may open", async () => {
    const { get, discard } = await site()
    for (const where of ["/", "/index.html"]) {
      const page = await get(where, "text/html")
      expect(await page.text()).toContain("the page")
      expect(page.headers.get("cache-control")).toBe("no-store")
      expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8")
    }
    expect(await (await get("/conversations/12", "text/html,*/*")).text()).toContain("the page")
    expect((await get("/conversations/12")).status).toBe(404)
    expect((await get("/assets/gone-Ab12Cd34.js", "text/html")).status).toBe(404)
    const script = await get("/assets/app-Ab12Cd34.js")
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8")
    expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable")
    expect((await get("/assets/sqlite-Ab12Cd34.wasm")).headers.get("content-type")).toBe("application/wasm")
    expect((await get("/icon.svg")).headers.get("cache-control")).toBe("no-cache")
    discard()
  })

  test("[R8.7] no path and no link leads out of the folder", async () => {
    const { get, discard } = await site()
    const paths = [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/assets/../../secret.txt",
      "/link.txt",
      "//secret.txt",
      "/assets/%00",
    ]
    for (const where of paths) expect([where, (await get(where)).status]).toEqual([where, 404])
    discard()
  })

  test("[R8.7] goes on serving what it started with while the client is built anew", async () => {
    const { get, root, discard } = await site()
    rmSync(root, { recursive: true })
    mkdirSync(root)
    writeFileSync(path.join(root, "index.html"), "<!doctype html>another page")
    expect(await (await get("/", "text/html")).text()).toContain("the page")
    expect(await (await get("/assets/app-Ab12Cd34.js")).text()).toBe("1")
    discard()
  })

  test("[R8.8] strict headers on every file", async () => {
    const { get, discard } = await site()
    for (const where of ["/", "/assets/app-Ab12Cd34.js", "/anything"]) {
      const { headers } = await get(where, "text/html")
      expect(headers.get("content-security-policy")).toBe(contentSecurityPolicy)
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin")
      expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp")
      expect(headers.get("x-content-type-options")).toBe("nosniff")
      expect(headers.get("referrer-policy")).toBe("no-referrer")
    }
    expect(contentSecurityPolicy).toContain(
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';",
    )
    expect(contentSecurityPolicy).not.toContain("unsafe-inline")
    discard()
  })

  test("[R9.1] a folder without the client is said to be so", async () => {
    await expect(openWebRoot(path.join(tmpdir(), "holdfast-no-such-folder"))).rejects.toThrow(RelayStartError)
  })
})
