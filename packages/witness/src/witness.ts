import {
  type Checkpoint,
  COSIGNATURE,
  cosignNote,
  type Ed25519Signer,
  emptyRoot,
  formatNote,
  formatSignatureLines,
  formatTreeSize,
  type Hash,
  LogError,
  type NoteKey,
  type NoteSignature,
  noteKey,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  type SignedNote,
  verifyConsistency,
  verifyNote,
} from "@holdfast/log"
import { equalBytes, utf8 } from "@holdfast/wire"
import type { CosignedHead, Evidence, LogState, Step, WitnessStore } from "./store/witness-store.ts"

/** Never gets an address or content: counts and closed words only. */
export interface WitnessLog {
  info(facts: Readonly<Record<string, string | number>>, sentence: string): void
  warn(facts: Readonly<Record<string, string | number>>, sentence: string): void
}
export const silentWitnessLog: WitnessLog = { info: () => {}, warn: () => {} }

export interface WitnessDeps {
  readonly store: WitnessStore
  /** Cosigns and is used for nothing else. (V1.2) */
  readonly signer: Ed25519Signer
  readonly name: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: WitnessLog
}

export interface Witness {
  readonly deps: WitnessDeps
  /** Type 04, under the witness's name. */
  readonly key: NoteKey
  /** Says in the log that there is evidence: at most once a minute, because anyone can send the same again. */
  tellOfEvidence(): void
}

/** Throws LogError `malformed` for a name that cannot stand in a signature line. (V1.2) */
export function createWitness(deps: WitnessDeps): Witness {
  let told = Number.NEGATIVE_INFINITY
  return {
    deps,
    key: noteKey(deps.name, COSIGNATURE, deps.signer.publicKey),
    tellOfEvidence() {
      if (deps.now() - told < 60_000) return
      told = deps.now()
      deps.log.warn(
        { code: "evidence" },
        "A signed checkpoint does not go with what was cosigned; it is kept as evidence",
      )
    },
  }
}

/** What goes back to whoever asked: bytes, not yet HTTP. */
export interface Answer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly type: string
  readonly body: Uint8Array
}

type Outcome =
  | { readonly kind: "cosign"; readonly head: CosignedHead }
  | { readonly kind: "other_size"; readonly size: number }
  | { readonly kind: keyof typeof refusals }

/** The one place where a refusal becomes a status. (V3.2) */
const refusals = {
  malformed: { status: 400, sentence: "The request is not in the form of tlog-witness.\n" },
  old_above_size: { status: 400, sentence: "The old size is above the checkpoint's.\n" },
  unsigned: {
    status: 403,
    sentence: "No key that this witness trusts for the log signed this, or one signed something else.\n",
  },
  unknown_log: { status: 404, sentence: "This witness does not watch that log.\n" },
  inconsistent: { status: 422, sentence: "The checkpoint does not follow from the one that was cosigned last.\n" },
} as const

/**
 * `add-checkpoint`: checks in the order of V3.2 and answers with the first that fails, or records the checkpoint and cosigns it. Throws only
 * what the store throws; then nothing was cosigned. (V3)
 */
export async function processAddCheckpoint(witness: Witness, body: Uint8Array): Promise<Answer> {
  const submitted = read(body)
  if (submitted === undefined) return refuse("malformed")
  const { store } = witness.deps
  const { origin } = submitted.checkpoint
  const log = await store.logOf(origin)
  if (log === undefined) return refuse("unknown_log")
  const signed = await signedPart(submitted.note, log.keys)
  if (signed === undefined) return refuse("unsigned")
  let isEvidence = false
  const outcome = await store.step(origin, (state) => {
    const step = decide(witness.deps, submitted, signed, state)
    isEvidence = step.evidence !== undefined
    return step
  })
  if (isEvidence) witness.tellOfEvidence()
  if (outcome.kind === "other_size")
    return { status: 409, type: "text/x.tlog.size", body: formatTreeSize(outcome.size) }
  if (outcome.kind !== "cosign") return refuse(outcome.kind)
  // After it is on the disk, never before (V3.3).
  const line = await cosign(witness, submitted.note.text, outcome.head.cosignedAt)
  return { status: 200, type: textType, body: formatSignatureLines([line]) }
}

/** The newest checkpoint that was cosigned, with the log's line and ours; `undefined`: none. By SHA-256 of the origin. (V3.5) */
export async function latestCheckpoint(witness: Witness, originHash: Uint8Array): Promise<Uint8Array | undefined> {
  const log = await witness.deps.store.logByHash(originHash)
  if (log?.head === undefined) return undefined
  const { text, signatures } = parseNote(log.head.note)
  return formatNote({ text, signatures: [...signatures, await cosign(witness, text, log.head.cosignedAt)] })
}

const textType = "text/plain; charset=utf-8"

interface Submitted {
  readonly oldSize: number
  readonly proof: readonly Hash[]
  readonly note: SignedNote
  readonly checkpoint: Checkpoint
}

function read(body: Uint8Array): Submitted | undefined {
  try {
    const { oldSize, proof, note } = parseAddCheckpoint(body)
    const parsed = parseNote(note)
    return { oldSize, proof, note: parsed, checkpoint: parseCheckpoint(parsed.text) }
  } catch (error) {
    if (error instanceof LogError) return undefined
    throw error
  }
}

interface SignedPart {
  /** The note with the lines of trusted keys only: what others add to it is not kept. */
  readonly note: Uint8Array
  readonly keys: readonly NoteKey[]
}

/** `undefined`: no trusted key signed, or a line of one fails. */
async function signedPart(note: SignedNote, keys: readonly NoteKey[]): Promise<SignedPart | undefined> {
  try {
    const signatures = await verifyNote(note, keys)
    const lines = signatures.flatMap(
      ({ key }) => note.signatures.find(({ name, keyId }) => key.name === name && key.keyId === keyId) ?? [],
    )
    return { note: formatNote({ text: note.text, signatures: lines }), keys: signatures.map(({ key }) => key) }
  } catch (error) {
    if (error instanceof LogError) return undefined
    throw error
  }
}

/** What one atomic step decides, from what is stored at that moment. (V3.2, V3.3, V4.1) */
function decide(
  deps: WitnessDeps,
  submitted: Submitted,
  signed: SignedPart,
  state: LogState | undefined,
): Step<Outcome> {
  const { oldSize, checkpoint } = submitted
  const { size, root, origin } = checkpoint
  // Trust may have been taken back since the signatures were checked.
  if (state === undefined) return { result: { kind: "unknown_log" } }
  if (!signed.keys.some((key) => state.keys.some((other) => isSameKey(key, other))))
    return { result: { kind: "unsigned" } }
  const { head } = state
  const now = Math.floor(deps.now() / 1_000)
  const keep = (kind: Evidence["kind"]) => ({
    evidence: { kind, origin, at: now, size, note: signed.note, held: head?.note },
  })
  if (oldSize > size) return { result: { kind: "old_above_size" } }
  const isFork = head?.size === size && !equalBytes(head.root, root)
  const isFalseEmpty = size === 0 && !equalBytes(root, emptyRoot())
  // Two roots for one size are evidence whatever else is wrong with the request.
  const found = isFalseEmpty ? keep("false_empty") : isFork ? keep("fork") : {}
  const held = head?.size ?? 0
  if (oldSize !== held) return { ...found, result: { kind: "other_size", size: held } }
  if (isFalseEmpty || isFork) return { ...found, result: { kind: "inconsistent" } }
  if (!follows(submitted, head)) {
    // Only a larger tree is unproven: at the held size the roots agree, and what is wrong is the request.
    const isNews = head !== undefined && size > head.size
    return { ...(isNews ? keep("unproven") : {}), result: { kind: "inconsistent" } }
  }
  // Within one second the same again needs no writing: what is on the disk says it, and anyone may ask as often as they like.
  if (head !== undefined && head.size === size && head.cosignedAt === now && equalBytes(head.note, signed.note))
    return { result: { kind: "cosign", head } }
  const next: CosignedHead = { size, root, note: signed.note, cosignedAt: now }
  return { head: next, result: { kind: "cosign", head: next } }
}

function follows({ proof, checkpoint }: Submitted, head: CosignedHead | undefined): boolean {
  // Everything extends the empty tree, and nothing proves it.
  if (head === undefined || head.size === 0) return proof.length === 0
  try {
    const { size, root } = checkpoint
    verifyConsistency({ oldSize: head.size, newSize: size, oldRoot: head.root, newRoot: root }, proof)
    return true
  } catch (error) {
    if (error instanceof LogError) return false
    throw error
  }
}

function cosign({ deps, key }: Witness, text: string, seconds: number): Promise<NoteSignature> {
  return cosignNote(text, key, deps.signer, seconds)
}

function refuse(kind: keyof typeof refusals): Answer {
  const { status, sentence } = refusals[kind]
  return { status, type: textType, body: utf8(sentence) }
}

function isSameKey(a: NoteKey, b: NoteKey): boolean {
  return a.name === b.name && equalBytes(a.publicKey, b.publicKey)
}
