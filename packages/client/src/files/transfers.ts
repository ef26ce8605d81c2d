// Files on their way: sealed into the chunk store first, then sent; fetched into the chunk store, checked whole, then read.
// Because only ciphertext is ever spooled, a crash at any point leaves nothing readable and nothing lost (E6.5).
import { type BlobId, decode, encode, equalBytes, hex, limits } from "@holdfast/wire"
import { createSHA256 } from "hash-wasm"
import type { Attachment, FileSource } from "../api.ts"
import { ClientError } from "../error.ts"
import type { ChunkStore, Database, Network, Timers } from "../ports.ts"
import { type BlobSession, blobLink } from "./blob-link.ts"
import { type ChunkCipher, chunkCipher, chunkCount, chunkPlainBytes, damaged, FileReference } from "./file-format.ts"

export type TransferState = Attachment["transfer"]

export interface TransferDeps {
  readonly chunks: ChunkStore
  readonly network: Network
  readonly db: Database
  readonly session: BlobSession
  readonly timers: Timers
  readonly randomBytes: (length: number) => Uint8Array
  readonly onChange: (message: string) => void
  /** The whole file is on the relay; called once per message and again after a crash in between, so it must be idempotent. */
  readonly onUploaded: (message: string, reference: FileReference) => void
}

export interface Transfers {
  /** Seals the file into the chunk store and sends it; returns at once. Throws `too_large` above 2 GB. */
  startUpload(message: string, source: FileSource): void
  /** Takes up everything that was under way: after opening the store and whenever the connection comes back. */
  resume(): void
  /** Resolves when the whole file is here and its SHA-256 is right. Throws `relay_unreachable`, `file_damaged`, `not_found`, `disk_full`. */
  fetch(message: string, reference: FileReference): Promise<void>
  /** Plaintext of a file that is here; `not_found` if it is not, `file_damaged` if its chunks do not open. */
  read(reference: FileReference, offset: number, length: number): Promise<Uint8Array>
  retry(message: string, source?: FileSource): void
  cancel(message: string): Promise<void>
  /** `remote` for a message this device never transferred. */
  state(message: string): TransferState
}

type Stage = "preparing" | "uploading" | "downloading" | "here" | "remote" | "failed"
interface Row {
  readonly stage: Stage
  readonly up: boolean
  readonly reference: FileReference
  readonly done: number
  readonly sentence: string | null
}

const parallel = 3
const retryMillis = 3_000

export function createTransfers(deps: TransferDeps): Transfers {
  const { db, chunks } = deps
  db.run(
    `CREATE TABLE IF NOT EXISTS transfers (
       message TEXT PRIMARY KEY, stage TEXT NOT NULL, up INTEGER NOT NULL, reference BLOB NOT NULL,
       done INTEGER NOT NULL, sentence TEXT) STRICT`,
  )
  const link = blobLink(deps.network, deps.session)
  const running = new Map<string, AbortController>()
  const progress = new Map<string, number>()
  const fetches = new Map<string, Promise<void>>()
  let lastOpened: { readonly blob: string; readonly index: number; readonly plain: Uint8Array } | null = null

  function row(message: string): Row | null {
    const found = db.all("SELECT stage, up, reference, done, sentence FROM transfers WHERE message = ?", message)[0]
    if (found === undefined) return null
    return {
      stage: found.stage as Stage,
      up: found.up === 1,
      reference: decode(FileReference, found.reference as Uint8Array),
      done: found.done as number,
      sentence: found.sentence as string | null,
    }
  }

  function save(message: string, next: Row): void {
    db.run(
      "INSERT OR REPLACE INTO transfers (message, stage, up, reference, done, sentence) VALUES (?, ?, ?, ?, ?, ?)",
      message,
      next.stage,
      next.up ? 1 : 0,
      encode(FileReference, next.reference),
      next.done,
      next.sentence,
    )
    progress.delete(message)
    deps.onChange(message)
  }

  /** Progress is kept in memory only: after a crash it is counted again from the chunk store. */
  function advance(message: string, doneChunks: number): void {
    progress.set(message, doneChunks)
    deps.onChange(message)
  }

  function fail(message: string, error: unknown): void {
    const before = row(message)
    if (before === null) return
    const sentence = error instanceof ClientError ? error.sentence : "The transfer failed."
    save(message, { ...before, stage: "failed", sentence })
  }

  async function prepare(message: string, source: FileSource, before: Row, signal: AbortSignal): Promise<Row> {
    const cipher = await chunkCipher(before.reference)
    const hash = await createSHA256()
    hash.init()
    const blob = hex(before.reference.blob)
    for (let i = 0; i < chunkCount(source.size); i++) {
      signal.throwIfAborted()
      const from = i * chunkPlainBytes
      const length = Math.max(0, Math.min(chunkPlainBytes, source.size - from))
      const plain = length === 0 ? new Uint8Array(0) : await source.read(from, length)
      if (plain.length !== length) {
        throw new ClientError("file_changed", "The file changed while it was read. Choose it again.")
      }
      hash.update(plain)
      await chunks.write(blob, i, await cipher.seal(i, plain))
      advance(message, (i + 1) / 2)
    }
    const reference = { ...before.reference, sha256: hash.digest("binary") }
    const next: Row = { stage: "uploading", up: true, reference, done: 0, sentence: null }
    save(message, next)
    return next
  }

  async function upload(message: string, current: Row, signal: AbortSignal): Promise<void> {
    const blob = hex(current.reference.blob)
    const of = chunkCount(current.reference.size)
    const have = (await link.standing(blob))?.have ?? new Set<number>()
    let done = have.size
    advance(message, of / 2 + done / 2)
    const waiting = Array.from({ length: of }, (_, i) => i).filter((i) => !have.has(i))
    const lanes = Array.from({ length: parallel }, async () => {
      for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
        signal.throwIfAborted()
        const bytes = await chunks.read(blob, i)
        if (bytes === null)
          throw new ClientError("file_changed", "The prepared file is gone from this device. Choose it again.")
        await link.put(blob, i, of, bytes, signal)
        done += 1
        advance(message, of / 2 + done / 2)
      }
    })
    await Promise.all(lanes)
    // in this order: a crash in between uploads nothing again but calls once more
    deps.onUploaded(message, current.reference)
    save(message, { ...current, stage: "here", done: of, sentence: null })
  }

  async function download(message: string, current: Row, signal: AbortSignal): Promise<void> {
    const { reference } = current
    const blob = hex(reference.blob)
    const of = chunkCount(reference.size)
    const cipher = await chunkCipher(reference)
    const hash = await createSHA256()
    hash.init()
    const kept = new Set(await chunks.list(blob))
    const coming = new Map<number, Promise<Uint8Array | null>>()
    const request = (i: number): void => {
      if (i >= of || coming.has(i)) return
      const bytes = chunks.read(blob, i).then((kept) => kept ?? link.get(blob, i, signal))
      // failures are taken up when the chunk's turn comes; until then they must not count as unhandled
      bytes.catch(() => undefined)
      coming.set(i, bytes)
    }
    for (let i = 0; i < of; i++) {
      signal.throwIfAborted()
      for (let ahead = 0; ahead < parallel; ahead++) request(i + ahead)
      const sealed = (await coming.get(i)) as Uint8Array
      coming.delete(i)
      if (sealed.length > limits.blobChunkBytes) throw damaged()
      hash.update(await openOrForget(message, blob, cipher, i, sealed))
      if (!kept.has(i)) await chunks.write(blob, i, sealed)
      advance(message, i + 1)
    }
    if (!equalBytes(hash.digest("binary"), reference.sha256)) {
      await forget(message, blob)
      throw damaged()
    }
    save(message, { ...current, stage: "here", done: of, sentence: null })
  }

  /**
   * The chunks stay where another transfer stands on them: a message may name the blob of somebody else's file under a wrong
   * key, and must not be able to take that file away.
   */
  async function forget(message: string, blob: string): Promise<void> {
    const isInUse = transfersOf(blob).some(
      ({ id, row }) => id !== message && (row.up || row.stage === "here" || row.stage === "downloading"),
    )
    if (!isInUse) await chunks.remove(blob)
  }

  function transfersOf(blob: string): readonly { readonly id: string; readonly row: Row }[] {
    const found: { readonly id: string; readonly row: Row }[] = []
    for (const { message } of db.all("SELECT message FROM transfers")) {
      const id = message as string
      const one = row(id)
      if (one !== null && hex(one.reference.blob) === blob) found.push({ id, row: one })
    }
    return found
  }

  /** Its chunks are gone from this device: it can be fetched again. */
  function notHere({ blob, key }: FileReference): void {
    for (const { id, row } of transfersOf(hex(blob))) {
      if (row.stage === "here" && equalBytes(row.reference.key, key)) save(id, { ...row, stage: "remote", done: 0 })
    }
  }

  async function openOrForget(
    message: string,
    blob: string,
    cipher: ChunkCipher,
    index: number,
    sealed: Uint8Array,
  ): Promise<Uint8Array> {
    try {
      return await cipher.open(index, sealed)
    } catch (error) {
      await forget(message, blob)
      throw error
    }
  }

  /** Runs one transfer at a time per message; waits and goes on by itself while the relay is out of reach. */
  async function drive(message: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (running.has(message)) return
    const controller = new AbortController()
    running.set(message, controller)
    try {
      for (;;) {
        try {
          return await work(controller.signal)
        } catch (error) {
          if (controller.signal.aborted) return
          if (!(error instanceof ClientError) || error.code !== "relay_unreachable") throw error
          await pause(controller.signal)
        }
      }
    } catch (error) {
      if (!controller.signal.aborted) fail(message, error)
      throw error
    } finally {
      running.delete(message)
    }
  }

  function pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stop = deps.timers.setTimeout(resolve, retryMillis)
      signal.addEventListener("abort", () => {
        stop()
        resolve()
      })
    })
  }

  function driveUpload(message: string, source?: FileSource): void {
    let current = row(message)
    if (current === null) return
    drive(message, async (signal) => {
      if (current === null) return
      if (current.stage === "preparing") {
        if (source === undefined)
          throw new ClientError(
            "file_changed",
            "Holdfast was closed while it prepared this file. Choose the file again.",
          )
        current = await prepare(message, source, current, signal)
      }
      await upload(message, current, signal)
    }).catch(() => undefined)
  }

  function begin(message: string, source: FileSource): void {
    if (source.size > limits.fileBytes) {
      throw new ClientError("too_large", "Files of up to 2 GB can be sent. This one is larger.")
    }
    // a new key and blob id for every attempt: no chunk number is ever sealed twice under one key (E6.4)
    const reference: FileReference = {
      blob: deps.randomBytes(32) as BlobId,
      key: deps.randomBytes(32),
      size: source.size,
      sha256: new Uint8Array(32),
      name: source.name.slice(0, 120) || "file",
      type: source.type.slice(0, 127),
      ...(source.width === undefined ? {} : { width: source.width }),
      ...(source.height === undefined ? {} : { height: source.height }),
    }
    save(message, { stage: "preparing", up: true, reference, done: 0, sentence: null })
    driveUpload(message, source)
  }

  return {
    startUpload: begin,
    resume() {
      for (const { message } of db.all("SELECT message FROM transfers WHERE stage IN ('preparing', 'uploading')")) {
        driveUpload(message as string)
      }
      for (const { message } of db.all("SELECT message FROM transfers WHERE stage = 'downloading'")) {
        const current = row(message as string)
        if (current !== null) this.fetch(message as string, current.reference).catch(() => undefined)
      }
    },
    fetch(message, reference) {
      const under = fetches.get(message)
      if (under !== undefined) return under
      const before = row(message)
      if (before?.stage === "here") return Promise.resolve()
      const current: Row = { stage: "downloading", up: before?.up ?? false, reference, done: 0, sentence: null }
      save(message, current)
      const done = drive(message, (signal) => download(message, current, signal)).finally(() => fetches.delete(message))
      fetches.set(message, done)
      return done
    },
    async read(reference, offset, length) {
      const blob = hex(reference.blob)
      const cipher = await chunkCipher(reference)
      const end = Math.min(reference.size, offset + length)
      const out = new Uint8Array(Math.max(0, end - offset))
      for (let at = offset; at < end; ) {
        const index = Math.floor(at / chunkPlainBytes)
        if (lastOpened?.blob !== blob || lastOpened.index !== index) {
          const sealed = await chunks.read(blob, index)
          if (sealed === null) {
            notHere(reference)
            throw new ClientError("not_found", "This file is not on this device yet.")
          }
          lastOpened = { blob, index, plain: await cipher.open(index, sealed) }
        }
        const from = at - index * chunkPlainBytes
        const piece = lastOpened.plain.subarray(from, from + end - at)
        out.set(piece, at - offset)
        at += piece.length
      }
      return out
    },
    retry(message, source) {
      const before = row(message)
      if (before === null || running.has(message)) return
      if (!before.up) {
        this.fetch(message, before.reference).catch(() => undefined)
      } else if (source !== undefined) {
        chunks.remove(hex(before.reference.blob)).then(
          () => begin(message, source),
          (error) => fail(message, error),
        )
      } else if (before.reference.sha256.some((byte) => byte !== 0)) {
        // prepared whole before: the spool still has it
        save(message, { ...before, stage: "uploading", sentence: null })
        driveUpload(message)
      }
    },
    async cancel(message) {
      const before = row(message)
      running.get(message)?.abort()
      if (before === null) return
      await forget(message, hex(before.reference.blob))
      if (before.up) {
        save(message, { ...before, stage: "failed", sentence: "Sending was cancelled." })
      } else {
        save(message, { ...before, stage: "remote", sentence: null })
      }
    },
    state(message) {
      const found = row(message)
      if (found === null) return { state: "remote", doneBytes: 0 }
      const doneChunks = progress.get(message) ?? found.done
      const whole = chunkCount(found.reference.size)
      return {
        state: found.stage,
        doneBytes: Math.floor((found.reference.size * Math.min(doneChunks, whole)) / whole),
        ...(found.sentence === null ? {} : { sentence: found.sentence }),
      }
    },
  }
}
