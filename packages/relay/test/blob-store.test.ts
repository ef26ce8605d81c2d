import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { toBlobId, toOrgId } from "@holdfast/wire"
import { expect, test } from "vitest"
import { createMemoryBlobs, openFileBlobs } from "../src/index.ts"
import { blobStoreContract } from "./blob-store-contract.ts"

blobStoreContract("memory", async () => ({
  open: async (bounds) => createMemoryBlobs(bounds),
  discard: async () => {},
}))

blobStoreContract("files", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "holdfast-blobs-"))
  return {
    open: (bounds) => openFileBlobs(folder, bounds),
    discard: () => rm(folder, { recursive: true, force: true }),
  }
})

const org = toOrgId(new Uint8Array(32).fill(1))
const blob = toBlobId(new Uint8Array(32).fill(3))
async function* one(n: number): AsyncIterable<Uint8Array> {
  yield new Uint8Array(1_000).fill(n)
}

test("[R8.2] files: what was there is found again; half-written ones are swept away; times are whole hours", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-blobs-"))
  try {
    await (await openFileBlobs(folder)).putChunk(org, blob, { index: 1, count: 4 }, one(7))
    writeFileSync(path.join(folder, "tmp", "0123"), "half of a chunk")
    const again = await openFileBlobs(folder)
    expect(readdirSync(path.join(folder, "tmp"))).toEqual([])
    expect(await again.status(org, blob)).toEqual({ chunks: 4, have: [[1, 2]] })
    expect(await again.usedBytes(org)).toBe(1_000)
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    for (const { parentPath, name } of files) {
      const { mtimeMs, mode } = statSync(path.join(parentPath, name))
      expect(mtimeMs % 3_600_000).toBe(0)
      expect(mode & 0o077).toBe(0)
    }
    expect(files.length).toBe(1)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test("[R8.2] files: some room on the disk is left for the database", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-blobs-"))
  try {
    const blobs = await openFileBlobs(folder, { keepFreeBytes: Number.MAX_SAFE_INTEGER })
    await expect(blobs.putChunk(org, blob, { index: 0, count: 1 }, one(1))).rejects.toMatchObject({
      code: "storage_full",
    })
    expect(await blobs.status(org, blob)).toBeUndefined()
    expect(readdirSync(path.join(folder, "tmp"))).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
