import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import path from "node:path"
import { equalBytes } from "@holdfast/wire"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { createRelay, openRelayData, RelayStartError, serveRelay } from "../src/index.ts"
import { relayIdentity } from "./harbour.ts"
import { memoryDeps } from "./harness.ts"

let outer: string
let folder: string
beforeEach(() => {
  outer = mkdtempSync(path.join(tmpdir(), "holdfast-folder-"))
  folder = path.join(outer, "relay")
})
afterEach(() => rmSync(outer, { recursive: true, force: true }))

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return "started"
  } catch (error) {
    if (!(error instanceof RelayStartError)) throw error
    expect(error.message).toMatch(/^[A-Z].*[.\w]$/)
    return error.code
  }
}
const open = async () => (await openRelayData(folder)).engine.close()

describe("the relay's folder", () => {
  test("[R9.2] is made on first use, for its owner alone, and is the same ever after", async () => {
    const first = await openRelayData(folder)
    await first.engine.close()
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(path.join(folder, "identity")).mode & 0o777).toBe(0o600)
    expect(first.hostingCode).toMatch(/^[\w-]{20}$/)
    const second = await openRelayData(folder)
    await second.engine.close()
    expect(equalBytes(first.relayId, second.relayId)).toBe(true)
    expect(equalBytes(first.logSigner.publicKey, second.logSigner.publicKey)).toBe(true)
    expect(second.hostingCode).toBe(first.hostingCode)
  })

  test("[R9.2] a crash while it was being made leaves nothing in the way", async () => {
    await open()
    const identity = readFileSync(path.join(folder, "identity"))
    rmSync(folder, { recursive: true })
    await open()
    rmSync(path.join(folder, "lanes.db"))
    rmSync(path.join(folder, "identity"))
    writeFileSync(path.join(folder, "identity.new"), identity.subarray(0, 30), { mode: 0o600 })
    await open()
  })

  test("[R9.1] one process at a time", async () => {
    const first = await openRelayData(folder)
    expect(await codeOf(open)).toBe("folder_in_use")
    await first.engine.close()
    expect(await codeOf(open)).toBe("started")
  })

  test("[R9.1] keys that are missing, damaged or open to others are not replaced and not used", async () => {
    await open()
    const file = path.join(folder, "identity")
    const text = readFileSync(file, "utf8")
    chmodSync(file, 0o644)
    expect(await codeOf(open)).toBe("identity_open")
    chmodSync(file, 0o600)
    for (const damaged of [
      "",
      text.slice(0, -1),
      text.replace("relay ", "Relay "),
      `${text}\n`,
      text.replace("1\n", "2\n"),
    ]) {
      writeFileSync(file, damaged)
      expect(await codeOf(open)).toBe("identity_damaged")
    }
    rmSync(file)
    expect(await codeOf(open)).toBe("identity_missing")
    writeFileSync(file, text, { mode: 0o600 })
    expect(await codeOf(open)).toBe("started")
  })

  test("[R9.1] a folder that others can write into, or that is a file", async () => {
    await open()
    chmodSync(folder, 0o777)
    expect(await codeOf(open)).toBe("folder_open")
    chmodSync(folder, 0o755)
    expect(await codeOf(open)).toBe("started")
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    rmSync(folder, { recursive: true })
    writeFileSync(folder, "")
    expect(await codeOf(open)).toBe("folder_not_writable")
  })

  test("[R9.1] a damaged database", async () => {
    await open()
    writeFileSync(path.join(folder, "lanes.db"), "nonsense ".repeat(2_000))
    expect(await codeOf(open)).toBe("database_damaged")
  })
})

describe("the port", () => {
  test("[R9.1] busy, or on an address that is not here", async () => {
    const squatter = createServer().listen(0, "127.0.0.1")
    await new Promise((done) => squatter.once("listening", done))
    const { port } = squatter.address() as { port: number }
    const start = async (host: string, at: number, tls?: { key: string; cert: string }) => {
      const relay = createRelay({ ...memoryDeps(), ...(await relayIdentity()) })
      try {
        await (await serveRelay(relay, { host, port: at, ...(tls === undefined ? {} : { tls }) })).close()
      } finally {
        await relay.close()
      }
    }
    expect(await codeOf(() => start("127.0.0.1", port))).toBe("port_busy")
    expect(await codeOf(() => start("192.0.2.200", 0))).toBe("address_unknown")
    const tls = { key: "no key", cert: "no certificate" }
    expect(await codeOf(() => start("127.0.0.1", 0, tls))).toBe("tls_invalid")
    squatter.close()
    expect(await codeOf(() => start("127.0.0.1", 0))).toBe("started")
  })
})
