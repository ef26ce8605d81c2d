// torchwood's litewitness as a process, cosigning a Holdfast charter through our client.
import { mkdir } from "node:fs/promises"
import path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { emptyRoot, formatVkey, NOTE_SIGNATURE, type NoteKey, noteKey, parseVkey, type TailTree } from "@holdfast/log"
import { type CosignOutcome, cosignWith } from "@holdfast/witness"
import type { Suite } from "./checks.ts"
import { checkpointOf, treeOf } from "./log-files.ts"
import { b64 } from "./oracle.ts"
import { charterLog } from "./organisation.ts"
import { freePort, talkTo } from "./processes.ts"

export interface RunningLitewitness {
  readonly url: string
  readonly key: NoteKey
  trust(origin: string, key: NoteKey): void
  stop(): Promise<void>
}

export async function startLitewitness(programs: string, folder: string, name: string): Promise<RunningLitewitness> {
  await mkdir(folder, { recursive: true })
  const socket = path.join(folder, "agent")
  const agent = talkTo(path.join(programs, "agent"), [socket])
  const fingerprint = await agent.line()
  const port = await freePort()
  const database = path.join(folder, "litewitness.db")
  const args = [
    "-db",
    database,
    "-name",
    name,
    "-ssh-agent",
    socket,
    "-key",
    fingerprint,
    "-listen",
    `127.0.0.1:${port}`,
  ]
  const witness = talkTo(path.join(programs, "litewitness"), args)
  const key = new Promise<NoteKey>((found, failed) => {
    let err = ""
    witness.child.stderr?.on("data", (chunk) => {
      err += chunk
      const [, vkey] = /vkey="?([^\s"]+\+[0-9a-f]{8}\+[\w+/=]+)/.exec(err) ?? []
      if (vkey !== undefined && err.includes("listening")) found(parseVkey(vkey))
    })
    witness.child.once("close", () => failed(new Error(err)))
  })
  const stop = async () => {
    await witness.stop()
    await agent.stop()
  }
  try {
    return {
      url: `http://127.0.0.1:${port}`,
      key: await key,
      // What its own witnessctl does; that program needs one module more.
      trust(origin, logKey) {
        const db = new DatabaseSync(database, { timeout: 5_000 })
        db.prepare("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)").run(origin, b64(emptyRoot()))
        db.prepare("INSERT INTO key (origin, key) VALUES (?, ?)").run(origin, formatVkey(logKey))
        db.close()
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

export const againstLitewitness: Suite = {
  name: "litewitness, cosigning a Holdfast charter through our client",
  async run(checks, programs, folder) {
    const { origin, entries, signer } = await charterLog(300)
    const [tree, fork] = [treeOf(entries), treeOf([...entries.slice(0, 5), ...entries.slice(6), entries[5]!])]
    const logKey = noteKey(origin, NOTE_SIGNATURE, signer.publicKey)
    const witness = await startLitewitness(programs, path.join(folder, "litewitness"), "litewitness.example/w")
    const ask = async (of: TailTree, size: number, knownSize: number): Promise<CosignOutcome> =>
      cosignWith(
        { fetch, now: Date.now },
        {
          url: witness.url,
          witnessKey: witness.key,
          checkpoint: await checkpointOf(origin, of, size, signer),
          knownSize,
          prove: (from) => of.proveConsistency(from, size),
          deadlineMillis: 20_000,
        },
      )
    try {
      const unknown = await ask(tree, 1, 0)
      checks.holds("an unknown log is refused", unknown.kind === "failed" && unknown.why === "refused", unknown)
      witness.trust(origin, logKey)
      let known = 0
      for (const size of [1, 2, 3, 5, 8, 64, 100, 255, 256, 257, 300, 300]) {
        const outcome = await ask(tree, size, known)
        checks.holds(`size ${size} from ${known}`, outcome.kind === "cosigned", outcome)
        known = size
      }
      const probed = await ask(tree, 300, 0)
      checks.holds("told another size, the client asks from there", probed.kind === "cosigned", probed)
      const behind = await ask(tree, 200, 0)
      checks.holds("behind what it cosigned", behind.kind === "failed" && behind.why === "ahead", behind)
      const forked = await ask(fork, 300, 300)
      checks.holds("a fork is refused", forked.kind === "failed", forked)
    } finally {
      await witness.stop()
    }
  },
}
