import { concatBytes, equalBytes, hex, limits } from "@holdfast/wire"
import { RelayError } from "../error.ts"
import { type BlobLimits, type BlobStore, blobLimits, rangesOf } from "./blob-store.ts"
import { Turns } from "./turns.ts"

interface MemoryBlob {
  readonly count: number
  readonly chunks: Map<number, Uint8Array>
}

/** For tests and for trying things out. */
export function createMemoryBlobs(options: Partial<BlobLimits> = {}): BlobStore {
  const { maxBytesPerOrg } = { ...blobLimits, ...options }
  const blobs = new Map<string, MemoryBlob>()
  const usedByOrg = new Map<string, number>()
  const turns = new Turns()
  return {
    async putChunk(org, blob, { index, count }, body) {
      const bytes = await collect(body)
      const key = `${hex(org)}/${hex(blob)}`
      return turns.take(key, async () => {
        const found = blobs.get(key) ?? { count, chunks: new Map<number, Uint8Array>() }
        if (found.count !== count) throw new RelayError("conflict")
        const before = found.chunks.get(index)
        if (before !== undefined) {
          if (!equalBytes(before, bytes)) throw new RelayError("conflict")
          return { kind: "same", length: bytes.length }
        }
        const used = (usedByOrg.get(hex(org)) ?? 0) + bytes.length
        if (used > maxBytesPerOrg) throw new RelayError("storage_full")
        usedByOrg.set(hex(org), used)
        found.chunks.set(index, bytes)
        blobs.set(key, found)
        return { kind: "stored", length: bytes.length }
      })
    },
    async status(org, blob) {
      const found = blobs.get(`${hex(org)}/${hex(blob)}`)
      if (found === undefined) return undefined
      return { chunks: found.count, have: rangesOf([...found.chunks.keys()].sort((a, b) => a - b)) }
    },
    async readChunk(org, blob, index) {
      return blobs.get(`${hex(org)}/${hex(blob)}`)?.chunks.get(index)
    },
    async usedBytes(org) {
      return usedByOrg.get(hex(org)) ?? 0
    },
  }
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > limits.blobChunkBytes) throw new RelayError("too_large")
    parts.push(part.slice())
  }
  if (length === 0) throw new RelayError("malformed")
  return concatBytes(...parts)
}
