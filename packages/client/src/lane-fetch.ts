// What the lane replica asks the relay for beside the frames it follows: older frames, and letters too large for a frame.
import type { Lane } from "@holdfast/lanes"
import { concatBytes, equalBytes, hex, limits } from "@holdfast/wire"
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
  /** Supplied in a turn when it is here. Blobs are fetched one at a time, and each once, however often it is asked for. */
  blob(blob: { readonly blobId: Uint8Array }): void
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

  const queue = new Map<string, Uint8Array>()
  let isFetching = false

  /**
   * As much as the longest of the letters that name this blob says, and no more; a letter that lies about the length must not
   * spoil the blob for the others. Nothing is set aside for bytes that have not come.
   */
  async function readBlob(blob: Uint8Array, maxLength: number): Promise<Uint8Array | null> {
    const parts: Uint8Array[] = []
    for (let length = 0; length < maxLength; ) {
      const part = await blobs.get(hex(blob), parts.length).catch((error) => {
        if (parts.length > 0 && error instanceof ClientError && error.code === "not_found") return undefined
        throw error
      })
      if (part === undefined) break
      length += part.length
      if (part.length === 0 || part.length > limits.blobChunkBytes || length > maxLength) return null
      parts.push(part)
      // only the last chunk is shorter
      if (part.length < limits.blobChunkBytes) break
    }
    return concatBytes(...parts)
  }

  async function fetchAwaited(blob: Uint8Array): Promise<void> {
    const lengths = lane.awaitedBlobs().flatMap(({ blobId, length }) => (equalBytes(blobId, blob) ? [length] : []))
    if (lengths.length === 0) return
    const ciphertext = await readBlob(blob, Math.max(...lengths)).catch((error) => {
      // out of reach: it is asked for again with the next session
      if (error instanceof ClientError && error.code !== "relay_unreachable") return null
      throw error
    })
    await turns.take(() => deps.laneSync().supplyBlob(blob, ciphertext))
  }

  /** One after another: letters cost nothing to write, and what they name may be large. */
  async function fetchQueued(): Promise<void> {
    if (isFetching) return
    isFetching = true
    for (let next = queue.entries().next().value; next !== undefined; next = queue.entries().next().value) {
      const [name, blob] = next
      try {
        await fetchAwaited(blob)
      } catch (error) {
        deps.onTrouble(error)
      }
      queue.delete(name)
    }
    isFetching = false
  }

  return {
    frames(from, to) {
      readFrames(from, to)
        .then((frames) => turns.take(() => deps.laneSync().supply(from, frames)))
        .catch(deps.onTrouble)
    },
    blob({ blobId }) {
      queue.set(hex(blobId), blobId)
      void fetchQueued()
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
