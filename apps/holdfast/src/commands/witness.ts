import { mkdir, writeFile } from "node:fs/promises"
import path from "node:path"
import { formatVkey, LogError, type NoteKey, parseVkey } from "@holdfast/log"
import { fromHex, hex, type OrgId, parseInvitation, toOrgId, WireError } from "@holdfast/wire"
import {
  createWitness,
  type Evidence,
  openWitnessData,
  openWitnessStore,
  serveWitness,
  type WitnessStore,
} from "@holdfast/witness"
import type { Command } from "commander"
import { pino } from "pino"
import { CommandError } from "../terminal/command-error.ts"
import { followCharter } from "../witness/follow-charter.ts"
import { keepFollowing } from "../witness/keep-following.ts"
import { relayFiles } from "../witness/relay-files.ts"

interface WitnessOptions {
  readonly data: string
  readonly name?: string
  readonly host: string
  readonly port: string
  readonly url?: string
  readonly behindProxy?: true
  readonly follow?: readonly string[]
  readonly every: string
}

function numberFrom(text: string, what: string, least: number, most: number): number {
  const number = Number(text)
  if (/^[0-9]+$/.test(text) && number >= least && number <= most) return number
  throw new CommandError(`"${text}" is no ${what}. Give a number from ${least} to ${most}.`)
}

/** What cannot stand in a policy line could make another line of it. */
function urlFrom(text: string): string {
  if (/^https?:\/\/[\x21-\x7e]+$/.test(text) && URL.canParse(text)) return text
  throw new CommandError(`"${text}" is no address. Give one that begins with https:// or http://.`)
}

interface Following {
  readonly relay: string
  readonly org: OrgId
}

function followingFrom(items: readonly string[]): readonly Following[] {
  if (items.length % 2 !== 0)
    throw new CommandError("--follow needs pairs: the address of a relay, then the id of an organisation.")
  return Array.from({ length: items.length / 2 }, (_, i) => ({
    relay: urlFrom(items[2 * i]!),
    org: organisationFrom(items[2 * i + 1]!),
  }))
}

function organisationFrom(text: string): OrgId {
  try {
    return /^[0-9a-f]{64}$/.test(text) ? toOrgId(fromHex(text)) : parseInvitation(text).org
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause
    const sentence = "That is neither an organisation id (64 hex characters) nor an invitation."
    throw new CommandError(sentence, { cause })
  }
}

function keyFrom(vkey: string): NoteKey {
  try {
    return parseVkey(vkey)
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause
    const sentence = `"${vkey}" is no key of a log. It looks like: example.org/log+0123abcd+AX…= (name, key id, key).`
    throw new CommandError(sentence, { cause })
  }
}

async function run(options: WitnessOptions): Promise<void> {
  const following = followingFrom(options.follow ?? [])
  const port = numberFrom(options.port, "port", 0, 65_535)
  const everyMillis = numberFrom(options.every, "number of seconds", 1, 86_400) * 1_000
  const publicUrl = options.url === undefined ? undefined : urlFrom(options.url)
  const { name, signer, store } = await openWitnessData(options.data, options.name)
  // Facts on standard error; standard output has the lines that people copy.
  const log = pino({ base: null }, pino.destination(2))
  const stopping = new AbortController()
  try {
    const witness = createWitness({ store, signer, name, now: Date.now, log })
    const isBehindProxy = options.behindProxy === true
    const served = await serveWitness(witness, { host: options.host, port, isBehindProxy })
    const vkey = formatVkey(witness.key)
    console.log(
      [
        `Witness "${name}" is listening on ${served.url}`,
        `Its key:`,
        `    ${vkey}`,
        `The line for an organisation's rules, or for a tlog-policy file:`,
        `    witness ${name} ${vkey} ${publicUrl ?? served.url}`,
      ].join("\n"),
    )
    const followers = following.map(({ relay, org }) => {
      const follower = followCharter({ store, filesOf: (url) => relayFiles(url, hex(org)) }, org, relay)
      return keepFollowing(follower, everyMillis, log, stopping.signal)
    })
    await untilSignal()
    stopping.abort()
    await served.close()
    // One that waits for a relay does so for half a minute at most; what it then wants to store is not needed.
    await Promise.race([Promise.all(followers), new Promise((done) => setTimeout(done, 1_000).unref())])
  } finally {
    stopping.abort()
    await store.close()
  }
}

/** A second Ctrl-C does not wait. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.once("SIGINT", () => process.exit(130))
      resolve()
    }
    process.once("SIGINT", stop)
    process.once("SIGTERM", stop)
  })
}

async function withStore<T>(folder: string, work: (store: WitnessStore) => Promise<T>): Promise<T> {
  const store = await openWitnessStore(folder)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

function time(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace(".000Z", "Z")
}

async function logLines(store: WitnessStore): Promise<readonly string[]> {
  const lines: string[] = []
  for (const { origin, keys, head, followedSize } of await store.logs()) {
    lines.push(origin)
    const cosigned =
      head === undefined ? "nothing cosigned yet" : `size ${head.size}, cosigned ${time(head.cosignedAt)}`
    lines.push(`    ${cosigned}`)
    if (followedSize !== undefined) lines.push(`    follows its charter, read up to size ${followedSize}`)
    if (keys.length === 0) lines.push("    no key is trusted: nothing more is cosigned")
    for (const key of keys) lines.push(`    ${formatVkey(key)}`)
  }
  return lines.length > 0 ? lines : ["This witness watches no log yet. Add one with: holdfast witness trust"]
}

const evidenceSentence: Readonly<Record<Evidence["kind"], string>> = {
  fork: "FORK: the log's key signed two different histories of this size. Both signed notes are here.",
  false_empty: "FORK: the log's key signed an empty history with a root that an empty history does not have.",
  unproven:
    "NOT PROVEN: signed by the log's key, but no valid proof came with it. This may be a mistake of who sent it.",
}

async function exportEvidence(all: readonly Evidence[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const [i, { kind, size, note, held }] of all.entries()) {
    const stem = `${String(i + 1).padStart(3, "0")}-${kind}-${size}`
    await writeFile(path.join(folder, `${stem}.note`), note, { flag: "wx" })
    if (held !== undefined) await writeFile(path.join(folder, `${stem}-cosigned-before.note`), held, { flag: "wx" })
  }
}

/** `holdfast witness …`: runs a C2SP witness, and tells a running one which logs to trust. Never loads what opens messages. */
export function addWitness(program: Command, data: string): void {
  const witness = program
    .command("witness")
    .description("run a witness: cosign the checkpoints of logs, so that none can show two histories")
    .option("--data <folder>", "where the witness keeps its key and what it cosigned", data)
    .option("--name <name>", "its name in signature lines, such as witness.example.org; needed the first time")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "0 takes any free one", "7180")
    .option("--url <url>", "where others reach it, if a proxy with TLS stands in front")
    .option("--behind-proxy", "do not limit connections by address: all come from the proxy")
    .option(
      "--follow <relay-and-organisation...>",
      "pairs of a relay's address and an organisation's id: trust the relays that this charter names",
    )
    .option("--every <seconds>", "how often to look for a longer charter", "60")
    .action(run)
  witness
    .command("trust")
    .argument("<folder>", "the witness's folder")
    .argument("<vkey>", "the log's key; its name is the log's origin")
    .description("cosign this log, too; a running witness need not be started again")
    .action(async (folder: string, vkey: string) => {
      const key = keyFrom(vkey)
      await withStore(folder, (store) => store.trust(key.name, key))
      console.log(`${key.name} is trusted.`)
    })
  witness
    .command("distrust")
    .argument("<folder>", "the witness's folder")
    .argument("<vkey>", "the key to take back")
    .description("take back a key that trust was given; what was cosigned is not forgotten")
    .action(async (folder: string, vkey: string) => {
      const key = keyFrom(vkey)
      const wasThere = await withStore(folder, (store) => store.distrust(key.name, key))
      if (!wasThere) throw new CommandError("That key was not added with trust. Nothing was changed.")
      console.log(`This key of ${key.name} is no longer trusted.`)
    })
  witness
    .command("logs")
    .argument("<folder>", "the witness's folder")
    .description("list the logs, their keys and what was cosigned of each")
    .action(async (folder: string) => {
      for (const text of await withStore(folder, logLines)) console.log(text)
    })
  witness
    .command("evidence")
    .argument("<folder>", "the witness's folder")
    .option("--export <folder>", "write the signed notes there, for others to check")
    .description("list signed checkpoints that do not go with what was cosigned")
    .action(async (folder: string, options: { export?: string }) => {
      const all = await withStore(folder, (store) => store.evidence())
      for (const { kind, origin, size, at } of all)
        console.log(`${time(at)}  ${origin}  size ${size}\n    ${evidenceSentence[kind]}`)
      if (all.length === 0) console.log("None.")
      if (options.export === undefined) return
      await exportEvidence(all, options.export).catch((cause) => {
        if (cause.code !== "EEXIST") throw cause
        throw new CommandError(`${options.export} already holds an export. Choose another folder.`, { cause })
      })
      console.log(`Saved in ${options.export}`)
    })
}
