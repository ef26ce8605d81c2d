import {
  charterOrigin,
  type Ed25519Signer,
  formatCheckpoint,
  formatNote,
  type Hash,
  laneOrigin,
  NOTE_SIGNATURE,
  type NoteKey,
  noteKey,
  signNote,
} from "@holdfast/log"
import { fromUtf8, type OrgId } from "@holdfast/wire"
import type { HostedLane } from "./engine/lane-engine.ts"

/** A lane's size and root, signed. */
export interface SignedHead {
  readonly size: number
  /** A C2SP signed note with one line, by the relay's log key. */
  readonly note: string
}

/** Signs the checkpoints of one lane (R5.1). The newest is kept: an unchanged lane is signed once. */
export class CheckpointSigner {
  readonly #signer: Ed25519Signer
  readonly #origin: string
  readonly #key: NoteKey
  #last: { readonly size: number; readonly signed: Promise<SignedHead> } | undefined

  constructor(signer: Ed25519Signer, org: OrgId, lane: HostedLane) {
    this.#signer = signer
    this.#origin = lane.number === "charter" ? charterOrigin(org) : laneOrigin(org, lane.id)
    this.#key = noteKey(this.#origin, NOTE_SIGNATURE, signer.publicKey)
  }

  /** `root` must be the engine's own for that size: two roots signed for one size would be a fork. */
  sign(size: number, root: () => Hash): Promise<SignedHead> {
    if (this.#last?.size === size) return this.#last.signed
    const signed = this.#sign(size, root())
    this.#last = { size, signed }
    return signed
  }

  async #sign(size: number, root: Hash): Promise<SignedHead> {
    const text = formatCheckpoint({ origin: this.#origin, size, root, extensions: [] })
    const signature = await signNote(text, this.#key, this.#signer)
    return { size, note: fromUtf8(formatNote({ text, signatures: [signature] })) }
  }
}
