import { expect, test } from "vitest"
import { checkRelayBundle, relayEntries } from "../../tools/check-relay-bundle.ts"
import { repoRoot } from "../../tools/source/files.ts"
import { smallRepo } from "./small-repo.ts"

const entry = "packages/relay/src/index.ts"
const check = (files: Readonly<Record<string, string>>) => checkRelayBundle(smallRepo(files), [entry])
const texts = (files: Readonly<Record<string, string>>) => check(files).findings.map(({ text }) => text)

test("a relay of wire, log and charter is clean, and all of it was looked at", () => {
  const { modules, libraries, findings } = check({
    [entry]: 'import "./core.ts"\nimport "@holdfast/charter"\nimport "ws"\nexport const verify = 1\n',
    "packages/relay/src/core.ts": 'import "@holdfast/wire"\nimport "node:fs"\n',
  })
  expect(findings).toEqual([])
  expect(modules).toEqual([
    "packages/charter/src/index.ts",
    "packages/relay/src/core.ts",
    "packages/relay/src/index.ts",
    "packages/wire/src/index.ts",
  ])
  expect(libraries).toEqual(["node:fs", "ws"])
})

test("code that opens messages is found however far away, with the way there", () => {
  for (const sealed of ["mls", "lanes", "client", "testkit"]) {
    expect(
      texts({
        [entry]: 'import "./a.ts"\n',
        "packages/relay/src/a.ts": 'export const b = () => import("@holdfast/charter")\n',
        "packages/charter/src/index.ts": `export { x } from "@holdfast/${sealed}"\n`,
      }),
    ).toEqual([
      `the relay would load code of ${sealed} (${entry} -> packages/relay/src/a.ts -> packages/charter/src/index.ts -> packages/${sealed}/src/index.ts)`,
    ])
  }
})

test("what only types need is not loaded", () => {
  expect(texts({ [entry]: 'import type { Group } from "@holdfast/mls"\nexport type G = Group\n' })).toEqual([])
  expect(texts({ [entry]: 'import { type Group } from "@holdfast/mls"\nexport type G = Group\n' })).toHaveLength(1)
})

test("libraries that open messages are found", () => {
  for (const library of ["ts-mls", "@hpke/core", "@noble/ciphers/aes.js", "@noble/post-quantum/ml-kem.js"]) {
    expect(texts({ [entry]: `import "${library}"\n` })).toEqual([`the relay would load ${library} (${entry})`])
  }
})

test("names that say decryption are found, in calls, properties and imports", () => {
  const lines = [
    "export const a = (key: CryptoKey, b: Uint8Array) => crypto.subtle.decrypt({ name: 'AES-GCM' }, key, b as never)",
    "export function openSealed(): void {}",
    "export const c = { unsealFrame: 1 }",
    'import { createDecipheriv } from "node:crypto"',
    'export { decapsulate } from "./kem.ts"',
    'export const e = globalThis["unwrapKey"]',
  ]
  for (const line of lines) {
    const files = { [entry]: `${line}\n`, "packages/relay/src/kem.ts": "export {}\n" }
    expect(texts(files).filter((text) => text.startsWith("the relay would contain")).length).toBeGreaterThan(0)
  }
  expect(
    texts({ [entry]: '// decrypt nothing\nexport const a = "decrypt"\nexport type B = { decrypt: 1 }\n' }),
  ).toEqual([])
})

test("a computed module name is refused, and so is require", () => {
  expect(texts({ [entry]: "export const a = (name: string) => import(name)\n" })).toHaveLength(1)
  expect(
    texts({ [entry]: 'import { createRequire } from "node:module"\nexport const r = createRequire("/")\n' }).length,
  ).toBeGreaterThan(0)
})

test("a missing entry or module is an error, not silence", () => {
  expect(checkRelayBundle(smallRepo({}), ["packages/relay/src/gone.ts"]).findings).toHaveLength(1)
  expect(texts({ [entry]: 'import "./gone.ts"\n' })).toHaveLength(1)
})

test("the real relay: hundreds of lines were really walked", () => {
  const { modules } = checkRelayBundle(repoRoot, relayEntries.slice(0, 1))
  for (const name of [
    "packages/relay/src/organisation.ts",
    "packages/charter/src/replay.ts",
    "packages/wire/src/schema.ts",
  ]) {
    expect(modules).toContain(name)
  }
})
