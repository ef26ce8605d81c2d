// One organisation of this machine, opened for one command.
import { type Client, ClientError, listVaults, type OpenClient, unlockVault } from "@holdfast/client"
import { nodePorts } from "../node/ports.ts"
import { passphrase } from "../terminal/ask.ts"

export interface ChatOptions {
  readonly data: string
  readonly passphraseFile?: string
  readonly organisation?: string
  readonly wait: string
}

/** Opens the one organisation of this machine, or the one whose id starts with `--organisation`. */
async function unlock(options: ChatOptions): Promise<OpenClient> {
  const ports = nodePorts(options.data)
  const all = await listVaults(ports)
  const wanted =
    options.organisation === undefined ? all : all.filter((id) => id.startsWith(options.organisation as string))
  if (wanted.length === 0) {
    throw new ClientError(
      "not_found",
      "There is no organisation on this machine yet. Join one with: holdfast chat join INVITATION",
    )
  }
  if (wanted.length > 1) {
    throw new ClientError(
      "malformed",
      `There are several organisations here; choose one with --vault: ${wanted.join(", ")}`,
    )
  }
  return unlockVault(ports, wanted[0] as string, await passphrase(options))
}

/** Resolves when `check` holds, looking again at every change; throws `sentence` after `seconds`. */
export async function until(
  client: Client,
  check: () => Promise<boolean>,
  seconds: number,
  sentence: string,
): Promise<void> {
  if (await check()) return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => finish(new ClientError("relay_unreachable", sentence)), seconds * 1_000)
    const stop = client.subscribe(look)
    const ticking = setInterval(look, 1_000)
    function finish(error?: unknown): void {
      clearTimeout(timer)
      clearInterval(ticking)
      stop()
      if (error === undefined) resolve()
      else reject(error)
    }
    function look(): void {
      check().then((holds) => {
        if (holds) finish()
      }, finish)
    }
    look()
  })
}

/**
 * Reads what the relay has, and stays long enough to be let in after an approval; says so and goes on with what is here
 * when the relay cannot be reached in `seconds`.
 */
export async function catchUp(client: Client, seconds = 15): Promise<void> {
  const since = Date.now()
  const isDone = async () => {
    const { upToDate, standing } = await client.overview()
    if (standing === "waiting") return Date.now() - since > 3_000
    if (standing !== "active") return true
    return upToDate && (await client.conversations()).length > 0
  }
  await until(client, isDone, seconds, "").catch(async () => {
    const { connection } = await client.overview()
    console.error(
      connection === "online"
        ? "Nobody who could let this device into the conversations is online yet."
        : "The relay cannot be reached; this is what was known before.",
    )
  })
}

/** Resolves when nothing has changed for `quietMillis`: what came is worked through and what it calls for has been done. */
export async function untilQuiet(client: Client, quietMillis: number, mostMillis = 15_000): Promise<void> {
  const { connection, standing } = await client.overview()
  if (connection !== "online" || standing !== "active") return
  const end = Date.now() + mostMillis
  let last = Date.now()
  const stop = client.subscribe(() => {
    last = Date.now()
  })
  while (Date.now() - last < quietMillis && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100))
  stop()
}

export async function withClient(options: ChatOptions, work: (client: OpenClient) => Promise<void>): Promise<void> {
  const client = await unlock(options)
  try {
    await work(client)
  } finally {
    await client.close()
  }
}
