import { concatBytes, equalBytes, labelledHash, type OrgId, toOrgId, utf8 } from "@holdfast/wire"
import { type Act, actFromCbor, actNumberOf, actToCbor } from "./act.ts"
import { type CborValue, decodeCbor, encodeCbor } from "./cbor.ts"
import { CharterError } from "./error.ts"
import { bytesOf, fieldsOf, fixedOf, listOf, refuse, uintOf } from "./shape.ts"

declare const brand: unique symbol
/** SHA-256("holdfast/statement/v1" 00 ‖ statement bytes), 32 bytes. (C1.6) */
export type StatementId = Uint8Array & { readonly [brand]: "StatementId" }

/** A place in the charter's log that whoever drafted or signed a statement had verified. (C6.7) */
export interface Base {
  readonly size: number
  readonly root: Uint8Array
}

/** The fields of a statement besides type and body. (C1.4) */
export interface Header {
  readonly orgId: OrgId
  /** 1 to 64 bytes. */
  readonly subject: Uint8Array
  readonly seq: number
  /** Id of the last applied statement of the same subject; 32 zero bytes if there is none. */
  readonly prev: Uint8Array
  readonly rulesVersion: number
  readonly base: Base
  /** Seconds since 1970. */
  readonly notAfter: number
  /** 16 random bytes. */
  readonly nonce: Uint8Array
}

/** A decoded statement together with the bytes it came from: ids and signatures are over those, never over a new encoding. */
export type Statement = Header & Act & { readonly id: StatementId; readonly bytes: Uint8Array }

const format = 1
const maxType = 65_535
const maxSubjectBytes = 64
/** One leaf of the log, approvals included. (C1.8) */
export const maxEnvelopeBytes = 60_000

export const noStatement = new Uint8Array(32)

export function statementIdOf(bytes: Uint8Array): StatementId {
  return labelledHash("holdfast/statement/v1", bytes) as StatementId
}

/** What a keeper or device signs to approve a statement. (C1.7) */
export function signingInput(id: StatementId): Uint8Array {
  return concatBytes(utf8("holdfast/sig/v1"), Uint8Array.of(0), id)
}

/** Encodes and reads back, so that what is handed out has passed every check of the decoder. Throws `malformed`, `too_large`. */
export function makeStatement(header: Header, act: Act): Statement {
  return decodeStatement(
    encodeCbor(
      new Map<number, CborValue>([
        [0, format],
        [1, header.orgId],
        [2, actNumberOf(act)],
        [3, actToCbor(act)],
        [4, header.subject],
        [5, header.seq],
        [6, header.prev],
        [7, header.rulesVersion],
        [8, [header.base.size, header.base.root]],
        [9, header.notAfter],
        [10, header.nonce],
      ]),
    ),
  )
}

/** Throws `malformed` or `too_large`. The statement's form is checked, not if it may be applied. (C1.4) */
export function decodeStatement(bytes: Uint8Array): Statement {
  if (bytes.length > maxEnvelopeBytes) throw new CharterError("too_large", "statement")
  const map = fieldsOf(decodeCbor(bytes), 11, "statement")
  if (map.get(0) !== format) refuse("statement format")
  const [size, root] = listOf(map.get(8), [2, 2], (part) => part, "base")
  const max = Number.MAX_SAFE_INTEGER
  const header: Header = {
    orgId: toOrgId(fixedOf(map.get(1), 32, "organisation id")),
    subject: bytesOf(map.get(4), 1, maxSubjectBytes, "subject"),
    seq: uintOf(map.get(5), max, "seq"),
    prev: fixedOf(map.get(6), 32, "prev"),
    rulesVersion: uintOf(map.get(7), max, "rules version"),
    base: { size: uintOf(size, max, "base size"), root: fixedOf(root, 32, "base root") },
    notAfter: uintOf(map.get(9), max, "notAfter"),
    nonce: fixedOf(map.get(10), 16, "nonce"),
  }
  const act = actFromCbor(uintOf(map.get(2), maxType, "type"), map.get(3))
  return { ...header, ...act, id: statementIdOf(bytes), bytes }
}

export function isSameStatement(a: Statement, b: Statement): boolean {
  return equalBytes(a.id, b.id)
}
