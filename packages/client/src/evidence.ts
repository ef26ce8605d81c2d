// What an alarm rests on, as files that somebody else can check (E7.8).
import { LogError, parseNote } from "@holdfast/log"
import { utf8 } from "@holdfast/wire"
import { evidencePieces } from "./alarms.ts"
import { ClientError } from "./error.ts"
import type { NamedFile } from "./governance-api.ts"
import type { AlarmTable } from "./store/alarms.ts"

/** What is at stake is the whole history, so this device's own goes along. */
const aboutHistory: ReadonlySet<string> = new Set(["fork", "rollback"])

/**
 * The signed notes behind an alarm, one file each, and what they prove; for a fork or a rollback also `history/…`, this device's
 * own, which tells if notes of two sizes can be of one log. Throws `not_found`. (E7.8)
 */
export function evidenceFiles(
  table: AlarmTable,
  id: string,
  history: () => readonly NamedFile[],
): readonly NamedFile[] {
  const alarm = table.get(id)
  if (alarm === undefined) throw new ClientError("not_found", "There is no such alarm.")
  const pieces = evidencePieces(alarm.evidence)
  const notes = pieces.filter(isSignedNote)
  const others = pieces.filter((piece) => !isSignedNote(piece))
  return [
    { path: "README", bytes: utf8(readme(alarm, notes.length)) },
    ...notes.map((bytes, i) => ({ path: `note-${i + 1}`, bytes })),
    ...others.map((bytes, i) => ({ path: `other-${i + 1}`, bytes })),
    ...(aboutHistory.has(alarm.kind) ? history().map(({ path, bytes }) => ({ path: `history/${path}`, bytes })) : []),
  ]
}

function isSignedNote(piece: Uint8Array): boolean {
  try {
    parseNote(piece)
    return true
  } catch (error) {
    if (error instanceof LogError) return false
    throw error
  }
}

function readme({ kind, sentence }: { readonly kind: string; readonly sentence: string }, count: number): string {
  const proof =
    kind === "fork" && count > 1
      ? "Each note carries the relay's own signature. Two notes of the same size with different roots, or a smaller one whose root is not that of the larger one's beginning, can come only from a relay that shows different people different histories. Any tool that reads C2SP signed notes can check the signatures; history/ is this device's own copy of the log, for notes of two sizes.\nTo check it all: holdfast log fork THIS_FOLDER\n"
      : ""
  return `${sentence}\n\nKind of alarm: ${kind}. Signed notes: ${count}.\n${proof}`
}
