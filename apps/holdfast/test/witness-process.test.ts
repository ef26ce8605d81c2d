import { type ChildProcess, execFile, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import os from "node:os"
import path from "node:path"
import { promisify } from "node:util"
import {
  type Ed25519Signer,
  formatAddCheckpoint,
  formatVkey,
  NOTE_SIGNATURE,
  type NoteKey,
  noteKey,
  parseCheckpoint,
  parseNote,
  parsePolicy,
  parseVkey,
  signerFromSeed,
  verifyCheckpoint,
} from "@holdfast/log"
import { hex, utf8 } from "@holdfast/wire"
import { type CosignOutcome, cosignWith } from "@holdfast/witness"
import { afterEach, beforeEach, expect, test } from "vitest"
import { filesOf, found, moved, relayKey, signedCheckpoint, treeOf, withJunk } from "./published-charter.ts"

const repo = path.resolve(import.meta.dirname, "../../..")
const command = ["tools/run.mjs", "apps/holdfast/src/main.ts", "witness"]
let folder: string
let running: Running | undefined
let relay: Server | undefined

interface Running {
  readonly child: ChildProcess
  readonly url: string
  readonly vkey: string
  readonly policyLine: string
}

beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(os.tmpdir(), "holdfast-witness-")), "data")
})
afterEach(async () => {
  await kill()
  relay?.closeAllConnections()
  relay?.close()
  rmSync(path.dirname(folder), { recursive: true, force: true })
})

async function start(...more: readonly string[]): Promise<Running> {
  const args = ["--data", folder, "--port", "0", "--name", "w.example", ...more]
  const child = spawn(process.execPath, [...command, ...args], { cwd: repo, stdio: ["ignore", "pipe", "pipe"] })
  let out = ""
  let err = ""
  child.stderr.on("data", (chunk) => {
    err += chunk
  })
  await new Promise<void>((begun, failed) => {
    child.stdout.on("data", (chunk) => {
      out += chunk
      if (/^ {4}witness .*\n/m.test(out)) begun()
    })
    child.once("close", () => failed(new Error(err)))
  })
  const [, url] = /listening on (\S+)/.exec(out)!
  const [, vkey] = /^ {4}(w\.example\+\S+)$/m.exec(out)!
  const [, policyLine] = /^ {4}(witness .*)$/m.exec(out)!
  running = { child, url: url!, vkey: vkey!, policyLine: policyLine! }
  return running
}

async function kill(signal: NodeJS.Signals = "SIGKILL"): Promise<number | null> {
  const { child } = running ?? {}
  running = undefined
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
  const gone = new Promise<number | null>((done) => child.once("close", done))
  child.kill(signal)
  return gone
}

async function holdfastWitness(...args: readonly string[]): Promise<string> {
  const ran = promisify(execFile)(process.execPath, [...command, ...args], { cwd: repo })
  return (await ran).stdout
}

interface Log {
  readonly origin: string
  readonly key: NoteKey
  readonly signer: Ed25519Signer
  readonly tree: ReturnType<typeof treeOf>
}

async function log(count: number, forkAt = count): Promise<Log> {
  const signer = await signerFromSeed(new Uint8Array(32).fill(3))
  const origin = "log.example/a"
  const entries = Array.from({ length: count }, (_, i) => utf8(`${i < forkAt ? "entry" : "other"} ${i}`))
  return { origin, signer, key: noteKey(origin, NOTE_SIGNATURE, signer.publicKey), tree: treeOf(entries) }
}

async function submit(
  { origin, tree, signer }: Log,
  size: number,
  knownSize: number,
  at = running!,
): Promise<CosignOutcome> {
  const checkpoint = await signedCheckpoint(origin, size, tree.compactRangeAt(size).root(), signer)
  const prove = (from: number) => tree.proveConsistency(from, size)
  const witnessKey = parseVkey(at.vkey)
  const request = { url: at.url, witnessKey, checkpoint, knownSize, prove, deadlineMillis: 20_000 }
  return cosignWith({ fetch, now: Date.now }, request)
}

test("[V1.3, V2.4, V3.5, V4.1] a witness from its first start to its evidence", async () => {
  const first = await start()
  expect(statSync(path.join(folder, "key")).mode & 0o777).toBe(0o600)
  const policy = parsePolicy(utf8(`${first.policyLine}\nquorum w.example\n`))
  expect(policy.witnesses).toEqual([{ name: "w.example", key: parseVkey(first.vkey), url: first.url }])

  const [honest, turned] = [await log(30), await log(30, 4)]
  expect(await submit(honest, 5, 0)).toMatchObject({ kind: "failed", status: 404 })
  await holdfastWitness("trust", folder, formatVkey(honest.key))
  expect(await submit(honest, 9, 0)).toMatchObject({ kind: "cosigned" })

  const hash = createHash("sha256").update(honest.origin).digest("hex")
  const shown = new Uint8Array(await (await fetch(`${first.url}/${hash}/checkpoint`)).arrayBuffer())
  const trust = { origin: honest.origin, logKeys: [honest.key], witnessKeys: [parseVkey(first.vkey)] }
  expect((await verifyCheckpoint(shown, trust)).cosignatures.length).toBe(1)

  expect(await submit(turned, 9, 9)).toMatchObject({ why: "refused", status: 422 })
  expect(await holdfastWitness("logs", folder)).toContain("size 9, cosigned")
  const out = path.join(path.dirname(folder), "evidence")
  expect(await holdfastWitness("evidence", folder, "--export", out)).toContain("FORK")
  expect(readdirSync(out).sort()).toEqual(["001-fork-9-cosigned-before.note", "001-fork-9.note"])
  const roots = readdirSync(out).map((name) => parseCheckpoint(parseNote(readFileSync(path.join(out, name))).text).root)
  expect(hex(roots[0]!)).not.toBe(hex(roots[1]!))

  await holdfastWitness("distrust", folder, formatVkey(honest.key))
  expect(await submit(honest, 12, 9)).toMatchObject({ status: 403 })
  expect(await kill("SIGTERM")).toBe(0)
})

test("[V2.2, V2.3] kill -9 under load, five times: what was cosigned is never taken back", async () => {
  const honest = await log(2_000)
  const turned = await log(2_000, 1)
  await start()
  await holdfastWitness("trust", folder, formatVkey(honest.key))
  const { vkey } = running!
  let acknowledged = 0
  for (let round = 0; round < 5; round++) {
    const at = running!
    let isOver = false
    const worker = async () => {
      while (!isOver && acknowledged < 1_990) {
        const size = acknowledged + 1 + Math.floor(Math.random() * 3)
        const outcome = await submit(honest, size, acknowledged, at)
        if (outcome.kind === "cosigned") acknowledged = Math.max(acknowledged, size)
        else if (outcome.why === "unreachable") return
      }
    }
    const workers = [worker(), worker(), worker(), worker()]
    await new Promise((done) => setTimeout(done, 150 + Math.random() * 250))
    await kill()
    isOver = true
    await Promise.all(workers)
    expect(acknowledged).toBeGreaterThan(0)

    expect((await start()).vkey).toBe(vkey)
    const told = await submit(honest, 1, 0)
    const size = told.kind === "failed" ? told.witnessSize! : 1
    expect(size).toBeGreaterThanOrEqual(acknowledged)
    for (const attempt of [await submit(turned, size, 0), await submit(turned, size + 1, size)]) {
      expect(attempt.kind).toBe("failed")
    }
    acknowledged = size
  }
}, 120_000)

test("[V2.2] two processes over one folder: of all that ask from one size one wins", async () => {
  const honest = await log(40)
  const first = await start()
  const second = await start()
  try {
    await holdfastWitness("trust", folder, formatVkey(honest.key))
    expect(await submit(honest, 1, 0)).toMatchObject({ kind: "cosigned" })
    const answers = await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        const size = i + 2
        const note = await signedCheckpoint(honest.origin, size, honest.tree.compactRangeAt(size).root(), honest.signer)
        const body = formatAddCheckpoint({ oldSize: 1, proof: honest.tree.proveConsistency(1, size), note })
        const { url } = i % 2 === 0 ? first : second
        return (await fetch(`${url}/add-checkpoint`, { method: "POST", body })).status
      }),
    )
    expect(answers.toSorted((a, b) => a - b)).toEqual([200, ...Array.from({ length: 29 }, () => 409)])
  } finally {
    first.child.kill("SIGKILL")
  }
})

test("[V5.1, V5.2, V5.4] follows an organisation through junk and a change of relays", async () => {
  let files = new Map<string, Uint8Array>()
  relay = createServer((request, response) => {
    const found = files.get((request.url ?? "").replace(/^\/v1\/orgs\/[0-9a-f]{64}\/charter\//, ""))
    response.writeHead(found === undefined ? 404 : 200).end(found)
  })
  await new Promise<void>((done) => relay!.listen(0, "127.0.0.1", done))
  const url = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`

  const first = await withJunk(await found([["north", url]]), 3)
  const second = await withJunk(await moved(first, [["south", url]]), 3)
  const cosigned = async (signedBy: string, size: number, knownSize: number) => {
    const signer = await relayKey(signedBy)
    const tree = treeOf(second.entries)
    const { origin } = first
    const outcome = await submit(
      { origin, signer, tree, key: noteKey(origin, NOTE_SIGNATURE, signer.publicKey) },
      size,
      knownSize,
    )
    return outcome.kind === "cosigned" ? 200 : outcome.status
  }

  files.set("checkpoint", utf8("junk that is no checkpoint\n"))
  await start("--follow", url, hex(first.org), "--every", "1")
  expect(await cosigned("north", 4, 0)).toBe(404)
  files = await filesOf(first, "north")
  await expect.poll(() => cosigned("north", 4, 0), { timeout: 20_000 }).toBe(200)
  expect(await cosigned("south", 6, 4)).toBe(403)
  files = await filesOf(second, "south")
  await expect.poll(() => cosigned("south", 6, 4), { timeout: 20_000 }).toBe(200)
  expect(await cosigned("north", 8, 6)).toBe(403)
  expect(await holdfastWitness("logs", folder)).toContain("read up to size 8")

  await kill()
  files = new Map()
  await start("--follow", url, hex(first.org), "--every", "1")
  expect(await cosigned("south", 8, 6)).toBe(200)
  expect(await cosigned("north", 8, 8)).toBe(403)
})

test("[V1.2] says in a sentence what cannot be done", async () => {
  const said = (...args: readonly string[]) =>
    holdfastWitness(...args).then(
      () => "it worked",
      (error) => String(error.stderr).trim(),
    )
  expect(await said("logs", folder)).toContain("There is no witness in")
  expect(await said("--data", folder, "--port", "0")).toContain("A new witness needs a name")
  expect(await said("--data", folder, "--port", "x")).toContain("is no port")
  expect(await said("--data", folder, "--follow", "http://127.0.0.1:1")).toContain("--follow needs pairs")
  await start()
  expect(await said("trust", folder, "junk")).toContain("is no key of a log")
  expect(await said("trust", folder, running!.vkey)).toContain("That is the key of a witness")
  await kill()
  expect(await said("--data", folder, "--name", "other.example")).toContain("One key serves one name")
})
