import { fromHex, hex } from "@holdfast/wire"
import type { Truth } from "../truth.ts"
import type { DiskCopy } from "./disk-copy.ts"
import { framesOf } from "./frames-on-disk.ts"
import type { LinksFound } from "./search-links.ts"

const walHead = 32
const walFrameHead = 24
/** How a directory line begins: field 1 with 32 bytes, field 2 with 16, the tag of field 3. Its sequence follows. */
const sequenceBytes = 7

/**
 * What one transaction of the write-ahead log brought in that was not there before: a line of the directory and a frame that became
 * durable in one breath would tie the device to the frame (D2.8). That frames have an order is no secret: the lane shows it.
 */
export function searchOrder(disk: DiskCopy, truth: Truth): LinksFound {
  const frames = framesOf(disk).map(({ tag }) => tag)
  const heads = truth.people.flatMap(({ devices }) => devices.map((device) => lineHead(truth.org, device)))
  const finds: string[] = []
  let edges = 0
  let transactions = 0
  for (const file of disk.files) {
    if (!file.name.endsWith("-wal") || file.bytes.length < walHead) continue
    const before = disk.files.find(({ name }) => `${name}-wal` === file.name)?.bytes ?? Buffer.alloc(0)
    const seenFrames = new Set(frames.filter((tag) => before.includes(tag)).map((tag) => hex(tag)))
    const seenLines = new Set(linesIn(before, heads))
    for (const transaction of transactionsOf(file.bytes)) {
      transactions += 1
      const newFrames = frames.filter((tag) => !seenFrames.has(hex(tag)) && transaction.includes(tag))
      const newLines = linesIn(transaction, heads).filter((line) => !seenLines.has(line))
      for (const tag of newFrames) seenFrames.add(hex(tag))
      for (const line of newLines) seenLines.add(line)
      if (newFrames.length === 0 || newLines.length === 0) continue
      edges += newFrames.length * newLines.length
      finds.push(`one transaction holds ${newLines.length} directory line(s) and ${newFrames.length} frame(s)`)
    }
  }
  return { edges, finds, measured: [`${transactions} transactions in the write-ahead log, ${frames.length} frames`] }
}

function lineHead(org: string, device: string): Buffer {
  return Buffer.concat([
    Buffer.from([0x0a, 0x20]),
    fromHex(org),
    Buffer.from([0x12, 0x10]),
    fromHex(device),
    Buffer.from([0x18]),
  ])
}

/** Each line once, known by its device and sequence. */
function linesIn(bytes: Buffer, heads: readonly Buffer[]): string[] {
  const lines = new Set<string>()
  for (const head of heads) {
    for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 1)) {
      lines.add(bytes.subarray(at, at + head.length + sequenceBytes).toString("hex"))
    }
  }
  return [...lines]
}

/** The pages of each committed transaction, joined. Frames left over from an earlier round of the log do not count. */
function* transactionsOf(wal: Buffer): Iterable<Buffer> {
  const pageBytes = wal.readUInt32BE(8)
  const salts = wal.subarray(16, 24)
  let pages: Buffer[] = []
  for (let at = walHead; at + walFrameHead + pageBytes <= wal.length; at += walFrameHead + pageBytes) {
    if (!wal.subarray(at + 8, at + 16).equals(salts)) return
    pages.push(wal.subarray(at + walFrameHead, at + walFrameHead + pageBytes))
    if (wal.readUInt32BE(at + 4) === 0) continue
    yield Buffer.concat(pages)
    pages = []
  }
}
