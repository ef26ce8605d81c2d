import {
  type Approval,
  type CborValue,
  decodeCbor,
  decodeStatement,
  encodeApproval,
  encodeCbor,
  type Statement,
} from "@holdfast/charter"

/** Keys of a statement's map (C1.4). */
export const statementKeys = {
  type: 2,
  body: 3,
  subject: 4,
  seq: 5,
  prev: 6,
  rulesVersion: 7,
  base: 8,
  notAfter: 9,
} as const

/** The statement with some of its fields as the attacker wants them. It has an id of its own, and is signed anew. */
export function altered(
  statement: Statement,
  fields: Readonly<Partial<Record<keyof typeof statementKeys, CborValue>>>,
): Statement {
  const map = new Map(decodeCbor(statement.bytes) as ReadonlyMap<number, CborValue>)
  for (const [name, value] of Object.entries(fields)) {
    map.set(statementKeys[name as keyof typeof statementKeys], value as CborValue)
  }
  return decodeStatement(encodeCbor(map))
}

/** As `seal`, with none of its checks. */
export function sealedBlindly(statement: Uint8Array, approvals: readonly Approval[]): Uint8Array {
  return encodeCbor([1, statement, approvals.map((approval) => decodeCbor(encodeApproval(approval)))])
}

/** The same value with the length of its outermost array or map in two bytes: what a strict decoder has to refuse. */
export function inSecondForm(bytes: Uint8Array): Uint8Array {
  const head = bytes[0] as number
  return Uint8Array.of((head & 0xe0) | 24, head & 0x1f, ...bytes.subarray(1))
}
