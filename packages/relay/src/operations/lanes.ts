import { type Answer, hex, isFrameLength, type LaneId, limits, type Operation } from "@holdfast/wire"
import type { RelayCore } from "../core.ts"
import { RelayError } from "../error.ts"
import type { LaneFeed } from "../lane-feed.ts"
import { decodeStrictly } from "../organisation.ts"
import type { OpenSession } from "../session.ts"
import { guestKeyOf } from "./hello.ts"

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>["value"]

/** Throws `unknown_lane`, and `forbidden` for a message lane that this session may not read. (R4.6) */
export function readableLane(session: OpenSession, id: LaneId): LaneFeed {
  const feed = session.org.lane(id)
  if (feed === undefined) throw new RelayError("unknown_lane")
  if (session.kind !== "device" && feed.lane.number !== "charter") throw new RelayError("forbidden")
  return feed
}

/** Up to the engine's queue this does not wait, so that appends of one connection keep their order. (R6.2, R2.1) */
export async function appendFrames(core: RelayCore, session: OpenSession, request: Of<"append">): Promise<Answer> {
  const { lane, frames, messageIds } = request
  const feed = session.org.lane(lane)
  if (feed === undefined) throw new RelayError("unknown_lane")
  const { number } = feed.lane
  if (number === "charter" || (session.kind === "guest" && number !== 0)) throw new RelayError("forbidden")
  if (
    frames.length === 0 ||
    frames.length !== messageIds.length ||
    !frames.every(({ length }) => isFrameLength(length))
  ) {
    throw new RelayError("malformed")
  }
  if (frames.reduce((sum, { length }) => sum + length, 0) > limits.appendBytes) throw new RelayError("too_large")
  let allowance: Allowance
  try {
    allowance = chargeFrames(core, session, frames.length)
  } catch (error) {
    // Whoever missed the answer to the last frame of the day still gets it.
    const indices = await core.deps.engine.find(lane, messageIds)
    if (!indices.every((index) => index !== undefined)) throw error
    return { kind: "appended", value: { indices } }
  }
  try {
    const entries = frames.map((bytes, i) => ({ messageId: messageIds[i] as Uint8Array, bytes }))
    const stored = await core.deps.engine.append(lane, entries)
    // What was there already costs nothing: a client that was cut off may send again.
    allowance.refund(frames.length - stored.added)
    return { kind: "appended", value: { indices: stored.indices } }
  } catch (error) {
    allowance.refund(frames.length)
    throw error
  }
}

/**
 * Throws `refused` with the charter's reason, `malformed`, `too_large`, and `quota` for anchors beyond the day's: they need no keeper, so nothing
 * else would keep one device from filling the charter with them. (R4.3, R10.9)
 */
export async function appendCharter(
  core: RelayCore,
  session: OpenSession,
  { envelope }: Of<"appendCharter">,
): Promise<Answer> {
  if (session.kind !== "device") throw new RelayError("forbidden")
  const isAnchor = decodeStrictly(envelope).statement.type === "anchor"
  const key = `anchors ${hex(session.org.id)} ${hex(session.device)}`
  if (isAnchor) core.quota.charge(key, 1, core.config.anchorsPerDay)
  try {
    return { kind: "charterAppended", value: { index: await session.org.appendCharter(envelope) } }
  } catch (error) {
    if (isAnchor) core.quota.refund(key, 1)
    throw error
  }
}

interface Allowance {
  refund(unused: number): void
}

function chargeFrames(core: RelayCore, session: OpenSession, count: number): Allowance {
  const { quota, guestFrames, config } = core
  if (session.kind === "device") {
    const key = `frames ${hex(session.org.id)} ${hex(session.device)}`
    quota.charge(key, count, config.framesPerDay)
    return { refund: (unused) => quota.refund(key, unused) }
  }
  if (session.kind !== "guest") throw new RelayError("forbidden")
  const key = guestKeyOf(session)
  const used = (guestFrames.get(key) ?? 0) + count
  if (used > config.framesPerGuest) throw new RelayError("quota")
  guestFrames.set(key, used)
  return { refund: (unused) => void guestFrames.set(key, (guestFrames.get(key) ?? 0) - unused) }
}

/** Throws `pruned`, and `conflict` when the reader is ahead: then this relay has lost something, or is another. (R6.3) */
export async function readFrames(core: RelayCore, session: OpenSession, request: Of<"read">): Promise<Answer> {
  const feed = readableLane(session, request.lane)
  if (request.maxFrames === 0) throw new RelayError("malformed")
  const { id } = feed.lane
  const bounds = { maxEntries: request.maxFrames, maxBytes: limits.batchBytes }
  const slice = await core.deps.engine.read(id, request.from, bounds)
  if (slice.kind === "pruned") throw new RelayError("pruned")
  if (request.from > slice.size) throw new RelayError("conflict", "ahead")
  // Signed after reading: the checkpoint covers every frame of the answer.
  const signed = await feed.signedHead()
  return {
    kind: "frames",
    value: { lane: id, first: request.from, frames: slice.entries, size: signed.size, checkpoint: signed.note },
  }
}

export async function getCheckpoint(session: OpenSession, request: Of<"getCheckpoint">): Promise<Answer> {
  const feed = readableLane(session, request.lane)
  const { note } = await feed.signedHead()
  return { kind: "checkpoint", value: { lane: feed.lane.id, note } }
}

/** The charter's newest checkpoint that witnesses have cosigned. Throws `unavailable` while there is none. (W5.14) */
export async function getWitnessed({ org }: OpenSession): Promise<Answer> {
  const note = org.witnessed
  if (note === undefined) throw new RelayError("unavailable", "not_witnessed")
  return { kind: "checkpoint", value: { lane: org.charterLane.id, note } }
}

/** The lane's size, when `from` is a place to begin. Throws as `readFrames`. */
export async function checkStart(core: RelayCore, feed: LaneFeed, from: number): Promise<number> {
  const { size, first } = await core.deps.engine.head(feed.lane.id)
  if (from < first) throw new RelayError("pruned")
  if (from > size) throw new RelayError("conflict", "ahead")
  return size
}
