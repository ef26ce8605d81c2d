import { expect, test } from "vitest"
import { checkFile } from "../../tools/check-repo.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const lines = (file: string, text: string) => checkFile(file, bytes(text)).map(({ line }) => line)
const long = (head: string) => `${head}\n${"export {}\n".repeat(601)}`

test("plain source is fine", () => {
  expect(checkFile("packages/wire/src/a.ts", bytes("export const a = 1\n"))).toEqual([])
})

test("registry hosts are found anywhere, lock files and test data included", () => {
  const host = ["registry", "npmjs", "org"].join(".")
  for (const file of ["package-lock.json", "README.md", "vectors/SOURCE.txt"]) {
    expect(lines(file, `first\n  "resolved": "https://${host}/x/-/x.tgz"\n`)).toEqual([2])
  }
})

test("paths of one machine are found, URLs and relative paths are not", () => {
  const roots = ["home/alice/x", "Users/alice", "root/.npm", "work/main/tools"]
  for (const path of roots) {
    expect(lines("a.ts", `const a = "/${path}"\n`)).toEqual([1])
    expect(lines("a.md", `see https://example.org/${path} or src/${path}\n`)).toEqual([])
  }
  expect(lines("a.ts", `import "${["..", "..", "shared"].join("/")}/x.ts"\n`)).toEqual([1])
  expect(lines("a.ts", 'import "../shared-parts.ts"\n')).toEqual([])
})

test("what a build makes and binaries are found, pictures in their places are not", () => {
  const binary = Uint8Array.of(1, 0, 2)
  expect(checkFile("apps/web/dist/a.js", bytes("1"))).toHaveLength(1)
  expect(checkFile("tsconfig.tsbuildinfo", bytes("1"))).toHaveLength(1)
  expect(checkFile("packages/wire/a.wasm", binary)).toHaveLength(1)
  expect(checkFile("vectors/x/tile", binary)).toEqual([])
  expect(checkFile("docs/pictures/client.png", binary)).toEqual([])
  expect(checkFile("docs/pictures/client.png", new Uint8Array(700_000))).toHaveLength(1)
})

test("more than 600 lines need a reason at the top", () => {
  expect(lines("a.ts", long("// a file"))).toEqual([1])
  expect(lines("a.ts", long("// More than 600 lines because the table of words is one table."))).toEqual([])
  expect(lines("a.ts", long("// More than 600 lines\n// because the table of words is one table."))).toEqual([])
  expect(lines("a.ts", long("// More than 600 lines because so"))).toEqual([1])
  expect(lines("a.md", long("text"))).toEqual([])
})

test("any is found as a type, not as a word", () => {
  const any = ["an", "y"].join("")
  expect(lines("a.ts", `export const a: ${any} = 1\nexport const b = [] as ${any}[]\n`)).toEqual([1, 2])
  expect(lines("a.ts", "// any\nexport const any = 'any'\nexport const all = Promise.any\n")).toEqual([])
})

test("suppressions need a reason of some words", () => {
  const ignore = `// biome${"-ignore"} lint/suspicious/noConsole`
  expect(lines("a.ts", `${ignore}\n${ignore}:\n${ignore}: because\n`)).toEqual([1, 2, 3])
  expect(lines("a.ts", `${ignore}: the command's output is its purpose\n`)).toEqual([])
  expect(lines("a.ts", `// @ts-${"ignore"} because of a good reason\n`)).toEqual([1])
  expect(lines("a.ts", `// @ts-expect${"-error"}\n// @ts-expect${"-error"} a port cannot be a name\n`)).toEqual([1])
})
