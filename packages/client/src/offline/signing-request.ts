// Everything that a machine which is never online needs to judge one statement: the statement, the whole charter, and names
// (E9.3, E9.4).
import {
  type Charter,
  CharterError,
  checkpointTrust,
  decodeStatement,
  maxEnvelopeBytes,
  type Names,
  replay,
  type Statement,
  type StatementId,
  shortCode,
} from "@holdfast/charter"
import { encodeBase64, LogError, verifyCheckpoint } from "@holdfast/log"
import { equalBytes, hex, type OrgId, toOrgId, utf8 } from "@holdfast/wire"
import { ClientError } from "../error.ts"
import { fittingNames } from "./fitting-names.ts"
import { base64Of, decodeJsonFile, encodeJsonFile, hexOf, listOf, textOf } from "./json-file.ts"
import { maxNames, nameFromJson, nameToJson, type RequestedName } from "./requested-name.ts"

export interface SigningRequest {
  readonly org: OrgId
  readonly statement: Uint8Array
  /** Every entry, from the first on. */
  readonly charter: readonly Uint8Array[]
  /** The newest signed checkpoint that the sender had; empty: none. */
  readonly note: string
  readonly names: readonly RequestedName[]
}
const format = "signing-request/v1"
const limits = { fileBytes: 134_217_728, entries: 262_144, noteLength: 16_384 }

/** (E9.3) */
export function encodeSigningRequest(request: SigningRequest): Uint8Array {
  return encodeJsonFile({
    holdfast: format,
    organisation: hex(request.org),
    statement: encodeBase64(request.statement),
    charter: request.charter.map(encodeBase64),
    note: request.note,
    names: request.names.map(nameToJson),
  })
}

/** Throws ClientError `malformed` and `too_large`. Nothing in it is verified: see `readSigningRequest`. (E9.3) */
export function decodeSigningRequest(bytes: Uint8Array): SigningRequest {
  return decodeJsonFile(bytes, {
    what: "a signing request",
    maxBytes: limits.fileBytes,
    write: encodeSigningRequest,
    read: (file) => ({
      org: toOrgId(hexOf(file.organisation, 32)),
      statement: base64Of(file.statement, maxEnvelopeBytes),
      charter: listOf(file.charter, limits.entries).map((entry) => base64Of(entry, 65_535)),
      note: textOf(file.note, limits.noteLength),
      names: listOf(file.names, maxNames).map(nameFromJson),
    }),
  })
}

export interface ReadRequest {
  readonly charter: Charter
  readonly statement: Statement
  /** Only names that fit what the charter or the statement commits to. (E9.4) */
  readonly names: Names
  readonly organisation: string | undefined
  /** How much of the charter a relay named in it has signed for; `undefined`: nothing. */
  readonly signedSize: number | undefined
}

/**
 * Replays the charter and opens the statement. Whether it should be signed is for `checkBeforeSigning` and the reader.
 * Throws ClientError `malformed`: no charter of that organisation, no statement of it, or a note that contradicts the charter. (E9.4)
 */
export async function readSigningRequest(request: SigningRequest): Promise<ReadRequest> {
  try {
    const charter = await replay(request.org, request.charter)
    const statement = decodeStatement(request.statement)
    const isOurs = charter.size > 0 && equalBytes(statement.orgId, request.org)
    if (!isOurs) throw new ClientError("malformed", "The statement is about another organisation.")
    const signedSize = request.note === "" ? undefined : await signedSizeOf(charter, request.note)
    return { charter, statement, ...fittingNames(charter, request.names, statement), signedSize }
  } catch (cause) {
    if (!(cause instanceof CharterError)) throw cause
    throw new ClientError("malformed", "This signing request holds no charter of its organisation.", { cause })
  }
}

async function signedSizeOf(charter: Charter, note: string): Promise<number> {
  const { relays, rules } = charter.state
  try {
    const { size, root } = await verifyCheckpoint(utf8(note), checkpointTrust(charter.orgId, relays, rules))
    if (equalBytes(charter.roots.at(size) ?? new Uint8Array(), root)) return size
  } catch (error) {
    if (!(error instanceof LogError)) throw error
  }
  throw new ClientError("malformed", "The checkpoint in this signing request is not one of its charter.")
}

/** `4F2A91C0.holdfast-request`. */
export function signingRequestName(statement: StatementId): string {
  return `${shortCode(statement).replace(" ", "")}.holdfast-request`
}
