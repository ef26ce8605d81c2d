/** What somebody typed or a file they named cannot be used. The message is the sentence they see. */
export class CommandError extends Error {
  override name = "CommandError"
}
