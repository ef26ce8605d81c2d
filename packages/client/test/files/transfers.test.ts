import { createHash, randomBytes } from "node:crypto"
import { DatabaseSync } from "node:sqlite"
import { hex } from "@holdfast/wire"
import { expect, test } from "vitest"
import type { FileSource } from "../../src/api.ts"
import { ClientError } from "../../src/error.ts"
import {
  chunkCipher,
  chunkCount,
  chunkPlainBytes,
  type FileReference,
  paddedLength,
} from "../../src/files/file-format.ts"
import { createTransfers } from "../../src/files/transfers.ts"
import type { ChunkStore, Database, Network, SqlValue } from "../../src/ports.ts"

function memoryDatabase(): Database {
  const db = new DatabaseSync(":memory:")
  return {
    run: (sql, ...values) => void db.prepare(sql).run(...(values as SqlValue[])),
    all: (sql, ...values) => db.prepare(sql).all(...(values as SqlValue[])) as Record<string, SqlValue>[],
    transaction: (work) => work(),
    close: () => db.close(),
  }
}

function memoryChunks(): ChunkStore & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>()
  return {
    kept,
    write: async (blob, i, bytes) => void kept.set(`${blob}/${i}`, bytes.slice()),
    read: async (blob, i) => kept.get(`${blob}/${i}`) ?? null,
    list: async (blob) => [...kept.keys()].filter((k) => k.startsWith(`${blob}/`)).map((k) => Number(k.slice(65))),
    remove: async (blob) => {
      for (const k of kept.keys()) if (k.startsWith(`${blob}/`)) kept.delete(k)
    },
  }
}

/** A relay's blob routes in memory; `hurt` may change or refuse what it answers. */
function memoryRelay(
  hurt: { down?: boolean; tamper?: (i: number, bytes: Uint8Array) => Uint8Array; putLimit?: number } = {},
) {
  const blobs = new Map<string, Map<number, Uint8Array>>()
  let puts = 0
  const network: Pick<Network, "fetch"> = {
    async fetch(url, init) {
      if (hurt.down) throw new TypeError("connection refused")
      const found = /\/v1\/blobs\/([0-9a-f]{64})(?:\/chunks\/(\d+)(?:\?of=(\d+))?)?$/.exec(url)
      if (found === null) return { status: 400, bytes: async () => new Uint8Array() }
      const [, blob = "", index] = found
      const chunks = blobs.get(blob)
      if (init.method === "PUT") {
        puts += 1
        if (hurt.putLimit !== undefined && puts > hurt.putLimit) hurt.down = true
        if (hurt.down) throw new TypeError("connection refused")
        blobs.set(blob, (chunks ?? new Map()).set(Number(index), (init.body as Uint8Array).slice()))
        return { status: 201, bytes: async () => new Uint8Array() }
      }
      if (chunks === undefined) return { status: 404, bytes: async () => new Uint8Array() }
      if (index === undefined) {
        const have = [...chunks.keys()].sort((a, b) => a - b).map((i) => [i, i + 1])
        return {
          status: 200,
          bytes: async () => new TextEncoder().encode(JSON.stringify({ chunks: chunks.size, have })),
        }
      }
      const bytes = chunks.get(Number(index)) as Uint8Array
      return { status: 200, bytes: async () => hurt.tamper?.(Number(index), bytes) ?? bytes }
    },
  }
  return { blobs, hurt, network: network as Network, puts: () => puts }
}

function sourceOf(bytes: Uint8Array, name = "report.pdf"): FileSource {
  return { name, type: "application/pdf", size: bytes.length, read: async (at, n) => bytes.subarray(at, at + n) }
}

function device(relay: ReturnType<typeof memoryRelay>, chunks = memoryChunks(), db = memoryDatabase()) {
  const uploaded: FileReference[] = []
  const transfers = createTransfers({
    chunks,
    db,
    network: relay.network,
    session: () => ({ url: "http://relay.test/", token: new Uint8Array(32) }),
    timers: {
      now: () => 0,
      setTimeout: (work) => {
        const timer = setTimeout(work, 5)
        return () => clearTimeout(timer)
      },
    },
    randomBytes: (n) => new Uint8Array(randomBytes(n)),
    onChange: () => undefined,
    onUploaded: (_message, reference) => void uploaded.push(reference),
  })
  return { transfers, uploaded, chunks, db }
}

async function until(check: () => boolean): Promise<void> {
  for (let i = 0; i < 2_000 && !check(); i++) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(check()).toBe(true)
}

const big = new Uint8Array(randomBytes(2 * chunkPlainBytes + 12_345))

test("[E6.5] a file goes from one device to another and keeps every byte", async () => {
  const relay = memoryRelay()
  const ana = device(relay)
  ana.transfers.startUpload("m1", sourceOf(big))
  await until(() => ana.uploaded.length === 1)
  const reference = ana.uploaded[0] as FileReference
  expect(hex(reference.sha256)).toBe(createHash("sha256").update(big).digest("hex"))
  expect(ana.transfers.state("m1")).toEqual({ state: "here", doneBytes: big.length })
  const ben = device(relay)
  await ben.transfers.fetch("m1", reference)
  const whole = await ben.transfers.read(reference, 0, big.length)
  expect(Buffer.compare(whole, big)).toBe(0)
  expect(
    Buffer.compare(
      await ben.transfers.read(reference, chunkPlainBytes - 3, 7),
      big.subarray(chunkPlainBytes - 3, chunkPlainBytes + 4),
    ),
  ).toBe(0)
})

test("[E6.3] neither the relay nor the chunk store holds the content, the name or the exact length", async () => {
  const relay = memoryRelay()
  const ana = device(relay)
  const text = new TextEncoder().encode("the known sentence ".repeat(1_000))
  ana.transfers.startUpload("m1", sourceOf(text, "the-known-name.txt"))
  await until(() => ana.uploaded.length === 1)
  const stored = Buffer.concat([...(relay.blobs.values().next().value as Map<number, Uint8Array>).values()])
  expect(stored.includes("known sentence")).toBe(false)
  expect(stored.length).toBe(paddedLength(text.length) + 16)
  expect(Buffer.concat([...ana.chunks.kept.values()]).includes("known")).toBe(false)
})

test("[E6.5] an upload cut off in the middle goes on where it was and sends no chunk twice", async () => {
  const relay = memoryRelay({ putLimit: 1 })
  const ana = device(relay)
  ana.transfers.startUpload("m1", sourceOf(big))
  await until(() => relay.hurt.down === true)
  const again = device(relay, ana.chunks, ana.db) // the page was killed; same store
  relay.hurt.down = false
  delete relay.hurt.putLimit
  await ana.transfers.cancel("nothing")
  again.transfers.resume()
  await until(() => again.uploaded.length === 1)
  const ben = device(relay)
  await ben.transfers.fetch("m1", again.uploaded[0] as FileReference)
  expect(Buffer.compare(await ben.transfers.read(again.uploaded[0] as FileReference, 0, big.length), big)).toBe(0)
})

test("[E6.5] a file whose preparation was interrupted asks for it again and sends nothing half", () => {
  const relay = memoryRelay({ down: true })
  const db = memoryDatabase()
  const ana = device(relay, memoryChunks(), db)
  ana.transfers.startUpload("m1", { ...sourceOf(big), read: () => new Promise(() => undefined) })
  const again = device(relay, ana.chunks, db)
  again.transfers.resume()
  return until(() => again.transfers.state("m1").state === "failed").then(() => {
    expect(again.transfers.state("m1").sentence).toMatch(/Choose the file again/)
  })
})

for (const [name, tamper] of [
  ["a flipped bit", (_i: number, b: Uint8Array) => b.map((x, at) => (at === 5 ? x ^ 1 : x))],
  ["a truncated chunk", (_i: number, b: Uint8Array) => b.subarray(0, b.length - 1)],
  ["an oversized chunk", (_i: number, b: Uint8Array) => new Uint8Array(b.length + 2_000_000)],
] as const) {
  test(`[E6.4] ${name} from the relay is refused and leaves nothing behind`, async () => {
    const relay = memoryRelay()
    const ana = device(relay)
    ana.transfers.startUpload("m1", sourceOf(big))
    await until(() => ana.uploaded.length === 1)
    relay.hurt.tamper = tamper
    const ben = device(relay)
    const error = await ben.transfers.fetch("m1", ana.uploaded[0] as FileReference).catch((e) => e)
    expect(error).toBeInstanceOf(ClientError)
    expect(error.code).toBe("file_damaged")
    expect(ben.chunks.kept.size).toBe(0)
    expect(ben.transfers.state("m1").state).toBe("failed")
  })
}

test("[E6.4] chunks cannot change places", async () => {
  const file = {
    blob: new Uint8Array(32) as FileReference["blob"],
    key: new Uint8Array(randomBytes(32)),
    size: 3 * chunkPlainBytes,
  }
  const cipher = await chunkCipher(file)
  const sealed = await cipher.seal(0, new Uint8Array(chunkPlainBytes))
  await expect(cipher.open(1, sealed)).rejects.toMatchObject({ code: "file_damaged" })
  const last = chunkCount(file.size) - 1
  await expect(cipher.open(last, sealed)).rejects.toMatchObject({ code: "file_damaged" })
})

test("[E6.1] a file over 2 GB is refused with a sentence", () => {
  const ana = device(memoryRelay())
  expect(() => ana.transfers.startUpload("m1", { ...sourceOf(big), size: 2_147_483_649 })).toThrow(/2 GB/)
})

test("[E6.1] an empty file arrives as an empty file", async () => {
  const relay = memoryRelay()
  const ana = device(relay)
  ana.transfers.startUpload("m1", sourceOf(new Uint8Array(0)))
  await until(() => ana.uploaded.length === 1)
  const ben = device(relay)
  await ben.transfers.fetch("m1", ana.uploaded[0] as FileReference)
  expect((await ben.transfers.read(ana.uploaded[0] as FileReference, 0, 100)).length).toBe(0)
})

test("[E6.5] a message that names another file's blob under a wrong key takes nothing of that file away", async () => {
  const relay = memoryRelay()
  const ana = device(relay)
  ana.transfers.startUpload("m1", sourceOf(big))
  await until(() => ana.uploaded.length === 1)
  const reference = ana.uploaded[0] as FileReference
  const forged: FileReference = { ...reference, key: new Uint8Array(randomBytes(32)) }
  const wrongSum: FileReference = { ...reference, sha256: new Uint8Array(32) }
  const ben = device(relay)
  await ben.transfers.fetch("m1", reference)
  for (const [message, bad] of [
    ["m2", forged],
    ["m3", wrongSum],
  ] as const) {
    await expect(ben.transfers.fetch(message, bad)).rejects.toMatchObject({ code: "file_damaged" })
    await ben.transfers.cancel(message)
  }
  expect(ben.transfers.state("m1").state).toBe("here")
  expect(Buffer.compare(await ben.transfers.read(reference, 0, big.length), big)).toBe(0)
  // nor from under the sender, nor from a download that is under way
  await expect(ana.transfers.fetch("m2", forged)).rejects.toMatchObject({ code: "file_damaged" })
  expect(Buffer.compare(await ana.transfers.read(reference, 0, big.length), big)).toBe(0)
  const cem = device(relay)
  const [good, bad] = await Promise.allSettled([
    cem.transfers.fetch("m1", reference),
    cem.transfers.fetch("m2", forged),
  ])
  expect([good.status, bad.status]).toEqual(["fulfilled", "rejected"])
  expect(Buffer.compare(await cem.transfers.read(reference, 0, big.length), big)).toBe(0)
})

test("[E6.5] a file whose chunks are gone from this device is fetched again", async () => {
  const relay = memoryRelay()
  const ana = device(relay)
  ana.transfers.startUpload("m1", sourceOf(big))
  await until(() => ana.uploaded.length === 1)
  const reference = ana.uploaded[0] as FileReference
  const ben = device(relay)
  await ben.transfers.fetch("m1", reference)
  await ben.chunks.remove(hex(reference.blob))
  await expect(ben.transfers.read(reference, 0, 10)).rejects.toMatchObject({ code: "not_found" })
  expect(ben.transfers.state("m1").state).toBe("remote")
  await ben.transfers.fetch("m1", reference)
  expect(Buffer.compare(await ben.transfers.read(reference, 0, big.length), big)).toBe(0)
})
