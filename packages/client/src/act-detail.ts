// One entry of the charter, down to its bytes, its signatures and the proof that it is in the log (E5.18).
import {
  type Approval,
  actInWords,
  type Charter,
  CharterError,
  type CharterRecord,
  checkpointTrust,
  decodeEnvelope,
  fateOf,
  keyCode,
  refusalInWords,
  type Statement,
  shortCode,
} from "@holdfast/charter"
import {
  exportTiles,
  formatTilePath,
  formatTlogProof,
  proveInclusion,
  tileHashReader,
  verifyCheckpoint,
} from "@holdfast/log"
import { fromUtf8, hex, utf8 } from "@holdfast/wire"
import { ClientError } from "./error.ts"
import type { ActDetail } from "./governance-api.ts"
import { keeperKeyCode } from "./offline/index.ts"
import type { People } from "./people.ts"
import { approverName, seatsEver } from "./seat-names.ts"

export interface ActDetailSources {
  readonly charter: Charter
  readonly people: People
  readonly entryAt: (index: number) => Uint8Array | undefined
  readonly entries: () => readonly Uint8Array[]
  /** Signed checkpoints that this device holds and has verified; the best comes first. */
  readonly notes: readonly string[]
}

/** Throws `not_found`. (E5.18) */
export async function actDetailOf(sources: ActDetailSources, index: number): Promise<ActDetail> {
  const { charter, people } = sources
  const record = charter.records.at(index)
  const entry = sources.entryAt(index)
  if (record === undefined || entry === undefined) throw new ClientError("not_found", "There is no such act.")
  const { statement } = record
  const inclusion = await inclusionOf(sources, index)
  const fate = fateInWords(charter, record)
  return {
    index,
    type: statement?.type ?? "unreadable",
    sentence: actInWords(statement ?? record, people.names),
    code: statement === undefined ? "" : shortCode(statement.id),
    ...fate,
    fields: statement === undefined ? [] : fieldsOf(statement),
    approvals: approvalsOf(sources, record, entry),
    statement: {
      id: statement === undefined ? "" : hex(statement.id),
      bytes: statement === undefined ? new Uint8Array() : statement.bytes.slice(),
    },
    entry,
    leafHash: hex(record.leaf),
    ...inclusion,
  }
}

/** What it has come to, by which entry, and why. */
export function fateInWords(
  charter: Charter,
  { index }: Pick<CharterRecord, "index">,
): Pick<ActDetail, "outcome" | "reason" | "decidedBy"> {
  const fate = fateOf(charter, index)
  if (fate === undefined) return { outcome: "refused", decidedBy: index }
  const { how, by } = fate
  if (typeof how === "string") return { outcome: how, decidedBy: by }
  return "refused" in how
    ? { outcome: "refused", reason: `${refusalInWords(how.refused)}.`, decidedBy: by }
    : { outcome: "lapsed", reason: `${refusalInWords(how.lapsed)}.`, decidedBy: by }
}

function fieldsOf(statement: Statement): ActDetail["fields"] {
  const { orgId, subject, seq, prev, rulesVersion, base, notAfter, nonce } = statement
  return [
    { name: "Organisation", value: hex(orgId) },
    { name: "Subject", value: subjectInWords(subject) },
    { name: "Number within its subject", value: String(seq) },
    { name: "Statement before it", value: hex(prev) },
    { name: "Version of the rules", value: String(rulesVersion) },
    { name: "Drafted on", value: `size ${base.size}, root ${hex(base.root)}` },
    { name: "Could be approved until", value: timeInWords(notAfter) },
    { name: "Random", value: hex(nonce) },
  ]
}

/** "device/" and then the id. */
function subjectInWords(subject: Uint8Array): string {
  const slash = subject.indexOf(0x2f)
  if (slash < 0) return printable(subject)
  return `${printable(subject.subarray(0, slash + 1))}${hex(subject.subarray(slash + 1))}`
}

function printable(bytes: Uint8Array): string {
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f) ? fromUtf8(bytes) : hex(bytes)
}

/** The last second that a Date can hold. */
const lastSecond = 8_640_000_000_000

function timeInWords(seconds: number): string {
  return seconds > lastSecond ? "a day beyond every calendar" : new Date(seconds * 1_000).toISOString()
}

function approvalsOf(
  { charter, people }: ActDetailSources,
  record: CharterRecord,
  entry: Uint8Array,
): ActDetail["approvals"] {
  const seats = seatsEver(charter)
  return signaturesOf(entry).map((approval, i) => {
    const { signer, kind, signature } = approval
    const known = record.approvals[i]
    const seat = kind === 3 ? undefined : seats.get(hex(signer))
    return {
      name: approverName(charter, people, seats, approval),
      kind: kind === 3 ? "device" : kind === 2 ? "passkey" : "key",
      keyCode: seat === undefined ? keyCode(signer) : keeperKeyCode(seat.publicKey),
      counted: known?.counted === true,
      ...noteOn(known),
      signature: hex(signature),
    }
  })
}

function noteOn(known: CharterRecord["approvals"][number] | undefined): { readonly note?: string } {
  if (known?.suspended === true)
    return { note: "The signature is right, and did not count: this keeper was suspended." }
  return known?.counted === true
    ? {}
    : { note: "It did not count: the signer had no say in this, or the signature is wrong." }
}

function signaturesOf(entry: Uint8Array): readonly Approval[] {
  try {
    return decodeEnvelope(entry).approvals
  } catch (error) {
    if (error instanceof CharterError) return []
    throw error
  }
}

async function inclusionOf(
  { charter, entries, notes }: ActDetailSources,
  index: number,
): Promise<Pick<ActDetail, "inclusion" | "proof">> {
  for (const text of notes) {
    const { relays, rules } = charter.state
    const checkpoint = await verifyCheckpoint(utf8(text), checkpointTrust(charter.orgId, relays, rules)).catch(
      () => undefined,
    )
    if (checkpoint === undefined || checkpoint.size <= index) continue
    const { size, root, cosignatures } = checkpoint
    const hashes = proveInclusion(hashesOf(entries().slice(0, size)), index, size)
    const inclusion = {
      size,
      root: hex(root),
      path: hashes.map(hex),
      note: text,
      cosignedBy: cosignatures.flatMap(({ key, timestamp }) =>
        timestamp === undefined ? [] : [{ name: key.name, at: timestamp * 1_000 }],
      ),
    }
    return { inclusion, proof: formatTlogProof({ index, hashes, extra: entries()[index], checkpoint: utf8(text) }) }
  }
  return {}
}

function hashesOf(entries: readonly Uint8Array[]) {
  const files = new Map(exportTiles(entries).map(({ path, bytes }) => [path, bytes]))
  return tileHashReader(entries.length, (level, index, width) => files.get(formatTilePath({ level, index, width })))
}
