import { open, stat } from "node:fs/promises"
import path from "node:path"
import { ClientError, type FileSource } from "@holdfast/client"

const typeByEnding: Readonly<Record<string, string>> = {
  ".gif": "image/gif",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".md": "text/markdown",
  ".mp4": "video/mp4",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".txt": "text/plain",
  ".webp": "image/webp",
  ".zip": "application/zip",
}

/** A file on disk, read piece by piece. Throws ClientError `not_found` for what is no readable file. */
export async function fileSource(file: string): Promise<FileSource & { close(): Promise<void> }> {
  const facts = await stat(file).catch(() => null)
  if (facts === null || !facts.isFile()) throw new ClientError("not_found", `There is no file ${file}.`)
  const handle = await open(file, "r").catch((cause) => {
    throw new ClientError("not_found", `The file ${file} cannot be read.`, { cause })
  })
  return {
    name: path.basename(file),
    type: typeByEnding[path.extname(file).toLowerCase()] ?? "application/octet-stream",
    size: facts.size,
    async read(offset, length) {
      const bytes = new Uint8Array(length)
      let done = 0
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return bytes.subarray(0, done)
    },
    close: () => handle.close(),
  }
}

/** All of standard input as text. Throws `too_large` above `maxBytes`. */
export async function standardInput(maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of process.stdin) {
    length += part.length
    if (length > maxBytes)
      throw new ClientError("too_large", "That is too long for one message. Send it as a file with --file.")
    parts.push(part)
  }
  return Buffer.concat(parts).toString("utf8").replace(/\n$/, "")
}
