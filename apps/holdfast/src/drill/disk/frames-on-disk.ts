import { frameClasses, hex, tagBytes } from "@holdfast/wire"
import type { DiskCopy, Row } from "./disk-copy.ts"

/** A frame of a message lane, as it lies in the relay's table of entries. */
export interface StoredFrame {
  readonly at: bigint
  readonly tag: Buffer
}

/** As packages/relay lays lanes out: `at` is the lane's row number times this, plus the index. */
const laneSpan = 2n ** 40n
const charterNumber = 0xffffffffn

export function cellOf(row: Row, column: string): Row["cells"][number]["value"] | undefined {
  return row.cells.find((cell) => cell.column === column)?.value
}

/** Row numbers of the lanes that hold charters. */
function charterLanesOf(disk: DiskCopy): ReadonlySet<bigint> {
  const lanes = disk.rows.filter(({ table }) => table === "lane")
  return new Set(
    lanes.filter((row) => cellOf(row, "number") === charterNumber).map((row) => cellOf(row, "no") as bigint),
  )
}

export function isCharterEntry(disk: DiskCopy): (row: Row) => boolean {
  const charters = charterLanesOf(disk)
  return (row) => row.table === "entry" && charters.has((cellOf(row, "at") as bigint) / laneSpan)
}

export function framesOf(disk: DiskCopy): readonly StoredFrame[] {
  const isCharter = isCharterEntry(disk)
  return disk.rows.flatMap((row) => {
    if (row.table !== "entry" || isCharter(row)) return []
    const bytes = cellOf(row, "bytes") as Uint8Array
    if (!(frameClasses as readonly number[]).includes(bytes.length)) return []
    return [{ at: cellOf(row, "at") as bigint, tag: Buffer.from(bytes.subarray(0, tagBytes)) }]
  })
}

/** Ids of blobs, from the paths under which they lie. */
export function blobsOf(disk: DiskCopy): readonly string[] {
  const ids = disk.files.map(({ name }) => /(?:^|[\\/])([0-9a-f]{64})[\\/][0-9]+[\\/][0-9]+$/.exec(name)?.[1])
  return [...new Set(ids.filter((id) => id !== undefined))]
}

export function tagKey(tag: Uint8Array): string {
  return hex(tag)
}
