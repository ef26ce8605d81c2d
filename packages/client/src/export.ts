// Everything that somebody else needs to verify an organisation without us: C2SP tlog-tiles, a witness policy and the names (E5.19).
import type { Charter } from "@holdfast/charter"
import {
  COSIGNATURE,
  charterOrigin,
  exportTiles,
  formatPolicy,
  LogError,
  NOTE_SIGNATURE,
  noteKey,
  parseNote,
} from "@holdfast/log"
import { hex, utf8 } from "@holdfast/wire"
import { evidencePieces } from "./alarms.ts"
import { ClientError } from "./error.ts"
import type { NamedFile } from "./governance-api.ts"
import type { AlarmTable } from "./store/alarms.ts"
import { organisationName, type PeopleTable } from "./store/people.ts"

export interface ExportSources {
  readonly charter: Charter
  readonly entries: readonly Uint8Array[]
  /** The newest checkpoint of exactly these entries or fewer. */
  readonly note: { readonly size: number; readonly text: string }
  readonly names: ReturnType<PeopleTable["names"]>
}

/** The directory that `holdfast log verify` reads. (E5.19) */
export function exportFiles({ charter, entries, note, names }: ExportSources): readonly NamedFile[] {
  return [
    { path: "checkpoint", bytes: utf8(note.text) },
    { path: "organisation", bytes: utf8(`${hex(charter.orgId)}\n`) },
    { path: "policy", bytes: policyOf(charter) },
    { path: "names.json", bytes: namesFile(names) },
    ...exportTiles(entries.slice(0, note.size)),
  ]
}

/** The relays' log keys, and the witnesses of the rules in force with how many of them must agree. */
function policyOf({ orgId, state }: Charter): Uint8Array {
  const origin = charterOrigin(orgId)
  const { relays, rules } = state
  const names = rules.witnesses.map((_, i) => `w${i + 1}`)
  const logs = new Map(relays.map(({ logPublicKey }) => [hex(logPublicKey), logPublicKey]))
  return formatPolicy({
    logs: [...logs.values()].map((key) => ({ key: noteKey(origin, NOTE_SIGNATURE, key), url: "" })),
    witnesses: rules.witnesses.map(({ name, publicKey, url }, i) => ({
      name: names[i] as string,
      key: noteKey(name, COSIGNATURE, publicKey),
      url,
    })),
    groups: names.length === 0 ? [] : [{ name: "quorum", needed: rules.witnessQuorum, members: names }],
    quorum: names.length === 0 ? "none" : "quorum",
  })
}

function namesFile(names: ExportSources["names"]): Uint8Array {
  const list = names.map(({ id, name, salt }) => ({ id: id === organisationName ? "" : id, name, salt: hex(salt) }))
  return utf8(`${JSON.stringify(list)}\n`)
}

/** The signed notes behind an alarm, one file each, and what they prove. Throws `not_found`. (E5.20) */
export function evidenceFiles(table: AlarmTable, id: string): readonly NamedFile[] {
  const alarm = table.get(id)
  if (alarm === undefined) throw new ClientError("not_found", "There is no such alarm.")
  const pieces = evidencePieces(alarm.evidence)
  const notes = pieces.filter(isSignedNote)
  const others = pieces.filter((piece) => !isSignedNote(piece))
  return [
    { path: "README", bytes: utf8(readme(alarm, notes.length)) },
    ...notes.map((bytes, i) => ({ path: `note-${i + 1}`, bytes })),
    ...others.map((bytes, i) => ({ path: `other-${i + 1}`, bytes })),
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
      ? "Each note carries the relay's own signature. Two notes of the same size with different roots, or a smaller one whose root is not that of the larger one's beginning, can come only from a relay that shows different people different histories. Any tool that reads C2SP signed notes can check the signatures.\n"
      : ""
  return `${sentence}\n\nKind of alarm: ${kind}. Signed notes: ${count}.\n${proof}`
}
