import {
  type Ed25519Signer,
  emptyRoot,
  formatAddCheckpoint,
  formatCheckpoint,
  formatNote,
  type Hash,
  leafHash,
  NOTE_SIGNATURE,
  type NoteKey,
  noteKey,
  signerFromSeed,
  signNote,
  TailTree,
} from "@holdfast/log"
import { utf8 } from "@holdfast/wire"

/** A log with a key, as honest or as turned as a test wants it. */
export interface TestLog {
  readonly origin: string
  readonly key: NoteKey
  readonly signer: Ed25519Signer
  readonly tree: TailTree
  rootAt(size: number): Hash
  checkpoint(size: number, root?: Hash): Promise<Uint8Array>
  /** A whole request from `oldSize`, with the right proof unless another is given. */
  request(oldSize: number, size: number, other?: { proof?: readonly Hash[]; root?: Hash }): Promise<Uint8Array>
}

export const seed = (n: number): Uint8Array => new Uint8Array(32).fill(n)

/** Logs with one `history` have the same entries up to where another begins. */
export async function testLog(origin: string, count: number, forkAt = count, keySeed = 1): Promise<TestLog> {
  const signer = await signerFromSeed(seed(keySeed))
  const key = noteKey(origin, NOTE_SIGNATURE, signer.publicKey)
  const tree = new TailTree()
  for (let i = 0; i < count; i++) tree.append(leafHash(utf8(`${i < forkAt ? "entry" : "other"} ${i}`)))
  const rootAt = (size: number) => (size === 0 ? emptyRoot() : tree.compactRangeAt(size).root())
  const checkpoint = async (size: number, root = rootAt(size)) => {
    const text = formatCheckpoint({ origin, size, root, extensions: [] })
    return formatNote({ text, signatures: [await signNote(text, key, signer)] })
  }
  return {
    origin,
    key,
    signer,
    tree,
    rootAt,
    checkpoint,
    async request(oldSize, size, other = {}) {
      const isProvable = oldSize > 0 && oldSize < size
      const proof = other.proof ?? (isProvable ? tree.proveConsistency(oldSize, size) : [])
      return formatAddCheckpoint({ oldSize, proof, note: await checkpoint(size, other.root) })
    },
  }
}
