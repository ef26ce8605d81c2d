import type { ClientCode } from "@holdfast/client"

export class FixtureError extends Error {
  override name = "ClientError"
  readonly code: ClientCode
  readonly sentence: string
  constructor(code: ClientCode, sentence: string) {
    super(sentence)
    this.code = code
    this.sentence = sentence
  }
}
