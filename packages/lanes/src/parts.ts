import {
  type Body,
  bytes,
  decode,
  encode,
  limits,
  maxBodyBytes,
  message,
  type Of,
  plain,
  required,
  uint,
} from "@holdfast/wire"
import { LaneError } from "./error.ts"

const maxParts = limits.framesPerAppend

const PartSchema = message("Part", {
  index: plain(1, uint(maxParts - 1), 0),
  total: required(2, uint(maxParts)),
  bytes: required(3, bytes({ max: maxBodyBytes })),
})
/** A piece of a message that one frame does not hold (N3.1). */
export type Part = Of<typeof PartSchema>

/** Fields and lengths around a part's bytes, at the most. */
const partOverhead = 2 + 2 + 1 + 3
export const partBytes = maxBodyBytes - partOverhead

export function encodePart(part: Part): Uint8Array<ArrayBuffer> {
  return encode(PartSchema, part)
}

/** Strict; throws WireError. Whether it fits what came before is the collector's question. */
export function decodePart(input: Uint8Array): Part {
  return decode(PartSchema, input)
}

/** One body for a message that fits, parts for one that does not. Throws `too_large` above 64 parts (N3.1). */
export function bodiesOf(mlsMessage: Uint8Array): Body[] {
  if (mlsMessage.length <= maxBodyBytes) return [{ kind: "message", bytes: mlsMessage }]
  const total = Math.ceil(mlsMessage.length / partBytes)
  if (total > maxParts) throw new LaneError("too_large")
  return Array.from({ length: total }, (_, index) => {
    const piece = mlsMessage.subarray(index * partBytes, (index + 1) * partBytes)
    return { kind: "part", bytes: encodePart({ index, total, bytes: piece }) }
  })
}

/** Where a part stood: the same sender's counters and the lane's indices both go up by one (N3.2). */
export interface PartPlace {
  /** Names the sender's epoch and leaf. */
  readonly stream: string
  readonly laneIndex: number
  readonly counter: number
}

/** The parts of one message so far. A value. */
export interface Collected {
  readonly stream: string
  readonly firstCounter: number
  readonly nextCounter: number
  readonly nextLaneIndex: number
  readonly total: number
  readonly pieces: readonly Uint8Array[]
}

/** `undefined`: the part belongs to nothing that can become whole; what was collected is dropped as well (N3.3). */
export function collect(before: Collected | undefined, part: Part, place: PartPlace): Collected | undefined {
  if (part.total < 2 || part.bytes.length === 0 || part.index >= part.total) return undefined
  const next = { nextCounter: place.counter + 1, nextLaneIndex: place.laneIndex + 1 }
  if (part.index === 0) {
    const { stream, counter } = place
    return { stream, firstCounter: counter, ...next, total: part.total, pieces: [part.bytes] }
  }
  const fits =
    before !== undefined &&
    before.stream === place.stream &&
    before.nextCounter === place.counter &&
    before.nextLaneIndex === place.laneIndex &&
    before.total === part.total &&
    before.pieces.length === part.index
  return fits ? { ...before, ...next, pieces: [...before.pieces, part.bytes] } : undefined
}

export const isWhole = (collected: Collected): boolean => collected.pieces.length === collected.total
