import {
  type BlobId,
  bytes,
  type ConversationId,
  type DeviceId,
  equalBytes,
  limits,
  type MemberId,
  message,
  type Of,
  plain,
  required,
  text,
  uint,
} from "@holdfast/wire"
import { decodeRecord, encodeRecord } from "./conversation-record.ts"
import type { BlobRef } from "./event.ts"
import type { RecordReader } from "./ports.ts"
import type { Records } from "./records.ts"

const none = new Uint8Array()

const JoinRecord = message("JoinRecord", {
  /** Of the letter. */
  index: plain(1, uint(), 0),
  member: required(2, bytes<MemberId>({ length: 16 })),
  device: required(3, bytes<DeviceId>({ length: 16 })),
  signatureKey: required(4, bytes({ length: 32 })),
  conversation: required(5, bytes<ConversationId>({ length: 32 })),
  kind: required(6, uint(3)),
  commitIndex: plain(7, uint(), 0),
  charterSize: required(8, uint()),
  charterRoot: required(9, bytes({ length: 32 })),
  charterNote: required(10, text(limits.checkpointBytes)),
  /** A WelcomePackage; empty while its blob is awaited. */
  package: plain(11, bytes({ max: 100_000_000 }), none),
  /** Empty, or 32 bytes each, when the package came or comes in a blob. */
  blobId: plain(12, bytes<BlobId>({ max: 32 }), none as Uint8Array as BlobId),
  blobKey: plain(13, bytes({ max: 32 }), none),
  blobLength: plain(14, uint(), 0),
  blobSha256: plain(15, bytes({ max: 32 }), none),
})
/** A welcome that has come and is not yet carried out (N6.4, N6.5). */
export type WaitingJoin = Of<typeof JoinRecord>

const maxWaitingPerDevice = 64
const maxBlobsPerDevice = 16
const maxBlobs = 64
const keyOf = (index: number) => index.toString(16).padStart(14, "0")
export const isAwaitingBlob = (join: WaitingJoin): boolean => join.package.length === 0

/** In the order of their letters. */
export class WaitingJoins {
  #joins: WaitingJoin[] = []
  readonly #touched = new Set<number>()

  /** Throws `damaged`. */
  static restore(reader: RecordReader): WaitingJoins {
    const waiting = new WaitingJoins()
    for (const [, stored] of reader.all("join")) waiting.#joins.push(decodeRecord(JoinRecord, stored.slice()))
    waiting.#joins.sort((a, b) => a.index - b.index)
    return waiting
  }

  /**
   * False: dropped, because it goes beyond the number that one device, or all of them, may have waiting here, or because the
   * same device has named the same blob before (N6.4).
   */
  add(join: WaitingJoin): boolean {
    const isSameDevice = (one: WaitingJoin) => equalBytes(one.device, join.device)
    const others = this.#joins.filter(isSameDevice)
    if (others.length >= maxWaitingPerDevice) return false
    if (isAwaitingBlob(join)) {
      const awaiting = this.#joins.filter(isAwaitingBlob)
      const own = awaiting.filter(isSameDevice)
      if (awaiting.length >= maxBlobs || own.length >= maxBlobsPerDevice) return false
      if (own.some(({ blobId }) => equalBytes(blobId, join.blobId))) return false
    }
    this.#joins.push(join)
    this.#touched.add(join.index)
    return true
  }

  remove(join: WaitingJoin): void {
    this.#joins = this.#joins.filter((one) => one.index !== join.index)
    this.#touched.add(join.index)
  }

  /** The first that can be tried. */
  get ready(): WaitingJoin | undefined {
    return this.#joins.find((join) => !isAwaitingBlob(join))
  }

  awaitedBlobs(): readonly BlobRef[] {
    return this.#joins.filter(isAwaitingBlob).map(blobRefOf)
  }

  /** Several letters may name one blob. */
  awaiting(blob: BlobId): readonly WaitingJoin[] {
    return this.#joins.filter((join) => isAwaitingBlob(join) && equalBytes(join.blobId, blob))
  }

  fill(join: WaitingJoin, packageBytes: Uint8Array): void {
    this.#joins = this.#joins.map((one) => (one.index === join.index ? { ...one, package: packageBytes } : one))
    this.#touched.add(join.index)
  }

  store(records: Records): void {
    for (const index of this.#touched) {
      const join = this.#joins.find((one) => one.index === index)
      if (join === undefined) records.delete("join", keyOf(index))
      else records.put("join", keyOf(index), encodeRecord(JoinRecord, join))
    }
    this.#touched.clear()
  }
}

export const blobRefOf = ({ blobId, blobLength, blobSha256 }: WaitingJoin): BlobRef => ({
  blobId,
  length: blobLength,
  sha256: blobSha256,
})
