import { mkdir, open, rm } from "node:fs/promises"
import path from "node:path"
import { type Client, ClientError, type Message } from "@holdfast/client"
import { bytesInWords, safe } from "../terminal/print.ts"

const readBytes = 1_048_576

/** Never writes over an existing file: a second "report.pdf" becomes "report (2).pdf". */
async function freshFile(
  folder: string,
  name: string,
): Promise<Awaited<ReturnType<typeof open>> & { readonly target: string }> {
  await mkdir(folder, { recursive: true })
  const plain =
    safe(path.basename(name))
      .replace(/[/\\:]/g, "_")
      .replace(/^\.+/, "_") || "file"
  const { name: stem, ext } = path.parse(plain)
  for (let n = 1; n < 10_000; n++) {
    const target = path.join(folder, n === 1 ? plain : `${stem} (${n})${ext}`)
    try {
      return Object.assign(await open(target, "wx", 0o600), { target })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
  }
  throw new ClientError("disk_full", "There are too many files of that name in this folder.")
}

export async function save(client: Client, message: Message, folder: string): Promise<void> {
  if (message.body.kind !== "file") throw new ClientError("not_found", "That message is no file.")
  const { file } = message.body
  await client.fetchFile(message.id)
  const out = await freshFile(folder, file.name)
  try {
    for (let at = 0; at < file.size; at += readBytes)
      await out.write(await client.readFile(message.id, at, Math.min(readBytes, file.size - at)))
    await out.sync()
  } catch (error) {
    await rm(out.target, { force: true })
    throw error
  } finally {
    await out.close()
  }
  console.log(`${out.target} (${bytesInWords(file.size)}, SHA-256 ${file.sha256})`)
}
