import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { onTestFinished } from "vitest"

const rooms = ["wire", "log", "charter", "mls", "lanes", "client", "witness", "relay", "testkit"]

/** A repository in the shape of this one, with these files, for the duration of a test. */
export function smallRepo(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(os.tmpdir(), "holdfast-repo-"))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const ours = Object.fromEntries(rooms.map((room) => [`@holdfast/${room}`, "0"]))
  const all: Record<string, string> = {
    "package.json": JSON.stringify({ devDependencies: { vitest: "0", vite: "0" } }),
    "apps/holdfast/package.json": JSON.stringify({ name: "@holdfast/app-holdfast", dependencies: ours }),
  }
  for (const room of rooms) {
    all[`packages/${room}/package.json`] = JSON.stringify({
      name: `@holdfast/${room}`,
      exports: { ".": "./src/index.ts" },
      dependencies: { ...ours, "ts-mls": "0", "@noble/ciphers": "0", ws: "0" },
    })
    all[`packages/${room}/src/index.ts`] = "export {}\n"
  }
  for (const [file, text] of Object.entries({ ...all, ...files })) {
    const target = path.join(root, file)
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
  return root
}
