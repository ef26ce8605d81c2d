// What the lane replica asks the relay for beside the frames it follows: older frames, and letters too large for a frame.
import type { Lane } from "@holdfast/lanes"
import { hex, limits } from "@holdfast/wire"
import { ClientError } from "./error.ts"
import { type BlobSession, blobLink } from "./files/blob-link.ts"
import type { LaneSync } from "./lane-sync.ts"
import type { Network } from "./ports.ts"
import type { RelayLink } from "./relay-link.ts"
import type { Turns } from "./turns.ts"

export interface LaneFetchDeps {
  readonly network: Network
  readonly session: BlobSession
  readonly link: () => RelayLink
  readonly lane: Lane
  readonly laneSync: () => LaneSync
  readonly turns: Turns
  readonly onTrouble: (error: unknown) => void
}

export interface LaneFetch {
  /** Supplied in a turn when they are here. */
  frames(from: number, to: number): void
  blob(blob: { readonly blobId: Uint8Array; readonly length: number }): void
  putBlob(blob: Uint8Array, ciphertext: Uint8Array): Promise<void>
}

export function createLaneFetch(deps: LaneFetchDeps): LaneFetch {
  const { lane, turns } = deps
  const blobs = blobLink(deps.network, deps.session)

  async function readFrames(from: number, to: number): Promise<Uint8Array[] | null> {
    const frames: Uint8Array[] = []
    while (from + frames.length < to) {
      const next = from + frames.length
      const maxFrames = Math.min(limits.framesPerBatch, to - next)
      const answer = await deps.link().request({ kind: "read", value: { lane: lane.id, from: next, maxFrames } })
      if (answer.kind !== "frames" || answer.value.frames.length === 0) return null
      frames.push(...answer.value.frames)
    }
    return frames.slice(0, to - from)
  }

  async function readBlob(blob: Uint8Array, length: number): Promise<Uint8Array | null> {
    const out = new Uint8Array(length)
    for (let at = 0, i = 0; at < length; i++) {
      const part = await blobs.get(hex(blob), i)
      if (at + part.length > length || part.length === 0) return null
      out.set(part, at)
      at += part.length
    }
    return out
  }

  return {
    frames(from, to) {
      readFrames(from, to)
        .then((frames) => turns.take(() => deps.laneSync().supply(from, frames)))
        .catch(deps.onTrouble)
    },
    blob({ blobId, length }) {
      readBlob(blobId, length)
        .catch((error) => {
          // out of reach: it is asked for again with the next session
          if (error instanceof ClientError && error.code !== "relay_unreachable") return null
          throw error
        })
        .then((ciphertext) => turns.take(() => deps.laneSync().supplyBlob(blobId, ciphertext)))
        .catch(deps.onTrouble)
    },
    async putBlob(blob, ciphertext) {
      const of = Math.ceil(ciphertext.length / limits.blobChunkBytes)
      for (let i = 0; i < of; i++) {
        const part = ciphertext.slice(i * limits.blobChunkBytes, (i + 1) * limits.blobChunkBytes)
        await blobs.put(hex(blob), i, of, part)
      }
    },
  }
}
