// A page of its own with the probes in it, over http on localhost as the product is.
import path from "node:path"
import { buildScript, servePage } from "../stage/built-page.ts"

export async function serveProbes(): Promise<{ address: string; close(): Promise<void> }> {
  const script = await buildScript(import.meta.dirname, path.join(import.meta.dirname, "page.ts"))
  const { port, close } = await servePage(script, "probes")
  return { address: `http://localhost:${port}/`, close }
}
