// Holds the one-way import table. Why each rule exists:
//
//  - The table: whoever audits a package reads it and what stands left of it, and nothing else. Above all, code that
//    opens messages must never reach the relay.
//  - No deep imports: what a package's index does not export can change without anybody outside noticing.
//  - No platform in the pure packages: they run alike in Node, in browsers and in whatever comes, and with the same result.
//  - No cycles: a file in a cycle cannot be understood, tested or loaded alone.
//  - ts-mls in one place: everything around it (credential checks, cached keys) holds only if there is no way past it.
//  - Nothing undeclared: what a package loads without declaring it is there by accident of hoisting.
import { readFileSync } from "node:fs"
import { builtinModules } from "node:module"
import path from "node:path"
import { pathToFileURL } from "node:url"
import { repoRoot, sourceFiles } from "./source/files.ts"
import { conclude, type Finding } from "./source/finding.ts"
import { parseSource, type Source } from "./source/parse.ts"

const everything = ["wire", "log", "charter", "mls", "lanes", "client", "witness", "relay", "testkit"]

/** What the source of a package may import of ours. A package that is not here may not exist. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  log: ["wire"],
  charter: ["wire", "log"],
  mls: ["wire", "log", "charter"],
  lanes: ["wire", "log", "charter", "mls"],
  client: ["wire", "log", "charter", "mls", "lanes"],
  witness: ["wire", "log"],
  relay: ["wire", "log", "charter", "witness"],
  testkit: everything,
}

/** No `node:` and no platform globals beyond WebCrypto, typed arrays and text encoding. */
const purePackages = new Set(["wire", "log", "charter", "mls", "lanes"])
/** No `node:`: what it needs of a platform comes in through ports. */
const portablePackages = new Set([...purePackages, "client"])

const platformGlobals = new Set(
  [
    ["process", "Buffer", "require", "module", "__dirname", "__filename", "global", "setImmediate"],
    ["window", "self", "document", "navigator", "location", "history", "screen", "alert", "postMessage"],
    ["localStorage", "sessionStorage", "indexedDB", "caches", "cookieStore"],
    ["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "Request", "Response", "Headers", "RTCPeerConnection"],
    ["Worker", "SharedWorker", "ServiceWorker", "BroadcastChannel", "MessageChannel", "MessagePort", "Notification"],
    ["setTimeout", "setInterval", "requestAnimationFrame", "requestIdleCallback", "performance"],
    ["HTMLElement", "Element", "Document", "File", "FileReader", "Blob", "FormData", "Image", "Audio"],
  ].flat(),
)

const builtin = new Set(builtinModules)
const isNodeModule = (specifier: string) => specifier.startsWith("node:") || builtin.has(specifier)

interface PackageFile {
  readonly name: string
  readonly dependencies: ReadonlySet<string>
  readonly exports: ReadonlySet<string>
}

function packageFile(root: string, folder: string): PackageFile {
  const json = JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8"))
  return {
    name: json.name,
    dependencies: new Set(
      ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].flatMap((key) =>
        Object.keys(json[key] ?? {}),
      ),
    ),
    exports: new Set(Object.keys(json.exports ?? {})),
  }
}

/** "@holdfast/wire/x" to ["@holdfast/wire", "./x"]. */
function splitSpecifier(specifier: string): [name: string, subpath: string] {
  const parts = specifier.split("/")
  const length = specifier.startsWith("@") ? 2 : 1
  const rest = parts.slice(length).join("/")
  return [parts.slice(0, length).join("/"), rest === "" ? "." : `./${rest}`]
}

type Place =
  | { readonly room: "package" | "app"; readonly name: string; readonly folder: string; readonly part: string }
  | { readonly room: "tests" | "tools"; readonly name: string; readonly folder: string; readonly part: string }

function placeOf(file: string): Place | undefined {
  const [top = "", name = "", part = ""] = file.split("/")
  if (top === "packages") return { room: "package", name, folder: `packages/${name}`, part }
  if (top === "apps") return { room: "app", name, folder: `apps/${name}`, part }
  if (top === "tests" || top === "tools") return { room: top, name: top, folder: top, part: "" }
  return undefined
}

export function checkImports(root: string): { readonly files: number; readonly findings: readonly Finding[] } {
  const files = sourceFiles(root, ["packages", "apps", "tests", "tools"])
  const findings: Finding[] = []
  const known = new Set(files)
  const importsByFile = new Map<string, readonly { readonly to: string; readonly line: number }[]>()
  const packageByFolder = new Map<string, PackageFile>()
  const declared = (folder: string) => {
    const found = packageByFolder.get(folder) ?? packageFile(root, folder)
    packageByFolder.set(folder, found)
    return found
  }
  const rootDependencies = packageFile(root, ".").dependencies

  for (const file of files) {
    const place = placeOf(file)
    if (place === undefined) continue
    const refuse = (line: number, text: string) => void findings.push({ file, line, text })
    const source = parseSource(readFileSync(path.join(root, file), "utf8"), file)
    const isSource = place.part === "src"
    if (place.room === "package" && !(place.name in mayImport))
      refuse(1, `package ${place.name} is not in the import table`)
    if (place.room === "package" && isSource && purePackages.has(place.name)) checkGlobals(source, place.name, refuse)
    const edges: { to: string; line: number }[] = []
    for (const { specifier, line, isDynamic } of source.imports) {
      if (specifier.startsWith(".")) {
        const to = path.posix.join(path.posix.dirname(file), specifier.replace(/[?#].*$/, ""))
        // whole-program tests drive the tools and the apps, which have no package name to import them by
        const isDriven = place.room === "tests" && /^(tools|apps)\//.test(to)
        if (!`${to}/`.startsWith(`${place.folder}/`) && !isDriven)
          refuse(line, `imports ${to}, which is outside ${place.folder}: use the package's name`)
        else if (known.has(to)) edges.push({ to, line })
        if (isSource && to.startsWith(`${place.folder}/test/`)) refuse(line, "source imports a test")
      } else if (isNodeModule(specifier)) {
        if (place.room === "package" && isSource && portablePackages.has(place.name))
          refuse(line, `${place.name} may not use ${specifier}`)
      } else {
        checkPackageImport(specifier, line, place, refuse, declared)
        const [name] = splitSpecifier(specifier)
        const ofFolder =
          place.room === "tests" || place.room === "tools" ? rootDependencies : declared(place.folder).dependencies
        const isThere =
          ofFolder.has(name) || (!isSource && (name.startsWith("@holdfast/") || rootDependencies.has(name)))
        // An app may use a build tool of the root when it is there; it may not depend on it being there.
        const isBuildTool = place.room === "app" && isDynamic && rootDependencies.has(name)
        if (!isThere && !isBuildTool && !specifier.startsWith("virtual:")) {
          refuse(line, `${name} is not declared in ${place.folder}/package.json`)
        }
      }
    }
    importsByFile.set(file, edges)
  }
  findings.push(...cycles(importsByFile))
  return { files: files.length, findings }
}

function checkPackageImport(
  specifier: string,
  line: number,
  place: Place,
  refuse: (line: number, text: string) => void,
  declared: (folder: string) => PackageFile,
): void {
  const [name, subpath] = splitSpecifier(specifier)
  if ((name === "ts-mls" || name.startsWith("ts-mls-")) && place.folder !== "packages/mls")
    refuse(line, `only packages/mls may import ${name}`)
  if (!name.startsWith("@holdfast/")) return
  const target = name.slice("@holdfast/".length)
  if (!(target in mayImport)) {
    refuse(line, `${name} is not in the import table`)
    return
  }
  if (!declared(`packages/${target}`).exports.has(subpath))
    refuse(line, `${specifier} is a deep import: ${name} does not export it`)
  if (place.room !== "package" || place.part !== "src") return
  if (place.name === target) refuse(line, `${target} imports itself by name`)
  else if (!(mayImport[place.name] ?? []).includes(target)) refuse(line, `${place.name} may not import ${target}`)
}

function checkGlobals(source: Source, name: string, refuse: (line: number, text: string) => void): void {
  const seen = new Set<string>()
  for (const global of source.globals) {
    const key = `${global.line} ${global.name}`
    if (!platformGlobals.has(global.name) || seen.has(key)) continue
    seen.add(key)
    refuse(global.line, `${name} may not use the platform's ${global.name}`)
  }
}

/** Strongly connected components of more than one file (Tarjan), and files that import themselves. */
function cycles(
  importsByFile: ReadonlyMap<string, readonly { readonly to: string; readonly line: number }[]>,
): Finding[] {
  const found: Finding[] = []
  const numberOf = new Map<string, number>()
  const lowOf = new Map<string, number>()
  const stack: string[] = []
  const visit = (file: string) => {
    numberOf.set(file, numberOf.size)
    lowOf.set(file, numberOf.get(file) as number)
    stack.push(file)
    for (const { to, line } of importsByFile.get(file) ?? []) {
      if (to === file) found.push({ file, line, text: "imports itself" })
      if (!numberOf.has(to)) visit(to)
      if (stack.includes(to)) lowOf.set(file, Math.min(lowOf.get(file) as number, lowOf.get(to) as number))
    }
    if (lowOf.get(file) !== numberOf.get(file)) return
    const members = stack.splice(stack.indexOf(file)).sort()
    if (members.length === 1) return
    for (const member of members) {
      const edge = importsByFile.get(member)?.find(({ to }) => members.includes(to))
      if (edge !== undefined)
        found.push({ file: member, line: edge.line, text: `is in an import cycle: ${members.join(", ")}` })
    }
  }
  for (const file of importsByFile.keys()) if (!numberOf.has(file)) visit(file)
  return found
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { files, findings } = checkImports(repoRoot)
  conclude(
    "imports",
    findings,
    `${files} files keep the table`,
    "Imports go one way (ARCHITECTURE.md). The reasons stand at the top of tools/check-imports.ts.",
  )
}
