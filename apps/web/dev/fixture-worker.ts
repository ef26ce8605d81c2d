import type { Opening } from "../src/engine/serve-engine.ts"
import { lineOfThisWorker, serveEngine } from "../src/engine/serve-engine.ts"
import { fixtureClient } from "./fixture-client.ts"
import { FixtureError } from "./fixture-error.ts"

const scene = (globalThis as unknown as { name: string }).name
const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))
const vaults = ["7b1e0c4490d2a3f1", "c05a77", "41d8"].map((start) => ({ id: start.padEnd(32, "0") }))

const opening: Opening = {
  listVaults: async () =>
    scene === "vaults" ? vaults : scene === "vault" || scene === "main" ? vaults.slice(0, 1) : [],
  async found(options) {
    await pause(600)
    if (options.hostingCode === "wrong")
      throw new FixtureError("relay_refused", "The relay does not know this hosting code. Look at its terminal again.")
    return { vault: vaults[0]?.id ?? "", client: fixtureClient({ scene: "founded", found: options }) }
  },
  async join(options) {
    await pause(600)
    return { vault: vaults[0]?.id ?? "", client: fixtureClient({ scene: "waiting", name: options.name }) }
  },
  async unlock(_vault, passphrase) {
    await pause(400)
    if (passphrase.startsWith("wrong"))
      throw new FixtureError(
        "wrong_passphrase",
        "That passphrase does not open this organisation. Nothing was changed; try again.",
      )
    return fixtureClient({ scene: passphrase })
  },
  removeVault: async () => undefined,
}
serveEngine(lineOfThisWorker(), opening)
