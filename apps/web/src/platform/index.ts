import { type ClientPorts, platformNetwork } from "@holdfast/client"
import { argon2id } from "hash-wasm"
import { browserChunks } from "./chunks.ts"
import { browserDatabases } from "./database.ts"
import { browserVaultFiles } from "./vault-files.ts"

/** Everything the engine needs from a browser. For a dedicated worker; asks that the data be kept. */
export function browserPorts(): ClientPorts {
  return {
    databases: browserDatabases,
    files: browserVaultFiles,
    chunks: browserChunks,
    network: platformNetwork,
    timers: {
      now: () => Date.now(),
      setTimeout: (work, millis) => {
        const timer = setTimeout(work, millis)
        return () => clearTimeout(timer)
      },
    },
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    stretch: (password, salt, cost) =>
      argon2id({
        password,
        salt,
        memorySize: cost.memoryKiB,
        iterations: cost.passes,
        parallelism: cost.lanes,
        hashLength: 32,
        outputType: "binary",
      }),
  }
}
