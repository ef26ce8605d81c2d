import { openWebRoot } from "@holdfast/relay"
import type { Command } from "commander"
import { deskPort } from "../desk/desk-port.ts"
import { serveDesk } from "../desk/serve-desk.ts"
import { UsageError } from "../terminal/command-error.ts"
import { ensureWebBuilt, webRoot } from "../web-build.ts"

function relayFrom(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url?.pathname === "/" && url.search === "" && url.hash === "" && url.username === ""
  if (url === undefined || !isPlain || !/^https?:$/.test(url.protocol)) {
    throw new UsageError("A relay's address is like https://relay.example, with nothing after the name and port.")
  }
  return url.origin
}

function portFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (!/^[0-9]+$/.test(text) || port < 1 || port > 65_535) throw new UsageError(`"${text}" is no port.`)
  return port
}

/** `holdfast desk`: the web client from this checkout, at a local name that passkeys can be bound to. (K3) */
export function addDesk(program: Command, data: string): void {
  program
    .command("desk")
    .description("serve the web client of this checkout to the browser on this machine, for any relay")
    .requiredOption("--relay <address>", "the relay on which organisations are founded, such as https://relay.example")
    .option("--port <port>", "at the first start: which port, instead of a random one; it stays for good")
    .option("--data <folder>", "where the port is remembered", data)
    .action(async (options: { readonly relay: string; readonly port?: string; readonly data: string }) => {
      const relay = relayFrom(options.relay)
      const wanted = portFrom(options.port)
      await ensureWebBuilt((sentence) => console.log(sentence))
      const port = await deskPort(options.data, wanted)
      const desk = await serveDesk({ webRoot: await openWebRoot(webRoot), relay, port })
      console.log(
        [
          "",
          "Your desk is at this address, in a browser on this machine:",
          "",
          `    ${desk.address}/`,
          "",
          `New organisations are founded on ${relay}. An invitation may name any relay; paste it on that page.`,
          "Passkeys made there belong to this address. Stop the desk with Ctrl-C; nothing is lost.",
          "",
        ].join("\n"),
      )
      await new Promise<void>((resolve) => {
        process.once("SIGINT", resolve)
        process.once("SIGTERM", resolve)
      })
      await desk.close()
    })
}
