import { concatBytes, hex as toHex } from "@holdfast/wire"
import { sha256 } from "@noble/hashes/sha2.js"
import { decodeBase64, encodeBase64 } from "./base64.ts"
import { encodeUtf8 } from "./bytes.ts"
import { checkEd25519PublicKey } from "./ed25519.ts"
import { LogError } from "./error.ts"

/** What a key signs: the note's text (01), or the text with a time in front (04). Others are not ours to check. (L4.2) */
export type NoteKeyType = typeof NOTE_SIGNATURE | typeof COSIGNATURE
export const NOTE_SIGNATURE = 0x01
export const COSIGNATURE = 0x04

declare const keyIdBrand: unique symbol
/** Eight lower-case hex digits. Only the pair (name, key id) identifies a key. (L4.3) */
export type KeyId = string & { readonly [keyIdBrand]: true }

/** A public key that signatures on notes are checked with. Made by `noteKey` or `parseVkey` only. */
export interface NoteKey {
  readonly name: string
  readonly keyId: KeyId
  readonly type: NoteKeyType
  readonly publicKey: Uint8Array
}

export const MAX_NAME_BYTES = 255

/** Throws `malformed` for a bad name or length and `weak_key` as `checkEd25519PublicKey`. (L4.1, L4.3) */
export function noteKey(name: string, type: NoteKeyType, publicKey: Uint8Array): NoteKey {
  checkName(name)
  checkEd25519PublicKey(publicKey)
  return { name, type, publicKey: publicKey.slice(), keyId: keyIdOf(name, type, publicKey) }
}

/** `name+keyid+base64(type || key)`. (L4.4) */
export function formatVkey(key: NoteKey): string {
  return `${key.name}+${key.keyId}+${encodeBase64(concatBytes(Uint8Array.of(key.type), key.publicKey))}`
}

/** Throws `malformed`, also for a key id that is not this key's and for types we do not check, and `weak_key`. (L4.4) */
export function parseVkey(text: string): NoteKey {
  const first = text.indexOf("+")
  const second = text.indexOf("+", first + 1)
  // '+' is a base64 digit too, so only the first two separate.
  if (first < 0 || second < 0) throw new LogError("malformed", "vkey")
  if (text.length > 1_024) throw new LogError("malformed", "vkey length")
  const bytes = decodeBase64(text.slice(second + 1))
  const type = bytes[0]
  if (type !== NOTE_SIGNATURE && type !== COSIGNATURE) throw new LogError("malformed", "key type")
  const key = noteKey(text.slice(0, first), type, bytes.subarray(1))
  if (key.keyId !== text.slice(first + 1, second)) throw new LogError("malformed", "key id")
  return key
}

/** Throws `malformed` for an empty name and one with a space of any kind, a '+' or a control character. (L4.1) */
export function checkName(name: string): void {
  if (!/^[^\p{White_Space}\p{Cc}+]+$/u.test(name)) throw new LogError("malformed", "key name")
  if (encodeUtf8(name).length > MAX_NAME_BYTES) throw new LogError("malformed", "key name length")
}

function keyIdOf(name: string, type: number, publicKey: Uint8Array): KeyId {
  const input = concatBytes(encodeUtf8(name), Uint8Array.of(0x0a, type), publicKey)
  return toHex(sha256(input).subarray(0, 4)) as KeyId
}
