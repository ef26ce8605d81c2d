import os from "node:os"
import path from "node:path"
import { Command, CommanderError } from "commander"
import { CommandError, UsageError } from "./terminal/command-error.ts"

const home = process.env.HOLDFAST_DATA ?? path.join(os.homedir(), ".holdfast")
const relayFolder = path.join(home, "relay")
const witnessFolder = path.join(home, "witness")

const program = new Command("holdfast")
  .description("messages and files that stay safe when their own administrator is turned")
  .version("0.1.0")
  .showHelpAfterError("Try: holdfast --help")
  // What was typed and not understood is told apart from what was tried and did not work.
  .exitOverride()

/** Each command loads only its own rooms: a machine that runs a relay never loads the code that opens messages. */
const rooms: Readonly<Record<string, () => Promise<void>>> = {
  start: async () => (await import("./commands/relay.ts")).addStart(program, relayFolder),
  relay: async () => (await import("./commands/relay.ts")).addRelay(program, relayFolder),
  witness: async () => (await import("./commands/witness.ts")).addWitness(program, witnessFolder),
  desk: async () => (await import("./commands/desk.ts")).addDesk(program, path.join(home, "desk")),
  chat: async () => (await import("./commands/chat.ts")).addChat(program, path.join(home, "chat")),
  keeper: async () => (await import("./commands/keeper.ts")).addKeeper(program),
  log: async () => (await import("./commands/log.ts")).addLog(program),
  drill: async () => (await import("./commands/drill.ts")).addDrill(program),
}

/** Errors that carry a sentence for people; everything else is a defect and is shown whole. */
function sentenceOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ("sentence" in error && typeof error.sentence === "string") return error.sentence
  if (error instanceof CommandError || error.name === "RelayStartError") return error.message
  const isRefusal = error.name === "LogError" || error.name === "CharterError" || error.name === "WireError"
  return isRefusal ? `What came is not valid (${error.message}). Nothing was changed.` : undefined
}

try {
  const wanted = rooms[process.argv[2] ?? ""]
  if (wanted !== undefined) await wanted()
  else for (const add of Object.values(rooms)) await add()
  await program.parseAsync()
} catch (error) {
  // commander has said it already
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    console.error(sentenceOf(error) ?? error)
    process.exitCode = error instanceof UsageError ? 2 : 1
  }
}
