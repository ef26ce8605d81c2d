import {
  type Ed25519Signer,
  formatCheckpoint,
  formatNote,
  type Hash,
  NOTE_SIGNATURE,
  noteKey,
  signNote,
} from "@holdfast/log"
import { fromUtf8 } from "@holdfast/wire"

/** A checkpoint as the relay would sign it, over whatever root its holder wants to have signed. */
export async function signCheckpoint(
  signer: Ed25519Signer,
  origin: string,
  head: { readonly size: number; readonly root: Hash },
): Promise<string> {
  const text = formatCheckpoint({ origin, size: head.size, root: head.root, extensions: [] })
  const signature = await signNote(text, noteKey(origin, NOTE_SIGNATURE, signer.publicKey), signer)
  return fromUtf8(formatNote({ text, signatures: [signature] }))
}
