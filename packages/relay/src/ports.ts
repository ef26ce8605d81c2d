import type { Ed25519Signer } from "@holdfast/log"
import type { RelayId } from "@holdfast/wire"
import type { BlobStore } from "./blobs/blob-store.ts"
import type { LaneEngine } from "./engine/lane-engine.ts"

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Returns the way to call it off. */
  after(millis: number, work: () => void): () => void
}

/** As pino has them. Never gets an identifier, an address or content: counts and closed words only (R3.6). */
export interface RelayLog {
  info(facts: Readonly<Record<string, string | number>>, sentence: string): void
  warn(facts: Readonly<Record<string, string | number>>, sentence: string): void
  error(facts: Readonly<Record<string, string | number>>, sentence: string): void
}

export interface RelayDeps {
  readonly engine: LaneEngine
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly random: (length: number) => Uint8Array
  /** Asks witnesses, and nobody else. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly relayId: RelayId
  /** Signs checkpoints and nothing else. */
  readonly logSigner: Ed25519Signer
  readonly log: RelayLog
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (millis, work) => {
    const timer = setTimeout(work, millis)
    return () => clearTimeout(timer)
  },
}

export const silentLog: RelayLog = { info: () => {}, warn: () => {}, error: () => {} }
