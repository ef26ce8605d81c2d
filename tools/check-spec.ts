// A rule id in a comment or a test's title is a promise that somebody can look it up: every id that is quoted is defined once in
// docs/spec, and no id is defined twice.
import { readdirSync, readFileSync } from "node:fs"
import path from "node:path"
import { pathToFileURL } from "node:url"
import { repoRoot, sourceFiles } from "./source/files.ts"
import { conclude, type Finding } from "./source/finding.ts"

const definition = /^\s*-?\s*\*\*([A-Z]\d+\.\d+)\*\*/
/** In comments and in brackets of test titles; plain code has other uses for such words. */
const quoted = /\b([A-Z]\d{1,2}\.\d{1,2})\b/g

export interface SpecFile {
  readonly file: string
  readonly text: string
}

export function definedRules(specs: readonly SpecFile[]): {
  readonly rules: ReadonlyMap<string, string>
  readonly findings: readonly Finding[]
} {
  const rules = new Map<string, string>()
  const findings: Finding[] = []
  for (const { file, text } of specs) {
    text.split("\n").forEach((line, i) => {
      const id = definition.exec(line)?.[1]
      if (id === undefined) return
      const first = rules.get(id)
      if (first !== undefined) findings.push({ file, line: i + 1, text: `${id} is defined in ${first} too` })
      else rules.set(id, `${file}:${i + 1}`)
    })
  }
  return { rules, findings }
}

/** Ids of rules, where the letter is one that the specification uses. */
export function quotedRules(
  code: string,
  letters: ReadonlySet<string>,
): readonly { readonly id: string; readonly line: number }[] {
  return code.split("\n").flatMap((line, i) => {
    const comment = /(\/\/|\*|\/\*).*$/.exec(line)?.[0] ?? ""
    const titles = line.match(/["'`]\[[^\]]*\]/g)?.join(" ") ?? ""
    return [...`${comment} ${titles}`.matchAll(quoted)]
      .map(([, id]) => id as string)
      .filter((id) => letters.has(id.charAt(0)))
      .map((id) => ({ id, line: i + 1 }))
  })
}

/** The letters that the table in docs/spec/README.md gives out. A letter without a rule yet counts: what quotes it is wrong. */
export function lettersOf(readme: string): ReadonlySet<string> {
  const letters = [...readme.matchAll(/^\| \[[\w-]+\.md\]\([\w-]+\.md\) \| ([A-Z]) \|/gm)].map(
    ([, letter]) => letter as string,
  )
  if (letters.length === 0) throw new Error("docs/spec/README.md has no table of letters")
  return new Set(letters)
}

export function checkSpec(root: string): { readonly rules: number; readonly findings: readonly Finding[] } {
  const folder = path.join(root, "docs/spec")
  const specs = readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => ({ file: `docs/spec/${name}`, text: readFileSync(path.join(folder, name), "utf8") }))
  const { rules, findings } = definedRules(specs)
  const letters = lettersOf(specs.find(({ file }) => file === "docs/spec/README.md")?.text ?? "")
  // The tests of these checks quote ids that are meant not to exist.
  const files = sourceFiles(root, ["packages", "apps", "tests"]).filter((file) => !file.startsWith("tests/unit/check-"))
  const missing = files.flatMap((file) =>
    quotedRules(readFileSync(path.join(root, file), "utf8"), letters)
      .filter(({ id }) => !rules.has(id))
      .map(({ id, line }) => ({ file, line, text: `quotes ${id}, which docs/spec does not have` })),
  )
  return { rules: rules.size, findings: [...findings, ...missing] }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { rules, findings } = checkSpec(repoRoot)
  conclude(
    "spec",
    findings,
    `${rules} rules, every quoted one is there`,
    "Write the rule in docs/spec, or quote the one that is meant.",
  )
}
