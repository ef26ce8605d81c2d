import { chmod, readdir, stat, writeFile } from "node:fs/promises"
import path from "node:path"
import { type Approval, approve, decodeStatement, type Statement, shortCode } from "@holdfast/charter"
import {
  approvalFileName,
  ClientError,
  decodeApprovalFile,
  decodeSigningRequest,
  encodeApprovalFile,
  formatKeeperOffer,
  keeperKeyCode,
  makeKeeperOffer,
} from "@holdfast/client/offline"
import { equalBytes, fromHex, hex, type OrgId, toOrgId } from "@holdfast/wire"
import type { Command } from "commander"
import { examineRequest } from "../keeper/examine-request.ts"
import {
  bindKeyFile,
  decodeKeyFile,
  encodeKeyFile,
  type KeyFile,
  makeKeyFile,
  openKeyFile,
} from "../keeper/key-file.ts"
import { readSeen, rememberSeen, seenFile } from "../keeper/seen.ts"
import { readOrNull, writeDurably } from "../node/durable-file.ts"
import { line, passphrase } from "../terminal/ask.ts"
import { CommandError } from "../terminal/command-error.ts"

const keyEnding = ".holdfast-key"

interface SecretOptions {
  readonly passphraseFile?: string
}

// What comes on a stick may be anything: nothing is read that could not be one of our files.
const maxBytes = { key: 4_096, request: 134_217_728, approval: 8_192 } as const

async function readFileHere(file: string, kind: keyof typeof maxBytes): Promise<Uint8Array> {
  const facts = await stat(file).catch(() => null)
  if (facts === null || !facts.isFile()) throw new CommandError(`There is no file ${file}.`)
  if (facts.size > maxBytes[kind]) throw new CommandError(`The file ${file} is too large to be what it should be.`)
  const bytes = await readOrNull(file).catch((cause) => {
    throw new CommandError(`The file ${file} cannot be read.`, { cause })
  })
  if (bytes === null) throw new CommandError(`There is no file ${file}.`)
  return bytes
}

async function readKey(file: string): Promise<KeyFile> {
  return decodeKeyFile(await readFileHere(file, "key"))
}

/** Never over something that is there: a key that was written over is lost for good. */
async function writeNew(file: string, bytes: Uint8Array, mode: number): Promise<void> {
  await writeFile(file, bytes, { flag: "wx", mode, flush: true }).catch((cause) => {
    if (cause.code === "EEXIST") throw new CommandError(`${file} is there already. Nothing was written.`, { cause })
    throw new CommandError(`${file} cannot be written.`, { cause })
  })
  await chmod(file, mode)
}

async function makeKey(file: string, options: SecretOptions & { readonly passphrase: boolean }): Promise<void> {
  const target = file.endsWith(keyEnding) ? file : `${file}${keyEnding}`
  if ((await readOrNull(target)) !== null) throw new CommandError(`${target} is there already. Nothing was written.`)
  const word = options.passphrase ? await passphrase({ ...options, twice: true, purpose: "this key file" }) : undefined
  const key = await makeKeyFile(word)
  await writeNew(target, encodeKeyFile(key), 0o600)
  if (word === undefined) {
    console.error(
      "WARNING: this key has no passphrase. Whoever reads the file, a backup of it or this disk signs as this keeper from then on.",
    )
  }
  console.log(`Made ${target}. Its code is ${keeperKeyCode(key.publicKey)}.`)
  console.log(`Next: holdfast keeper offer ${target} ORGANISATION`)
}

/** The organisation's id in full: a machine that is never online has nothing else to go by. */
function organisationFrom(text: string): OrgId {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new CommandError(
      "That is no organisation id. It has 64 hexadecimal characters; a member sees it under Organisation.",
    )
  }
  return toOrgId(fromHex(text))
}

async function offerKey(file: string, organisation: string, options: SecretOptions): Promise<void> {
  const org = organisationFrom(organisation)
  const key = await readKey(file)
  if (key.organisation !== undefined && !equalBytes(key.organisation, org)) {
    throw new CommandError(
      `This key belongs to the organisation ${hex(key.organisation)} and signs for no other. Make a new key file for this one.`,
    )
  }
  let word: string | undefined
  const opened = await openKeyFile(key, async () => {
    word = await passphrase(options)
    return word
  })
  if (key.organisation === undefined) await writeDurably(file, encodeKeyFile(await bindKeyFile(key, org, opened, word)))
  console.log(formatKeeperOffer(await makeKeeperOffer(org, key.keeper, opened.signer)))
  console.error(`Code of the key: ${keeperKeyCode(key.publicKey)}. Whoever proposes the seat sees the same one.`)
}

async function showKey(file: string): Promise<void> {
  const { keeper, publicKey, organisation, secret } = await readKey(file)
  console.log(`Code of the key  ${keeperKeyCode(publicKey)}`)
  console.log(`Public key       ${hex(publicKey)}`)
  console.log(`Keeper id        ${hex(keeper)}`)
  console.log(
    `Organisation     ${organisation === undefined ? "none yet; the first offer binds it" : hex(organisation)}`,
  )
  console.log(`Passphrase       ${secret.kind === "locked" ? "needed" : "NONE: whoever has the file has the key"}`)
}

/** `--key`, or the only key file beside the request. (K2.5) */
async function keyFor(request: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  const folder = path.dirname(request)
  const keys = (await readdir(folder)).filter((name) => name.endsWith(keyEnding))
  if (keys.length === 1) return path.join(folder, keys[0] as string)
  throw new CommandError(
    keys.length === 0
      ? `There is no key file beside the request. Say which with --key FILE.`
      : `There are several key files beside the request. Say which with --key FILE.`,
  )
}

/** Approvals of this very statement that lie beside the request, so that the keeper sees who else has agreed. Others are passed over. */
async function approvalsBeside(request: string, statementId: Uint8Array): Promise<readonly Approval[]> {
  const folder = path.dirname(request)
  const found: Approval[] = []
  for (const name of await readdir(folder)) {
    if (!name.endsWith(".holdfast-approval")) continue
    try {
      const file = decodeApprovalFile(await readFileHere(path.join(folder, name), "approval"))
      if (equalBytes(file.statement, statementId)) found.push(file.approval)
    } catch (error) {
      if (!(error instanceof ClientError || error instanceof CommandError)) throw error
    }
  }
  return found
}

/** The first group of the code, typed by the keeper or given for a script. Anything else ends it. (K2.6) */
async function confirmCode(statement: Statement, given: string | undefined): Promise<void> {
  const [first] = shortCode(statement.id).split(" ")
  const typed = await line(
    "To sign, compare the code with another device and type its first four characters",
    given,
    "--yes-code",
  )
  if (typed.toUpperCase() !== first) {
    throw new CommandError(`That is not the code of this act. Nothing was signed.`)
  }
}

interface SignOptions extends SecretOptions {
  readonly key?: string
  readonly yesCode?: string
  readonly out?: string
}

async function sign(file: string, options: SignOptions): Promise<void> {
  const request = decodeSigningRequest(await readFileHere(file, "request"))
  const keyFile = await keyFor(file, options.key)
  const key = await readKey(keyFile)
  const seenPath = seenFile(path.dirname(keyFile), key.organisation ?? request.org)
  const seen = await readSeen(seenPath, key.organisation ?? request.org)
  const known = await approvalsBeside(file, decodeStatement(request.statement).id)
  const examined = await examineRequest({ request, key, seen, known, now: Math.floor(Date.now() / 1_000) })
  const { charter, statement, signed } = examined
  if (signed !== undefined) await rememberSeen(seenPath, charter.orgId, seen, signed)
  for (const text of examined.lines) console.log(text)
  await confirmCode(statement, options.yesCode)
  const { signer } = await openKeyFile(key, () => passphrase(options))
  // Before the signature exists: from here on this machine stands for this history.
  await rememberSeen(seenPath, charter.orgId, signed ?? seen, { size: charter.size, root: charter.root })
  const approval = await approve(statement, { id: key.keeper, kind: 1, sign: signer.sign })
  const target = path.join(options.out ?? path.dirname(file), approvalFileName(statement.id))
  await writeDurably(target, encodeApprovalFile({ org: charter.orgId, statement: statement.id, approval }))
  console.log(`\nSigned: ${target}. Take it back to a device that is online and import it there.`)
}

/** `holdfast keeper …`: a keeper's key on a machine that is never online. Nothing here opens a connection (K2.7). */
export function addKeeper(program: Command): void {
  const keeper = program.command("keeper").description("be a keeper with a key file, on a machine that is never online")
  const passphraseFile = [
    "--passphrase-file <file>",
    "read the passphrase from this file (else HOLDFAST_PASSPHRASE, else it is asked for)",
  ] as const
  keeper
    .command("new")
    .argument("<file>", `where to put it; its name gets the ending ${keyEnding}`)
    .option(...passphraseFile)
    .option("--no-passphrase", "leave the key unlocked in the file: only for tests and for media that stay in a safe")
    .description("make a key file")
    .action(makeKey)
  keeper
    .command("offer")
    .argument("<file>", "the key file")
    .argument("<organisation>", "the organisation's id, 64 hexadecimal characters; the key is bound to it from then on")
    .option(...passphraseFile)
    .description("print what the keepers need to give this key a seat")
    .action(offerKey)
  keeper
    .command("show")
    .argument("<file>", "the key file")
    .description("print what is not secret in it")
    .action(showKey)
  keeper
    .command("sign")
    .argument("<request>", "the .holdfast-request file")
    .option("--key <file>", `the key file (else the only *${keyEnding} beside the request)`)
    .option("--out <folder>", "where to put the approval (else beside the request)")
    .option("--yes-code <code>", "for scripts: the first four characters of the code, instead of typing them")
    .option(...passphraseFile)
    .description("check a request against the whole history, show the act, and sign it")
    .action(sign)
}
