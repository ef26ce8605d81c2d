import {
  actInWords,
  actNumberOf,
  type CharterRecord,
  decodeEnvelope,
  fateOf,
  type Names,
  refusalInWords,
  type Statement,
  shortCode,
} from "@holdfast/charter"
import { cosignedTime, encodeBase64, proveInclusion, TailTree } from "@holdfast/log"
import { fromUtf8, hex, utf8 } from "@holdfast/wire"
import { clock, safe } from "../terminal/print.ts"
import type { ReplayedCharter, VerifiedCharter } from "./read-charter.ts"

/** What became of an entry, in a word or two. */
export function fateInWords({ charter }: Pick<ReplayedCharter, "charter">, index: number): string {
  const fate = fateOf(charter, index)
  if (fate === undefined) return "not there"
  const by = fate.by === index ? "" : `, decided by entry ${fate.by}`
  if (typeof fate.how === "string") return `${fate.how}${by}`
  if ("refused" in fate.how) return `REFUSED: ${refusalInWords(fate.how.refused)}`
  return `LAPSED: ${refusalInWords(fate.how.lapsed)}${by}`
}

function sentenceOf(record: CharterRecord, names: Names): string {
  return safe(record.statement === undefined ? "Unreadable entry" : actInWords(record.statement, names))
}

/** One line for every entry. */
export function entryLines(read: ReplayedCharter): readonly string[] {
  return [...read.charter.records].map(
    (record) =>
      `${String(record.index).padStart(4)}  ${fateInWords(read, record.index)}  ${sentenceOf(record, read.names.names)}`,
  )
}

export function recordLines(read: ReplayedCharter, record: CharterRecord): readonly string[] {
  const { statement, approvals, outcome } = record
  const lines = [`${String(record.index).padStart(4)}  ${sentenceOf(record, read.names.names)}`]
  if (statement !== undefined) lines.push(`      statement ${hex(statement.id)}  code ${shortCode(statement.id)}`)
  for (const approval of approvals) {
    const what = approval.kind === 3 ? "device" : "keeper"
    const how = approval.counted ? "signed by" : approval.suspended ? "not counted (suspended):" : "not counted:"
    lines.push(`      ${how} ${what} ${hex(approval.signer).slice(0, 8)}`)
  }
  if (outcome !== "applied") lines.push(`      ${fateInWords(read, record.index)}`)
  return lines
}

export interface Summary {
  readonly lines: readonly string[]
  /** Enough of the witnesses that the rules name have cosigned, or the rules name none. */
  readonly isVouchedFor: boolean
}

export function summaryOf(read: ReplayedCharter | VerifiedCharter, from: string): Summary {
  const { charter } = read
  const { state } = charter
  const isSigned = "checkpoint" in read
  const watch = isSigned ? watchOf(read) : { lines: [], isVouchedFor: true }
  const refused = charter.refused.length
  return {
    isVouchedFor: watch.isVouchedFor,
    lines: [
      isSigned
        ? `Verified: ${charter.size} entries from ${from} replay by the rules and lead to the signed root.`
        : `Verified: ${charter.size} entries from ${from} replay by the rules. No relay's signature is in such a file.`,
      ...(read.names.organisation === undefined ? [] : [`  name         ${safe(read.names.organisation)}`]),
      `  organisation ${hex(charter.orgId)}`,
      `  root         ${hex(charter.root)}`,
      `  ${state.evaluation ? "Evaluation organisation: one person decides everything." : `Keepers: ${state.rules.keepers.length}.`}${refused > 0 ? ` ${refused} entries were refused.` : ""}`,
      ...watch.lines,
    ],
  }
}

function watchOf({ charter, witnessed }: VerifiedCharter): Summary {
  const { witnesses, witnessQuorum } = charter.state.rules
  if (witnesses.length === 0) return { lines: ["  The rules name no witnesses."], isVouchedFor: true }
  const cosignatures = witnessed?.checkpoint.cosignatures ?? []
  const lines = cosignatures.map(
    ({ key, timestamp }) => `  cosigned by  ${key.name}, ${clock((timestamp ?? 0) * 1_000)}`,
  )
  const time = cosignedTime(cosignatures, witnessQuorum)
  if (witnessed === undefined || time === undefined) {
    const needed = `${witnessQuorum} of ${witnesses.length} would be needed`
    return {
      lines: [...lines, `  NOT VOUCHED FOR: ${cosignatures.length} witnesses have cosigned it, ${needed}.`],
      isVouchedFor: false,
    }
  }
  const { size } = witnessed.checkpoint
  const which = size === charter.size ? "all of it" : `the first ${size} entries of it`
  return {
    lines: [
      ...lines,
      `  ${cosignatures.length} of ${witnesses.length} witnesses vouch for ${which}, a majority as of ${clock(time * 1_000)}.`,
    ],
    isVouchedFor: true,
  }
}

export const notTheNewest =
  "Not verified by this: that there is no newer entry. Compare size and root with another member."

/** One entry down to its bytes. (C8.3) */
export function detailLines(read: ReplayedCharter | VerifiedCharter, index: number): readonly string[] {
  const { charter, entries } = read
  const record = charter.records.at(index) as CharterRecord
  const entry = entries[index] as Uint8Array
  const tree = new TailTree()
  for (const { leaf } of charter.records) tree.append(leaf)
  return [
    `Entry ${index}: ${sentenceOf(record, read.names.names)}`,
    `  ${fateInWords(read, index)}`,
    ...record.settled.map((it) => `  decided on entry ${it.index}: ${fateInWords(read, it.index)}`),
    ...(record.statement === undefined ? [] : statementLines(record.statement)),
    ...(record.statement === undefined ? [] : approvalLines(record, entry)),
    `  entry        ${entry.length} bytes`,
    ...hexLines(entry),
    `  leaf hash    ${hex(record.leaf)}`,
    `  inclusion    in the tree of ${charter.size} entries with the root ${hex(charter.root)}, by`,
    ...proveInclusion(tree.hashAt, index, charter.size).map((hash) => `               ${encodeBase64(hash)}`),
    ...("note" in read
      ? [
          "  checkpoint",
          ...fromUtf8(read.note)
            .trimEnd()
            .split("\n")
            .map((line) => `               ${line}`),
        ]
      : []),
  ]
}

function statementLines(statement: Statement): readonly string[] {
  const { base } = statement
  return [
    `  statement    ${hex(statement.id)}, code ${shortCode(statement.id)}`,
    `  type         ${actNumberOf(statement)} (${statement.type})`,
    `  subject      ${hex(statement.subject)}, number ${statement.seq} about it`,
    `  after        ${hex(statement.prev)}`,
    `  rules        version ${statement.rulesVersion}`,
    `  base         ${base.size} entries with the root ${hex(base.root)}`,
    `  valid until  ${clock(statement.notAfter * 1_000)}`,
    `  nonce        ${hex(statement.nonce)}`,
    `  bytes        ${statement.bytes.length}`,
    ...hexLines(statement.bytes),
  ]
}

function approvalLines({ approvals }: CharterRecord, entry: Uint8Array): readonly string[] {
  const signed = decodeEnvelope(entry).approvals
  return approvals.flatMap((approval, i) => {
    const kind = { 1: "keeper's key", 2: "keeper's passkey", 3: "device" }[approval.kind]
    const how = approval.counted ? "counted" : approval.suspended ? "not counted: suspended" : "not counted"
    return [`  approval     ${kind} ${hex(approval.signer)}, ${how}`, ...hexLines(signed[i]?.signature ?? utf8(""))]
  })
}

function hexLines(bytes: Uint8Array): readonly string[] {
  return (hex(bytes).match(/.{1,64}/g) ?? []).map((line) => `               ${line}`)
}
