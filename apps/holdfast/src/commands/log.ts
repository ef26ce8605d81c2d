import { mkdir, readFile, writeFile } from "node:fs/promises"
import path from "node:path"
import { actInWords } from "@holdfast/charter"
import { ClientError, exportFiles } from "@holdfast/client/offline"
import { fromHex, hex, type OrgId, parseInvitation, toOrgId, WireError } from "@holdfast/wire"
import type { Command } from "commander"
import { type CharterSource, folderSource, isFile, relaySource } from "../log/charter-source.ts"
import { detailLines, entryLines, fateInWords, notTheNewest, recordLines, summaryOf } from "../log/charter-words.ts"
import { judgeFork } from "../log/fork.ts"
import { checkProof, proofOf } from "../log/proof.ts"
import {
  claimedOrganisation,
  type ReplayedCharter,
  readCharter,
  readExportedFile,
  type VerifiedCharter,
} from "../log/read-charter.ts"
import { type NoteTrust, trustOfCharter, trustOfPolicy } from "../log/trust.ts"
import { CommandError, UsageError } from "../terminal/command-error.ts"

/** An organisation id in hex, or an invitation, which carries it. */
function organisationFrom(text: string): OrgId {
  try {
    return /^[0-9a-f]{64}$/.test(text) ? toOrgId(fromHex(text)) : parseInvitation(text).org
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause
    throw new UsageError("That is neither an organisation id (64 hex characters) nor an invitation.", { cause })
  }
}

const isRelay = (text: string) => /^https?:\/\//.test(text)

interface Checked {
  readonly read: ReplayedCharter | VerifiedCharter
  readonly from: string
  /** The source itself said which organisation it is. */
  readonly isSelfNamed: boolean
}

async function check(source: string, organisation: string | undefined): Promise<Checked> {
  const given = organisation === undefined ? undefined : organisationFrom(organisation)
  const file = await readExportedFile(source, given)
  if (file !== null) return { read: file, from: source, isSelfNamed: given === undefined }
  if (isRelay(source)) {
    if (given === undefined)
      throw new UsageError("A relay may host many organisations. Say which: its id or an invitation.")
    return checkAt(relaySource(source, given), given, false)
  }
  const folder = folderSource(source)
  const org = given ?? (await claimedOrganisation(folder))
  if (org === undefined) throw new ClientError("not_found", `${source} has no charter in it.`)
  return checkAt(folder, org, given === undefined)
}

async function checkAt(source: CharterSource, org: OrgId, isSelfNamed: boolean): Promise<Checked> {
  return { read: await readCharter(source, org), from: source.name, isSelfNamed }
}

const trustingItself =
  "The organisation's id was taken from there as well. Compare it with the one that a member sees, or give it with --org."

/** A source that a relay or somebody else has signed; a file of the web client is none. */
async function checkSigned(source: string, organisation: string | undefined): Promise<VerifiedCharter> {
  const { read } = await check(source, organisation)
  if ("checkpoint" in read) return read
  throw new CommandError(`${source} holds no signed checkpoint, so nothing can be proven from it.`)
}

function indexFrom(text: string, { charter }: ReplayedCharter): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new UsageError(`"${text}" is no number of an entry.`)
  const index = Number(text)
  if (index >= charter.size)
    throw new CommandError(`There is no entry ${index}: the charter has ${charter.size}, from 0 on.`)
  return index
}

function jsonOf(read: ReplayedCharter): unknown {
  const { charter, names } = read
  return {
    organisation: hex(charter.orgId),
    size: charter.size,
    root: hex(charter.root),
    entries: [...charter.records].map((record) => ({
      index: record.index,
      statement: record.statement === undefined ? null : hex(record.statement.id),
      type: record.statement?.type ?? null,
      sentence: actInWords(record, names.names),
      approvals: record.approvals.map((a) => ({ signer: hex(a.signer), kind: a.kind, counted: a.counted })),
      outcome: typeof record.outcome === "string" ? record.outcome : record.outcome.refused,
      fate: fateInWords(read, record.index),
    })),
  }
}

function print(lines: readonly string[]): void {
  for (const text of lines) console.log(text)
}

interface OrganisationOption {
  readonly org?: string
}

async function show(
  source: string,
  organisation: string | undefined,
  options: OrganisationOption & { readonly json?: true; readonly entry?: string },
): Promise<void> {
  const { read, from, isSelfNamed } = await check(source, organisation ?? options.org)
  if (options.json === true) return console.log(JSON.stringify(jsonOf(read), null, 2))
  if (options.entry !== undefined) return print(detailLines(read, indexFrom(options.entry, read)))
  for (const record of read.charter.records) print(recordLines(read, record))
  print(["", ...summaryOf(read, from).lines, ...(isSelfNamed ? [trustingItself] : []), notTheNewest])
}

async function verify(
  source: string,
  organisation: string | undefined,
  options: OrganisationOption & { readonly quiet?: true; readonly withoutWitnesses?: true },
): Promise<void> {
  const { read, from, isSelfNamed } = await check(source, organisation ?? options.org)
  if (options.quiet !== true) print([...entryLines(read), ""])
  const { lines, isVouchedFor } = summaryOf(read, from)
  print([...lines, ...(isSelfNamed ? [trustingItself] : []), notTheNewest])
  if (isVouchedFor || options.withoutWitnesses === true) return
  throw new CommandError(
    "Too few of the witnesses that the rules name have cosigned this, so it could be shown to you alone. --without-witnesses accepts that.",
  )
}

/** Writes a charter as files that this program and any tlog-tiles reader can verify. The folder must be new or empty of it. */
async function writeExport(read: VerifiedCharter, folder: string): Promise<void> {
  const files = exportFiles({
    charter: read.charter,
    entries: read.entries,
    checkpoint: read.note,
    witnessed: read.witnessed?.note,
    names: read.nameOpenings,
  })
  for (const { path: file, bytes } of files) {
    const target = path.join(folder, file)
    await mkdir(path.dirname(target), { recursive: true })
    await writeFile(target, bytes, { flag: "wx" }).catch((cause) => {
      if (cause.code !== "EEXIST") throw cause
      throw new CommandError(`${folder} already holds an export. Choose another folder.`, { cause })
    })
  }
}

async function exportTo(source: string, organisation: string, folder: string): Promise<void> {
  const read = await checkSigned(source, organisation)
  await writeExport(read, folder)
  console.log(`${read.charter.size} entries saved in ${folder}`)
  const { witnesses } = read.charter.state.rules
  if (witnesses.length > 0 && read.witnessed === undefined) {
    console.error(`${source} gave no checkpoint that witnesses have cosigned, so none is in the export.`)
  }
}

async function prove(
  source: string,
  index: string,
  file: string,
  organisation: string | undefined,
  options: OrganisationOption,
): Promise<void> {
  const read = await checkSigned(source, organisation ?? options.org)
  await writeFile(file, proofOf(read, indexFrom(index, read)), { flag: "wx" }).catch((cause) => {
    throw new CommandError(cause.code === "EEXIST" ? `${file} is there already.` : `${file} cannot be written.`, {
      cause,
    })
  })
  console.log(`Saved in ${file}. Anybody who knows the log's key can check it.`)
}

interface TrustOptions extends OrganisationOption {
  readonly source?: string
  readonly policy?: string
}

async function trustFrom({ source, policy, org }: TrustOptions): Promise<NoteTrust | undefined> {
  if (policy !== undefined) return trustOfPolicy(policy)
  if (source === undefined) return undefined
  const { read, from } = await check(source, org)
  return trustOfCharter(read.charter, from, "checkpoint" in read)
}

async function bytesOf(file: string): Promise<Uint8Array> {
  return new Uint8Array(
    await readFile(file).catch((cause) => {
      throw new CommandError(`The file ${file} cannot be read.`, { cause })
    }),
  )
}

async function checkProofFile(file: string, options: TrustOptions): Promise<void> {
  const bytes = await bytesOf(file)
  const trust = await trustFrom(options)
  if (trust === undefined) throw new UsageError("Say whose log it should be in: --source SOURCE or --policy FILE.")
  print(await checkProof(bytes, trust))
}

/** What evidence brings along to judge it by: the history of whoever saved it, or a list of keys. */
async function ownTrust(folder: string): Promise<Pick<TrustOptions, "source" | "policy"> | undefined> {
  const history = path.join(folder, "history")
  if (await isFile(path.join(history, "checkpoint"))) return { source: history }
  const policy = path.join(folder, "policy")
  return (await isFile(policy)) ? { policy } : undefined
}

/** Two notes, or the folder with the evidence that a client has saved. */
async function fork(first: string, second: string | undefined, options: TrustOptions): Promise<void> {
  const isFolder = second === undefined
  const [a, b] = isFolder ? [path.join(first, "note-1"), path.join(first, "note-2")] : [first, second]
  const own =
    isFolder && options.source === undefined && options.policy === undefined ? await ownTrust(first) : undefined
  const hasOwn = own !== undefined
  const trust = await trustFrom({ ...options, ...own })
  const verdict = await judgeFork([await bytesOf(a), await bytesOf(b)], trust)
  print(verdict.lines)
  if (hasOwn) console.log("The keys were taken from the evidence itself. Hold them against the charter with --source.")
  if (!verdict.isProof) process.exitCode = 1
}

/** `holdfast log …`: print, verify, save and prove a charter, from a relay or from files. Needs no membership and no keys. */
export function addLog(program: Command): void {
  const log = program
    .command("log")
    .description("print, verify, save and prove the charter of an organisation")
    .addHelpText(
      "after",
      "\nExit codes: 0 it is as asked, 1 it does not verify or cannot be read, 2 the command was not understood.",
    )
  const source = ["<source>", "address of a relay, a folder made by export, or a file saved in the web client"] as const
  const organisation = ["[organisation]", "its id (64 hex characters) or an invitation"] as const
  const org = ["--org <id>", "the same"] as const
  log
    .command("show")
    .argument(...source)
    .argument(...organisation)
    .option(...org)
    .option("--entry <number>", "one entry, down to its bytes, signatures and inclusion proof")
    .option("--json", "for programs")
    .description("print every act in words, after verifying all of them")
    .action(show)
  log
    .command("verify")
    .argument(...source)
    .argument(...organisation)
    .option(...org)
    .option("--quiet", "only the outcome")
    .option("--without-witnesses", "accept a history that too few witnesses have cosigned")
    .description("verify everything: entries, rules, tiles, signatures, witnesses")
    .action(verify)
  log
    .command("export")
    .argument("<relay>", "address of a relay, or a folder made by export")
    .argument("<organisation>", "its id (64 hex characters) or an invitation")
    .argument("<folder>", "where to write it; must not hold an export yet")
    .description("save the verified charter as files (C2SP tiles) that others can verify")
    .action(exportTo)
  log
    .command("prove")
    .argument(...source)
    .argument("<entry>", "its number")
    .argument("<file>", "the proof to write (.tlog-proof)")
    .argument(...organisation)
    .option(...org)
    .description("save one entry with the proof that it is in the log (C2SP tlog-proof)")
    .action(prove)
  const trusted = (command: Command) =>
    command
      .option("--source <source>", "the charter whose keys to trust: a relay, a folder or a file")
      .option(...org)
      .option("--policy <file>", "the keys to trust, as a C2SP policy")
  trusted(log.command("check-proof").argument("<file>", "a .tlog-proof"))
    .description("check that an entry is in the log, and who vouches for it")
    .action(checkProofFile)
  trusted(
    log
      .command("fork")
      .argument("<first>", "a signed note, or a folder with note-1 and note-2")
      .argument("[second]", "another signed note"),
  )
    .description("say whether two notes prove that the log was forked (exit code 0: they do)")
    .action(fork)
}
