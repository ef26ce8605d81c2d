import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import {
  COSIGNATURE,
  cosignNote,
  formatNote,
  formatSignatureLines,
  noteKey,
  parseNote,
  signerFromSeed,
  verifyCheckpoint,
} from "@holdfast/log"
import { afterEach, describe, expect, test } from "vitest"
import {
  type CosignRequest,
  cosignWith,
  createMemoryStore,
  createWitness,
  serveWitness,
  silentWitnessLog,
} from "../src/index.ts"
import { seed, testLog } from "./log-of-entries.ts"

const log = await testLog("log.example/a", 20)
const turned = await testLog("log.example/a", 20, 4)
const signer = await signerFromSeed(seed(50))
const witnessKey = noteKey("w.example", COSIGNATURE, signer.publicKey)
const deps = { fetch, now: Date.now }
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function ours(): Promise<string> {
  const store = createMemoryStore()
  await store.trust(log.origin, log.key)
  const witness = createWitness({ store, signer, name: "w.example", now: Date.now, log: silentWitnessLog })
  const served = await serveWitness(witness, { host: "127.0.0.1", port: 0 })
  closers.push(() => served.close())
  return served.url
}

interface Said {
  readonly status: number
  readonly body?: string | Uint8Array
  readonly headers?: Record<string, string>
}

/** A witness that says what a test wants, one answer after the other; the last again and again. */
async function lying(...answers: readonly Said[]): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = []
  const server: Server = createServer(async (request, response) => {
    let body = ""
    for await (const part of request) body += part
    const { status, body: said = "", headers = {} } = answers[Math.min(asked.length, answers.length - 1)]!
    asked.push(body)
    response.writeHead(status, headers).end(said)
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

async function asking(url: string, size: number, knownSize: number, other: Partial<CosignRequest> = {}) {
  const asked: number[] = []
  const prove = (oldSize: number) => {
    asked.push(oldSize)
    return log.tree.proveConsistency(oldSize, size)
  }
  const checkpoint = await log.checkpoint(size)
  const outcome = await cosignWith(deps, {
    url,
    witnessKey,
    checkpoint,
    knownSize,
    prove,
    deadlineMillis: 5_000,
    ...other,
  })
  return { outcome, asked }
}

async function lineFor(size: number, { time = Date.now() / 1_000, from = log, name = "w.example", seedOf = 50 } = {}) {
  const theirs = await signerFromSeed(seed(seedOf))
  const { text } = parseNote(await from.checkpoint(size))
  return cosignNote(text, noteKey(name, COSIGNATURE, theirs.publicKey), theirs, Math.floor(time))
}
const body = async (...lines: readonly ReturnType<typeof lineFor>[]) => formatSignatureLines(await Promise.all(lines))

describe("our witness", () => {
  test("[V6.1] cosigns from nothing, onwards, and again at one size; what comes back completes the note", async () => {
    const url = await ours()
    for (const [size, known, proved] of [
      [3, 0, []],
      [9, 3, [3]],
      [9, 9, []],
    ] as const) {
      const { outcome, asked } = await asking(`${url}/`, size, known)
      expect([outcome.kind, asked]).toEqual(["cosigned", proved])
      if (outcome.kind !== "cosigned") continue
      const { text, signatures } = parseNote(await log.checkpoint(size))
      const note = formatNote({ text, signatures: [...signatures, outcome.line] })
      const trust = { origin: log.origin, logKeys: [log.key], witnessKeys: [witnessKey] }
      expect((await verifyCheckpoint(note, trust)).cosignatures).toEqual([
        { key: witnessKey, timestamp: outcome.timestamp },
      ])
    }
  })

  test("[V6.2] told another size, it asks once more from there", async () => {
    const url = await ours()
    await asking(url, 5, 0)
    expect(await asking(url, 9, 0)).toMatchObject({ outcome: { kind: "cosigned" }, asked: [5] })
    expect(await asking(url, 9, 5)).toMatchObject({ outcome: { kind: "cosigned" }, asked: [5] })
    expect(await asking(url, 12, 11)).toMatchObject({ outcome: { kind: "cosigned" }, asked: [11, 9] })
  })

  test("[V6.2] behind what was cosigned", async () => {
    const url = await ours()
    await asking(url, 9, 0)
    const { outcome, asked } = await asking(url, 5, 0)
    expect([outcome, asked]).toEqual([{ kind: "failed", why: "ahead", status: 409, witnessSize: 9 }, []])
  })

  test("[V6.4] a fork is refused", async () => {
    const url = await ours()
    await asking(url, 9, 0)
    const other = {
      checkpoint: await turned.checkpoint(12),
      prove: (from: number) => turned.tree.proveConsistency(from, 12),
    }
    const { outcome } = await asking(url, 12, 9, other)
    expect(outcome).toEqual({ kind: "failed", why: "refused", status: 422 })
  })
})

describe("a witness that lies", () => {
  const failure = async (said: Said | readonly Said[], other: Partial<CosignRequest> = {}, known = 0) => {
    const { url, asked } = await lying(...[said].flat())
    const { outcome } = await asking(url, 9, known, other)
    return { ...outcome, times: asked.length }
  }

  test.each([400, 403, 404, 422, 429, 500, 503, 204])("[V6.4] status %i", async (status) => {
    expect(await failure({ status })).toMatchObject({ kind: "failed", why: "refused", status, times: 1 })
  })

  test.each(["", "5", "05\n", "-1\n", "5\n\n", "9007199254740992\n", "five\n"])("[V6.4] %j as a size", async (said) => {
    expect(await failure({ status: 409, body: said })).toMatchObject({ why: "malformed", times: 1 })
  })

  test("[V6.2] another size each time is asked about once", async () => {
    const said = [4, 5, 6].map((size) => ({ status: 409, body: `${size}\n` }))
    expect(await failure(said)).toMatchObject({ why: "conflict", witnessSize: 5, times: 2 })
    expect(await failure({ status: 409, body: "3\n" }, {}, 3)).toMatchObject({
      why: "conflict",
      witnessSize: 3,
      times: 1,
    })
  })

  test("[V6.4] no line, junk, and lines of others only", async () => {
    expect(await failure({ status: 200 })).toMatchObject({ why: "malformed" })
    expect(await failure({ status: 200, body: "thank you\n" })).toMatchObject({ why: "malformed" })
    expect(await failure({ status: 200, body: await body(lineFor(9, { seedOf: 51 })) })).toMatchObject({
      why: "not_cosigned",
    })
    expect(await failure({ status: 200, body: await body(lineFor(9, { name: "other" })) })).toMatchObject({
      why: "not_cosigned",
    })
  })

  test("[V6.4] the right key over another size, another history, another time", async () => {
    expect(await failure({ status: 200, body: await body(lineFor(8)) })).toMatchObject({ why: "bad_signature" })
    expect(await failure({ status: 200, body: await body(lineFor(9, { from: turned })) })).toMatchObject({
      why: "bad_signature",
    })
    const line = await lineFor(9)
    const moved = { ...line, signature: line.signature.map((byte, i) => (i === 7 ? byte ^ 1 : byte)) }
    expect(await failure({ status: 200, body: formatSignatureLines([moved]) })).toMatchObject({ why: "bad_signature" })
  })

  test.each([-700, 700])("[V6.4] a time %i seconds from ours", async (seconds) => {
    const said = { status: 200, body: await body(lineFor(9, { time: Date.now() / 1_000 + seconds })) }
    expect(await failure(said)).toMatchObject({ why: "wrong_time" })
    expect(await failure(said, { maxSkewSeconds: 800 })).toMatchObject({ kind: "cosigned" })
  })

  test("[V6.4] lines of other keys beside the right one are ignored", async () => {
    const said = await body(lineFor(9, { seedOf: 51 }), lineFor(9), lineFor(8, { seedOf: 52 }))
    expect(await failure({ status: 200, body: said })).toMatchObject({ kind: "cosigned" })
  })

  test("[V6.3] an endless answer is not read to its end", async () => {
    const line = await lineFor(9)
    const many = formatSignatureLines(Array.from({ length: 64 }, () => line))
    expect(await failure({ status: 200, body: Buffer.concat(Array.from({ length: 30 }, () => many)) })).toMatchObject({
      why: "too_large",
    })
  })

  test("[V6.3] does not follow elsewhere", async () => {
    const elsewhere = await ours()
    const headers = { location: `${elsewhere}/add-checkpoint` }
    expect(await failure({ status: 307, headers })).toMatchObject({ why: "unreachable" })
  })

  test("[V6.3] one deadline for everything, silence in the middle included", async () => {
    const server = createServer((_, response) => {
      response.writeHead(200)
      response.write("\u2014 ")
    })
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
    closers.push(async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    })
    const started = performance.now()
    const { outcome } = await asking(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 9, 0, {
      deadlineMillis: 300,
    })
    expect(outcome).toEqual({ kind: "failed", why: "timeout" })
    expect(performance.now() - started).toBeLessThan(3_000)
  })

  test("[V6.4] nobody there", async () => {
    expect((await asking("http://127.0.0.1:1", 9, 0)).outcome).toEqual({ kind: "failed", why: "unreachable" })
  })
})
