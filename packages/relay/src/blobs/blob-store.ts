import type { BlobId, OrgId } from "@holdfast/wire"

export interface ChunkPlace {
  readonly index: number
  /** Chunks of the whole blob; the first one stored fixes it. */
  readonly count: number
}

export interface BlobStatus {
  readonly chunks: number
  /** What is here, as ascending ranges [from, to). */
  readonly have: readonly (readonly [number, number])[]
}

/**
 * Ciphertext of files, by organisation (R8). Nothing tells who put or read what. A chunk is there when all of it is durable,
 * and never changes afterwards.
 */
export interface BlobStore {
  /**
   * `stored`: durable now. `same`: it was there with these bytes. Throws RelayError `conflict` (other bytes, or another count),
   * `too_large` (above `limits.blobChunkBytes`), `malformed` (empty), `storage_full`, and whatever `body` throws; then nothing was stored.
   */
  putChunk(
    org: OrgId,
    blob: BlobId,
    place: ChunkPlace,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly kind: "stored" | "same"; readonly length: number }>
  /** `undefined`: nothing of it is here. */
  status(org: OrgId, blob: BlobId): Promise<BlobStatus | undefined>
  readChunk(org: OrgId, blob: BlobId, index: number): Promise<Uint8Array | undefined>
  usedBytes(org: OrgId): Promise<number>
}

export interface BlobLimits {
  readonly maxBytesPerOrg: number
  /** Left free on the disk for the database. */
  readonly keepFreeBytes: number
}

export const blobLimits: BlobLimits = { maxBytesPerOrg: 100 * 2 ** 30, keepFreeBytes: 256 * 2 ** 20 }

/** Ascending indices as ranges [from, to). */
export function rangesOf(indices: readonly number[]): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = []
  for (const index of indices) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === index) last[1] = index + 1
    else ranges.push([index, index + 1])
  }
  return ranges
}
