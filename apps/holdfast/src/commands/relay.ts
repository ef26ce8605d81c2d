import { randomBytes } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import {
  createRelay,
  openRelayData,
  type RelayLog,
  type ServedRelay,
  type ServeOptions,
  serveRelay,
  systemClock,
} from "@holdfast/relay"
import type { Command } from "commander"
import { pino } from "pino"
import { CommandError } from "../terminal/command-error.ts"
import { ensureWebBuilt, webRoot } from "../web-build.ts"

interface RelayOptions {
  readonly data: string
  readonly host: string
  readonly port: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly openHosting?: true
  readonly behindProxy?: true
}

function portFrom(text: string): number {
  const port = Number(text)
  if (!/^[0-9]+$/.test(text) || port > 65_535)
    throw new CommandError(`"${text}" is no port. Give a number from 0 to 65535.`)
  return port
}

function pem(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch (cause) {
    throw new CommandError(`The file ${file} cannot be read.`, { cause })
  }
}

function tlsFrom(options: RelayOptions): Pick<ServeOptions, "tls"> {
  if (options.tlsCert === undefined && options.tlsKey === undefined) return {}
  if (options.tlsCert === undefined || options.tlsKey === undefined) {
    throw new CommandError("TLS needs both --tls-cert and --tls-key.")
  }
  return { tls: { cert: pem(options.tlsCert), key: pem(options.tlsKey) } }
}

/** For somebody who looks at a terminal: what a witness says against this relay, and what has failed. */
const spokenLog: RelayLog = {
  info: () => {},
  warn: (facts, sentence) => {
    if (facts["witness"] !== undefined) console.error(`${sentence}.`)
  },
  error: (_, sentence) => console.error(`${sentence}.`),
}

interface Running extends ServedRelay {
  readonly hostingCode: string
}

async function run(options: RelayOptions, log: RelayLog): Promise<Running> {
  const folder = await openRelayData(options.data)
  const hostingCode = options.openHosting === true ? "" : folder.hostingCode
  const deps = { ...folder, clock: systemClock, random: (n: number) => new Uint8Array(randomBytes(n)), fetch, log }
  const relay = createRelay(deps, { hostingCode })
  try {
    const served = await serveRelay(relay, {
      host: options.host,
      port: portFrom(options.port),
      ...tlsFrom(options),
      ...(existsSync(webRoot) ? { webRoot } : {}),
      ...(options.behindProxy === true ? { isBehindProxy: true } : {}),
    })
    return { ...served, hostingCode }
  } catch (error) {
    await relay.close()
    throw error
  }
}

/** Runs until asked to stop; a second Ctrl-C does not wait. */
function stopOnSignal(running: ServedRelay): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      process.once("SIGINT", () => process.exit(130))
      running.close().then(resolve, reject)
    }
    process.once("SIGINT", stop)
    process.once("SIGTERM", stop)
  })
}

/** `holdfast start`: what `npm start` runs. Builds the web client, runs a relay on this machine, shows one address. */
export function addStart(program: Command, data: string): void {
  program
    .command("start")
    .description("run a relay with the web client on this machine and show the address to open")
    .option("--data <folder>", "where the relay keeps everything", data)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "", "7100")
    .action(async (options: RelayOptions) => {
      await ensureWebBuilt((sentence) => console.log(sentence))
      const running = await run(options, spokenLog)
      // Leads to this machine in every browser, and is a name that passkeys can be bound to. (C9.10)
      const address = `http://holdfast.localhost:${running.port}/`
      console.log(
        [
          "",
          "Holdfast is running. Open this address to found an organisation:",
          "",
          `    ${address}#/found/${running.hostingCode}`,
          "",
          `A browser that does not know the name: http://localhost:${running.port}/ (without passkeys; what was joined there stays there).`,
          `Everybody else opens an invitation, or ${address} on the machine where they joined.`,
          `The relay keeps its data in ${options.data}. Stop it with Ctrl-C; nothing is lost.`,
          "",
        ].join("\n"),
      )
      await stopOnSignal(running)
    })
}

/** `holdfast relay`: the server alone, for a machine of its own. Logs JSON lines without identifiers, addresses or content. */
export function addRelay(program: Command, data: string): void {
  program
    .command("relay")
    .description("run a relay")
    .option("--data <folder>", "where the relay keeps everything", data)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "0 takes any free one", "7100")
    .option("--tls-cert <file>", "certificate chain (PEM)")
    .option("--tls-key <file>", "its private key (PEM)")
    .option("--behind-proxy", "trust the last X-Forwarded-For entry of the proxy in front, for limits per address")
    .option("--open-hosting", "let anybody found an organisation here, without the hosting code")
    .option("--web", "build the web client first and serve it (for guests and trying out)")
    .action(async (options: RelayOptions & { web?: true }) => {
      if (options.web === true) await ensureWebBuilt((sentence) => console.error(sentence))
      const log = pino({ base: null })
      const running = await run(options, log)
      log.info({ port: running.port }, "relay is listening")
      if (running.hostingCode !== "")
        console.error(`Hosting code, for whoever founds an organisation here: ${running.hostingCode}`)
      if (
        options.tlsCert === undefined &&
        !/^(127\.|localhost$|::1$)/.test(options.host) &&
        options.behindProxy !== true
      ) {
        console.error("Without TLS here or in a proxy in front, browsers on other machines cannot use this relay.")
      }
      await stopOnSignal(running)
    })
}
