import { compareBytes } from "@holdfast/wire"
import { type Approval, approvalFromCbor, approvalToCbor } from "./approval.ts"
import { decodeCbor, encodeCbor } from "./cbor.ts"
import { CharterError } from "./error.ts"
import { bytesOf, listOf, refuse } from "./shape.ts"
import { decodeStatement, maxEnvelopeBytes, type Statement } from "./statement.ts"

/** One leaf of the charter's log: [1, statement, approvals]. (C1.8) */
export interface Envelope {
  readonly statement: Statement
  /** In ascending order of the signers' ids, each signer once. */
  readonly approvals: readonly Approval[]
}

const format = 1
const maxApprovals = 128

/** Puts the approvals in order. Throws `malformed` when a signer is there twice, `too_large` above 60,000 bytes. (C1.8) */
export function seal(statement: Statement, approvals: readonly Approval[]): Uint8Array {
  const sorted = approvals.toSorted((a, b) => compareBytes(a.signer, b.signer))
  const bytes = encodeCbor([format, statement.bytes, sorted.map(approvalToCbor)])
  decodeEnvelope(bytes)
  return bytes
}

/** Throws `malformed` or `too_large`. No signature is checked. (C1.8) */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length > maxEnvelopeBytes) throw new CharterError("too_large", "envelope")
  const parts = listOf(decodeCbor(bytes), [3, 3], (part) => part, "envelope")
  if (parts[0] !== format) refuse("envelope format")
  const statement = decodeStatement(bytesOf(parts[1], 1, maxEnvelopeBytes, "statement"))
  const approvals = listOf(parts[2], [0, maxApprovals], approvalFromCbor, "approvals")
  approvals.forEach((approval, i) => {
    const before = approvals[i - 1]
    if (before !== undefined && compareBytes(before.signer, approval.signer) >= 0) refuse("order of approvals")
  })
  return { statement, approvals }
}
