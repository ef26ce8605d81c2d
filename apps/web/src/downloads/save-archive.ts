import type { NamedFile } from "@holdfast/client"
import { saveBytes } from "./save-file.ts"

/** All files in one folder of one ZIP archive. */
export async function archiveOf(files: readonly NamedFile[], folder: string): Promise<Uint8Array> {
  const { zipSync } = await import("fflate")
  const entries = Object.fromEntries(files.map(({ path, bytes }) => [`${folder}/${path}`, bytes]))
  // times would say when it was saved and make equal archives differ
  return zipSync(entries, { level: 6, mtime: new Date(1980, 0, 1) })
}

/** Gives these files to the browser as one download. `name` ends in ".zip". */
export async function saveArchive(files: readonly NamedFile[], name: string): Promise<void> {
  saveBytes([await archiveOf(files, name.replace(/\.zip$/, ""))], name)
}
