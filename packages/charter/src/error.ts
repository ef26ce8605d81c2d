/**
 * What this package throws; the list is closed. Invalid entries after the first are never thrown: they are recorded (C7.2).
 *
 * - `malformed`: bytes or values that are not in their one accepted form
 * - `too_large`: a stated limit is passed
 * - `not_this_organisation`: entry 0 is not the genesis statement that the organisation's id is the hash of (C7.1)
 * - `genesis_invalid`: it is that statement, but it or its approvals break a rule; `reason` says which (C7.1)
 * - `not_founded`: the act needs a charter with its genesis entry
 * - `wrong_signer`: a signer that cannot approve in this way, or whose signature does not have the right length
 */
export type CharterCode =
  | "malformed"
  | "too_large"
  | "not_this_organisation"
  | "genesis_invalid"
  | "not_founded"
  | "wrong_signer"

export class CharterError extends Error {
  override readonly name = "CharterError"
  readonly code: CharterCode
  /** The noun that was being read or the rule that was broken: never input. */
  readonly reason: string

  constructor(code: CharterCode, reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options)
    this.code = code
    this.reason = reason
  }
}
