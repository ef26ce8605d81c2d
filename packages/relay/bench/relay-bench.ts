// What the relay does in a second, beside the least that does the same job in the same run: a bare group-commit loop on
// node:sqlite, and a bare broadcast with ws. Absolute values move with the machine; the ratios are what counts.

import { type ChildProcess, fork } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { hex, laneIdOf, type OrgId, toMessageId, toOrgId } from "@holdfast/wire"
import { type WebSocket, WebSocketServer } from "ws"
import {
  createMemoryBlobs,
  createMemoryEngine,
  createRelay,
  openSqliteEngine,
  serveRelay,
  silentLog,
  systemClock,
} from "../src/index.ts"
import { callInProcess } from "../test/caller.ts"
import { foundHarbour, person, relayIdentity } from "../test/harbour.ts"

export interface RelayFigure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The same job done barely, same unit, same run. */
  readonly peer: number | null
  /** Above 1: we are faster. */
  readonly ratio: number | null
  readonly goal: string | null
  readonly met: boolean | null
}

const inFlight = 64
const entryBytes = 1_024

function compare(name: string, unit: string, value: number, peer: number, atLeast: number): RelayFigure {
  const ratio = value / peer
  return { name, value, unit, peer, ratio, goal: `>= ${atLeast} x`, met: ratio >= atLeast }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

/** Rounds of both sides in turn, so that whatever else the machine does meets both. */
async function inTurn(rounds: number, ours: () => Promise<number>, theirs: () => Promise<number>) {
  const measured = { ours: [] as number[], theirs: [] as number[] }
  await ours()
  await theirs()
  for (let round = 0; round < rounds; round++) {
    measured.ours.push(await ours())
    measured.theirs.push(await theirs())
  }
  return { ours: median(measured.ours), theirs: median(measured.theirs) }
}

let ids = 0

function nextId(): Uint8Array {
  const id = new Uint8Array(16)
  new DataView(id.buffer).setUint32(0, ids++)
  return id
}

/** Durable entries a second: as many senders as `inFlight`, each with one entry on its way. */
async function appendsPerSecond(append: (bytes: Uint8Array) => Promise<unknown>, millis: number): Promise<number> {
  const bytes = new Uint8Array(randomBytes(entryBytes))
  const from = performance.now()
  let count = 0
  const sender = async () => {
    while (performance.now() - from < millis) {
      await append(bytes)
      count++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, sender))
  return (count * 1_000) / (performance.now() - from)
}

/** Group commit and nothing else, durable in the same way: no tree, no ids, no bounds, no watchers. */
function bareGroupCommit(db: DatabaseSync): (bytes: Uint8Array) => Promise<void> {
  db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
  db.exec("PRAGMA secure_delete = ON; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;")
  db.exec("CREATE TABLE entry (at INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT")
  const insert = db.prepare("INSERT INTO entry (bytes) VALUES (?)")
  let waiting: { readonly bytes: Uint8Array; readonly done: () => void }[] = []
  const flush = () => {
    const taken = waiting
    waiting = []
    db.exec("BEGIN IMMEDIATE")
    for (const { bytes } of taken) insert.run(bytes)
    db.exec("COMMIT")
    for (const { done } of taken) done()
  }
  return (bytes) =>
    new Promise((done) => {
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ bytes, done })
    })
}

const benchOrg = toOrgId(new Uint8Array(32).fill(1))

async function* appendFigures(millis: number): AsyncIterable<RelayFigure> {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-bench-"))
  const engine = openSqliteEngine({ file: path.join(folder, "lanes.db") })
  const db = new DatabaseSync(path.join(folder, "bare.db"))
  try {
    await engine.createOrg(benchOrg, { messageId: nextId(), bytes: new Uint8Array(512) })
    const lane = laneIdOf(benchOrg, 0)
    const bare = bareGroupCommit(db)
    const { ours, theirs } = await inTurn(
      15,
      () => appendsPerSecond((bytes) => engine.append(lane, [{ messageId: nextId(), bytes }]), millis),
      () => appendsPerSecond(bare, millis),
    )
    yield compare("relay: durable appends, 1 KiB, 64 in flight, beside a bare group commit", "/s", ours, theirs, 0.5)
  } finally {
    db.close()
    await engine.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Sockets in a process of their own, that count the frames they get. */
class Readers {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async open(url: string, count: number, org: OrgId | null): Promise<Readers> {
    const child = fork(
      path.join(import.meta.dirname, "fan-out-readers.ts"),
      [url, String(count), org === null ? "" : hex(org)],
      {
        execArgv: ["--no-warnings"],
      },
    )
    await new Promise<void>((ready, failed) => {
      child.once("message", () => ready())
      child.once("exit", (code) => failed(new Error(`the readers ended with ${code}`)))
    })
    return new Readers(child)
  }

  /** Resolves when all readers together have got this many frames since the last time. */
  async got(frames: number): Promise<void> {
    const done = new Promise<void>((resolve) => this.#child.once("message", () => resolve()))
    this.#child.send(frames)
    await done
  }

  async close(): Promise<void> {
    const gone = new Promise((done) => this.#child.once("exit", done))
    this.#child.removeAllListeners("exit")
    const exited = new Promise((done) => this.#child.once("exit", done))
    this.#child.kill()
    await Promise.race([gone, exited])
  }
}

const frames = 512

async function* fanOutFigures(readers: number): AsyncIterable<RelayFigure> {
  const identity = await relayIdentity()
  const ana = await person("ana")
  const harbour = await foundHarbour(ana, [ana], [identity])
  const relay = createRelay(
    {
      ...identity,
      engine: createMemoryEngine(),
      blobs: createMemoryBlobs(),
      clock: systemClock,
      random: (length) => new Uint8Array(randomBytes(length)),
      fetch,
      log: silentLog,
    },
    { maxConnectionsPerAddress: readers + 8, framesPerDay: 1e9 },
  )
  const served = await serveRelay(relay, { host: "127.0.0.1", port: 0 })
  const bare = await bareServer()
  const sender = callInProcess(relay)
  await sender.caller.get({ kind: "found", value: { hostingCode: "", genesis: harbour.genesis } }, "founded")
  await sender.caller.hello(harbour.org, ana)
  const ourReaders = await Readers.open(`${served.url}/v1/socket`, readers, harbour.org)
  const theirReaders = await Readers.open(bare.url, readers, null)
  const bytes = new Uint8Array(randomBytes(entryBytes))
  try {
    const ours = async () => {
      const from = performance.now()
      const all = ourReaders.got(frames * readers)
      let left = frames
      const send = async () => {
        while (left-- > 0) {
          const messageIds = [toMessageId(new Uint8Array(randomBytes(16)))]
          await sender.caller.get(
            { kind: "append", value: { lane: harbour.lane, frames: [bytes], messageIds } },
            "appended",
          )
          // As from the network: what comes together is one turn of the event loop.
          await new Promise((next) => setImmediate(next))
        }
      }
      await Promise.all(Array.from({ length: inFlight }, send))
      await all
      return (frames * readers * 1_000) / (performance.now() - from)
    }
    const theirs = async () => {
      const from = performance.now()
      const all = theirReaders.got(frames * readers)
      for (let sent = 0; sent < frames; sent += 8) {
        bare.broadcast(bytes, 8)
        await new Promise((next) => setImmediate(next))
      }
      await all
      return (frames * readers * 1_000) / (performance.now() - from)
    }
    const measured = await inTurn(3, ours, theirs)
    const name = `relay: fan-out of a lane to ${readers} readers, 1 KiB, beside a bare ws broadcast`
    yield compare(name, "deliveries/s", measured.ours, measured.theirs, 1)
  } finally {
    await Promise.all([ourReaders.close(), theirReaders.close()])
    await Promise.all([served.close(), bare.close()])
  }
}

/** Sends each message to each socket as it comes, and that is all. */
async function bareServer() {
  const server = createServer()
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready))
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}`,
    broadcast(bytes: Uint8Array, count: number) {
      for (let i = 0; i < count; i++) for (const ws of sockets.clients as Set<WebSocket>) ws.send(bytes)
    },
    async close() {
      for (const ws of sockets.clients) ws.terminate()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

/** About half a minute. */
export async function* relayFigures(): AsyncIterable<RelayFigure> {
  yield* appendFigures(300)
  yield* fanOutFigures(100)
  yield* fanOutFigures(1_000)
}
