import { readFileSync } from "node:fs"
import { isCancel, password, text } from "@clack/prompts"
import { CommandError } from "./command-error.ts"

function answered(value: string | symbol): string {
  if (isCancel(value)) throw new CommandError("Stopped. Nothing was changed.")
  return value as string
}

function needTerminal(what: string, option: string): void {
  if (!process.stdin.isTTY) throw new CommandError(`${what} is missing. Give it with ${option}.`)
}

/** From `--passphrase-file`, else from HOLDFAST_PASSPHRASE, else asked for without showing it. Never an argument: those are seen by everyone on the machine. */
export async function passphrase(options: {
  readonly passphraseFile?: string
  readonly twice?: boolean
  /** What it locks, when it is chosen. */
  readonly purpose?: string
}): Promise<string> {
  if (options.passphraseFile !== undefined) return readFileSync(options.passphraseFile, "utf8").replace(/\r?\n$/, "")
  const given = process.env.HOLDFAST_PASSPHRASE
  if (given !== undefined && given !== "") return given
  needTerminal("The passphrase", "--passphrase-file or the variable HOLDFAST_PASSPHRASE")
  const first = answered(
    await password({
      message: options.twice ? `Choose a passphrase for ${options.purpose ?? "this machine"}` : "Passphrase",
    }),
  )
  if (!options.twice) return first
  const second = answered(await password({ message: "The same again" }))
  if (first !== second) throw new CommandError("The two passphrases differ. Nothing was changed.")
  return first
}

export async function line(message: string, given: string | undefined, option: string): Promise<string> {
  if (given !== undefined && given.trim() !== "") return given.trim()
  needTerminal(message, option)
  return answered(await text({ message })).trim()
}
