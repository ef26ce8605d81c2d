import type { ClientCode } from "./api.ts"

/** The one error type of this package. `sentence` is for people; neither it nor the message ever holds a secret. */
export class ClientError extends Error {
  override name = "ClientError"
  readonly code: ClientCode
  readonly sentence: string
  constructor(code: ClientCode, sentence: string, options?: ErrorOptions) {
    super(`${code}: ${sentence}`, options)
    this.code = code
    this.sentence = sentence
  }
}
