import { type ChunkStore, ClientError } from "@holdfast/client"
import { directory, names, readWhole, remove, writeWhole } from "./opfs.ts"

/** Chunks of ciphertext as files: /chunks/<vault>/<blob>/<number>. */
export function browserChunks(vault: string): ChunkStore {
  const folder = (blob: string) => directory("chunks", vault, blob)
  return {
    async write(blob, chunk, bytes) {
      try {
        await writeWhole(await folder(blob), String(chunk), bytes)
      } catch (cause) {
        if (cause instanceof DOMException && cause.name === "QuotaExceededError") {
          throw new ClientError(
            "disk_full",
            "This device has no room left for this file. Free some space and try again.",
            { cause },
          )
        }
        throw cause
      }
    },
    read: async (blob, chunk) => readWhole(await folder(blob), String(chunk)),
    list: async (blob) => (await names(await folder(blob))).map(Number),
    remove: async (blob) => remove(await directory("chunks", vault), blob),
  }
}
