import { equalBytes } from "@holdfast/wire"
import { encodeUtf8 } from "./bytes.ts"
import { type Cosignature, cosignatureMessage, decodeCosignature, encodeCosignature } from "./cosignature.ts"
import { type Ed25519Signer, type VerifySignature, verifyEd25519 } from "./ed25519.ts"
import { LogError } from "./error.ts"
import type { NoteSignature, SignedNote } from "./note.ts"
import { COSIGNATURE, NOTE_SIGNATURE, type NoteKey } from "./note-key.ts"

/** A key that signed; with `timestamp` (seconds) if it is a cosigner's. */
export interface VerifiedSignature {
  readonly key: NoteKey
  readonly timestamp: number | undefined
}

/**
 * Checks every line by a key in `keys` and leaves out the lines of unknown keys. Each key comes back at most once, a
 * cosigner with its newest time. Which keys are enough is for the caller to say.
 * Throws `bad_signature` if any line with a known key's name and id fails (the whole note is refused), `unsigned` if there is no
 * such line. Key ids are short, so somebody can make two keys with one: a line is then right under either. Times are not held
 * against a clock. (L4.8)
 * `verify` is for callers that already have a verdict or ask elsewhere for it; it decides alone about each signature.
 */
export async function verifyNote(
  note: SignedNote,
  keys: readonly NoteKey[],
  verify: VerifySignature = verifyEd25519,
): Promise<readonly VerifiedSignature[]> {
  const keysByPair = new Map<string, readonly NoteKey[]>()
  for (const key of keys) {
    const others = keysByPair.get(pairOf(key)) ?? []
    if (!others.some((other) => isSameKey(other, key))) keysByPair.set(pairOf(key), [...others, key])
  }
  const timeByKey = new Map<NoteKey, number | undefined>()
  // Side by side, on the platform's threads: each line by itself would wait for its turn there.
  const verified = await Promise.all(
    note.signatures.flatMap((line) => {
      const candidates = keysByPair.get(pairOf(line))
      return candidates === undefined ? [] : [verifyLine(note.text, line, candidates, verify)]
    }),
  )
  for (const { key, timestamp } of verified) {
    const before = timeByKey.get(key)
    timeByKey.set(key, before === undefined || timestamp === undefined ? timestamp : Math.max(before, timestamp))
  }
  if (timeByKey.size === 0) throw new LogError("unsigned")
  return Array.from(timeByKey, ([key, timestamp]) => ({ key, timestamp }))
}

/** Signs a note's text with a key of type 01. Throws `malformed` if the signer is not the key's. (L4.2) */
export async function signNote(text: string, key: NoteKey, signer: Ed25519Signer): Promise<NoteSignature> {
  checkSigner(key, NOTE_SIGNATURE, signer)
  return { name: key.name, keyId: key.keyId, signature: await signer.sign(encodeUtf8(text)) }
}

/** Cosigns a checkpoint's text with a key of type 04. Throws `malformed` if the signer is not the key's. (L4.7) */
export async function cosignNote(
  text: string,
  key: NoteKey,
  signer: Ed25519Signer,
  timestamp: number,
): Promise<NoteSignature> {
  checkSigner(key, COSIGNATURE, signer)
  const signature = await signer.sign(cosignatureMessage(text, timestamp))
  return { name: key.name, keyId: key.keyId, signature: encodeCosignature({ timestamp, signature }) }
}

async function verifyLine(
  text: string,
  line: NoteSignature,
  keys: readonly NoteKey[],
  verify: VerifySignature,
): Promise<VerifiedSignature> {
  for (const key of keys) {
    const read = readLine(text, line, key)
    if (read !== undefined && (await verify(key.publicKey, read.message, read.signature))) {
      return { key, timestamp: read.timestamp }
    }
  }
  throw new LogError("bad_signature", line.name)
}

/** `undefined`: not even of the form that this type of key has. */
function readLine(text: string, line: NoteSignature, key: NoteKey) {
  if (key.type === NOTE_SIGNATURE) {
    return { message: encodeUtf8(text), signature: line.signature, timestamp: undefined }
  }
  let cosignature: Cosignature
  try {
    cosignature = decodeCosignature(line.signature)
  } catch {
    return undefined
  }
  const { timestamp, signature } = cosignature
  return { message: cosignatureMessage(text, timestamp), signature, timestamp }
}

// A name has no space and an id has eight digits, so the joined pair is unambiguous.
function pairOf(key: { readonly name: string; readonly keyId: string }): string {
  return `${key.keyId} ${key.name}`
}

/** Whether both are one key, under one name: what an equal name and id do not yet say. */
export function isSameKey(a: NoteKey, b: NoteKey): boolean {
  return a.name === b.name && a.type === b.type && equalBytes(a.publicKey, b.publicKey)
}

function checkSigner(key: NoteKey, type: number, signer: Ed25519Signer): void {
  if (key.type !== type) throw new LogError("malformed", "key type")
  if (!equalBytes(key.publicKey, signer.publicKey)) throw new LogError("malformed", "signer of another key")
}
