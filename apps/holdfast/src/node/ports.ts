import { randomBytes } from "node:crypto"
import { rm } from "node:fs/promises"
import path from "node:path"
import { type ChunkStore, ClientError, type ClientPorts, platformNetwork, type VaultFiles } from "@holdfast/client"
import { nodeDatabases } from "./database.ts"
import { listOrEmpty, readOrNull, writeDurably } from "./durable-file.ts"
import { stretch } from "./stretch.ts"

function vaultFiles(folder: string): VaultFiles {
  return {
    list: () => listOrEmpty(folder),
    read: (name) => readOrNull(path.join(folder, name)),
    write: (name, bytes) => writeDurably(path.join(folder, name), bytes),
    remove: (name) => rm(path.join(folder, name), { force: true }),
  }
}

function chunkStore(folder: string): ChunkStore {
  const fileOf = (blob: string, chunk: number) => path.join(folder, blob, String(chunk))
  return {
    write: (blob, chunk, bytes) =>
      writeDurably(fileOf(blob, chunk), bytes).catch((cause) => {
        if (cause.code !== "ENOSPC") throw cause
        throw new ClientError(
          "disk_full",
          "This machine has no room left for this file. Free some space and try again.",
          { cause },
        )
      }),
    read: (blob, chunk) => readOrNull(fileOf(blob, chunk)),
    list: async (blob) => (await listOrEmpty(path.join(folder, blob))).map(Number),
    remove: (blob) => rm(path.join(folder, blob), { recursive: true, force: true }),
  }
}

/** Everything the engine needs on a machine with Node, kept under one folder (mode 0700). */
export function nodePorts(folder: string): ClientPorts {
  return {
    databases: nodeDatabases(path.join(folder, "databases")),
    files: vaultFiles(path.join(folder, "vaults")),
    chunks: (vault) => chunkStore(path.join(folder, "chunks", vault)),
    network: platformNetwork,
    timers: {
      now: () => Date.now(),
      setTimeout: (work, millis) => {
        const timer = setTimeout(work, millis)
        return () => clearTimeout(timer)
      },
    },
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    stretch,
  }
}
