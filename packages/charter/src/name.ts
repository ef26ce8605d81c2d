import { equalBytes, labelledHash, utf8 } from "@holdfast/wire"
import { CharterError } from "./error.ts"
import { isPrintable } from "./shape.ts"

/**
 * SHA-256("holdfast/name/v1" 00 ‖ salt ‖ name): what the charter holds instead of a name, so that the log has nothing to
 * erase. The salt is 16 random bytes and travels with the name, end-to-end encrypted. Throws `malformed` for another salt. (C2.5)
 */
export function commitName(salt: Uint8Array, name: string): Uint8Array {
  // A fixed salt length keeps (salt, name) pairs apart; a lone surrogate would be encoded like U+FFFD.
  if (salt.length !== 16 || !name.isWellFormed()) throw new CharterError("malformed", "name")
  return labelledHash("holdfast/name/v1", salt, utf8(name))
}

/** True when this is the name that was committed to. Never throws. (C2.5) */
export function checkName(commitment: Uint8Array, salt: Uint8Array, name: string): boolean {
  return salt.length === 16 && name.isWellFormed() && equalBytes(commitName(salt, name), commitment)
}

const maxShownCharacters = 64
const plain = /^[\p{L}\p{M}\p{N} .'’-]+$/u
/** One of several words that is all in lower case, as our own are, or that ends a sentence. */
const likeOurs = /^\p{Ll}+ | \p{Ll}+(?: |$)|\. /u

/** What is invisible or turns the direction of writing becomes U+FFFD; everything after 64 characters is cut. For showing only. (C8.6) */
export function printableName(name: string): string {
  const characters = [...name].map((c) => (isPrintable(c) ? c : "\u{fffd}"))
  if (characters.length <= maxShownCharacters) return characters.join("")
  return `${characters.slice(0, maxShownCharacters).join("")}…`
}

/**
 * A name as it may stand inside a sentence of ours, so that whoever chose it cannot make it read as more of the sentence:
 * printable, and in quotation marks when it holds more than letters, digits, spaces and . ' -, or words like those of a sentence:
 * “Harbour in CH”. For showing only. (C8.6)
 */
export function shownName(name: string): string {
  const text = printableName(name)
  return plain.test(text) && !likeOurs.test(text) ? text : `“${text.replace(/[“”"]/g, "'")}”`
}
