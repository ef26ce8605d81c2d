import { decodeNames, encodeNames, exportFiles, fittingNames } from "@holdfast/client/offline"
import {
  judgeQuorum,
  parsePolicy,
  parseTilePath,
  policyTrust,
  type TileReader,
  verifyCheckpoint,
  verifyTiles,
} from "@holdfast/log"
import { fromUtf8, hex, utf8 } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import {
  admission,
  bytesFrom,
  done,
  drafted,
  foundHarbour,
  memberOf,
  names,
  noteOf,
  witnessNamed,
} from "./support/harbour.ts"

async function watchedHarbour() {
  const witnesses = [await witnessNamed("Wanda"), await witnessNamed("Will"), await witnessNamed("Wes")]
  const entries = witnesses.map(({ entry }) => entry).toSorted((a, b) => Buffer.compare(a.publicKey, b.publicKey))
  const founded = await foundHarbour((rules) => ({ ...rules, witnesses: entries, witnessQuorum: 2 }))
  return { founded, witnesses }
}

describe("[E9.6] an export", () => {
  test("holds a checkpoint that is valid under the policy in it", async () => {
    const { founded, witnesses } = await watchedHarbour()
    const witnessed = utf8(await noteOf(founded, { witnesses: witnesses.slice(0, 2) }))
    const checkpoint = utf8(await noteOf(founded))
    const files = new Map(exportFiles({ ...founded, checkpoint, witnessed }).map(({ path, bytes }) => [path, bytes]))
    expect(fromUtf8(files.get("organisation") as Uint8Array)).toBe(`${hex(founded.org)}\n`)
    expect(files.get("checkpoint")).toEqual(witnessed)
    expect(files.has("newest")).toBe(false)
    const policy = parsePolicy(files.get("policy") as Uint8Array)
    const origin = policy.logs[0]?.key.name as string
    const { cosignatures } = await verifyCheckpoint(witnessed, policyTrust(policy, origin))
    expect(
      judgeQuorum(
        policy,
        cosignatures.map(({ key }) => key),
      ).isSatisfied,
    ).toBe(true)
    expect(
      judgeQuorum(
        policy,
        cosignatures.slice(1).map(({ key }) => key),
      ).isSatisfied,
    ).toBe(false)
  })

  test("has the tiles of the size that witnesses cosigned, too", async () => {
    const { founded, witnesses } = await watchedHarbour()
    const later = await done(founded, await admission(founded, "Eve"), ["Ana", "Ben"])
    const witnessed = utf8(await noteOf(founded, { witnesses }))
    const checkpoint = utf8(await noteOf(later))
    const files = new Map(
      exportFiles({ ...later, checkpoint, witnessed, names }).map(({ path, bytes }) => [path, bytes]),
    )
    expect(files.get("checkpoint")).toEqual(witnessed)
    expect(files.get("newest")).toEqual(checkpoint)
    const tileAt: TileReader = (level, index, width) =>
      [...files].find(([path]) => path.startsWith(`tile/${level}/`) && isTile(path, index, width))?.[1]
    verifyTiles(1, founded.charter.root, tileAt)
    verifyTiles(2, later.charter.root, tileAt)
    expect(decodeNames(files.get("names.json") as Uint8Array)).toEqual(names)
  })

  test("an organisation without witnesses has a policy that asks for none", async () => {
    const founded = await foundHarbour()
    const files = exportFiles({ ...founded, checkpoint: new Uint8Array() })
    const policy = parsePolicy(files.find(({ path }) => path === "policy")?.bytes as Uint8Array)
    expect(policy).toMatchObject({ witnesses: [], groups: [], quorum: "none" })
    expect(files.some(({ path }) => path === "checkpoint")).toBe(false)
  })
})

function isTile(path: string, index: number, width: number): boolean {
  const tile = parseTilePath(path)
  return tile.index === index && tile.width === width
}

test.each([
  ["a byte more", (text: string) => `${text} `],
  ["white space", (text: string) => text.replace("{", "{ ")],
  ["another field", (text: string) => text.replace("{", '{"a":1,')],
  ["another format", (text: string) => text.replace("names/v1", "names/v2")],
])("[E9.6] names in another form are refused: %s", (_, change) => {
  const text = fromUtf8(encodeNames(names))
  expect(() => decodeNames(utf8(change(text)))).toThrow(expect.objectContaining({ code: "malformed" }))
})

describe("[E9.4] names", () => {
  test("of those whom a statement adds are known before they are in", async () => {
    const founded = await foundHarbour()
    const eve = drafted(founded, await admission(founded, "Eve"))
    expect(fittingNames(founded.charter, names).names(memberOf("Eve"))).toBeUndefined()
    const fitting = fittingNames(founded.charter, names, eve)
    expect(fitting.names(memberOf("Eve"))).toBe("Eve")
    expect(fitting.names(memberOf("Ana"))).toBe("Ana")
    expect(fitting.organisation).toBe("The Harbour")
  })

  test("that do not fit are left out", async () => {
    const { charter } = await foundHarbour()
    const lies = names.map((it) => ({ ...it, name: "The Queen" }))
    const fitting = fittingNames(charter, lies)
    expect([fitting.organisation, fitting.names(memberOf("Ana"))]).toEqual([undefined, undefined])
  })

  test("that two people have come with their codes", async () => {
    const founded = await foundHarbour()
    const twin = await admission(founded, "Eve", "Ana")
    const opening = { id: memberOf("Eve"), name: "Ana", salt: bytesFrom("Eve/salt", 16) }
    const { names: nameOf } = fittingNames(founded.charter, [...names, opening], drafted(founded, twin))
    expect(nameOf(memberOf("Ana"))).toMatch(/^Ana \([0-9a-f ]{19}\)$/)
    expect(nameOf(memberOf("Eve"))).toMatch(/^Ana \([0-9a-f ]{19}\)$/)
    expect(nameOf(memberOf("Ana"))).not.toBe(nameOf(memberOf("Eve")))
  })
})
