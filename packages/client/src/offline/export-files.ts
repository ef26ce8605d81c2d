import type { Charter, Rules } from "@holdfast/charter"
import { checkpointTrust } from "@holdfast/charter"
import { exportTiles, formatPolicy, type NamedFile, parseCheckpoint, parseNote, type TlogPolicy } from "@holdfast/log"
import { equalBytes, hex, type OrgId, utf8 } from "@holdfast/wire"
import { encodeNames } from "./names-file.ts"
import type { RequestedName } from "./requested-name.ts"

/** A charter and what goes with it, as somebody without an account is to see it. */
export interface Export {
  readonly charter: Charter
  /** All of the charter's. */
  readonly entries: readonly Uint8Array[]
  /** The relay's signed note of the charter's own size. Empty: there is none, and the files can be compared and not held against a signature. */
  readonly checkpoint: Uint8Array
  /** The newest note that witnesses have cosigned, of this size or a smaller one. */
  readonly witnessed?: Uint8Array | undefined
  readonly names?: readonly RequestedName[]
}

/**
 * The whole charter in the layout of C2SP tlog-tiles, with what is needed to check it. (E9.6) `checkpoint` is the note that witnesses
 * have cosigned, so that tools which know nothing of ours find it valid under `policy`; a larger one without them is `newest`.
 */
export function exportFiles({ charter, entries, checkpoint, witnessed, names = [] }: Export): readonly NamedFile[] {
  const isCovered = witnessed !== undefined && witnessed.length > 0 && sizeOf(witnessed) <= entries.length
  const cosigned = isCovered ? witnessed : checkpoint
  const hasNewer = cosigned.length > 0 && checkpoint.length > 0 && sizeOf(cosigned) < sizeOf(checkpoint)
  const files: NamedFile[] = [{ path: "organisation", bytes: utf8(`${hex(charter.orgId)}\n`) }]
  if (cosigned.length > 0) files.push({ path: "checkpoint", bytes: cosigned })
  if (hasNewer) files.push({ path: "newest", bytes: checkpoint })
  files.push({ path: "policy", bytes: formatPolicy(organisationPolicy(charter.orgId, charter)) })
  if (names.length > 0) files.push({ path: "names.json", bytes: encodeNames(names) })
  const tiles = exportTiles(entries)
  if (!hasNewer) return [...files, ...tiles]
  const known = new Set(tiles.map(({ path }) => path))
  return [...files, ...tiles, ...exportTiles(entries.slice(0, sizeOf(cosigned))).filter(({ path }) => !known.has(path))]
}

function sizeOf(note: Uint8Array): number {
  return parseCheckpoint(parseNote(note).text).size
}

const group = "majority"

/** Which checkpoints of this organisation are valid, for tools that read C2SP policies. (L9.1) */
export function organisationPolicy(orgId: OrgId, { state }: Pick<Charter, "state">): TlogPolicy {
  const { witnesses, witnessQuorum }: Rules = state.rules
  const { logKeys, witnessKeys } = checkpointTrust(orgId, state.relays, state.rules)
  // Relays that share a log key are one log.
  const distinct = logKeys.filter(
    (key, i) => logKeys.findIndex((other) => equalBytes(other.publicKey, key.publicKey)) === i,
  )
  const named = witnessKeys.map((key, i) => ({ name: `witness-${i + 1}`, key, url: witnesses[i]?.url ?? "" }))
  const members = named.map(({ name }) => name)
  return {
    logs: distinct.map((key) => ({ key, url: "" })),
    witnesses: named,
    groups: named.length === 0 ? [] : [{ name: group, needed: witnessQuorum, members }],
    quorum: named.length === 0 ? "none" : group,
  }
}
