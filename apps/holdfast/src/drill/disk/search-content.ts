import { fromHex } from "@holdfast/wire"
import type { Truth } from "../truth.ts"
import type { DiskCopy } from "./disk-copy.ts"
import { countOf, type Needle, needlesOfBytes, needlesOfText } from "./needles.ts"
import { WindowIndex } from "./window-index.ts"

/** What a search came to: `bytes` of known things that were found, and what was looked through. */
export interface ContentFound {
  readonly bytes: number
  /** What was found and where, never its content. */
  readonly finds: readonly string[]
  readonly measured: readonly string[]
}

const windowBytes = 8

/** Any eight bytes of the file, from any position of it, plain, backwards or as text; and its SHA-256 (D2.1). */
export function searchFile(disk: DiskCopy, file: Truth["file"]): ContentFound {
  const known = new WindowIndex(windowBytes)
  known.add(file.bytes)
  const finds: string[] = []
  let bytes = 0
  for (const [where, content] of placesOf(disk)) {
    let found = known.coveredBytes(content) + known.coveredBytes(Buffer.from(content).reverse())
    for (const decoded of decodedFrom(content)) found += known.coveredBytes(decoded)
    if (found > 0) finds.push(`${found} bytes of the known file in ${where}`)
    bytes += found
  }
  const hashes = searchNeedles(disk, needlesOfBytes("the SHA-256 of the known file", file.sha256))
  return {
    bytes: bytes + hashes.bytes,
    finds: [...finds, ...hashes.finds],
    measured: [
      `${known.size} windows of a file of ${file.bytes.length} bytes against ${searchedBytes(disk)} bytes of disk`,
    ],
  }
}

/** What runs of hexadecimal or base64 characters stand for, wherever in a run the text may have begun. */
function* decodedFrom(content: Buffer): Iterable<Buffer> {
  const text = content.toString("latin1")
  for (const [run] of text.matchAll(/[0-9a-fA-F]{16,}/g)) {
    for (const skip of [0, 1]) yield Buffer.from(run.slice(skip), "hex")
  }
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{12,}/g)) {
    for (const skip of [0, 1, 2, 3]) yield Buffer.from(run.slice(skip), "base64")
  }
}

/** Known sentences, names, titles and file names in every spelling (D2.2). */
export function searchTexts(disk: DiskCopy, texts: Truth["texts"]): ContentFound {
  const needles = texts.flatMap(({ what, text }) => needlesOfText(what, text))
  return searchNeedles(disk, needles)
}

/** Ids of conversations, which are those of MLS groups: nothing on a relay has a reason to hold one (D2.3). */
export function searchConversations(disk: DiskCopy, conversations: Truth["conversations"]): ContentFound {
  return searchNeedles(
    disk,
    conversations.flatMap((id) => needlesOfBytes("a conversation's id", fromHex(id))),
  )
}

function searchNeedles(disk: DiskCopy, needles: readonly Needle[]): ContentFound {
  const finds: string[] = []
  let bytes = 0
  for (const [where, content] of placesOf(disk)) {
    for (const needle of needles) {
      const count = countOf(content, needle.bytes)
      if (count === 0) continue
      bytes += count * needle.worth
      finds.push(`${needle.what} (${needle.spelling}) in ${where}${count > 1 ? `, ${count} times` : ""}`)
    }
  }
  return { bytes, finds, measured: [`${needles.length} spellings against ${searchedBytes(disk)} bytes of disk`] }
}

/**
 * Everything to look through: each file as it lies there, its path, and each value of each row, because SQLite cuts a long
 * value into pages that need not lie next to each other. A find in a value counts though its file has it, too.
 */
function* placesOf(disk: DiskCopy): Iterable<readonly [where: string, content: Buffer]> {
  for (const { name, bytes } of disk.files) {
    yield [name, bytes]
    yield [`the path of ${name}`, Buffer.from(name)]
  }
  for (const { table, cells } of disk.rows) {
    for (const { column, value } of cells) {
      if (typeof value === "string") yield [`table ${table}, column ${column}`, Buffer.from(value)]
      else if (value instanceof Uint8Array) yield [`table ${table}, column ${column}`, Buffer.from(value)]
    }
  }
}

export function searchedBytes(disk: DiskCopy): number {
  return disk.files.reduce((sum, { bytes }) => sum + bytes.length, 0)
}
