import { equalBytes } from "@holdfast/wire"
import { decodeBase64, encodeBase64 } from "./base64.ts"
import { encodeUtf8, parseDecimal } from "./bytes.ts"
import type { VerifySignature } from "./ed25519.ts"
import { LogError } from "./error.ts"
import { checkSize, emptyRoot, HASH_BYTES, type Hash } from "./merkle.ts"
import { parseNote, type SignedNote } from "./note.ts"
import type { NoteKey } from "./note-key.ts"
import { isSameKey, type VerifiedSignature, verifyNote } from "./verify-note.ts"

/** What a log's root was at one size. The text of a note; not yet signed, or not yet verified. (L4.9) */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Hash
  /** Lines after the root, which other logs may have and ours never do. (L4.10) */
  readonly extensions: readonly string[]
}

export const MAX_ORIGIN_BYTES = 255

/** The text to sign. Throws `malformed` and `out_of_range` where `parseCheckpoint` would not read it back. (L4.9) */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  checkSize(checkpoint.size)
  if (checkpoint.root.length !== HASH_BYTES) throw new LogError("malformed", "root length")
  const lines = [checkpoint.origin, String(checkpoint.size), encodeBase64(checkpoint.root), ...checkpoint.extensions]
  const text = `${lines.join("\n")}\n`
  parseCheckpoint(text)
  return text
}

/** Throws `malformed` for anything but the one form: three or more non-empty lines, a 32-byte root, no CR. (L4.9) */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.endsWith("\n")) throw new LogError("malformed", "checkpoint without a last line feed")
  const [origin, decimal, encodedRoot, ...extensions] = text.slice(0, -1).split("\n")
  if (!origin || decimal === undefined || encodedRoot === undefined || extensions.includes("")) {
    throw new LogError("malformed", "checkpoint lines")
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the rule (L4.1)
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) throw new LogError("malformed", "control character")
  if (encodeUtf8(origin).length > MAX_ORIGIN_BYTES) throw new LogError("malformed", "origin length")
  const size = parseDecimal(decimal)
  if (size === undefined) throw new LogError("malformed", "tree size")
  const root = decodeBase64(encodedRoot)
  if (root.length !== HASH_BYTES) throw new LogError("malformed", "root length")
  return { origin, size, root, extensions }
}

/** Whose checkpoints to believe: this log's, signed by any one of its keys. */
export interface CheckpointTrust {
  readonly origin: string
  readonly logKeys: readonly NoteKey[]
  /** Cosigners whose lines are checked. How many are needed is for the caller to say. */
  readonly witnessKeys: readonly NoteKey[]
}

/** A checkpoint of the expected log under a log key's signature, with the cosigners that vouch for it. */
export interface VerifiedCheckpoint extends Checkpoint {
  readonly cosignatures: readonly VerifiedSignature[]
  /** The note as received, to keep as evidence and to pass on. */
  readonly note: SignedNote
}

/**
 * Parses, then checks origin and signatures. Throws `malformed` or `too_large` (the note), `wrong_origin` (another log),
 * `unsigned` (no log key), `bad_signature` (any known key's line fails), `bad_proof` (size 0 with another root than the empty tree's). The caller still has to count the
 * cosignatures against its rule, to look at their times, and to check consistency with what it holds. (L4.11)
 * `verify` as in `verifyNote`.
 */
export async function verifyCheckpoint(
  note: Uint8Array,
  trust: CheckpointTrust,
  verify?: VerifySignature,
): Promise<VerifiedCheckpoint> {
  const parsed = parseNote(note)
  const checkpoint = parseCheckpoint(parsed.text)
  if (checkpoint.origin !== trust.origin) throw new LogError("wrong_origin")
  const signatures = await verifyNote(parsed, [...trust.logKeys, ...trust.witnessKeys], verify)
  if (!signatures.some(({ key }) => hasKey(trust.logKeys, key))) throw new LogError("unsigned", "no log key")
  if (checkpoint.size === 0 && !equalBytes(checkpoint.root, emptyRoot())) throw new LogError("bad_proof", "empty tree")
  const cosignatures = signatures.filter(({ key }) => hasKey(trust.witnessKeys, key))
  return { ...checkpoint, cosignatures, note: parsed }
}

function hasKey(keys: readonly NoteKey[], key: NoteKey): boolean {
  return keys.some((other) => isSameKey(other, key))
}
