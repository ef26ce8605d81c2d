import type { Device, KeyPackagePair } from "@holdfast/mls"
import type { LaneId, OrgId } from "@holdfast/wire"
import type { CharterView } from "./charter-view.ts"

export interface LaneDeps {
  readonly org: OrgId
  readonly lane: LaneId
  readonly device: Device
  /** The newest charter there is; asked once at the start of each operation. */
  readonly charter: () => CharterView
  /** The private half of a key package this device has published and not used yet, by its reference. */
  readonly keyPackage: (ref: Uint8Array) => KeyPackagePair | undefined
  /** Private keys that letters to this device may be sealed to: the one in the directory now, and its forerunner. */
  readonly sealKeys: () => readonly Uint8Array[]
  readonly randomBytes: (length: number) => Uint8Array
}

/** The kinds of records a replica keeps. Their contents are secret: the store encrypts them. */
export const tables = [
  "lane",
  "hashes",
  "conversation",
  "windows",
  "epoch",
  "ratchet",
  "own",
  "change",
  "due",
  "join",
  "claim",
  "partial",
] as const
export type Table = (typeof tables)[number]

/** Where `flush` writes. Keys are lower-case hex; `put` replaces. */
export interface RecordWriter {
  put(table: Table, key: string, bytes: Uint8Array): void
  delete(table: Table, key: string): void
}

/** Everything `flush` has written and not deleted, in any order. */
export interface RecordReader {
  all(table: Table): Iterable<readonly [key: string, bytes: Uint8Array]>
}
