import type { ChunkStore, VaultFiles } from "@holdfast/client"

export function createMemoryFiles(): VaultFiles {
  const files = new Map<string, Uint8Array>()
  return {
    list: async () => [...files.keys()],
    read: async (name) => files.get(name)?.slice() ?? null,
    write: async (name, bytes) => {
      files.set(name, bytes.slice())
    },
    remove: async (name) => {
      files.delete(name)
    },
  }
}

/** One store for each vault, all kept for as long as this object. */
export function createMemoryChunks(): (vault: string) => ChunkStore {
  const stores = new Map<string, Map<string, Map<number, Uint8Array>>>()
  return (vault) => {
    const blobs = stores.get(vault) ?? new Map<string, Map<number, Uint8Array>>()
    stores.set(vault, blobs)
    return {
      async write(blob, chunk, bytes) {
        const chunks = blobs.get(blob) ?? new Map<number, Uint8Array>()
        blobs.set(blob, chunks)
        chunks.set(chunk, bytes.slice())
      },
      read: async (blob, chunk) => blobs.get(blob)?.get(chunk)?.slice() ?? null,
      list: async (blob) => [...(blobs.get(blob)?.keys() ?? [])].sort((a, b) => a - b),
      async remove(blob) {
        blobs.delete(blob)
      },
    }
  }
}
