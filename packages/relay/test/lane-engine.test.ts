import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { createMemoryEngine, openSqliteEngine } from "../src/index.ts"
import { laneEngineContract } from "./lane-engine-contract.ts"

laneEngineContract("memory", async () => ({
  open: async (limits) => createMemoryEngine(limits),
  keeps: false,
  discard: async () => {},
}))

laneEngineContract("sqlite", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "holdfast-engine-"))
  return {
    open: async (limits) => openSqliteEngine({ file: path.join(folder, "lanes.db"), limits: limits ?? {} }),
    keeps: true,
    discard: () => rm(folder, { recursive: true, force: true }),
  }
})
