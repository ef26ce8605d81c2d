import { type BlobId, fromHex, hex, limits, toBlobId, WireError } from "@holdfast/wire"
import type { BlobStatus } from "../blobs/blob-store.ts"
import type { RelayCore } from "../core.ts"
import { RelayError } from "../error.ts"
import type { OpenSession } from "../session.ts"

type DeviceSession = Extract<OpenSession, { kind: "device" }>

/** The open session a request belongs to (R8.1): `Authorization: Bearer` and the token in 64 lower-case hex digits. Throws `not_authenticated`. */
export function sessionOfToken(core: RelayCore, authorization: string | undefined): DeviceSession {
  const digits = /^Bearer ([0-9a-f]{64})$/.exec(authorization ?? "")?.[1]
  const session = digits === undefined ? undefined : core.tokens.find(fromHex(digits))
  if (session === undefined) throw new RelayError("not_authenticated")
  return session
}

/** Stores one chunk (R8.3). What comes in is counted against the device's day as it comes. */
export async function putChunk(
  core: RelayCore,
  session: DeviceSession,
  place: { readonly blob: string; readonly index: string; readonly count: string | undefined },
  body: { readonly length: number | undefined; readonly bytes: AsyncIterable<Uint8Array> },
): Promise<"stored" | "same"> {
  const blob = blobIdOf(place.blob)
  const count = numberOf(place.count, 1, limits.blobChunks)
  const index = numberOf(place.index, 0, count - 1)
  if ((body.length ?? 0) > limits.blobChunkBytes) throw new RelayError("too_large")
  const key = `blobs ${hex(session.org.id)} ${hex(session.device)}`
  let charged = 0
  let isStored = false
  async function* counted(): AsyncIterable<Uint8Array> {
    for await (const part of body.bytes) {
      core.quota.charge(key, part.length, core.config.blobBytesPerDay)
      charged += part.length
      yield part
    }
    if (body.length !== undefined && charged !== body.length) throw new RelayError("malformed")
  }
  try {
    const { kind } = await core.deps.blobs.putChunk(session.org.id, blob, { index, count }, counted())
    isStored = kind === "stored"
    return kind
  } finally {
    if (!isStored) core.quota.refund(key, charged)
  }
}

/** `undefined`: nothing of it is here. (R8.4) */
export async function blobStatus(
  core: RelayCore,
  session: DeviceSession,
  blob: string,
): Promise<BlobStatus | undefined> {
  return core.deps.blobs.status(session.org.id, blobIdOf(blob))
}

export async function readChunk(
  core: RelayCore,
  session: DeviceSession,
  blob: string,
  index: string,
): Promise<Uint8Array | undefined> {
  return core.deps.blobs.readChunk(session.org.id, blobIdOf(blob), numberOf(index, 0, limits.blobChunks - 1))
}

function blobIdOf(text: string): BlobId {
  try {
    return toBlobId(fromHex(text))
  } catch (error) {
    if (error instanceof WireError) throw new RelayError("malformed")
    throw error
  }
}

function numberOf(text: string | undefined, min: number, max: number): number {
  const isDecimal = /^(0|[1-9][0-9]{0,8})$/.test(text ?? "")
  const value = Number(text)
  if (!isDecimal || value < min || value > max) throw new RelayError("malformed")
  return value
}

/** One range of a chunk as HTTP asks for it. `undefined`: all of it. Throws `malformed` for a range that it does not have. */
export function rangeOf(
  header: string | undefined,
  length: number,
): { readonly from: number; readonly to: number } | undefined {
  if (header === undefined) return undefined
  const [, first, last] = /^bytes=([0-9]{0,9})-([0-9]{0,9})$/.exec(header) ?? []
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined
  const from = first === "" ? Math.max(0, length - Number(last)) : Number(first)
  const to = first === "" || last === "" ? length : Math.min(length, Number(last) + 1)
  if (from >= to) throw new RelayError("malformed", "range")
  return { from, to }
}
