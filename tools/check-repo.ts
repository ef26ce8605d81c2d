// What the repository must not hold: names of one registry or one machine, what a build makes, files too long to be read in one
// go, and ways around the compiler and the linter that give no reason.
import { readFileSync, statSync } from "node:fs"
import path from "node:path"
import { pathToFileURL } from "node:url"
import { repoRoot, trackedFiles } from "./source/files.ts"
import { conclude, type Finding } from "./source/finding.ts"
import { parseSource } from "./source/parse.ts"

const maxLines = 600
const maxPictureBytes = 600_000
/** How a file longer than that begins its reason, in a comment within its first lines. */
const longBecause = /more than 600 lines because \S+ \S+ \S+/i

const generated = /(^|\/)(node_modules|dist|coverage|\.vite|test-results)\/|\.(tsbuildinfo|map|log|min\.js)$/
const picture = /^(docs|apps\/web\/public)\/.*\.(png|jpg|webp|ico)$/
const outside = /^vectors\//

// The patterns are put together here, or this file would be the first to break them.
const host = (...labels: string[]) => labels.join("\\.")
const registryHost = new RegExp(
  [
    host("registry", "npmjs", "org"),
    host("registry", "yarnpkg", "com"),
    host("registry", "npmmirror", "com"),
    host("pypi", "org"),
    host("pythonhosted", "org"),
    host("crates", "io"),
    host("proxy", "golang", "org"),
    host("repo1?", "maven", "(org|apache\\.org)"),
    host("deb", "debian", "org"),
    host("archive", "ubuntu", "com"),
  ].join("|"),
)
const machinePath = new RegExp(
  `(^|[^\\w.~$}/-])/(${["home", "Users", "root", "work"].join("|")})/[\\w.-]+|\\b[A-Z]:\\\\\\\\?Users`,
)
const siblingFolder = new RegExp(`\\.\\./${"shared"}(?![\\w-])`)
const suppression = new RegExp(`\\b(biome${"-ignore"}(?:-all|-start|-end)?)\\b(.*)`)
const compilerSuppression = new RegExp(`@ts-(${["ignore", "nocheck"].join("|")})\\b`)
const expectedError = new RegExp(`@ts-expect${"-error"}\\b(.*)`)

/** The comment at the top of a file, as one line. */
function leadingComment(lines: readonly string[]): string {
  const end = lines.findIndex((line) => !/^\s*(\/\/|\/?\*)/.test(line))
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^\s*(\/\/|\/?\*+\/?)/, "").trim())
    .join(" ")
}

export function checkFile(file: string, bytes: Uint8Array): readonly Finding[] {
  const findings: Finding[] = []
  const refuse = (line: number, text: string) => void findings.push({ file, line, text })
  if (generated.test(file)) refuse(1, "is generated: add it to .gitignore")
  if (bytes.subarray(0, 8_000).includes(0)) {
    if (outside.test(file)) return findings
    if (!picture.test(file)) refuse(1, "is binary; pictures belong in docs/ or apps/web/public/, test data in vectors/")
    else if (bytes.length > maxPictureBytes)
      refuse(1, `is a picture of ${bytes.length} bytes; ${maxPictureBytes} are enough`)
    return findings
  }
  const text = new TextDecoder().decode(bytes)
  const lines = text.split("\n")
  lines.forEach((line, i) => {
    if (registryHost.test(line)) refuse(i + 1, "names a registry's host: which one is used is the machine's affair")
    if (outside.test(file)) return
    if (machinePath.test(line)) refuse(i + 1, "has a path of one machine")
    if (siblingFolder.test(line)) refuse(i + 1, "reaches outside the repository")
  })
  if (!/\.(ts|tsx|mjs|css)$/.test(file)) return findings
  if (lines.length - 1 > maxLines && !longBecause.test(leadingComment(lines))) {
    refuse(1, `has ${lines.length - 1} lines: split it, or say at its top "more than ${maxLines} lines because ..."`)
  }
  lines.forEach((line, i) => {
    const found = suppression.exec(line)
    if (found !== null && !/: *\S+(\s+\S+){2,}/.test(found[2] ?? ""))
      refuse(i + 1, "suppresses the linter without a reason")
    if (compilerSuppression.test(line)) refuse(i + 1, "suppresses the compiler: expect the error instead, and say why")
    const expected = expectedError.exec(line)
    if (expected !== null && !/\S+\s+\S+\s+\S+/.test(expected[1] ?? ""))
      refuse(i + 1, "expects a compiler error without a reason")
  })
  if (/\.tsx?$/.test(file))
    for (const line of parseSource(text, file).anys) refuse(line, "uses any: say what it is, or unknown")
  return findings
}

export function checkRepo(root: string): { readonly files: number; readonly findings: readonly Finding[] } {
  const files = trackedFiles(root).filter((file) => statSync(path.join(root, file)).isFile())
  return {
    files: files.length,
    findings: files.flatMap((file) => checkFile(file, readFileSync(path.join(root, file)))),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { files, findings } = checkRepo(repoRoot)
  conclude(
    "repo",
    findings,
    `${files} files are plain source`,
    "The repository has to build anywhere and to be read by anybody. The rules stand in tools/check-repo.ts.",
  )
}
