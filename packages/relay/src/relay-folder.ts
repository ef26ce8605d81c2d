import { randomBytes } from "node:crypto"
import { chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises"
import path from "node:path"
import { type Ed25519Signer, signerFromSeed } from "@holdfast/log"
import { base64url, fromHex, hex, type RelayId, toRelayId } from "@holdfast/wire"
import type { BlobLimits, BlobStore } from "./blobs/blob-store.ts"
import { openFileBlobs } from "./blobs/file-blobs.ts"
import type { EngineLimits, LaneEngine } from "./engine/lane-engine.ts"
import { isAccessError } from "./engine/sqlite-database.ts"
import { openSqliteEngine } from "./engine/sqlite-engine.ts"
import { RelayStartError } from "./error.ts"

/** Everything a relay keeps, and what it is made of: `identity` (keys and hosting code), `lanes.db`, `blobs/`. */
export interface RelayFolder {
  readonly relayId: RelayId
  readonly logSigner: Ed25519Signer
  /** What somebody has to give to found an organisation here. */
  readonly hostingCode: string
  readonly engine: LaneEngine
  readonly blobs: BlobStore
}

export interface RelayFolderOptions {
  readonly maxDatabaseBytes?: number
  readonly blobs?: Partial<BlobLimits>
  readonly engine?: Partial<EngineLimits>
}

/**
 * Opens a relay's folder, or makes it with a new identity when it is missing or empty (R9.2). May be killed at any moment and called
 * again. Throws RelayStartError with a sentence for people.
 */
export async function openRelayData(folder: string, options: RelayFolderOptions = {}): Promise<RelayFolder> {
  const file = path.join(folder, "lanes.db")
  let identity: Identity
  try {
    await prepareFolder(folder)
    identity = await openIdentity(path.join(folder, "identity"), await exists(file))
  } catch (error) {
    throw startErrorOf(error, folder)
  }
  const { maxDatabaseBytes } = options
  const engine = openSqliteEngine({
    file,
    ...(maxDatabaseBytes === undefined ? {} : { maxBytes: maxDatabaseBytes }),
    ...(options.engine === undefined ? {} : { limits: options.engine }),
  })
  try {
    // After the database, which only one process can hold: the other's half-written chunks are not ours to delete.
    const blobs = await openFileBlobs(path.join(folder, "blobs"), options.blobs)
    const logSigner = await signerFromSeed(identity.seed)
    return { relayId: identity.relayId, hostingCode: identity.hostingCode, logSigner, engine, blobs }
  } catch (error) {
    await engine.close()
    throw startErrorOf(error, folder)
  }
}

interface Identity {
  readonly relayId: RelayId
  readonly seed: Uint8Array
  readonly hostingCode: string
}

async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { mode } = await stat(folder)
  if (process.platform === "win32") return
  if ((mode & 0o022) !== 0) {
    const sentence = `Other users can write into ${folder}. Run: chmod 700 ${folder}`
    throw new RelayStartError("folder_open", sentence)
  }
  if ((mode & 0o077) !== 0) await chmod(folder, 0o700)
}

async function openIdentity(file: string, hasDatabase: boolean): Promise<Identity> {
  const text = await readFile(file, "utf8").catch((error) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (text !== undefined) {
    const { mode } = await stat(file)
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      const sentence = `Other users can read the relay's keys in ${file}. If nobody did, run: chmod 600 ${file}`
      throw new RelayStartError("identity_open", sentence)
    }
    return parseIdentity(text, file)
  }
  // New keys beside old lanes would look to every client like a swapped server, and rightly so.
  if (hasDatabase) {
    const sentence = `The relay's keys are missing: ${file} is not there, but its database is. Restore the file from a backup.`
    throw new RelayStartError("identity_missing", sentence)
  }
  const identity: Identity = {
    relayId: toRelayId(new Uint8Array(randomBytes(16))),
    seed: new Uint8Array(randomBytes(32)),
    hostingCode: base64url(randomBytes(15)),
  }
  await writeDurably(file, formatIdentity(identity))
  return identity
}

const head = "holdfast relay identity 1"

function formatIdentity({ relayId, seed, hostingCode }: Identity): string {
  return `${head}\nrelay ${hex(relayId)}\nlog-key ${hex(seed)}\nhosting-code ${hostingCode}\n`
}

function parseIdentity(text: string, file: string): Identity {
  const found = /^(.+)\nrelay ([0-9a-f]{32})\nlog-key ([0-9a-f]{64})\nhosting-code ([\w-]{0,128})\n$/.exec(text)
  if (found === null || found[1] !== head) {
    const sentence = `The relay's keys in ${file} are damaged. Restore the file from a backup.`
    throw new RelayStartError("identity_damaged", sentence)
  }
  const [, , relay, seed, hostingCode] = found as unknown as readonly [string, string, string, string, string]
  return { relayId: toRelayId(fromHex(relay)), seed: fromHex(seed), hostingCode }
}

/** All of it or nothing, whenever the machine stops. */
async function writeDurably(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`
  await rm(temporary, { force: true })
  const handle = await open(temporary, "wx", 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
  if (process.platform === "win32") return
  const folder = await open(path.dirname(file), "r")
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error) => {
      if (error.code === "ENOENT") return false
      throw error
    },
  )
}

function startErrorOf(error: unknown, folder: string): unknown {
  const code = (error as { code?: unknown } | null)?.code
  if (code === "ENOSPC") {
    return new RelayStartError(
      "storage_full",
      `There is no room left for ${folder}. Free some space and start again.`,
      {
        cause: error,
      },
    )
  }
  if (isAccessError(error) || code === "EEXIST") {
    const sentence = `The relay cannot write into ${folder}. Check that it is a folder, who owns it, and its permissions.`
    return new RelayStartError("folder_not_writable", sentence, { cause: error })
  }
  return error
}
