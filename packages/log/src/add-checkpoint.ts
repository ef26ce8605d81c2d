import { concatBytes } from "@holdfast/wire"
import { decodeBase64, encodeBase64 } from "./base64.ts"
import { decodeUtf8, encodeUtf8, parseDecimal } from "./bytes.ts"
import { LogError } from "./error.ts"
import { checkHashes, checkSize, HASH_BYTES, type Hash, MAX_PROOF_HASHES } from "./merkle.ts"
import {
  formatNoteSignature,
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  type NoteSignature,
  parseNoteSignature,
} from "./note.ts"

/** What a log asks a witness: to cosign `note`, having last cosigned `oldSize` of this log. Parsed, not verified. (L8.1) */
export interface AddCheckpoint {
  readonly oldSize: number
  /** From `oldSize` to the checkpoint's size; empty where there is nothing to prove. */
  readonly proof: readonly Hash[]
  /** A signed note, as received. */
  readonly note: Uint8Array
}

/** `old `, 16 digits, 63 lines of base64, the empty line. */
const MAX_HEAD_BYTES = 64 + MAX_PROOF_HASHES * 45

/** The request's body; throws `malformed`, `too_large` or `out_of_range` where parsing would not give it back. (L8.1) */
export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): Uint8Array<ArrayBuffer> {
  checkSize(oldSize)
  checkHashes(proof)
  if (proof.length > MAX_PROOF_HASHES) throw new LogError("too_large", "proof hashes")
  checkNoteLength(note)
  return concatBytes(encodeUtf8(`${[`old ${oldSize}`, ...proof.map(encodeBase64)].join("\n")}\n\n`), note)
}

/** Throws `malformed` for anything but the one form and `too_large` past a limit. The note inside is not looked at. (L8.1) */
export function parseAddCheckpoint(bytes: Uint8Array): AddCheckpoint {
  const split = endOfHead(bytes)
  const [oldLine, ...lines] = decodeUtf8(bytes.subarray(0, split)).split("\n")
  const oldSize = oldLine?.startsWith("old ") ? parseDecimal(oldLine.slice("old ".length)) : undefined
  if (oldSize === undefined) throw new LogError("malformed", "old size")
  if (lines.length > MAX_PROOF_HASHES) throw new LogError("too_large", "proof hashes")
  const proof = lines.map((line) => {
    const hash = decodeBase64(line)
    if (hash.length !== HASH_BYTES) throw new LogError("malformed", "hash length")
    return hash
  })
  const note = bytes.slice(split + 2)
  checkNoteLength(note)
  return { oldSize, proof, note }
}

/** The body of a witness's 200: one or more signature lines, each with its line feed. Throws as `formatNoteSignature`. (L8.2) */
export function formatSignatureLines(lines: readonly NoteSignature[]): Uint8Array<ArrayBuffer> {
  if (lines.length === 0) throw new LogError("malformed", "no signature")
  if (lines.length > MAX_NOTE_SIGNATURES) throw new LogError("too_large", "signature lines")
  return encodeUtf8(lines.map((line) => `${formatNoteSignature(line)}\n`).join(""))
}

/** Throws `malformed` for anything but the one form and `too_large` past a limit. No signature is checked. (L8.2) */
export function parseSignatureLines(bytes: Uint8Array): readonly NoteSignature[] {
  if (bytes.length > MAX_NOTE_BYTES) throw new LogError("too_large", "signature lines")
  const text = decodeUtf8(bytes)
  if (!text.endsWith("\n")) throw new LogError("malformed", "signature line without a line feed")
  const lines = text.slice(0, -1).split("\n")
  if (lines.length > MAX_NOTE_SIGNATURES) throw new LogError("too_large", "signature lines")
  return lines.map(parseNoteSignature)
}

/** The body of a witness's 409: the size it last cosigned, in decimal, and a line feed. (L8.3) */
export function formatTreeSize(size: number): Uint8Array<ArrayBuffer> {
  checkSize(size)
  return encodeUtf8(`${size}\n`)
}

/** Throws `malformed` for anything but a canonical decimal and one line feed. (L8.3) */
export function parseTreeSize(bytes: Uint8Array): number {
  if (bytes.length > 17) throw new LogError("malformed", "tree size")
  const text = decodeUtf8(bytes)
  const size = text.endsWith("\n") ? parseDecimal(text.slice(0, -1)) : undefined
  if (size === undefined) throw new LogError("malformed", "tree size")
  return size
}

function endOfHead(bytes: Uint8Array): number {
  const most = Math.min(bytes.length - 1, MAX_HEAD_BYTES)
  for (let i = 0; i < most; i++) if (bytes[i] === 0x0a && bytes[i + 1] === 0x0a) return i
  throw new LogError(bytes.length > MAX_HEAD_BYTES ? "too_large" : "malformed", "request without a checkpoint")
}

function checkNoteLength(note: Uint8Array): void {
  if (note.length > MAX_NOTE_BYTES) throw new LogError("too_large", "note")
  if (note.length === 0) throw new LogError("malformed", "no checkpoint")
}
