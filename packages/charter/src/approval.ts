import { type CborValue, decodeCbor, encodeCbor } from "./cbor.ts"
import { CharterError } from "./error.ts"
import { bytesOf, fixedOf, refuse } from "./shape.ts"
import { type Statement, signingInput } from "./statement.ts"

/** 1: a keeper's Ed25519 signature. 2: a keeper's passkey assertion (reserved). 3: a member's device, Ed25519. (C1.9) */
export type ApprovalKind = 1 | 2 | 3

export interface SignatureApproval {
  readonly signer: Uint8Array
  readonly kind: 1 | 3
  /** Ed25519 over the statement's `signingInput`. */
  readonly signature: Uint8Array
}
/** Has its place so that passkeys come in without a change of bytes; replay refuses it in this release. (C6.11) */
export interface PasskeyApproval {
  readonly signer: Uint8Array
  readonly kind: 2
  readonly authenticatorData: Uint8Array
  readonly clientDataJson: Uint8Array
  readonly signature: Uint8Array
}
export type Approval = SignatureApproval | PasskeyApproval

/** Whoever holds a key, and nothing of the key itself. */
export interface Signer {
  /** The keeper's id for kind 1, the device's for kind 3. */
  readonly id: Uint8Array
  readonly kind: 1 | 3
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** Show the statement in words and call `checkBeforeSigning` first: a signature cannot be taken back. Throws `wrong_signer`. */
export async function approve(statement: Statement, signer: Signer): Promise<SignatureApproval> {
  const signature = await signer.sign(signingInput(statement.id))
  if (signature.length !== 64 || signer.id.length !== 16) throw new CharterError("wrong_signer", "approval")
  return { signer: signer.id, kind: signer.kind, signature }
}

/** For carrying one approval to whoever seals the envelope. */
export function encodeApproval(approval: Approval): Uint8Array {
  return encodeCbor(approvalToCbor(approval))
}

/** Throws `malformed`. The signature is not checked. */
export function decodeApproval(bytes: Uint8Array): Approval {
  if (bytes.length > maxApprovalBytes) throw new CharterError("too_large", "approval")
  return approvalFromCbor(decodeCbor(bytes))
}

const maxApprovalBytes = 4096

export function approvalToCbor(approval: Approval): CborValue {
  const { signer, kind, signature } = approval
  return approval.kind === 2
    ? [signer, kind, approval.authenticatorData, approval.clientDataJson, signature]
    : [signer, kind, signature]
}

export function approvalFromCbor(value: CborValue): Approval {
  if (!Array.isArray(value)) refuse("approval")
  const signer = fixedOf(value[0], 16, "signer id")
  const kind: unknown = value[1]
  if (kind === 2 && value.length === 5) {
    return {
      signer,
      kind,
      authenticatorData: bytesOf(value[2], 37, 1024, "authenticator data"),
      clientDataJson: bytesOf(value[3], 1, 2048, "client data"),
      signature: bytesOf(value[4], 8, 256, "assertion signature"),
    }
  }
  if ((kind === 1 || kind === 3) && value.length === 3) {
    return { signer, kind, signature: fixedOf(value[2], 64, "signature") }
  }
  return refuse("approval kind")
}
