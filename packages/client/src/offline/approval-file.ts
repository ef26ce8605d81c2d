// What a machine that is never online gives back: one approval of one statement (E9.5).
import {
  type Approval,
  CharterError,
  decodeApproval,
  encodeApproval,
  type StatementId,
  shortCode,
} from "@holdfast/charter"
import { encodeBase64 } from "@holdfast/log"
import { hex, type OrgId, toOrgId } from "@holdfast/wire"
import { ClientError } from "../error.ts"
import { base64Of, decodeJsonFile, encodeJsonFile, hexOf } from "./json-file.ts"

export interface ApprovalFile {
  readonly org: OrgId
  /** The statement's id. */
  readonly statement: Uint8Array
  readonly approval: Approval
}

const format = "approval/v1"
const maxFileBytes = 8_192
const maxApprovalBytes = 4_096

/** (E9.5) */
export function encodeApprovalFile({ org, statement, approval }: ApprovalFile): Uint8Array {
  return encodeJsonFile({
    holdfast: format,
    organisation: hex(org),
    statement: hex(statement),
    approval: encodeBase64(encodeApproval(approval)),
  })
}

/** Throws ClientError `malformed` and `too_large`. The signature is not checked. (E9.5) */
export function decodeApprovalFile(bytes: Uint8Array): ApprovalFile {
  return decodeJsonFile(bytes, {
    what: "an approval",
    maxBytes: maxFileBytes,
    write: encodeApprovalFile,
    read: (file) => ({
      org: toOrgId(hexOf(file.organisation, 32)),
      statement: hexOf(file.statement, 32),
      approval: readApproval(base64Of(file.approval, maxApprovalBytes)),
    }),
  })
}

function readApproval(bytes: Uint8Array): Approval {
  try {
    return decodeApproval(bytes)
  } catch (cause) {
    if (!(cause instanceof CharterError)) throw cause
    throw new ClientError("malformed", "form", { cause })
  }
}

/** `4F2A91C0.holdfast-approval`. */
export function approvalFileName(statement: StatementId): string {
  return `${shortCode(statement).replace(" ", "")}.holdfast-approval`
}
