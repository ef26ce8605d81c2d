import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { CompactRange, leafHash } from "@holdfast/log"
import { hex, laneIdOf, toOrgId } from "@holdfast/wire"
import { expect, test } from "vitest"
import { openSqliteEngine } from "../src/index.ts"
import { numberOf } from "./harness.ts"

const rounds = Number(process.env.HOLDFAST_KILL_ROUNDS ?? 10)
const lane = laneIdOf(toOrgId(new Uint8Array(32).fill(7)), 0)

/** Lets the child append for a while, kills it, and returns what it had acknowledged. */
async function killAfter(file: string, from: number, millis: number): Promise<Map<number, number>> {
  const child = spawn(process.execPath, [
    "--no-warnings",
    path.join(import.meta.dirname, "kill-child.ts"),
    file,
    String(from),
  ])
  let out = ""
  let err = ""
  child.stdout.on("data", (bytes) => {
    out += bytes
  })
  child.stderr.on("data", (bytes) => {
    err += bytes
  })
  await new Promise<void>((begun, failed) => {
    child.stdout.once("data", () => begun())
    child.once("exit", () => failed(new Error(err)))
  })
  await new Promise((done) => setTimeout(done, millis))
  child.removeAllListeners("exit")
  const gone = new Promise((done) => child.once("close", done))
  child.kill("SIGKILL")
  await gone
  const lines = out.slice(0, out.lastIndexOf("\n")).split("\n")
  return new Map(lines.map((line) => line.split(" ").map(Number) as [number, number]))
}

test(`[R2.6] kill -9 under load, ${rounds} times: every acknowledged entry is there, once, in its place`, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-kill-"))
  try {
    const file = path.join(folder, "lanes.db")
    const acknowledged = new Map<number, number>()
    let from = 0
    for (let round = 0; round < rounds; round++) {
      for (const [n, index] of await killAfter(file, from, Math.random() * 250)) acknowledged.set(n, index)
      const engine = openSqliteEngine({ file })
      const { size, tree } = await engine.head(lane)
      const stored: number[] = []
      const range = new CompactRange()
      while (stored.length < size) {
        const slice = await engine.read(lane, stored.length, { maxEntries: 4_096, maxBytes: 2 ** 24 })
        if (slice.kind === "pruned" || slice.entries.length === 0) throw new Error("a gap")
        for (const bytes of slice.entries) {
          stored.push(numberOf(bytes))
          range.append(leafHash(bytes))
        }
      }
      expect(new Set(stored).size).toBe(size)
      for (const [n, index] of acknowledged) expect(stored[index]).toBe(n)
      expect(hex(tree.root())).toBe(hex(range.root()))
      // A client that missed the answer sends again, and nothing is stored twice.
      const last = Math.max(...acknowledged.keys())
      const messageId = new Uint8Array(16)
      new DataView(messageId.buffer).setUint32(0, last)
      const again = await engine.append(lane, [{ messageId, bytes: new Uint8Array(512) }])
      expect(again).toMatchObject({ indices: [acknowledged.get(last)], added: 0 })
      await engine.close()
      from = Math.max(...stored) + 65
    }
    expect(acknowledged.size).toBeGreaterThan(rounds * 10)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 600_000)
