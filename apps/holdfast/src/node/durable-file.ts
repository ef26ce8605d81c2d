import { randomBytes } from "node:crypto"
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises"
import path from "node:path"

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT"
}

/** All or nothing, and on the disk when it resolves: temporary file, fsync, rename, fsync of the folder. Mode 0600. */
export async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const folder = path.dirname(file)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const part = `${file}.${randomBytes(4).toString("hex")}.part`
  try {
    const handle = await open(part, "wx", 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  const handle = await open(folder, "r")
  await handle.sync().catch(() => undefined) // not every file system knows it
  await handle.close()
}

export async function readOrNull(file: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await readFile(file))
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

export async function listOrEmpty(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.endsWith(".part"))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
