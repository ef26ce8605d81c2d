import { randomBytes } from "node:crypto"
import { chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises"
import path from "node:path"
import { COSIGNATURE, type Ed25519Signer, LogError, noteKey, signerFromSeed } from "@holdfast/log"
import { fromHex, hex } from "@holdfast/wire"
import { WitnessError } from "./error.ts"
import { openSqliteStore } from "./store/sqlite-store.ts"
import type { WitnessStore } from "./store/witness-store.ts"

/** Everything a witness keeps: `key` (its name and private key, mode 0600) and `witness.db` (what it has cosigned). */
export interface WitnessFolder {
  readonly name: string
  readonly signer: Ed25519Signer
  readonly store: WitnessStore
}

/**
 * Opens a witness's folder, or makes it with a new key when it is missing or empty. A witness keeps the name that it was made with; a new one needs a
 * `name`. May be killed at any moment and called again. Throws WitnessError. (V1.2, V1.3, V2.4)
 */
export async function openWitnessData(folder: string, name: string | undefined): Promise<WitnessFolder> {
  const keyFile = path.join(folder, "key")
  try {
    await prepareFolder(folder)
    const found = await readKey(keyFile)
    if (found !== undefined && name !== undefined && name !== found.name) {
      const sentence = `The key in ${folder} belongs to the witness "${found.name}". One key serves one name: give that name, or another folder.`
      throw new WitnessError("key_of_another_name", sentence)
    }
    if (found !== undefined && !(await exists(path.join(folder, "witness.db")))) {
      const sentence = `${folder} has a key but not the file witness.db, which says what was cosigned. Without it this witness could cosign a history that it has already moved past. Start a new witness in an empty folder, under another name.`
      throw new WitnessError("memory_missing", sentence)
    }
    const store = openSqliteStore(path.join(folder, "witness.db"))
    try {
      const identity = found ?? (await makeKey(keyFile, name, store))
      return { name: identity.name, signer: await signerFromSeed(identity.seed), store }
    } catch (error) {
      await store.close()
      throw error
    }
  } catch (error) {
    throw folderErrorOf(error, folder)
  }
}

/** What a witness has cosigned and trusts, without its key: for commands beside a running one. Throws WitnessError. (V2.4) */
export async function openWitnessStore(folder: string): Promise<WitnessStore> {
  try {
    await prepareFolder(folder)
    if ((await readKey(path.join(folder, "key"))) === undefined) {
      const sentence = `There is no witness in ${folder}. Start one there first: holdfast witness --data ${folder} --name NAME`
      throw new WitnessError("key_missing", sentence)
    }
    return openSqliteStore(path.join(folder, "witness.db"))
  } catch (error) {
    throw folderErrorOf(error, folder)
  }
}

interface Identity {
  readonly name: string
  readonly seed: Uint8Array
}

const head = "holdfast witness key 1"

async function makeKey(file: string, name: string | undefined, store: WitnessStore): Promise<Identity> {
  if ((await store.logs()).some((log) => log.head !== undefined)) {
    const sentence = `The key is missing: ${file} is not there, but the witness has cosigned before. Restore the file from a backup.`
    throw new WitnessError("key_missing", sentence)
  }
  if (name === undefined)
    throw new WitnessError(
      "name_invalid",
      "A new witness needs a name, such as witness.example.org. Give it with --name.",
    )
  const seed = new Uint8Array(randomBytes(32))
  const { publicKey } = await signerFromSeed(seed)
  try {
    noteKey(name, COSIGNATURE, publicKey)
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause
    const sentence = `"${name}" cannot be a witness's name. Use an address-like name without spaces and plus signs, such as witness.example.org.`
    throw new WitnessError("name_invalid", sentence, { cause })
  }
  await writeDurably(file, `${head}\nname ${name}\nkey ${hex(seed)}\n`)
  return { name, seed }
}

async function readKey(file: string): Promise<Identity | undefined> {
  const text = await readFile(file, "utf8").catch((error) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (text === undefined) return undefined
  const { mode } = await stat(file)
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    const sentence = `Other users can read the witness's key in ${file}. If nobody did, run: chmod 600 ${file}`
    throw new WitnessError("key_open", sentence)
  }
  const found = /^(.+)\nname (\S+)\nkey ([0-9a-f]{64})\n$/.exec(text)
  if (found === null || found[1] !== head) {
    throw new WitnessError("key_damaged", `The witness's key in ${file} is damaged. Restore the file from a backup.`)
  }
  return { name: found[2]!, seed: fromHex(found[3]!) }
}

async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { mode } = await stat(folder)
  if (process.platform === "win32") return
  if ((mode & 0o022) !== 0)
    throw new WitnessError("folder_open", `Other users can write into ${folder}. Run: chmod 700 ${folder}`)
  if ((mode & 0o077) !== 0) await chmod(folder, 0o700)
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

function folderErrorOf(error: unknown, folder: string): unknown {
  const code = String((error as { code?: unknown } | null)?.code)
  if (error instanceof WitnessError) return error
  if (code === "ENOSPC")
    return new WitnessError("storage_full", `There is no room left for ${folder}.`, { cause: error })
  if (["EACCES", "EPERM", "EROFS", "EISDIR", "ENOTDIR", "ENOENT", "EEXIST"].includes(code)) {
    const sentence = `The witness cannot write into ${folder}. Check that it is a folder, who owns it, and its permissions.`
    return new WitnessError("folder_not_writable", sentence, { cause: error })
  }
  return error
}
