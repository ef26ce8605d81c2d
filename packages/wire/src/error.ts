/** Every way in which bytes or requests of the wire formats can be refused. Closed list (W1.1). */
export type WireCode = "malformed" | "too_large" | "unsupported_version"

/** Thrown by every decoder of this package and by nothing else. The message never repeats input bytes. */
export class WireError extends Error {
  override name = "WireError"
  readonly code: WireCode
  /** The format noun that was being decoded, for logs: never input. */
  readonly what: string
  constructor(code: WireCode, what: string, options?: ErrorOptions) {
    super(`${what}: ${code}`, options)
    this.code = code
    this.what = what
  }
}
