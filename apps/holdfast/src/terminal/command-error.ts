/** What somebody typed or a file they named cannot be used. The message is the sentence they see. */
export class CommandError extends Error {
  override name = "CommandError"
}

/** The command itself was not understood: what was typed has to be typed in another way. Exit code 2. */
export class UsageError extends CommandError {}
