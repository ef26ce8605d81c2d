import { equalBytes } from "@holdfast/wire"
import type { CharterView } from "./charter-view.ts"
import type { LaneView } from "./lane-view.ts"
import type { Turn } from "./turn.ts"

/** The size and root of the charter that something is to be judged by, and a relay's word that they exist (N4.2). */
export interface Pin {
  readonly charterSize: number
  readonly charterRoot: Uint8Array
  readonly charterNote: string
}

export type PinVerdict =
  /** Our charter has this size and root. */
  | "ours"
  /** Our charter has another root at this size: the sender lives in another history. */
  | "fork"
  /** Beyond our charter, and a relay signed that it exists. */
  | "behind"
  /** Beyond our charter, and nothing shows that it exists. */
  | "unproven"
  /** Beyond our charter read to its head: there is no such size (N4.4). */
  | "none"

/**
 * Whoever has the pinned size judges by its root alone and never by the note: a relay's key may have been replaced since, and
 * then those who read early and those who read late would judge one commit differently (N4.5).
 */
export async function judgePin(pin: Pin, turn: Turn): Promise<PinVerdict> {
  const { charter } = turn
  if (pin.charterSize <= charter.size) {
    const root = charter.rootAt(pin.charterSize)
    return root !== null && equalBytes(root, pin.charterRoot) ? "ours" : "fork"
  }
  if (await isProven(pin, charter)) return "behind"
  return turn.charterIsCurrent ? "none" : "unproven"
}

async function isProven(pin: Pin, charter: CharterView): Promise<boolean> {
  const head = await charter.verifyNote(pin.charterNote)
  return head !== null && head.size === pin.charterSize && equalBytes(head.root, pin.charterRoot)
}

/** A commit carries a note, and nothing else does (N4.1). */
export function pinOf(view: LaneView): Pin | undefined {
  const { charterSize, charterRoot, charterNote } = view
  return charterNote === undefined ? undefined : { charterSize, charterRoot, charterNote }
}
