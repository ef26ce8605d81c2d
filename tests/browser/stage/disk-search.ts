// What somebody with the disk of a computer finds: searches every file of a folder for known words and bytes.
import { readdirSync, readFileSync } from "node:fs"
import path from "node:path"

export interface Needle {
  readonly what: string
  readonly bytes: Buffer
}

/** Words as browsers write them: UTF-8 and UTF-16. */
export function needlesOf(...words: readonly string[]): readonly Needle[] {
  return words.flatMap((what) => [
    { what, bytes: Buffer.from(what, "utf8") },
    { what: `${what} (UTF-16)`, bytes: Buffer.from(what, "utf16le") },
  ])
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
}

export interface Found {
  readonly files: number
  readonly bytes: number
  /** "what in which file", each once. */
  readonly hits: readonly string[]
}

/** Looks into names of files too: some stores write words there. */
export function searchFolder(folder: string, needles: readonly Needle[]): Found {
  const hits: string[] = []
  const files = filesUnder(folder)
  let bytes = 0
  for (const file of files) {
    const name = path.relative(folder, file)
    const content = readFileSync(file)
    bytes += content.length
    for (const needle of needles) {
      if (content.includes(needle.bytes) || Buffer.from(name).includes(needle.bytes))
        hits.push(`${needle.what} in ${name}`)
    }
  }
  return { files: files.length, bytes, hits }
}
