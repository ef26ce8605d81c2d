import { rootAt } from "@holdfast/charter"
import {
  type Checkpoint,
  LogError,
  parseCheckpoint,
  parseNote,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from "@holdfast/log"
import { equalBytes, hex } from "@holdfast/wire"
import { safe } from "../terminal/print.ts"
import type { NoteTrust } from "./trust.ts"

export interface ForkVerdict {
  /** Both are signed by the log, and no single history can have both. */
  readonly isProof: boolean
  readonly lines: readonly string[]
}

/**
 * Whether two notes prove that a log was forked. Notes of one size need nothing more; those of two sizes need a history that has one of
 * them. Without `trust` nobody can say who signed them. Throws LogError `malformed` for what is no checkpoint. (L4.11)
 */
export async function judgeFork(
  notes: readonly [Uint8Array, Uint8Array],
  trust: NoteTrust | undefined,
): Promise<ForkVerdict> {
  const [a, b] = notes.map((note) => parseCheckpoint(parseNote(note).text)) as [Checkpoint, Checkpoint]
  const lines = [a, b].map(
    ({ origin, size, root }, i) => `  note ${i + 1}: ${safe(origin)}, ${size} entries, root ${hex(root)}`,
  )
  const no = (sentence: string): ForkVerdict => ({
    isProof: false,
    lines: [`No proof of a fork: ${sentence}`, ...lines],
  })
  if (a.origin !== b.origin) return no("they are of two logs.")
  if (a.size === b.size && equalBytes(a.root, b.root)) return no("they say the same.")
  if (trust === undefined) {
    return no("nothing here says which keys are the log's. Give --source or --policy.")
  }
  const signed: VerifiedCheckpoint[] = []
  for (const [i, note] of notes.entries()) {
    const checkpoint = await verifyCheckpoint(note, trust.trust).catch((error) => {
      if (error instanceof LogError) return undefined
      throw error
    })
    if (checkpoint === undefined) return no(`note ${i + 1} is not signed by a log that ${trust.from} names.`)
    signed.push(checkpoint)
  }
  const both = bothCosigned(signed)
  const proof = (sentence: string): ForkVerdict => ({
    isProof: true,
    lines: [`PROOF OF A FORK: ${sentence}`, ...lines, `  both signed by a log that ${trust.from} names`, ...both],
  })
  if (a.size === b.size) return proof(`the log has signed two histories of ${a.size} entries.`)
  const fits = [a, b].map(({ size, root }) => {
    const ours = trust.charter === undefined ? undefined : rootAt(trust.charter, size)
    return ours === undefined ? undefined : equalBytes(ours, root)
  })
  if (fits.includes(undefined)) {
    return no("they are of two sizes, so only a history that reaches the larger one can tell. Give it with --source.")
  }
  if (fits[0] !== fits[1]) return proof(`one of them is of the history in ${trust.from}, the other is not.`)
  if (fits[0]) return no("they are of one history.")
  return trust.isSigned
    ? proof(`the log has signed the history in ${trust.from}, and neither of these is of it.`)
    : no("neither is of the history given, and that one is not signed.")
}

/** A witness who signed both has broken its promise too. */
function bothCosigned(signed: readonly VerifiedCheckpoint[]): readonly string[] {
  const [first, second] = signed.map(({ cosignatures }) => cosignatures.map(({ key }) => key.name))
  return (first ?? [])
    .filter((name) => second?.includes(name))
    .map((name) => `  the witness ${safe(name)} has cosigned both: it does not do what a witness promises`)
}
