// Which port a desk has. A passkey is bound to it, and what a browser keeps is too, so it stays the same for good (K3.2).
import { randomInt } from "node:crypto"
import path from "node:path"
import { readOrNull, writeDurably } from "../node/durable-file.ts"
import { CommandError } from "../terminal/command-error.ts"

// Below the ports that systems hand out by themselves, above those that usual servers have.
const [lowest, beyond] = [20_000, 30_000]

/**
 * The port of this folder: the one that is remembered, else `wanted`, else a random one; remembered from then on.
 * Throws CommandError where another one is wanted than before.
 */
export async function deskPort(folder: string, wanted: number | undefined): Promise<number> {
  const file = path.join(folder, "port")
  const bytes = await readOrNull(file)
  if (bytes === null) {
    const port = wanted ?? randomInt(lowest, beyond)
    await writeDurably(file, Buffer.from(`${port}\n`))
    return port
  }
  const before = Number(Buffer.from(bytes).toString("utf8"))
  if (!Number.isInteger(before) || before < 1 || before > 65_535) {
    throw new CommandError(`The file ${file} holds no port. Restore it: passkeys are bound to the port that was in it.`)
  }
  if (wanted !== undefined && wanted !== before) {
    throw new CommandError(
      `The desk in ${folder} has port ${before}, and passkeys and keys in the browser are bound to it. For another port use another --data folder.`,
    )
  }
  return before
}
