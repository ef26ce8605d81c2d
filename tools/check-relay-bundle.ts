// Whoever runs a relay must not be able to read what passes through it, whatever they change: so nothing that could open a
// message is part of it. This walks the modules that a relay really loads, from its entries on, and refuses
//  - any module of mls, lanes or client, and any library that opens messages;
//  - any name that says decryption, in our own code;
//  - a module whose name is computed, because nobody could say what it is.
// Nothing is left out as unused: what a bundler would shake off is still one edit away.
import { existsSync, readFileSync } from "node:fs"
import path from "node:path"
import { pathToFileURL } from "node:url"
import { repoRoot } from "./source/files.ts"
import { conclude, type Finding } from "./source/finding.ts"
import { parseSource } from "./source/parse.ts"

/** The relay and the witness as libraries, and the commands that run them. */
export const relayEntries = [
  "packages/relay/src/index.ts",
  "packages/witness/src/index.ts",
  "apps/holdfast/src/commands/relay.ts",
  "apps/holdfast/src/commands/witness.ts",
]

const sealedPackages = ["mls", "lanes", "client", "testkit"]
const openingLibraries = /^(ts-mls|@hpke\/|@noble\/(ciphers|post-quantum)|libsodium|tweetnacl|hash-wasm)/
const openingName = /decrypt|decipher|unseal|openSealed|openFrame|openMessage|decapsulat|unwrapKey|tsMls/i
const computedLoading = new Set(["createRequire", "require"])

interface Reached {
  readonly file: string
  readonly via: Reached | undefined
}

function pathTo(reached: Reached | undefined): string {
  const files: string[] = []
  for (let at = reached; at !== undefined; at = at.via) files.unshift(at.file)
  return files.join(" -> ")
}

export function checkRelayBundle(
  root: string,
  entries: readonly string[] = relayEntries,
): {
  readonly modules: readonly string[]
  readonly libraries: readonly string[]
  readonly findings: readonly Finding[]
} {
  const findings: Finding[] = []
  const libraries = new Set<string>()
  const seen = new Set<string>()
  const queue: Reached[] = []
  const reach = (file: string, via: Reached | undefined) => {
    if (seen.has(file)) return
    seen.add(file)
    queue.push({ file, via })
  }
  for (const entry of entries) {
    if (existsSync(path.join(root, entry))) reach(entry, undefined)
    else findings.push({ file: entry, line: 1, text: "the relay's entry is not there" })
  }

  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const reached = next
    const { file } = reached
    const refuse = (line: number, text: string) =>
      void findings.push({ file, line, text: `${text} (${pathTo(reached)})` })
    const sealed = sealedPackages.find((name) => file.startsWith(`packages/${name}/`))
    if (sealed !== undefined) {
      refuse(1, `the relay would load code of ${sealed}`)
      continue
    }
    if (!/\.[cm]?[jt]sx?$/.test(file)) continue
    const source = parseSource(readFileSync(path.join(root, file), "utf8"), file)
    for (const line of source.computedImports) refuse(line, "the relay would load a module whose name is computed")
    for (const { name, line } of source.names) {
      if (openingName.test(name)) refuse(line, `the relay would contain ${name}`)
      if (computedLoading.has(name)) refuse(line, `the relay would load modules by ${name}`)
    }
    for (const { specifier, line, isType } of source.imports) {
      if (isType) continue
      if (specifier.startsWith(".")) {
        const to = path.posix.join(path.posix.dirname(file), specifier.replace(/[?#].*$/, ""))
        if (existsSync(path.join(root, to))) reach(to, reached)
        else refuse(line, `${specifier} cannot be resolved`)
      } else if (specifier.startsWith("@holdfast/")) {
        const to = resolveOurs(root, specifier)
        if (to === undefined) refuse(line, `${specifier} cannot be resolved`)
        else reach(to, reached)
      } else {
        libraries.add(specifier)
        if (openingLibraries.test(specifier)) refuse(line, `the relay would load ${specifier}`)
      }
    }
  }
  return { modules: [...seen].sort(), libraries: [...libraries].sort(), findings }
}

/** The file behind "@holdfast/x" or "@holdfast/x/y", by the package's own exports. */
function resolveOurs(root: string, specifier: string): string | undefined {
  const [, name = "", ...rest] = specifier.split("/")
  const folder = `packages/${name}`
  const packagePath = path.join(root, folder, "package.json")
  if (!existsSync(packagePath)) return undefined
  const { exports } = JSON.parse(readFileSync(packagePath, "utf8"))
  const target: unknown = exports?.[rest.length === 0 ? "." : `./${rest.join("/")}`]
  if (typeof target !== "string") return undefined
  const to = path.posix.join(folder, target)
  return existsSync(path.join(root, to)) ? to : undefined
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { modules, libraries, findings } = checkRelayBundle(repoRoot)
  conclude(
    "relay bundle",
    findings,
    `${modules.length} modules and ${libraries.length} libraries, none of which can open a message`,
    "A relay that could open messages would make its operator someone to be bribed. Move the code, or import it elsewhere.",
  )
}
