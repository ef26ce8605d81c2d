// Small durable files in the browser's private file system. Everything here runs in the engine's worker.

/** Of dedicated workers only, so not in the type library of pages. */
interface WorkerFileHandle {
  createSyncAccessHandle(): Promise<{
    truncate(size: number): void
    write(bytes: Uint8Array, options: { at: number }): number
    flush(): void
    close(): void
  }>
  move(name: string): Promise<void>
}

export async function directory(...path: readonly string[]): Promise<FileSystemDirectoryHandle> {
  let at = await navigator.storage.getDirectory()
  for (const name of path) at = await at.getDirectoryHandle(name, { create: true })
  return at
}

function isMissing(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NotFoundError"
}

export async function readWhole(folder: FileSystemDirectoryHandle, name: string): Promise<Uint8Array | null> {
  try {
    const file = await (await folder.getFileHandle(name)).getFile()
    return new Uint8Array(await file.arrayBuffer())
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** All or nothing: written and flushed under another name first, then renamed over the old one. */
export async function writeWhole(folder: FileSystemDirectoryHandle, name: string, bytes: Uint8Array): Promise<void> {
  const part = (await folder.getFileHandle(`${name}.part`, { create: true })) as unknown as WorkerFileHandle
  const access = await part.createSyncAccessHandle()
  try {
    access.truncate(0)
    const written = access.write(new Uint8Array(bytes), { at: 0 })
    access.flush()
    if (written !== bytes.length) throw new DOMException("short write", "QuotaExceededError")
  } catch (error) {
    access.close()
    await remove(folder, `${name}.part`)
    throw error
  }
  access.close()
  await part.move(name)
}

export async function remove(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await folder.removeEntry(name, { recursive: true })
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

export async function names(folder: FileSystemDirectoryHandle): Promise<readonly string[]> {
  const out: string[] = []
  for await (const name of folder.keys()) if (!name.endsWith(".part")) out.push(name)
  return out
}
