import os from "node:os"
import path from "node:path"
import { CharterError } from "@holdfast/charter"
import { ClientError } from "@holdfast/client"
import { LogError } from "@holdfast/log"
import { RelayStartError } from "@holdfast/relay"
import { Command } from "commander"
import { addChat } from "./commands/chat.ts"
import { addDrill } from "./commands/drill.ts"
import { addLog } from "./commands/log.ts"
import { addRelay, addStart } from "./commands/relay.ts"

const home = process.env.HOLDFAST_DATA ?? path.join(os.homedir(), ".holdfast")

const program = new Command("holdfast")
  .description("messages and files that stay safe when their own administrator is turned")
  .version("0.1.0")
  .showHelpAfterError("Try: holdfast --help")

addStart(program, path.join(home, "relay"))
addRelay(program, path.join(home, "relay"))
addChat(program, path.join(home, "chat"))
addLog(program)
addDrill(program)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof ClientError || error instanceof RelayStartError) {
    console.error("sentence" in error ? error.sentence : error.message)
  } else if (error instanceof LogError || error instanceof CharterError) {
    console.error(`What came is not valid (${error.code}). Nothing was changed.`)
  } else {
    // a defect: everything that helps to find it
    console.error(error)
  }
  process.exitCode = 1
}
