import { type Hash, NOTE_SIGNATURE, type NoteKey } from "@holdfast/log"
import { equalBytes } from "@holdfast/wire"
import { WitnessError } from "../error.ts"

/** The largest tree of a log that this witness has cosigned. (V2.1) */
export interface CosignedHead {
  readonly size: number
  readonly root: Hash
  /** A signed note: the text and the lines of the log keys that were trusted then. */
  readonly note: Uint8Array
  /** Seconds since 1970, as in the cosignature. */
  readonly cosignedAt: number
}

/**
 * A validly signed checkpoint that does not go with what was cosigned. (V4.1)
 *
 * - `fork`: a second root for one size. By itself proof that the log's key signed two histories.
 * - `false_empty`: size 0 with another root than the empty tree's. The same.
 * - `unproven`: no valid proof came with it. The log's fault, or the mistake of whoever sent it.
 */
export interface Evidence {
  readonly kind: EvidenceKind
  readonly origin: string
  /** Seconds since 1970, by the witness's clock. */
  readonly at: number
  readonly size: number
  /** The checkpoint's signed note, with the lines of trusted keys only. */
  readonly note: Uint8Array
  /** What was cosigned before, as a signed note; `undefined`: nothing was. */
  readonly held: Uint8Array | undefined
}
export type EvidenceKind = "fork" | "false_empty" | "unproven"

/** What is known about one log. */
export interface LogState {
  /** Trusted now. May be empty: then nothing of this log is cosigned, and what was is not forgotten. */
  readonly keys: readonly NoteKey[]
  readonly head: CosignedHead | undefined
}

export interface LogLine extends LogState {
  readonly origin: string
  /** The charter's size up to which its relays were read; `undefined`: the operator alone named the keys. */
  readonly followedSize: number | undefined
}

/** What a step leaves behind and what it comes to. Absent parts stay as they are. */
export interface Step<T> {
  readonly head?: CosignedHead
  readonly evidence?: Evidence
  readonly result: T
}

/** A charter that was replayed: which keys its relays have at `size`. */
export interface FollowedCharter {
  readonly size: number
  /** `undefined` above `size`. */
  readonly rootAt: (size: number) => Hash | undefined
  readonly keys: readonly NoteKey[]
}
export type FollowVerdict = "followed" | "older" | "forked"

/** Bounds that hold whatever is sent. */
export const storeLimits = {
  logs: 10_000,
  keysPerLog: 64,
  /** For each log: proofs of a fork, and the same number of unproven ones. The first ones stay. */
  evidencePerLog: 32,
} as const

/** Where a witness keeps what it has cosigned. Each adapter passes one suite (V2). */
export interface WitnessStore {
  /** `undefined`: no such log. */
  logOf(origin: string): Promise<LogState | undefined>
  /** By SHA-256 of the origin. */
  logByHash(originHash: Uint8Array): Promise<LogState | undefined>
  /**
   * Reads, decides and writes as one: no other step of this log, of this process or another, comes in between. What is written is
   * on the disk when it resolves. `decide` must not wait for anything. When it throws, nothing is written. (V2.2, V2.3)
   */
  step<T>(origin: string, decide: (state: LogState | undefined) => Step<T>): Promise<T>
  /** Trusts a key (type 01) for a log, which comes into being with it. Throws `too_many_logs`, `key_unfit`. (V2.5) */
  trust(origin: string, key: NoteKey): Promise<void>
  /** Takes back a key that `trust` was given. The log and what was cosigned stay. False: there was none. (V2.5) */
  distrust(origin: string, key: NoteKey): Promise<boolean>
  /** Trusts exactly these keys besides those of `trust`, unless the charter is `older` or `forked`. Throws as `trust`. (V5.2, V5.3) */
  follow(origin: string, charter: FollowedCharter): Promise<FollowVerdict>
  /** In the order in which they came. */
  logs(): Promise<readonly LogLine[]>
  /** In the order in which it came. */
  evidence(): Promise<readonly Evidence[]>
  close(): Promise<void>
}

/** Throws `key_unfit` unless the key can sign checkpoints. */
export function checkLogKey(key: NoteKey): void {
  if (key.type === NOTE_SIGNATURE) return
  throw new WitnessError("key_unfit", "That is the key of a witness. Give the key of a log (type 01).")
}

export function tooManyLogs(): WitnessError {
  return new WitnessError(
    "too_many_logs",
    `A witness watches at most ${storeLimits.logs} logs with ${storeLimits.keysPerLog} keys each.`,
  )
}

/** Whether this charter continues the one that was followed before, and what was cosigned of it. (V5.3) */
export function followVerdict(
  charter: FollowedCharter,
  followed: { readonly size: number; readonly root: Hash } | undefined,
  head: CosignedHead | undefined,
): FollowVerdict {
  if (followed !== undefined && charter.size < followed.size) return "older"
  for (const known of [followed, head]) {
    if (known === undefined || known.size > charter.size) continue
    const root = charter.rootAt(known.size)
    if (root === undefined || !equalBytes(root, known.root)) return "forked"
  }
  return "followed"
}
