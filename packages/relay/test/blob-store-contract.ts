import { limits, toBlobId, toOrgId } from "@holdfast/wire"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { BlobLimits, BlobStore } from "../src/index.ts"

export interface BlobsUnderTest {
  open(bounds?: Partial<BlobLimits>): Promise<BlobStore>
  discard(): Promise<void>
}

const org = toOrgId(new Uint8Array(32).fill(1))
const other = toOrgId(new Uint8Array(32).fill(2))
const blob = toBlobId(new Uint8Array(32).fill(3))

async function* body(...parts: readonly (Uint8Array | Error)[]): AsyncIterable<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part
    yield part
  }
}
const filled = (n: number, length = 1_000) => new Uint8Array(length).fill(n)

/** What every blob store promises (R8). */
export function blobStoreContract(name: string, make: () => Promise<BlobsUnderTest>): void {
  describe(`blob store: ${name}`, () => {
    let storage: BlobsUnderTest
    let blobs: BlobStore
    beforeEach(async () => {
      storage = await make()
      blobs = await storage.open()
    })
    afterEach(() => storage.discard())
    const put = (index: number, count: number, ...parts: readonly (Uint8Array | Error)[]) =>
      blobs.putChunk(org, blob, { index, count }, body(...parts))

    test("[R8.3] chunks come in any order and parts, and are read as they were", async () => {
      expect(await blobs.status(org, blob)).toBeUndefined()
      expect(await blobs.readChunk(org, blob, 0)).toBeUndefined()
      expect(await put(3, 5, filled(1, 10), filled(2, 20))).toEqual({ kind: "stored", length: 30 })
      await put(0, 5, filled(4))
      await put(4, 5, filled(5))
      expect(await blobs.status(org, blob)).toEqual({
        chunks: 5,
        have: [
          [0, 1],
          [3, 5],
        ],
      })
      expect(Buffer.from((await blobs.readChunk(org, blob, 3)) as Uint8Array)).toEqual(
        Buffer.concat([filled(1, 10), filled(2, 20)]),
      )
      expect(await blobs.readChunk(org, blob, 1)).toBeUndefined()
      expect(await blobs.usedBytes(org)).toBe(2_030)
    })

    test("[R8.3] the same again is fine, other bytes and another count are a conflict", async () => {
      await put(0, 2, filled(1))
      expect(await put(0, 2, filled(1))).toEqual({ kind: "same", length: 1_000 })
      await expect(put(0, 2, filled(2))).rejects.toMatchObject({ code: "conflict" })
      await expect(put(0, 2, filled(1, 999))).rejects.toMatchObject({ code: "conflict" })
      await expect(put(1, 3, filled(1))).rejects.toMatchObject({ code: "conflict" })
      expect(await blobs.usedBytes(org)).toBe(1_000)
      expect(await blobs.readChunk(org, blob, 0)).toHaveLength(1_000)
    })

    test("[R8.3] two at once for one place: one is stored, and the other agrees or conflicts", async () => {
      const same = await Promise.all([put(0, 2, filled(1)), put(0, 2, filled(1))])
      expect(same.map(({ kind }) => kind).sort()).toEqual(["same", "stored"])
      const differing = await Promise.allSettled([put(1, 2, filled(1)), put(1, 2, filled(2))])
      expect(differing.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"])
      expect(await blobs.usedBytes(org)).toBe(2_000)
    })

    test("[R8.3] nothing half is kept: empty, too large, broken off", async () => {
      await expect(put(0, 1)).rejects.toMatchObject({ code: "malformed" })
      await expect(put(0, 1, filled(1, limits.blobChunkBytes), filled(1, 1))).rejects.toMatchObject({
        code: "too_large",
      })
      await expect(put(0, 1, filled(1), new Error("broken off"))).rejects.toThrow("broken off")
      expect(await blobs.status(org, blob)).toBeUndefined()
      expect(await blobs.usedBytes(org)).toBe(0)
      expect(await put(0, 1, filled(1, limits.blobChunkBytes))).toMatchObject({ kind: "stored" })
    })

    test("[R8.2] organisations do not see each other's", async () => {
      await put(0, 1, filled(1))
      expect(await blobs.status(other, blob)).toBeUndefined()
      expect(await blobs.readChunk(other, blob, 0)).toBeUndefined()
      await blobs.putChunk(other, blob, { index: 0, count: 9 }, body(filled(2)))
      expect((await blobs.readChunk(org, blob, 0))?.[0]).toBe(1)
    })

    test("[R8.2] each has a bound, and what does not fit leaves nothing", async () => {
      blobs = await storage.open({ maxBytesPerOrg: 2_500 })
      await put(0, 9, filled(1))
      await put(1, 9, filled(1))
      await expect(put(2, 9, filled(1))).rejects.toMatchObject({ code: "storage_full" })
      expect(await blobs.usedBytes(org)).toBe(2_000)
      await put(2, 9, filled(1, 500))
    })
  })
}
