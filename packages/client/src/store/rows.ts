// Reading typed values out of untyped rows. A value of another type is damage, never a guess.
import { ClientError } from "../error.ts"
import type { SqlValue } from "../ports.ts"

export type Row = Readonly<Record<string, SqlValue>>

export function damagedStore(cause?: unknown): ClientError {
  return new ClientError(
    "damaged_store",
    "What this device has stored of the organisation is damaged. Nothing was changed. Restore it from a backup, or join again.",
    { cause },
  )
}

export function textOf(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== "string") throw damagedStore(column)
  return value
}

export function numberOf(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== "number") throw damagedStore(column)
  return value
}

export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw damagedStore(column)
  return value
}

export function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : textOf(row, column)
}

export function optionalNumber(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : numberOf(row, column)
}

export function optionalBytes(row: Row, column: string): Uint8Array | undefined {
  return row[column] === null ? undefined : bytesOf(row, column)
}
