/**
 * Every way in which this package refuses. Closed list (M1.3). All failures to decrypt are one code, whatever the cause.
 * `malformed`: not the one accepted form. `unsupported`: well formed, but a suite, extension or option we do not use.
 */
export type MlsCode =
  | "malformed"
  | "unsupported"
  | "bad_signature"
  | "decrypt_failed"
  | "expired"
  | "not_for_us"
  | "not_admitted"
  | "bad_tree"
  | "bad_commit"
  | "no_tree"
  | "too_large"

export class MlsError extends Error {
  override name = "MlsError"
  readonly code: MlsCode
  /** What was being done, for logs: a fixed phrase, never input or key material. */
  readonly what: string
  constructor(code: MlsCode, what: string, options?: ErrorOptions) {
    super(`${what}: ${code}`, options)
    this.code = code
    this.what = what
  }
}
