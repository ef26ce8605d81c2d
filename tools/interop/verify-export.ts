// A charter saved as tlog-tiles with a policy, cosigned by our witness and by litewitness, verified by go/verify-export.
import { spawnSync } from "node:child_process"
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import path from "node:path"
import { replay } from "@holdfast/charter"
import { exportFiles } from "@holdfast/client/offline"
import {
  formatNote,
  formatPolicy,
  NOTE_SIGNATURE,
  type NoteKey,
  type NoteSignature,
  noteKey,
  parseNote,
  signerFromSeed,
  type TlogPolicy,
} from "@holdfast/log"
import { utf8 } from "@holdfast/wire"
import { cosignWith, createMemoryStore, createWitness, serveWitness, silentWitnessLog } from "@holdfast/witness"
import type { Checks, Suite } from "./checks.ts"
import { startLitewitness } from "./litewitness.ts"
import { checkpointOf, tileFiles, treeOf } from "./log-files.ts"
import { type CharterLog, charterLog } from "./organisation.ts"

export const verifiedExport: Suite = {
  name: "an exported charter, verified by Go",
  async run(checks, programs, folder) {
    const { org, origin, entries, signer } = await charterLog(600)
    const tree = treeOf(entries)
    const logKey = noteKey(origin, NOTE_SIGNATURE, signer.publicKey)
    const checkpoint = await checkpointOf(origin, tree, entries.length, signer)
    const { lines, keys } = await cosignatures(programs, folder, checkpoint, origin, logKey)

    const stranger = noteKey("absent.example", 4, (await signerFromSeed(new Uint8Array(32).fill(9))).publicKey)
    const policy: TlogPolicy = {
      logs: [{ key: logKey, url: "" }],
      witnesses: [...keys, stranger].map((key, i) => ({ name: `w${i}`, key, url: "" })),
      groups: [{ name: "majority", needed: 2, members: ["w0", "w1", "w2"] }],
      quorum: "majority",
    }
    const note = parseNote(checkpoint)
    const files = tileFiles(entries, tree)
    files.set("checkpoint", formatNote({ text: note.text, signatures: [...note.signatures, ...lines] }))
    files.set("policy", formatPolicy(policy))
    const good = path.join(folder, "export")
    for (const [file, bytes] of files) await put(good, file, bytes)
    expectVerdict(checks, programs, "an honest export", good, true)
    await spoil(checks, programs, folder, good, {
      "an entry changed": ["tile/entries/001", flip(100)],
      "a byte after the last entry": ["tile/entries/002.p/88", (bytes) => Buffer.concat([bytes, Buffer.of(0)])],
      "a hash tile changed": ["tile/0/000", flip(40)],
      "a hash tile above changed": ["tile/1/000.p/2", flip(40)],
      "a tile missing": ["tile/0/002.p/88", undefined],
      "the signed size changed": ["checkpoint", text((all) => all.replace("\n600\n", "\n599\n"))],
      "one cosignature too few": ["checkpoint", text((all) => all.slice(0, all.lastIndexOf("\u2014")))],
      "no signature of the log": ["checkpoint", text((all) => all.replace(/\n\u2014 holdfast.*\n/, "\n"))],
      "all must have cosigned": ["policy", text((all) => all.replace("group majority 2", "group majority 3"))],
      "a checkpoint with an empty line more": ["checkpoint", text((all) => all.replace("\n\n", "\n\n\n"))],
      "another log's key": ["policy", text((all) => all.replace(/^log .*$/m, `log ${otherVkey}`))],
    })
    await witnessedExport(checks, programs, folder, good, lines, { origin, entries, signer })
    await productExport(checks, programs, folder, { org, origin, entries, signer })
  },
}

/** The witnesses have cosigned 600 entries, and the checkpoint counts 650. */
async function witnessedExport(
  checks: Checks,
  programs: string,
  folder: string,
  good: string,
  lines: readonly NoteSignature[],
  { origin, entries, signer }: Omit<CharterLog, "org">,
): Promise<void> {
  const more = Array.from({ length: 50 }, (_, i) => utf8(`later ${i}`))
  const write = async (name: string, all: readonly Uint8Array[]) => {
    const target = path.join(folder, name)
    const tree = treeOf(all)
    for (const [file, bytes] of tileFiles(all, tree)) await put(target, file, bytes)
    await put(target, "checkpoint", await checkpointOf(origin, tree, all.length, signer))
    await cp(path.join(good, "policy"), path.join(target, "policy"))
    return target
  }
  const longer = await write("longer", [...entries, ...more])
  expectVerdict(checks, programs, "a longer one that nobody cosigned", longer, false)
  await cp(path.join(good, "checkpoint"), path.join(longer, "witnessed"))
  expectVerdict(checks, programs, "with what was witnessed before", longer, true, "VALID UP TO 600")
  const fork = await write("fork", [...entries.slice(0, 590), ...more])
  await cp(path.join(good, "checkpoint"), path.join(fork, "witnessed"))
  expectVerdict(checks, programs, "another history than was witnessed", fork, false)
  const note = parseNote(await checkpointOf(origin, treeOf(entries), 599, signer))
  await put(longer, "witnessed", formatNote({ text: note.text, signatures: [...note.signatures, ...lines] }))
  expectVerdict(checks, programs, "cosignatures moved to another checkpoint", longer, false)
}

/** What the product itself writes, of an organisation without witnesses. */
async function productExport(checks: Checks, programs: string, folder: string, log: CharterLog): Promise<void> {
  const { org, origin, entries, signer } = log
  const charter = await replay(org, entries)
  const checkpoint = await checkpointOf(origin, treeOf(entries), entries.length, signer)
  const target = path.join(folder, "product")
  for (const { path: file, bytes } of exportFiles({ charter, entries, checkpoint })) await put(target, file, bytes)
  expectVerdict(checks, programs, "what Holdfast exports", target, true)
  await rm(path.join(target, "tile/1/000.p/2"))
  expectVerdict(checks, programs, "what Holdfast exports, without one tile", target, false)
}

/** The key of the example in C2SP signed-note. */
const otherVkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

async function cosignatures(programs: string, folder: string, checkpoint: Uint8Array, origin: string, logKey: NoteKey) {
  const store = createMemoryStore()
  await store.trust(origin, logKey)
  const signer = await signerFromSeed(new Uint8Array(32).fill(8))
  const ours = createWitness({ store, signer, name: "ours.example", now: Date.now, log: silentWitnessLog })
  const served = await serveWitness(ours, { host: "127.0.0.1", port: 0 })
  const lite = await startLitewitness(programs, path.join(folder, "litewitness-2"), "litewitness.example/2")
  try {
    lite.trust(origin, logKey)
    const keys = [ours.key, lite.key]
    const urls = [served.url, lite.url]
    const lines: NoteSignature[] = []
    for (const [i, witnessKey] of keys.entries()) {
      const request = { url: urls[i]!, witnessKey, checkpoint, knownSize: 0, prove: () => [], deadlineMillis: 20_000 }
      const outcome = await cosignWith({ fetch, now: Date.now }, request)
      if (outcome.kind !== "cosigned") throw new Error(`${urls[i]}: ${JSON.stringify(outcome)}`)
      lines.push(outcome.line)
    }
    return { lines, keys }
  } finally {
    await served.close()
    await lite.stop()
  }
}

type Change = (bytes: Uint8Array) => Uint8Array

const flip =
  (at: number): Change =>
  (bytes) =>
    bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
const text =
  (change: (all: string) => string): Change =>
  (bytes) =>
    Buffer.from(change(Buffer.from(bytes).toString("utf8")))

async function spoil(
  checks: Checks,
  programs: string,
  folder: string,
  good: string,
  changes: Readonly<Record<string, readonly [file: string, change: Change | undefined]>>,
): Promise<void> {
  const bad = path.join(folder, "bad-export")
  for (const [what, [file, change]] of Object.entries(changes)) {
    await rm(bad, { recursive: true, force: true })
    await cp(good, bad, { recursive: true })
    const before = await readFile(path.join(bad, file))
    if (change === undefined) await rm(path.join(bad, file))
    else {
      const after = change(before)
      checks.holds(`${what}: the test really changes it`, Buffer.compare(before, after) !== 0)
      await writeFile(path.join(bad, file), after)
    }
    expectVerdict(checks, programs, what, bad, false)
  }
}

function expectVerdict(
  checks: Checks,
  programs: string,
  what: string,
  folder: string,
  isValid: boolean,
  verdict = "VALID",
): void {
  const ran = spawnSync(path.join(programs, "verify-export"), [folder], { encoding: "utf8" })
  const said = ran.stdout.trimEnd().split("\n").at(-1) ?? ""
  const isRight = isValid ? ran.status === 0 && said === verdict : ran.status === 1 && said.startsWith("NOT VALID")
  checks.holds(`${what}: ${isValid ? "valid" : "noticed"}`, isRight, ran.stdout + ran.stderr)
}

async function put(folder: string, file: string, bytes: Uint8Array): Promise<void> {
  const target = path.join(folder, file)
  await mkdir(path.dirname(target), { recursive: true })
  await writeFile(target, bytes)
}
