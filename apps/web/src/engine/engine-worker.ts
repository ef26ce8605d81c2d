// The dedicated worker that runs the engine: keys, messages in clear and the database live here, never in the page.
import {
  type ClientPorts,
  foundOrganisation,
  joinOrganisation,
  listVaults,
  removeVault,
  unlockVault,
} from "@holdfast/client"
import { browserPorts } from "../platform/index.ts"
import { directory, remove } from "../platform/opfs.ts"
import { lineOfThisWorker, type Opening, serveEngine } from "./serve-engine.ts"

/** A tab that was closed a moment ago may still hold the files; they come free by themselves. */
async function whenFree<T>(work: () => Promise<T>): Promise<T> {
  const end = Date.now() + 3_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if ((error as { code?: string }).code !== "store_busy" || Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

function openingOver(ports: ClientPorts): Opening {
  const opened = <T extends { readonly vault: string }>(client: T) => ({ vault: client.vault, client })
  return {
    listVaults: async () => (await listVaults(ports)).map((id) => ({ id })),
    found: (options) => whenFree(async () => opened(await foundOrganisation(ports, options))),
    join: (options) => whenFree(async () => opened(await joinOrganisation(ports, options))),
    unlock: (vault, passphrase) => whenFree(() => unlockVault(ports, vault, passphrase)),
    async removeVault(vault) {
      await whenFree(() => removeVault(ports, vault))
      await remove(await directory("chunks"), vault)
    },
  }
}

serveEngine(lineOfThisWorker(), openingOver(browserPorts()))
