import { MlsError, readKeyPackage } from "@holdfast/mls"
import { decodeDirectoryEntry, WireError } from "@holdfast/wire"
import type { DiskCopy } from "./disk-copy.ts"
import type { LinksFound } from "./search-links.ts"

const hourMillis = 3_600_000n
const nearMillis = 400n * 24n * hourMillis

/** True for a number that reads as a time near `now`, in seconds or milliseconds, and says more than the hour. */
function isFineTime(value: bigint, now: bigint): boolean {
  const isNear = (millis: bigint) => millis > now - nearMillis && millis < now + nearMillis
  return (isNear(value) && value % hourMillis !== 0n) || (isNear(value * 1000n) && (value * 1000n) % hourMillis !== 0n)
}

/**
 * Times finer than the hour beside anything: in rows, in the lines of the directory, on the files of blobs (D2.7). That a database
 * was last written when it was last written is not counted.
 */
export async function searchTimes(disk: DiskCopy, nowMillis: number): Promise<LinksFound> {
  const now = BigInt(nowMillis)
  const counts = new Map<string, number>()
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
  let looked = 0
  for (const { table, cells } of disk.rows) {
    for (const { column, value } of cells) {
      looked += 1
      const isCount = table === "directory" && column === "sequence"
      if (typeof value === "bigint" && !isCount && isFineTime(value, now)) count(`table ${table}, column ${column}`)
      if (table === "directory" && column === "bytes" && value instanceof Uint8Array) {
        for (const time of await timesOfLine(value)) if (isFineTime(BigInt(time), now)) count("a line of the directory")
      }
    }
  }
  for (const { name, mtimeMs } of disk.files) {
    if (!/(^|[\\/])blobs[\\/]/.test(name)) continue
    looked += 1
    if (BigInt(Math.round(mtimeMs)) % hourMillis !== 0n) count("the time of a blob's file")
  }
  const edges = [...counts.values()].reduce((sum, n) => sum + n, 0)
  return {
    edges,
    finds: [...counts].map(([what, n]) => `${n} time(s) finer than the hour in ${what}`),
    measured: [`${looked} values and file times`],
  }
}

async function timesOfLine(bytes: Uint8Array): Promise<readonly number[]> {
  try {
    const { issuedAt, sequence, keyPackages } = decodeDirectoryEntry(bytes)
    const read = await Promise.all(keyPackages.map(readKeyPackage))
    // A sequence may count up within its hour.
    const counted = sequence % Number(hourMillis) < 100 ? [] : [sequence]
    return [issuedAt, ...counted, ...read.flatMap(({ notBefore, notAfter }) => [notBefore, notAfter])]
  } catch (error) {
    if (error instanceof WireError || error instanceof MlsError) return []
    throw error
  }
}
