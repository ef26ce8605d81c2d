// This device's own copy of the charter: every entry, replayed, and its root held against what the relay has signed.
import { append, type Charter, CharterError, openCharter, replay } from "@holdfast/charter"
import {
  charterOrigin,
  LogError,
  NOTE_SIGNATURE,
  noteKey,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from "@holdfast/log"
import { equalBytes, type Frames, type OrgId, utf8 } from "@holdfast/wire"
import { ClientError } from "./error.ts"
import type { Database } from "./ports.ts"
import { bytesOf } from "./store/rows.ts"

export interface CharterTable {
  all(): readonly Uint8Array[]
  at(index: number): Uint8Array | undefined
  /** Replaces the last note that this device has verified. */
  add(first: number, entries: readonly Uint8Array[]): void
}

export function charterTable(db: Database): CharterTable {
  return {
    all: () => db.all("SELECT entry FROM charter ORDER BY idx").map((row) => bytesOf(row, "entry")),
    at: (index) => db.all("SELECT entry FROM charter WHERE idx = ?", index).map((row) => bytesOf(row, "entry"))[0],
    add(first, entries) {
      entries.forEach((entry, i) => {
        db.run("INSERT INTO charter (idx, entry) VALUES (?, ?)", first + i, entry)
      })
    },
  }
}

/** `grown`: these entries are new, verified and to be stored. `lied`: none of it was used (E8.4, E8.5). */
export type CharterStep =
  | {
      readonly kind: "grown"
      readonly first: number
      readonly entries: readonly Uint8Array[]
      readonly charter: Charter
      readonly note: string
    }
  | { readonly kind: "waiting" }
  | {
      readonly kind: "lied"
      readonly how: "fork" | "rollback" | "bad_checkpoint"
      readonly evidence: readonly Uint8Array[]
    }

export interface CharterSync {
  charter(): Charter
  /** What the next entry that is asked for has to be: behind what is stored and what waits for its checkpoint. */
  next(): number
  /** Frames of the charter's lane. Changes nothing stored: the caller stores a `grown` step and calls `commit`. */
  receive(frames: Frames, logPublicKey: Uint8Array): Promise<CharterStep>
  /** A checkpoint alone. `least`: the size that the relay had confirmed before (E8.5). */
  check(note: string, logPublicKey: Uint8Array, least: number): Promise<CharterStep>
  commit(step: CharterStep & { readonly kind: "grown" }): void
  /** Forgets entries that wait for a checkpoint: they came over a connection that is gone. */
  forget(): void
}

/** Far more than any organisation's history has; whoever sends more than that without a checkpoint is given up. */
export const maxWaiting = { entries: 262_144, bytes: 134_217_728 }

/** Throws `damaged_store` when what is stored is not this organisation's charter. */
export async function openCharterSync(
  org: OrgId,
  stored: readonly Uint8Array[],
  lastNote: string | undefined,
): Promise<CharterSync> {
  let charter: Charter
  try {
    charter = await replay(org, stored)
  } catch (cause) {
    throw new ClientError("damaged_store", "The organisation's history on this device is damaged.", { cause })
  }
  // Entries are shown to nobody before a signed checkpoint covers them, so that a relay which is replaced leaves no trace.
  let ahead: Charter = charter
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let note = lastNote

  async function verified(text: string, logPublicKey: Uint8Array): Promise<VerifiedCheckpoint | undefined> {
    const origin = charterOrigin(org)
    try {
      const logKeys = [noteKey(origin, NOTE_SIGNATURE, logPublicKey)]
      return await verifyCheckpoint(utf8(text), { origin, logKeys, witnessKeys: [] })
    } catch (error) {
      if (error instanceof LogError) return undefined
      throw error
    }
  }

  function lied(how: "fork" | "rollback" | "bad_checkpoint", text: string): CharterStep {
    forget()
    return { kind: "lied", how, evidence: note === undefined ? [utf8(text)] : [utf8(text), utf8(note)] }
  }

  function forget(): void {
    ahead = charter
    waiting = []
    waitingBytes = 0
  }

  async function settle(text: string, logPublicKey: Uint8Array, least: number): Promise<CharterStep> {
    const checkpoint = await verified(text, logPublicKey)
    if (checkpoint === undefined) return lied("bad_checkpoint", text)
    if (checkpoint.size > ahead.size) return { kind: "waiting" }
    const own = ahead.roots.at(checkpoint.size) as Uint8Array
    if (!equalBytes(own, checkpoint.root)) return lied(checkpoint.size > charter.size ? "bad_checkpoint" : "fork", text)
    if (checkpoint.size < least) return lied("rollback", text)
    if (checkpoint.size < ahead.size || waiting.length === 0) return { kind: "waiting" }
    return { kind: "grown", first: charter.size, entries: waiting, charter: ahead, note: text }
  }

  return {
    charter: () => charter,
    next: () => ahead.size,
    async receive(frames, logPublicKey) {
      if (frames.first > ahead.size) return lied("bad_checkpoint", frames.checkpoint)
      // a renewed subscription may repeat what is known
      for (const entry of frames.frames.slice(ahead.size - frames.first)) {
        try {
          ahead = (await append(ahead, entry)).charter
        } catch (error) {
          if (!(error instanceof CharterError)) throw error
          throw new ClientError(
            "wrong_organisation",
            "This relay answers with another organisation than the invitation names.",
            {
              cause: error,
            },
          )
        }
        waiting.push(entry)
        waitingBytes += entry.length
        // what no signature covers yet must not fill the memory (E8.4)
        if (waiting.length > maxWaiting.entries || waitingBytes > maxWaiting.bytes) {
          return lied("bad_checkpoint", frames.checkpoint)
        }
      }
      return settle(frames.checkpoint, logPublicKey, 0)
    },
    check: (text, logPublicKey, least) => settle(text, logPublicKey, least),
    commit(step) {
      charter = step.charter
      waiting = waiting.slice(step.entries.length)
      waitingBytes = waiting.reduce((sum, entry) => sum + entry.length, 0)
      note = step.note
    },
    forget,
  }
}

/** A charter of which nothing is known yet. */
export function noCharter(org: OrgId): Charter {
  return openCharter(org)
}
