/**
 * Everything this package refuses has one of these codes; the list is closed.
 *
 * - `malformed`: bytes or text that are not in their one accepted form
 * - `too_large`: a stated limit is passed
 * - `out_of_range`: an index or size that the tree, range or tile does not have
 * - `missing_hash`: the tree's storage does not hold a hash that is needed
 * - `bad_proof`: a Merkle proof, tile or bundle that does not lead to the root
 * - `bad_signature`: a signature by a known key that does not verify
 * - `unsigned`: no known key signed
 * - `weak_key`: a public key of low order or with more than one encoding
 * - `wrong_origin`: a checkpoint of another log
 */
export type LogCode =
  | "malformed"
  | "too_large"
  | "out_of_range"
  | "missing_hash"
  | "bad_proof"
  | "bad_signature"
  | "unsigned"
  | "weak_key"
  | "wrong_origin"

export class LogError extends Error {
  override readonly name = "LogError"
  readonly code: LogCode

  constructor(code: LogCode, detail?: string) {
    super(detail === undefined ? code : `${code}: ${detail}`)
    this.code = code
  }
}
