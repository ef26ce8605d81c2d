import { describe, expect, test } from "vitest"
import {
  charterOrigin,
  formatCheckpoint,
  formatNote,
  formatTlogProof,
  leafHash,
  NOTE_SIGNATURE,
  noteKey,
  parseTlogProof,
  signerFromSeed,
  signNote,
  TailTree,
  type TlogProof,
  verifyTlogProof,
} from "../src/index.ts"
import { expectCode, expectCodeLater } from "./expect-code.ts"
import { sampleEntries } from "./reference-tree.ts"
import { fromBase64, readVector, utf8 } from "./vector-files.ts"

const vectors = readVector<{
  readonly marshal: readonly {
    readonly index: number
    readonly hashes: readonly string[]
    readonly extra: string | null
    readonly checkpoint: string
    readonly text: string
  }[]
  readonly reject: readonly { readonly text: string; readonly why: string }[]
}>("c2sp/tlog-proof.json")

describe("transparency-dev/formats", () => {
  test.each(vectors.marshal)("[L7.1] index $index", (v) => {
    const proof: TlogProof = {
      index: v.index,
      hashes: v.hashes.map(fromBase64),
      extra: v.extra === null ? undefined : fromBase64(v.extra),
      checkpoint: utf8(v.checkpoint),
    }
    expect(new TextDecoder().decode(formatTlogProof(proof))).toBe(v.text)
    expect(parseTlogProof(utf8(v.text))).toEqual(proof)
  })

  test.each(vectors.reject)("[L7.1] refuses: $why", ({ text }) =>
    expectCode("malformed", () => parseTlogProof(utf8(text))),
  )
})

describe("parsing", () => {
  const good = vectors.marshal[1]!.text

  test.each([
    ["nothing", ""],
    ["no empty line", good.replace("\n\n", "\n")],
    ["nothing after the empty line", good.slice(0, good.indexOf("\n\n") + 2)],
    ["CRLF", good.replaceAll("\n", "\r\n")],
    ["a leading zero", good.replace("index 10", "index 010")],
    ["an index of 2^53", good.replace("index 10", "index 9007199254740992")],
    ["extra twice", good.replace("index", "extra AAAA\nindex")],
    ["an empty extra", good.replace(/extra .*/, "extra ")],
    ["extra after the index", good.replace(/(extra .*)\n(index .*)\n/, "$2\n$1\n")],
    ["a space after the index", good.replace("index 10", "index 10 ")],
    ["another version", good.replace("@v1", "@v2")],
  ])("[L7.1] refuses %s", (_, text) => expectCode("malformed", () => parseTlogProof(utf8(text))))

  test("[L7.1] keeps its limits when reading and when writing", () => {
    const proof: TlogProof = { index: 0, hashes: [], extra: undefined, checkpoint: utf8("note\n") }
    const hash = new Uint8Array(32)
    const longest = { ...proof, hashes: Array.from({ length: 63 }, () => hash) }
    expect(parseTlogProof(formatTlogProof(longest))).toEqual(longest)
    expectCode("too_large", () => formatTlogProof({ ...proof, hashes: [...longest.hashes, hash] }))
    const line = `${Buffer.from(hash).toString("base64")}\n`
    const many = `c2sp.org/tlog-proof@v1\nindex 0\n${line.repeat(64)}\nnote\n`
    expectCode("too_large", () => parseTlogProof(utf8(many)))
    expectCode("too_large", () => parseTlogProof(new Uint8Array(200_000)))
    expectCode("too_large", () => formatTlogProof({ ...proof, extra: new Uint8Array(65_537) }))
    expectCode("too_large", () => formatTlogProof({ ...proof, checkpoint: new Uint8Array(1_000_000) }))
    expectCode("malformed", () => formatTlogProof({ ...proof, extra: new Uint8Array() }))
    expectCode("malformed", () => formatTlogProof({ ...proof, checkpoint: new Uint8Array() }))
    expectCode("malformed", () => formatTlogProof({ ...proof, hashes: [new Uint8Array(31)] }))
    expectCode("out_of_range", () => formatTlogProof({ ...proof, index: -1 }))
  })
})

describe("verifying", async () => {
  const entries = sampleEntries(21)
  const tree = new TailTree()
  for (const entry of entries) tree.append(leafHash(entry))
  const origin = charterOrigin(new Uint8Array(32).fill(4))
  const log = await signerFromSeed(new Uint8Array(32).fill(4))
  const key = noteKey(origin, NOTE_SIGNATURE, log.publicKey)
  const trust = { origin, logKeys: [key], witnessKeys: [] }
  const text = formatCheckpoint({ origin, size: tree.size, root: tree.root(), extensions: [] })
  const checkpoint = formatNote({ text, signatures: [await signNote(text, key, log)] })
  const proof: TlogProof = { index: 9, hashes: tree.proveInclusion(9), extra: undefined, checkpoint }
  const leaf = leafHash(entries[9]!)

  test("[L7.2] shows that an entry is in the log", async () => {
    const read = parseTlogProof(formatTlogProof(proof))
    expect((await verifyTlogProof(read, leaf, trust)).size).toBe(21)
  })

  test("[L7.2] refuses another entry, index, path, log or signature", async () => {
    await expectCodeLater("bad_proof", verifyTlogProof(proof, leafHash(entries[8]!), trust))
    await expectCodeLater("bad_proof", verifyTlogProof({ ...proof, index: 8 }, leaf, trust))
    await expectCodeLater("out_of_range", verifyTlogProof({ ...proof, index: 21 }, leaf, trust))
    await expectCodeLater("bad_proof", verifyTlogProof({ ...proof, hashes: proof.hashes.slice(1) }, leaf, trust))
    await expectCodeLater("wrong_origin", verifyTlogProof(proof, leaf, { ...trust, origin: "other" }))
    await expectCodeLater("unsigned", verifyTlogProof(proof, leaf, { ...trust, logKeys: [] }))
    await expectCodeLater("malformed", verifyTlogProof({ ...proof, checkpoint: utf8("note\n") }, leaf, trust))
  })
})
