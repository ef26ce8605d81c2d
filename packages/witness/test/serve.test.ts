import { connect, type Socket } from "node:net"
import { parseNote, parseSignatureLines, parseVkey, signerFromSeed, verifyNote } from "@holdfast/log"
import { hex, utf8 } from "@holdfast/wire"
import { afterEach, expect, test } from "vitest"
import {
  createMemoryStore,
  createWitness,
  type ServedWitness,
  serveWitness,
  silentWitnessLog,
  type WitnessLimits,
  type WitnessStore,
} from "../src/index.ts"
import { sha256 } from "../src/store/sha256.ts"
import { seed, testLog } from "./log-of-entries.ts"

const log = await testLog("log.example/a", 20)
const signer = await signerFromSeed(seed(50))
let served: ServedWitness
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await served.close()
})

async function serve(limits: Partial<WitnessLimits> = {}, store: WitnessStore = createMemoryStore()) {
  await store.trust(log.origin, log.key)
  const witness = createWitness({ store, signer, name: "w.example", now: Date.now, log: silentWitnessLog })
  served = await serveWitness(witness, { host: "127.0.0.1", port: 0, limits })
  return witness
}

const post = (body: Uint8Array) => fetch(`${served.url}/add-checkpoint`, { method: "POST", body: new Uint8Array(body) })

/** A raw connection; resolves with all it was sent when the other side ends it. */
function raw(text: string): { readonly socket: Socket; readonly ended: Promise<string> } {
  const socket = connect(served.port, "127.0.0.1")
  sockets.push(socket)
  let all = ""
  const ended = new Promise<string>((done) => {
    socket.on("data", (bytes) => {
      all += bytes
    })
    socket.on("error", () => {})
    socket.on("close", () => done(all))
  })
  socket.write(text)
  return { socket, ended }
}

test("[V3.1, V3.5] cosigns, and shows its newest checkpoint and its vkey", async () => {
  const { key } = await serve()
  const answer = await post(await log.request(0, 5))
  expect(answer.status).toBe(200)
  const signatures = parseSignatureLines(new Uint8Array(await answer.arrayBuffer()))
  const note = parseNote(await log.checkpoint(5))
  expect((await verifyNote({ text: note.text, signatures }, [key])).length).toBe(1)

  const shown = await fetch(`${served.url}/${hex(sha256(utf8(log.origin)))}/checkpoint`)
  expect(shown.headers.get("content-type")).toBe("text/plain; charset=utf-8")
  expect((await verifyNote(parseNote(new Uint8Array(await shown.arrayBuffer())), [key, log.key])).length).toBe(2)
  expect(parseVkey((await (await fetch(served.url)).text()).trim())).toEqual(key)
})

test("[V3.2] tells the size with its own type", async () => {
  await serve()
  await post(await log.request(0, 5))
  const answer = await post(await log.request(0, 9))
  expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([
    409,
    "text/x.tlog.size",
    "5\n",
  ])
})

test("[V3.1] other paths and methods", async () => {
  await serve()
  const status = async (path: string, method: string) => (await fetch(`${served.url}${path}`, { method })).status
  expect(await status("/add-checkpoint", "GET")).toBe(405)
  expect(await status("/", "POST")).toBe(405)
  expect(await status(`/${"0".repeat(64)}/checkpoint`, "GET")).toBe(404)
  expect(await status(`/${"0".repeat(64)}/checkpoint`, "DELETE")).toBe(405)
  expect(await status(`/${"A".repeat(64)}/checkpoint`, "GET")).toBe(404)
  expect(await status("/../key", "GET")).toBe(404)
  expect(await status("/", "HEAD")).toBe(200)
})

test("[V3.6] a body that is too long is refused as announced, and as it comes", async () => {
  await serve({ maxBodyBytes: 2_000 })
  expect((await post(new Uint8Array(2_001))).status).toBe(413)
  const head = "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n"
  const { ended } = raw(`${head}${`3e8\r\n${"x".repeat(1_000)}\r\n`.repeat(3)}`)
  expect(await ended).toMatch(/^HTTP\/1.1 413 .*connection: close/is)
  expect((await post(await log.request(0, 5))).status).toBe(200)
})

test("[V3.6] an announced length far above the limit is answered without waiting for it", async () => {
  await serve()
  const { ended } = raw("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 999999999999\r\n\r\n")
  expect(await ended).toMatch(/^HTTP\/1.1 413/)
})

test("[V3.6] who is slow is cut off, and meanwhile others are served", async () => {
  await serve({ headerMillis: 300, requestMillis: 600 })
  const slowHead = raw("POST /add-checkpoint HTTP/1.1\r\nHost:")
  const slowBody = raw("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold 0")
  expect((await post(await log.request(0, 5))).status).toBe(200)
  expect(await slowHead.ended).toMatch(/^HTTP\/1.1 408/)
  await slowBody.ended
})

test("[V3.6] more bodies than are held at a time wait for nothing: they are told to try again", async () => {
  await serve({ maxUnderWay: 2 })
  const half = "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold 0"
  const held = [raw(half), raw(half)]
  await expect.poll(async () => (await post(await log.request(0, 5))).status).toBe(503)
  for (const { socket } of held) socket.destroy()
  await expect.poll(async () => (await post(await log.request(0, 5))).status).toBe(200)
})

test("[V3.6] one address does not get all connections", async () => {
  await serve({ maxConnectionsPerAddress: 3 })
  const first = [1, 2, 3].map(() => raw("GET / HTTP/1.1\r\n"))
  await new Promise((done) => setTimeout(done, 100))
  expect(await raw("GET / HTTP/1.1\r\n").ended).toBe("")
  for (const { socket } of first) socket.destroy()
  await expect
    .poll(async () =>
      fetch(served.url).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200)
})

test("[V3.7] whoever goes away in the middle leaves no trace in the log, and no body is held for them", async () => {
  const said: string[] = []
  const say = (_: unknown, sentence: string) => void said.push(sentence)
  const store = createMemoryStore()
  await store.trust(log.origin, log.key)
  const deps = { store, signer, name: "w.example", now: Date.now, log: { info: say, warn: say } }
  served = await serveWitness(createWitness(deps), { host: "127.0.0.1", port: 0, limits: { maxUnderWay: 1 } })
  for (let i = 0; i < 5; i++) {
    const { socket } = raw("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold 0")
    await new Promise((done) => setTimeout(done, 20))
    socket.destroy()
  }
  await expect.poll(async () => (await post(await log.request(0, 5))).status).toBe(200)
  expect(said).toEqual([])
})

test("[V3.7] a store that fails is a 503, and nothing is cosigned", async () => {
  const store = createMemoryStore()
  await serve({}, { ...store, step: () => Promise.reject(new Error("disk full SECRET")) })
  const answer = await post(await log.request(0, 5))
  expect(answer.status).toBe(503)
  expect(await answer.text()).not.toContain("SECRET")
})

test("[V3.1] says in a sentence why it cannot listen", async () => {
  const witness = await serve()
  const again = serveWitness(witness, { host: "127.0.0.1", port: served.port })
  await expect(again).rejects.toMatchObject({ code: "port_busy" })
  await expect(serveWitness(witness, { host: "192.0.2.1", port: 0 })).rejects.toMatchObject({ code: "address_unknown" })
})
