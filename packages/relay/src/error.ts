import type { RelayErrorCode } from "@holdfast/wire"

/** A request that the relay refuses, with a code of the closed list in `wire` (W5.12) and no text from input. */
export class RelayError extends Error {
  override readonly name = "RelayError"
  readonly code: RelayErrorCode
  readonly reason: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: RelayErrorCode, reason?: string, retryAfterSeconds?: number) {
    super(reason === undefined ? code : `${code}: ${reason}`)
    this.code = code
    this.reason = reason
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/**
 * Why a relay cannot start (R9.1); the list is closed.
 *
 * - `port_busy`, `port_forbidden`, `address_unknown`: the address to listen on
 * - `folder_not_writable`, `folder_open`, `folder_in_use`: the folder it keeps everything in
 * - `identity_open`, `identity_damaged`, `identity_missing`: the file with its keys
 * - `database_damaged`, `database_newer`, `storage_full`: the database
 * - `web_missing`: the folder with the web client
 * - `tls_invalid`: the certificate or its key
 */
export type RelayStartCode =
  | "port_busy"
  | "port_forbidden"
  | "address_unknown"
  | "folder_not_writable"
  | "folder_open"
  | "folder_in_use"
  | "identity_open"
  | "identity_damaged"
  | "identity_missing"
  | "database_damaged"
  | "database_newer"
  | "storage_full"
  | "web_missing"
  | "tls_invalid"

/** The message is a sentence for whoever starts the relay: what is wrong and what to do. */
export class RelayStartError extends Error {
  override readonly name = "RelayStartError"
  readonly code: RelayStartCode

  constructor(code: RelayStartCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.code = code
  }
}
