/**
 * Why a witness cannot start, or cannot do what its operator asks; the list is closed.
 *
 * - `port_busy`, `port_forbidden`, `address_unknown`: the address to listen on
 * - `folder_not_writable`, `folder_open`: the folder it keeps everything in
 * - `key_open`, `key_damaged`, `key_missing`, `key_of_another_name`: the file with its key
 * - `memory_missing`: there is a key and nothing that says what it has cosigned
 * - `database_damaged`, `database_newer`, `storage_full`: the database
 * - `name_invalid`: the name cannot stand in a signature line
 * - `too_many_logs`, `key_unfit`: a log that cannot be trusted as asked
 */
export type WitnessCode =
  | "port_busy"
  | "port_forbidden"
  | "address_unknown"
  | "folder_not_writable"
  | "folder_open"
  | "key_open"
  | "key_damaged"
  | "key_missing"
  | "key_of_another_name"
  | "memory_missing"
  | "database_damaged"
  | "database_newer"
  | "storage_full"
  | "name_invalid"
  | "too_many_logs"
  | "key_unfit"

/** `sentence` is for whoever runs the witness: what is wrong and what to do. */
export class WitnessError extends Error {
  override readonly name = "WitnessError"
  readonly code: WitnessCode
  readonly sentence: string

  constructor(code: WitnessCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.code = code
    this.sentence = sentence
  }
}
