import { hex, limits } from "@holdfast/wire"
import { ClientError } from "../error.ts"
import type { Network } from "../ports.ts"

/** Where blobs go at the moment: the relay in use and the session's token. Null while offline. */
export type BlobSession = () => { readonly url: string; readonly token: Uint8Array } | null

export interface BlobStanding {
  readonly chunks: number
  readonly have: ReadonlySet<number>
}

/** The relay's blob routes (wire W9). Failures are ClientErrors: `relay_unreachable` may be tried again, the others not by itself. */
export interface BlobLink {
  /** Null: the relay has nothing under this id. */
  standing(blob: string): Promise<BlobStanding | null>
  put(blob: string, index: number, of: number, bytes: Uint8Array, signal?: AbortSignal): Promise<void>
  get(blob: string, index: number, signal?: AbortSignal): Promise<Uint8Array>
}

const sentences: Readonly<Record<number, readonly [ConstructorParameters<typeof ClientError>[0], string]>> = {
  403: ["relay_refused", "The relay no longer accepts files from this device."],
  404: ["not_found", "The relay no longer has this file."],
  409: ["relay_refused", "The relay already has another file under this id. Send the file again."],
  413: ["too_large", "The relay does not take files of this size."],
  429: ["relay_refused", "The daily amount of files for this device is used up. It goes on tomorrow."],
  507: ["relay_refused", "The relay has no room left for files. Tell whoever runs it."],
}

export function blobLink(network: Network, session: BlobSession): BlobLink {
  async function request(method: string, path: string, body?: Uint8Array, signal?: AbortSignal) {
    const current = session()
    if (current === null) throw unreachable()
    const answer = await network
      .fetch(`${current.url.replace(/\/$/, "")}/v1/blobs/${path}`, {
        method,
        headers: { authorization: `Bearer ${hex(current.token)}` },
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      })
      .catch((cause) => {
        throw unreachable(cause)
      })
    if (answer.status >= 200 && answer.status < 300) return answer
    const known = sentences[answer.status]
    // 401: the token went with its connection; the next connection brings a new one
    if (known === undefined) throw unreachable()
    throw new ClientError(...known)
  }
  return {
    async standing(blob) {
      try {
        const answer = await request("GET", blob)
        return readStanding(await answer.bytes())
      } catch (error) {
        if (error instanceof ClientError && error.code === "not_found") return null
        throw error
      }
    },
    async put(blob, index, of, bytes, signal) {
      await request("PUT", `${blob}/chunks/${index}?of=${of}`, bytes, signal)
    },
    async get(blob, index, signal) {
      const answer = await request("GET", `${blob}/chunks/${index}`, undefined, signal)
      return answer.bytes()
    },
  }
}

function unreachable(cause?: unknown): ClientError {
  return new ClientError("relay_unreachable", "The relay cannot be reached. It goes on by itself when it can.", {
    cause,
  })
}

function readStanding(body: Uint8Array): BlobStanding {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    const { chunks, have } = value as { chunks: unknown; have: unknown }
    if (typeof chunks !== "number" || !Array.isArray(have)) throw new Error("shape")
    const set = new Set<number>()
    let end = 0
    for (const range of have as unknown[]) {
      const [from, to] = range as [number, number]
      // ascending and within what a blob can have, or a relay could keep this program counting for ever
      const isRange =
        Number.isInteger(from) && Number.isInteger(to) && from >= end && to > from && to <= limits.blobChunks
      if (!isRange) throw new Error("shape")
      for (let i = from; i < to; i++) set.add(i)
      end = to
    }
    return { chunks, have: set }
  } catch (cause) {
    throw unreachable(cause)
  }
}
