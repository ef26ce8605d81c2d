import { checkpointTrust, type OrgState } from "@holdfast/charter"
import {
  cosignedBy,
  cosignedTime,
  formatNote,
  type NoteKey,
  type NoteSignature,
  parseNote,
  type VerifiedSignature,
  verifyCheckpoint,
} from "@holdfast/log"
import { hex, type OrgId } from "@holdfast/wire"
import type { Vouched } from "./anchor-due.ts"

/** A checkpoint of the charter under the relay's signature, and the cosignatures there are for it. Every line in it is verified. */
export interface CosignedNote {
  readonly size: number
  readonly text: string
  readonly logLine: NoteSignature
  /** By the witness's public key in hex, each with its newest. */
  readonly cosignatures: ReadonlyMap<string, Cosigned>
}
export interface Cosigned extends VerifiedSignature {
  readonly line: NoteSignature
  readonly timestamp: number
}

/** A note that the relay has just signed itself. */
export function uncosigned(size: number, note: Uint8Array): CosignedNote {
  const { text, signatures } = parseNote(note)
  return { size, text, logLine: signatures[0] as NoteSignature, cosignatures: new Map() }
}

/**
 * A note that was kept, with the lines that count under the rules in force. Throws LogError for one that is not this charter's, or
 * has no line of a relay in the state. Its root still has to be held against the charter's.
 */
export async function readCosigned(org: OrgId, state: OrgState, note: Uint8Array): Promise<CosignedNote> {
  const trust = checkpointTrust(org, state.relays, state.rules)
  const verified = await verifyCheckpoint(note, trust)
  const { text, signatures } = verified.note
  const logLine = signatures.find((line) => trust.logKeys.some((key) => isBy(line, key))) as NoteSignature
  const cosignatures = verified.cosignatures.flatMap(({ key, timestamp }) => {
    const line = signatures.findLast((one) => isBy(one, key))
    return line === undefined || timestamp === undefined
      ? []
      : [[hex(key.publicKey), { key, line, timestamp }] as const]
  })
  return { size: verified.size, text, logLine, cosignatures: new Map(cosignatures) }
}

function isBy(line: NoteSignature, key: NoteKey): boolean {
  return line.name === key.name && line.keyId === key.keyId
}

/** With this cosignature, unless there is a newer one by the same key. */
export function withCosignature(note: CosignedNote, cosigned: Cosigned): CosignedNote {
  const id = hex(cosigned.key.publicKey)
  const before = note.cosignatures.get(id)
  if (before !== undefined && before.timestamp >= cosigned.timestamp) return note
  return { ...note, cosignatures: new Map(note.cosignatures).set(id, cosigned) }
}

/** Without the lines of keys that the rules do not name any more. */
export function withOnly(note: CosignedNote, keys: readonly NoteKey[]): CosignedNote {
  const named = new Set(keys.map((key) => hex(key.publicKey)))
  return { ...note, cosignatures: new Map([...note.cosignatures].filter(([id]) => named.has(id))) }
}

/** What a quorum of this many vouches for; `undefined`: there is no quorum. */
export function vouchedBy({ size, cosignatures }: CosignedNote, quorum: number): Vouched | undefined {
  if (quorum === 0) return undefined
  const all = [...cosignatures.values()]
  const [time, seenBy] = [cosignedTime(all, quorum), cosignedBy(all, quorum)]
  return time === undefined || seenBy === undefined ? undefined : { time, seenBy, size }
}

/** If `note` is the one to hand out instead of `held`: one with a quorum before one without, then the larger tree. (R10.4) */
export function isBetter(note: CosignedNote, held: CosignedNote | undefined, quorum: number): boolean {
  if (note.cosignatures.size === 0) return false
  if (held === undefined) return true
  const [isEnough, wasEnough] = [note, held].map((one) => vouchedBy(one, quorum) !== undefined)
  return isEnough === wasEnough ? note.size >= held.size : isEnough === true
}

/** The log's line first, then the witnesses' in ascending order of their keys. */
export function formatCosigned({ text, logLine, cosignatures }: CosignedNote): Uint8Array {
  const lines = [...cosignatures].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { line }]) => line)
  return formatNote({ text, signatures: [logLine, ...lines] })
}
