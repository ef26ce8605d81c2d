import { randomBytes } from "node:crypto"
import type { FileHandle } from "node:fs/promises"
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs, utimes } from "node:fs/promises"
import path from "node:path"
import { type BlobId, hex, limits, type OrgId } from "@holdfast/wire"
import { RelayError } from "../error.ts"
import {
  type BlobLimits,
  type BlobStatus,
  type BlobStore,
  blobLimits,
  type ChunkPlace,
  rangesOf,
} from "./blob-store.ts"
import { Turns } from "./turns.ts"

const hourMillis = 3_600_000
/** How much may be written between two looks at the free space of the disk. */
const spaceCheckBytes = 64 * 2 ** 20

/**
 * A file for each chunk: folder/organisation/ab/blob/count/index (R8.2). Half-written ones lie in folder/tmp, which is emptied here.
 */
export async function openFileBlobs(folder: string, options: Partial<BlobLimits> = {}): Promise<BlobStore> {
  const waiting = path.join(folder, "tmp")
  await rm(waiting, { recursive: true, force: true })
  await mkdir(waiting, { recursive: true, mode: 0o700 })
  return new FileBlobs(folder, waiting, { ...blobLimits, ...options })
}

class FileBlobs implements BlobStore {
  readonly #folder: string
  readonly #waiting: string
  readonly #limits: BlobLimits
  readonly #turns = new Turns()
  readonly #usedByOrg = new Map<string, Promise<{ bytes: number }>>()
  #sinceSpaceCheck = Number.POSITIVE_INFINITY

  constructor(folder: string, waiting: string, bounds: BlobLimits) {
    this.#folder = folder
    this.#waiting = waiting
    this.#limits = bounds
  }

  async putChunk(
    org: OrgId,
    blob: BlobId,
    place: ChunkPlace,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ kind: "stored" | "same"; length: number }> {
    const used = await this.#used(org)
    const temporary = path.join(this.#waiting, randomBytes(16).toString("hex"))
    let length = 0
    let isStored = false
    try {
      await this.#checkSpace()
      length = await this.#receive(temporary, body, used)
      const blobFolder = this.#blobFolder(org, blob)
      const kind = await this.#turns.take(blobFolder, () => keep(temporary, blobFolder, place))
      isStored = kind === "stored"
      return { kind, length }
    } catch (error) {
      throw refusalOf(error)
    } finally {
      if (!isStored) {
        used.bytes -= length
        await rm(temporary, { force: true })
      }
    }
  }

  async status(org: OrgId, blob: BlobId): Promise<BlobStatus | undefined> {
    const blobFolder = this.#blobFolder(org, blob)
    const count = await countOf(blobFolder)
    if (count === undefined) return undefined
    const names = await readdir(path.join(blobFolder, String(count)))
    if (names.length === 0) return undefined
    return { chunks: count, have: rangesOf(names.map(Number).sort((a, b) => a - b)) }
  }

  async readChunk(org: OrgId, blob: BlobId, index: number): Promise<Uint8Array | undefined> {
    const blobFolder = this.#blobFolder(org, blob)
    const count = await countOf(blobFolder)
    if (count === undefined) return undefined
    try {
      return await readFile(path.join(blobFolder, String(count), String(index)))
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined
      throw error
    }
  }

  async usedBytes(org: OrgId): Promise<number> {
    return (await this.#used(org)).bytes
  }

  /** Writes the body out, durable; returns its length, which is then counted as used. */
  async #receive(file: string, body: AsyncIterable<Uint8Array>, used: { bytes: number }): Promise<number> {
    let length = 0
    let handle: FileHandle | undefined
    try {
      handle = await open(file, "wx", 0o600)
      for await (const part of body) {
        if (length + part.length > limits.blobChunkBytes) throw new RelayError("too_large")
        if (used.bytes + part.length > this.#limits.maxBytesPerOrg) throw new RelayError("storage_full")
        length += part.length
        used.bytes += part.length
        this.#sinceSpaceCheck += part.length
        await handle.writeFile(part)
      }
      if (length === 0) throw new RelayError("malformed")
      const hour = Math.floor(Date.now() / hourMillis) * (hourMillis / 1_000)
      await handle.utimes(hour, hour)
      await handle.sync()
      return length
    } catch (error) {
      used.bytes -= length
      throw error
    } finally {
      await handle?.close()
    }
  }

  async #checkSpace(): Promise<void> {
    if (this.#sinceSpaceCheck < spaceCheckBytes) return
    const { bavail, bsize } = await statfs(this.#folder)
    if (bavail * bsize < this.#limits.keepFreeBytes) throw new RelayError("storage_full")
    this.#sinceSpaceCheck = 0
  }

  #blobFolder(org: OrgId, blob: BlobId): string {
    const name = hex(blob)
    return path.join(this.#folder, hex(org), name.slice(0, 2), name)
  }

  /** Counted from the files once, then kept up. */
  #used(org: OrgId): Promise<{ bytes: number }> {
    const key = hex(org)
    const known = this.#usedByOrg.get(key)
    if (known !== undefined) return known
    const counting = lengthOf(path.join(this.#folder, key)).then((bytes) => ({ bytes }))
    this.#usedByOrg.set(key, counting)
    counting.catch(() => this.#usedByOrg.delete(key))
    return counting
  }
}

/** Moves a complete file to its place, or finds it there already. Called for one blob at a time. */
async function keep(temporary: string, blobFolder: string, { index, count }: ChunkPlace): Promise<"stored" | "same"> {
  const before = await countOf(blobFolder)
  if (before !== undefined && before !== count) throw new RelayError("conflict")
  const folder = path.join(blobFolder, String(count))
  if (before === undefined) await makeDurably(folder)
  const file = path.join(folder, String(index))
  const existing = await readFile(file).catch((error) => {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  })
  if (existing !== undefined) {
    if (!existing.equals(await readFile(temporary))) throw new RelayError("conflict")
    return "same"
  }
  await rename(temporary, file)
  await syncFolder(folder)
  return "stored"
}

async function countOf(blobFolder: string): Promise<number | undefined> {
  try {
    const [name] = await readdir(blobFolder)
    return name === undefined ? undefined : Number(name)
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  }
}

/** A new folder is durable when every folder above it that is new has been written, too. */
async function makeDurably(folder: string): Promise<void> {
  const top = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (top === undefined) return
  const hour = Math.floor(Date.now() / hourMillis) * (hourMillis / 1_000)
  for (let at = folder; at.length >= top.length; at = path.dirname(at)) {
    await utimes(at, hour, hour)
    await syncFolder(path.dirname(at))
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; its rename is journalled.
  if (process.platform === "win32") return
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function lengthOf(folder: string): Promise<number> {
  let sum = 0
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (codeOf(error) === "ENOENT") return []
    throw error
  })
  for (const entry of entries) {
    if (entry.isFile()) sum += (await stat(path.join(entry.parentPath, entry.name))).size
  }
  return sum
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code
}

function refusalOf(error: unknown): unknown {
  return codeOf(error) === "ENOSPC" || codeOf(error) === "EDQUOT" ? new RelayError("storage_full") : error
}
