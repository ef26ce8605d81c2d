import { existsSync, readdirSync, statSync } from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..")
const web = path.join(root, "apps/web")

/** Where the built web client lies. */
export const webRoot = path.join(web, "dist")

function newest(folder: string): number {
  let latest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules" || entry.name === "dist") continue
    const at = path.join(folder, entry.name)
    latest = Math.max(latest, entry.isDirectory() ? newest(at) : statSync(at).mtimeMs)
  }
  return latest
}

function isFresh(): boolean {
  const built = path.join(webRoot, "index.html")
  if (!existsSync(built)) return false
  const sources = [
    web,
    ...["wire", "log", "charter", "mls", "lanes", "client"].map((room) => path.join(root, "packages", room, "src")),
  ]
  const newestSource = Math.max(statSync(path.join(root, "package-lock.json")).mtimeMs, ...sources.map(newest))
  return statSync(built).mtimeMs > newestSource
}

/** Builds the web client when there is none or its sources are newer. Takes a few seconds; says so through `say`. */
export async function ensureWebBuilt(say: (sentence: string) => void): Promise<void> {
  if (isFresh()) return
  say("Building the web client …")
  const { build } = await import("vite")
  await build({ root: web, logLevel: "error" })
}
