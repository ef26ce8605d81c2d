import { expect, test } from "vitest"
import { checkImports, mayImport } from "../../tools/check-imports.ts"
import { formatFinding } from "../../tools/source/finding.ts"
import { smallRepo } from "./small-repo.ts"

const found = (files: Readonly<Record<string, string>>) => checkImports(smallRepo(files)).findings.map(formatFinding)

test("an empty house keeps the table", () => {
  expect(found({})).toEqual([])
})

test("every pair of packages is allowed exactly as the table says", () => {
  const rooms = Object.keys(mayImport)
  for (const from of rooms) {
    const file = `packages/${from}/src/index.ts`
    const refused = found({ [file]: rooms.map((to) => `import "@holdfast/${to}"`).join("\n") })
    for (const [i, to] of rooms.entries()) {
      const isAllowed = from !== to && (mayImport[from] as readonly string[]).includes(to)
      expect(refused.some((line) => line.startsWith(`${file}:${i + 1}: `))).toBe(!isAllowed)
    }
  }
})

test("nothing that a relay is made of may reach what opens messages", () => {
  for (const room of ["wire", "log", "charter", "witness", "relay"]) {
    for (const sealed of ["mls", "lanes", "client", "testkit"]) expect(mayImport[room]).not.toContain(sealed)
  }
})

test("types count, and so do re-exports and dynamic imports", () => {
  const file = "packages/wire/src/index.ts"
  for (const code of [
    'import type { A } from "@holdfast/log"',
    'export { a } from "@holdfast/log"',
    'export * from "@holdfast/log"',
    'const a = await import("@holdfast/log")\nexport { a }',
    'export type A = import("@holdfast/log").A',
  ]) {
    expect(found({ [file]: code })).toEqual([`${file}:1: wire may not import log`])
  }
})

test("an import in a comment or a string is none", () => {
  const code = '// import "@holdfast/log"\nexport const a = `import "@holdfast/log"`\n'
  expect(found({ "packages/wire/src/index.ts": code })).toEqual([])
})

test("deep imports are refused, by name and by path, from everywhere", () => {
  const wire = { "packages/wire/src/deep.ts": "export const deep = 1\n" }
  expect(found({ ...wire, "packages/log/src/index.ts": 'import "@holdfast/wire/src/deep.ts"' })).toEqual([
    "packages/log/src/index.ts:1: @holdfast/wire/src/deep.ts is a deep import: @holdfast/wire does not export it",
  ])
  for (const file of ["packages/log/src/index.ts", "packages/log/test/a.test.ts", "apps/holdfast/src/main.ts"]) {
    const [top, name] = file.split("/")
    expect(
      found({ ...wire, [file]: 'import { deep } from "../../../packages/wire/src/deep.ts"\nexport { deep }' }),
    ).toEqual([`${file}:1: imports packages/wire/src/deep.ts, which is outside ${top}/${name}: use the package's name`])
  }
})

test("tests may import any package and their own source, and source no test", () => {
  expect(
    found({
      "packages/wire/src/a.ts": "export const a = 1\n",
      "packages/wire/test/a.test.ts":
        'import "vitest"\nimport "@holdfast/testkit"\nimport "node:fs"\nimport "../src/a.ts"\n',
    }),
  ).toEqual([])
  expect(
    found({ "packages/wire/test/b.ts": "export {}\n", "packages/wire/src/a.ts": 'import "../test/b.ts"\n' }),
  ).toEqual(["packages/wire/src/a.ts:1: source imports a test"])
})

test("node: and bare built-in names stay out of what runs in browsers", () => {
  for (const room of ["wire", "log", "charter", "mls", "lanes", "client"]) {
    const file = `packages/${room}/src/a.ts`
    expect(found({ [file]: 'import "node:fs"\nimport "crypto"\n' })).toEqual([
      `${file}:1: ${room} may not use node:fs`,
      `${file}:2: ${room} may not use crypto`,
    ])
  }
  expect(found({ "packages/relay/src/a.ts": 'import "node:fs"\n' })).toEqual([])
})

test("platform globals stay out of the pure packages", () => {
  const file = "packages/charter/src/a.ts"
  const code = [
    "export const a = document.title",
    "export const b = globalThis.fetch",
    "export const c: WebSocket | undefined = undefined",
    "export const d = () => setTimeout(() => {}, 1)",
    "export const e = Buffer.from([])",
    'export const f = globalThis["localStorage"]',
  ].join("\n")
  expect(found({ [file]: code })).toEqual(
    ["document", "fetch", "WebSocket", "setTimeout", "Buffer", "localStorage"].map(
      (name, i) => `${file}:${i + 1}: charter may not use the platform's ${name}`,
    ),
  )
})

test("a local name or a property that is called like a global is none", () => {
  const code = [
    "export function a(document: { location: string }): string {",
    "  const { history } = { history: 1 }",
    "  const shown = { screen: history, fetch() { return 1 } }",
    "  return document.location + String(shown.fetch()) + globalThis.crypto.subtle + new TextEncoder().encoding",
    "}",
  ].join("\n")
  expect(found({ "packages/wire/src/a.ts": code })).toEqual([])
})

test("cycles are refused, also those of types, and named in full", () => {
  const files = {
    "packages/wire/src/a.ts": 'import { b } from "./b.ts"\nexport const a = b\n',
    "packages/wire/src/b.ts": 'import { c } from "./c.ts"\nexport const b = c\n',
    "packages/wire/src/c.ts": 'import type { a } from "./a.ts"\nexport const c = 1 as unknown as typeof a\n',
  }
  const all = "packages/wire/src/a.ts, packages/wire/src/b.ts, packages/wire/src/c.ts"
  expect(found(files)).toEqual(Object.keys(files).map((file) => `${file}:1: is in an import cycle: ${all}`))
  expect(found({ "packages/wire/src/a.ts": 'import "./a.ts"\n' })).toEqual(["packages/wire/src/a.ts:1: imports itself"])
})

test("two ways to one file are no cycle", () => {
  expect(
    found({
      "packages/wire/src/a.ts": 'import "./b.ts"\nimport "./c.ts"\n',
      "packages/wire/src/b.ts": 'import "./d.ts"\n',
      "packages/wire/src/c.ts": 'import "./d.ts"\n',
      "packages/wire/src/d.ts": "export {}\n",
    }),
  ).toEqual([])
})

test("ts-mls, whatever it is called, stays in packages/mls", () => {
  expect(found({ "packages/mls/src/a.ts": 'import "ts-mls"\n' })).toEqual([])
  for (const file of ["packages/lanes/src/a.ts", "packages/testkit/src/a.ts", "packages/lanes/test/a.test.ts"]) {
    expect(found({ [file]: 'import "ts-mls"\n' })).toEqual([`${file}:1: only packages/mls may import ts-mls`])
  }
})

test("what a package does not declare it may not load; an app may try a build tool", () => {
  expect(found({ "packages/wire/src/a.ts": 'import "left-pad/x.js"\n' })).toEqual([
    "packages/wire/src/a.ts:1: left-pad is not declared in packages/wire/package.json",
  ])
  expect(found({ "packages/wire/src/a.ts": 'import "vitest"\n' })).toHaveLength(1)
  expect(found({ "apps/holdfast/src/a.ts": 'export const a = () => import("vite")\n' })).toEqual([])
  expect(found({ "apps/holdfast/src/a.ts": 'import "vite"\n' })).toHaveLength(1)
})

test("a package outside the table may not exist", () => {
  const files = {
    "packages/extra/package.json": '{"name":"@holdfast/extra"}',
    "packages/extra/src/index.ts": "export {}\n",
  }
  expect(found(files)).toEqual(["packages/extra/src/index.ts:1: package extra is not in the import table"])
})

test("lines are counted in code with characters of several bytes", () => {
  expect(found({ "packages/wire/src/a.ts": '// ‖ é 😀\n/* ‖\n */\nimport "node:fs"\n' })).toEqual([
    "packages/wire/src/a.ts:4: wire may not use node:fs",
  ])
})
