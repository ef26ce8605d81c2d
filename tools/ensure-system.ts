// What the browser tests need beside npm packages: a Chromium. Taken where it is; installed from the distribution's package where
// that is possible; otherwise the tests say what is missing.
import { spawnSync } from "node:child_process"
import { accessSync, constants } from "node:fs"
import path from "node:path"

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
const installMillis = 600_000

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/bin", "/usr/local/bin"]
  return folders.map((folder) => path.join(folder, name)).find(isProgram)
}

/** `HOLDFAST_CHROMIUM` if set, else the first that is installed. */
export function findChromium(): string | undefined {
  const chosen = process.env.HOLDFAST_CHROMIUM
  if (chosen !== undefined && chosen !== "") return isProgram(chosen) ? chosen : undefined
  return names.map(onPath).find((file) => file !== undefined)
}

export type Chromium =
  | { readonly kind: "found"; readonly file: string }
  | { readonly kind: "missing"; readonly sentence: string }

function missing(why: string): Chromium {
  return {
    kind: "missing",
    sentence:
      `${why} Install it and run the tests again: on Debian or Ubuntu \`apt-get install chromium\` as root, elsewhere ` +
      "any Chromium or Chrome; HOLDFAST_CHROMIUM=FILE names one that is not on the PATH.",
  }
}

function aptGet(...args: readonly string[]): boolean {
  const { status } = spawnSync("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=120", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "inherit", "inherit"],
    timeout: installMillis,
  })
  return status === 0
}

/** Installs Chromium when it is missing and this process may. */
export function ensureChromium(say: (sentence: string) => void): Chromium {
  const found = findChromium()
  if (found !== undefined) return { kind: "found", file: found }
  if (process.env.HOLDFAST_CHROMIUM) return missing("HOLDFAST_CHROMIUM names no program.")
  if (onPath("apt-get") === undefined) return missing("There is no Chromium, and no apt-get to install it with.")
  if (process.getuid?.() !== 0) return missing("There is no Chromium, and only root can install it.")
  say("Installing Chromium from the distribution's packages …")
  for (let attempt = 1; attempt <= 3; attempt++) {
    if (aptGet("update") && aptGet("install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core")) break
    say(`Installing Chromium failed (attempt ${attempt} of 3).`)
  }
  const installed = findChromium()
  return installed === undefined ? missing("Chromium could not be installed.") : { kind: "found", file: installed }
}
