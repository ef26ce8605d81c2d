import { randomBytes } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import path from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { encode, hex, limits, Request, toMessageId } from "@holdfast/wire"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { WebSocket } from "ws"
import {
  createRelay,
  openRelayData,
  type Relay,
  type RelayConfig,
  type RelayFolder,
  type RelayLog,
  type ServedRelay,
  serveRelay,
  silentLog,
  systemClock,
} from "../src/index.ts"
import { callOverSocket } from "./caller.ts"
import { foundHarbour, type Harbour, type Person, person } from "./harbour.ts"
import { frame, messageId, numberOf } from "./harness.ts"

let folder: string
let data: RelayFolder
let relay: Relay
let served: ServedRelay
let harbour: Harbour
let ana: Person

async function start(config: Partial<RelayConfig> = {}, log: RelayLog = silentLog): Promise<void> {
  data = await openRelayData(folder)
  const random = (length: number) => new Uint8Array(randomBytes(length))
  relay = createRelay(
    { ...data, clock: systemClock, random, fetch, log },
    { hostingCode: data.hostingCode, framesPerDay: 1e9, ...config },
  )
  served = await serveRelay(relay, { host: "127.0.0.1", port: 0 })
}

async function found(): Promise<void> {
  ana = await person("ana")
  harbour = await foundHarbour(ana, [ana], [data])
  const { caller, ws } = await callOverSocket(served.url)
  await caller.get({ kind: "found", value: { hostingCode: data.hostingCode, genesis: harbour.genesis } }, "founded")
  ws.close()
}

async function open(): Promise<Awaited<ReturnType<typeof callOverSocket>> & { readonly token: Uint8Array }> {
  const link = await callOverSocket(served.url)
  const { token } = await link.caller.hello(harbour.org, ana)
  return { ...link, token }
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "holdfast-serve-"))
  await start()
  await found()
})
afterEach(async () => {
  await served.close()
  rmSync(folder, { recursive: true, force: true })
})

const append = (n: number, length = 512) =>
  ({ kind: "append", value: { lane: harbour.lane, frames: [frame(n, length)], messageIds: [messageId(n)] } }) as const
function collectGarbage(): void {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
}
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe("a relay on a port, with SQLite", () => {
  test("[R6.1] two sockets: what one sends the other reads, live and after a restart", async () => {
    const [a, b] = [await open(), await open()]
    await b.caller.get({ kind: "subscribe", value: { lane: harbour.lane, from: 0 } }, "subscribed")
    await Promise.all(upTo(200).map((n) => a.caller.get(append(n), "appended")))
    expect((await b.caller.frames(200)).map(numberOf)).toEqual(upTo(200))
    await served.close()
    expect(await a.caller.goodbye()).toBe("unavailable")
    await start()
    const c = await open()
    await c.caller.get({ kind: "subscribe", value: { lane: harbour.lane, from: 190 } }, "subscribed")
    expect((await c.caller.get(append(199), "appended")).indices).toEqual([199])
    expect((await c.caller.get(append(200), "appended")).indices).toEqual([200])
    expect((await c.caller.frames(11)).map(numberOf)).toEqual(upTo(11).map((n) => n + 190))
  })

  test("[R6.6] bytes that are no request, text, and too much: said or shown, hung up, and the relay lives", async () => {
    const goodbyeTo = async (send: (ws: WebSocket) => void, isOpen: boolean) => {
      const { caller, ws } = isOpen ? await open() : await callOverSocket(served.url)
      send(ws)
      return caller.goodbye()
    }
    for (const isOpen of [false, true]) {
      expect(await goodbyeTo((ws) => ws.send(new Uint8Array(0)), isOpen)).toBe("malformed")
      expect(await goodbyeTo((ws) => ws.send(randomBytes(100)), isOpen)).toBe("malformed")
      expect(await goodbyeTo((ws) => ws.send("hello"), isOpen)).toBe("malformed")
      const whole = encode(Request, { id: 1, op: append(1) })
      expect(await goodbyeTo((ws) => ws.send(whole.subarray(0, 300)), isOpen)).toBe("malformed")
      expect(await goodbyeTo((ws) => ws.send(Buffer.concat([whole, whole])), isOpen)).toBe("malformed")
    }
    const { caller, ws } = await open()
    const code = new Promise((done) => ws.once("close", done))
    ws.send(new Uint8Array(limits.socketMessageBytes + 1))
    expect(await code).toBe(1009)
    expect(caller.isClosed).toBe(true)
    const { caller: next } = await open()
    const { size } = await next.get({ kind: "subscribe", value: { lane: harbour.lane, from: 0 } }, "subscribed")
    expect(size).toBe(0)
    expect(relay.connectionCount()).toBe(1)
  })

  test("[R6.6] only one path takes sockets, and broken HTTP harms nobody", async () => {
    const ws = new WebSocket(`${served.url.replace("http", "ws")}/elsewhere`)
    await expect(new Promise((_, failed) => ws.once("error", failed))).rejects.toThrow("404")
    for (const text of ["NONSENSE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "x".repeat(100_000)]) {
      await new Promise<void>((done) => {
        const socket = connect(served.port, "127.0.0.1", () => socket.write(text))
        socket.on("error", () => {})
        socket.on("data", () => {})
        socket.once("close", () => done())
      })
    }
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200)
  })

  test("[R6.4] a socket that is not read costs a bounded amount, and catches up when it is", async () => {
    const [writer, slow] = [await open(), await open()]
    await slow.caller.get({ kind: "subscribe", value: { lane: harbour.lane, from: 0 } }, "subscribed")
    slow.ws.pause()
    const count = 1_600
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    for (let n = 0; n < count; n += 32) {
      const some = upTo(32).map((i) => n + i)
      const value = { lane: harbour.lane, frames: some.map((i) => frame(i, 65_536)), messageIds: some.map(messageId) }
      await writer.caller.get({ kind: "append", value }, "appended")
    }
    collectGarbage()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20)
    slow.ws.resume()
    expect((await slow.caller.frames(count)).map(numberOf)).toEqual(upTo(count))
  })

  test("[R6.5] a socket that takes nothing for too long is cut off", async () => {
    await served.close()
    await start({ stallMillis: 1_000 })
    const [writer, slow] = [await open(), await open()]
    await slow.caller.get({ kind: "subscribe", value: { lane: harbour.lane, from: 0 } }, "subscribed")
    slow.ws.pause()
    for (let n = 0; n < 640; n += 64) {
      const some = upTo(64).map((i) => n + i)
      const value = { lane: harbour.lane, frames: some.map((i) => frame(i, 65_536)), messageIds: some.map(messageId) }
      await writer.caller.get({ kind: "append", value }, "appended")
    }
    await expect.poll(() => relay.connectionCount(), { timeout: 15_000 }).toBe(1)
    slow.ws.terminate()
  })

  test("[R8.3] a large file goes up and down in parallel, in bounded memory", async () => {
    const { token } = await open()
    const headers = { authorization: `Bearer ${hex(token)}` }
    const blob = hex(randomBytes(32))
    const count = 96
    const chunk = (i: number) => new Uint8Array(limits.blobChunkBytes).fill(i + 1)
    const at = (i: number) => `${served.url}/v1/blobs/${blob}/chunks/${i}`
    const work = async (from: number) => {
      for (let i = from; i < count; i += 6) {
        const answer = await fetch(`${at(i)}?of=${count}`, { method: "PUT", headers, body: chunk(i) })
        expect(answer.status).toBe(201)
        await answer.arrayBuffer()
      }
    }
    await Promise.all(upTo(6).map(work))
    const status = await (await fetch(`${served.url}/v1/blobs/${blob}`, { headers })).json()
    expect(status).toEqual({ chunks: count, have: [[0, count]] })
    for (let i = 0; i < count; i += 5) {
      const bytes = new Uint8Array(await (await fetch(at(i), { headers })).arrayBuffer())
      expect(Buffer.compare(bytes, chunk(i))).toBe(0)
    }
  })

  test("[R8.3] an upload that breaks off, or says it is longer than it may be, leaves nothing", async () => {
    const { token } = await open()
    const blob = hex(randomBytes(32))
    const request = (length: number, body: number) =>
      new Promise<string>((done) => {
        let answer = ""
        const socket = connect(served.port, "127.0.0.1", () => {
          socket.write(
            `PUT /v1/blobs/${blob}/chunks/0?of=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hex(token)}\r\nContent-Length: ${length}\r\n\r\n`,
          )
          socket.write(Buffer.alloc(body))
          if (body < length && length <= limits.blobChunkBytes) setTimeout(() => socket.destroy(), 100)
        })
        socket.on("data", (bytes) => {
          answer += bytes
          socket.destroy()
        })
        socket.on("error", () => {})
        socket.once("close", () => done(answer.split("\r\n")[0] ?? ""))
      })
    expect(await request(100_000, 50_000)).toBe("")
    expect(await request(limits.blobChunkBytes + 1, 1_000)).toContain("413")
    await expect.poll(() => readdirSync(path.join(folder, "blobs", "tmp"))).toEqual([])
    const headers = { authorization: `Bearer ${hex(token)}` }
    expect((await fetch(`${served.url}/v1/blobs/${blob}`, { headers })).status).toBe(404)
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200)
  })

  test("[R3.6] the log has no identifiers, no addresses and no content, whatever goes wrong", async () => {
    const lines: string[] = []
    const write = (facts: object, sentence: string) => void lines.push(JSON.stringify([facts, sentence]))
    await served.close()
    await start({}, { info: write, warn: write, error: write })
    const { caller, token } = await open()
    await caller.get(append(1), "appended")
    await data.engine.close()
    await caller.ask(append(2))
    await caller.ask({ kind: "getDirectory", value: { since: 0 } })
    await fetch(`${served.url}/readyz`)
    await fetch(`${served.url}/v1/blobs/${hex(harbour.lane).repeat(2)}`, {
      headers: { authorization: `Bearer ${hex(token)}` },
    })
    expect(lines.length).toBeGreaterThan(2)
    const text = lines.join("\n")
    for (const secret of [harbour.org, harbour.lane, ana.device, ana.member, token]) {
      expect(text).not.toContain(hex(secret).slice(0, 12))
    }
    expect(text).not.toContain("127.0.0.1")
    expect(text).not.toContain(folder)
  })

  test("[R3.1] a disk copy after a conversation names no device but where the charter and the directory do", async () => {
    const { caller } = await open()
    const id = toMessageId(new Uint8Array(randomBytes(16)))
    const value = { lane: harbour.lane, frames: [frame(1)], messageIds: [id] }
    await caller.get({ kind: "append", value }, "appended")
    await served.close()
    const db = readFileSync(path.join(folder, "lanes.db"))
    const count = (needle: Uint8Array) => db.toString("latin1").split(Buffer.from(needle).toString("latin1")).length - 1
    // Once in the genesis statement; nothing was put into the directory.
    expect(count(ana.device)).toBe(1)
    expect(count(id)).toBe(0)
    await start()
  })
})
