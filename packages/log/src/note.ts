import { concatBytes, hex as toHex } from "@holdfast/wire"
import { decodeBase64, encodeBase64 } from "./base64.ts"
import { decodeUtf8, encodeUtf8 } from "./bytes.ts"
import { LogError } from "./error.ts"
import { checkName, type KeyId } from "./note-key.ts"

export const MAX_NOTE_TEXT_BYTES = 65_536
export const MAX_NOTE_SIGNATURES = 64
/** Room for a post-quantum line (2,432 bytes); more is refused. */
export const MAX_NOTE_SIGNATURE_BYTES = 4_096
/** More than any note within the limits above needs. */
export const MAX_NOTE_BYTES = MAX_NOTE_TEXT_BYTES + MAX_NOTE_SIGNATURES * 6_144

/** One line below a note. What `signature` is depends on the key's type; nothing in the line says it. (L4.2) */
export interface NoteSignature {
  readonly name: string
  readonly keyId: KeyId
  /** The bytes after the key id: not empty, not checked. */
  readonly signature: Uint8Array
}

/** A text (ending in a line feed) and the lines that sign it, parsed and not verified: see `verifyNote`. */
export interface SignedNote {
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const SIGNATURE_LINE_START = "\u2014 "

/**
 * Throws `malformed` for anything but a C2SP signed note in its one encoding, and `too_large` for a text above
 * 65,536 bytes, more than 64 signature lines or a signature above 4,096 bytes. The signatures are not checked. (L4.1, L4.5)
 */
export function parseNote(bytes: Uint8Array): SignedNote {
  if (bytes.length > MAX_NOTE_BYTES) throw new LogError("too_large", "note")
  const note = decodeUtf8(bytes)
  // The text may have empty lines of its own, so the last one separates.
  const split = note.lastIndexOf("\n\n")
  if (split < 0 || !note.endsWith("\n")) throw new LogError("malformed", "note")
  const text = note.slice(0, split + 1)
  checkText(text)
  const lines = note.slice(split + 2, -1).split("\n")
  if (lines.length > MAX_NOTE_SIGNATURES) throw new LogError("too_large", "signature lines")
  return { text, signatures: lines.map(parseNoteSignature) }
}

/** The note's bytes; throws as `parseNote` would on reading them back. */
export function formatNote(note: SignedNote): Uint8Array<ArrayBuffer> {
  checkText(note.text)
  if (note.signatures.length === 0) throw new LogError("malformed", "no signature")
  if (note.signatures.length > MAX_NOTE_SIGNATURES) throw new LogError("too_large", "signature lines")
  return encodeUtf8(`${note.text}\n${note.signatures.map((line) => `${formatNoteSignature(line)}\n`).join("")}`)
}

/** One signature line without its line feed, as a witness sends it back. Throws `malformed` and `too_large`. (L4.5) */
export function parseNoteSignature(line: string): NoteSignature {
  if (!line.startsWith(SIGNATURE_LINE_START)) throw new LogError("malformed", "signature line")
  const parts = line.slice(SIGNATURE_LINE_START.length).split(" ")
  const [name, encoded] = parts
  if (parts.length !== 2 || name === undefined || encoded === undefined)
    throw new LogError("malformed", "signature line")
  checkName(name)
  if (encoded.length > 2 * MAX_NOTE_SIGNATURE_BYTES) throw new LogError("too_large", "signature")
  const bytes = decodeBase64(encoded)
  if (bytes.length < 5) throw new LogError("malformed", "signature length")
  if (bytes.length > 4 + MAX_NOTE_SIGNATURE_BYTES) throw new LogError("too_large", "signature")
  return { name, keyId: toHex(bytes.subarray(0, 4)) as KeyId, signature: bytes.slice(4) }
}

/** The line without its line feed; throws `malformed` and `too_large`. (L4.5) */
export function formatNoteSignature({ name, keyId, signature }: NoteSignature): string {
  checkName(name)
  if (!/^[0-9a-f]{8}$/.test(keyId) || signature.length === 0) throw new LogError("malformed", "signature line")
  if (signature.length > MAX_NOTE_SIGNATURE_BYTES) throw new LogError("too_large", "signature")
  const id = Uint8Array.from([0, 2, 4, 6], (at) => Number.parseInt(keyId.slice(at, at + 2), 16))
  return `${SIGNATURE_LINE_START}${name} ${encodeBase64(concatBytes(id, signature))}`
}

function checkText(text: string): void {
  if (!text.endsWith("\n")) throw new LogError("malformed", "text without a last line feed")
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the rule (L4.1)
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) throw new LogError("malformed", "control character")
  if (encodeUtf8(text).length > MAX_NOTE_TEXT_BYTES) throw new LogError("too_large", "text")
}
