import { fromHex, hex } from "@holdfast/wire"
import { identitiesOf, type Truth } from "../truth.ts"
import type { Cell, DiskCopy, Row } from "./disk-copy.ts"
import { blobsOf, framesOf, isCharterEntry } from "./frames-on-disk.ts"

/** Who is tied to what: one edge is one person's id beside one frame, blob or conversation. */
export interface LinksFound {
  readonly edges: number
  readonly finds: readonly string[]
  readonly measured: readonly string[]
}

/** How an id may stand in a value. */
interface Mark {
  readonly what: string
  readonly spellings: readonly Buffer[]
}

function markOf(what: string, id: string): Mark {
  const raw = Buffer.from(fromHex(id))
  const texts = [hex(raw), hex(raw).toUpperCase(), raw.toString("base64"), raw.toString("base64url")]
  return { what, spellings: [raw, ...texts.map((text) => Buffer.from(text))] }
}

function bytesOf(value: Cell["value"]): Buffer | undefined {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length)
  return typeof value === "string" ? Buffer.from(value) : undefined
}

function marksIn(cells: readonly Cell[], marks: readonly Mark[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { value } of cells) {
    const bytes = bytesOf(value)
    if (bytes === undefined) continue
    for (const { what, spellings } of marks) if (spellings.some((one) => bytes.includes(one))) found.add(what)
  }
  return found
}

/** Rows, of whatever table, that hold both an id of a person and something of a frame or blob (D2.5). */
export function searchRows(disk: DiskCopy, truth: Truth): LinksFound {
  const people = [...identitiesOf(truth).keys()].map((id) => markOf(id, id))
  const { frameMarks, placeOf } = thingsOf(disk)
  const finds: string[] = []
  let edges = 0
  for (const row of disk.rows) {
    const who = marksIn(row.cells, people)
    if (who.size === 0) continue
    const what = new Set(marksIn(row.cells, frameMarks))
    for (const { value } of row.cells) if (typeof value === "bigint" && placeOf.has(value)) what.add(String(value))
    if (what.size === 0) continue
    edges += who.size * what.size
    finds.push(`a row of table ${row.table} ties ${who.size} id(s) to ${what.size} frame(s) or blob(s)`)
  }
  const beside = repeatedBeside(disk, placeOf)
  return {
    edges: edges + beside.edges,
    finds: [...finds, ...beside.finds],
    measured: [`${disk.rows.length} rows, ${placeOf.size} frames, ${blobsOf(disk).length} blobs, ${people.length} ids`],
  }
}

function thingsOf(disk: DiskCopy): { readonly frameMarks: readonly Mark[]; readonly placeOf: ReadonlySet<bigint> } {
  const frames = framesOf(disk)
  return {
    frameMarks: [...frames.map(({ tag }) => markOf(hex(tag), hex(tag))), ...blobsOf(disk).map((id) => markOf(id, id))],
    placeOf: new Set(frames.map(({ at }) => at)),
  }
}

/** A number or name that several frames have in common would be a session, a sender or an address by another name (D2.6). */
function repeatedBeside(disk: DiskCopy, placeOf: ReadonlySet<bigint>): LinksFound {
  const byColumn = new Map<string, string[]>()
  for (const row of disk.rows) {
    const place = row.cells.find(({ value }) => typeof value === "bigint" && placeOf.has(value))
    if (place === undefined) continue
    for (const cell of row.cells) {
      if (cell === place || cell.value === null) continue
      const key = `${row.table}.${cell.column}`
      const value = bytesOf(cell.value)?.toString("hex") ?? String(cell.value)
      byColumn.set(key, [...(byColumn.get(key) ?? []), value])
    }
  }
  const finds: string[] = []
  let edges = 0
  for (const [column, values] of byColumn) {
    const repeated = values.length - new Set(values).size
    if (repeated === 0) continue
    edges += repeated
    finds.push(`column ${column} has the same value for several frames: ${repeated} tied to another`)
  }
  return { edges, finds, measured: [] }
}

/** Ids of members and devices anywhere but in charter and directory, where they have to be (D2.4). */
export function searchIds(disk: DiskCopy, truth: Truth): LinksFound {
  const people = [...identitiesOf(truth)].map(([id, name]) => markOf(name, id))
  const isCharter = isCharterEntry(disk)
  const isAllowed = (row: Row) => row.table === "directory" || isCharter(row)
  const finds: string[] = []
  let edges = 0
  for (const row of disk.rows) {
    if (isAllowed(row)) continue
    const found = marksIn(row.cells, people)
    if (found.size === 0) continue
    edges += found.size
    finds.push(`table ${row.table} names ${found.size} member(s) or device(s)`)
  }
  for (const { where, bytes } of pagesOf(disk)) {
    const found = people.filter(({ spellings }) => spellings.some((one) => bytes.includes(one)))
    if (found.length === 0) continue
    edges += found.length
    finds.push(`${where} names ${found.length} member(s) or device(s)`)
  }
  return { edges, finds, measured: [`${people.length} ids in ${disk.files.length} files and ${disk.rows.length} rows`] }
}

const walHead = 32
const walFrameHead = 24

/** Files and single pages that belong neither to the entries nor to the directory; those were judged row by row. */
function* pagesOf(disk: DiskCopy): Iterable<{ readonly where: string; readonly bytes: Buffer }> {
  for (const { name, bytes } of disk.files) {
    yield { where: `the path ${name}`, bytes: Buffer.from(name) }
    const database = name.endsWith("-wal") ? name.slice(0, -4) : name
    if (disk.tableOfPage(database, 1) === undefined) {
      yield { where: name, bytes }
      continue
    }
    const isWal = name !== database
    const pageBytes = isWal ? bytes.readUInt32BE(8) : bytes.readUInt16BE(16)
    const step = isWal ? walFrameHead + pageBytes : pageBytes
    let page = 0
    for (let at = isWal ? walHead : 0; at + step <= bytes.length; at += step) {
      page = isWal ? bytes.readUInt32BE(at) : page + 1
      const table = disk.tableOfPage(database, page)
      if (table === "entry" || table === "directory") continue
      yield { where: `${name}, page ${page} (${table ?? "free"})`, bytes: bytes.subarray(at, at + step) }
    }
  }
}
