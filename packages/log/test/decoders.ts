import fc from "fast-check"
import { expect } from "vitest"
import { decodeBase64, encodeBase64 } from "../src/base64.ts"
import { decodeUtf8 } from "../src/bytes.ts"
import {
  CompactRange,
  decodeCompactRange,
  decodeCosignature,
  decodeEntryBundle,
  decodeTailTree,
  encodeCompactRange,
  encodeCosignature,
  encodeEntryBundle,
  encodeTailTree,
  formatAddCheckpoint,
  formatCheckpoint,
  formatNote,
  formatNoteSignature,
  formatSignatureLines,
  formatTilePath,
  formatTlogProof,
  formatTreeSize,
  formatVkey,
  LogError,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  parseNoteSignature,
  parseSignatureLines,
  parseTilePath,
  parseTlogProof,
  parseTreeSize,
  parseVkey,
  TailTree,
} from "../src/index.ts"
import { sampleLeaves } from "./reference-tree.ts"
import { readVector, utf8 } from "./vector-files.ts"

interface DecoderCase {
  readonly name: string
  /** Decodes and encodes again; must throw a LogError or give the same bytes back. */
  readonly again: (bytes: Uint8Array) => Uint8Array
  readonly valid: readonly Uint8Array[]
  /** Pieces that a hostile sender would build from. */
  readonly words: readonly string[]
}

const leaves = sampleLeaves(11)
const tree = new TailTree(CompactRange.of(5, leaves.slice(0, 2)))
for (const leaf of leaves) tree.append(leaf)
const c2sp = readVector<{
  readonly verify: readonly { readonly vkey: string; readonly note: string }[]
  readonly checkpoint_parse: readonly { readonly text: string }[]
}>("c2sp/notes-checkpoints-keys.json")
const proofs = readVector<{ readonly marshal: readonly { readonly text: string }[] }>("c2sp/tlog-proof.json")
const notes = c2sp.verify.map(({ note }) => note)
const hash = Buffer.from(leaves[0]!).toString("base64")
const lines = ["\n", "\n\n", " ", "\u2014 ", "\u2014 a ", "+", "=", "==", "A", "0", "01", hash, "\r", "\t", "\u00a0"]

// Decoders of text get what a caller gets from bytes: nothing unless it is UTF-8.
const text = (again: (text: string) => string) => (bytes: Uint8Array) => utf8(again(decodeUtf8(bytes)))

export const decoderCases: readonly DecoderCase[] = [
  {
    name: "compact range",
    again: (bytes) => encodeCompactRange(decodeCompactRange(bytes)),
    valid: [encodeCompactRange(new CompactRange()), encodeCompactRange(tree.compactRangeAt(13))],
    words: ["\0\0\0\0\0\0\0\u0001", "\0"],
  },
  {
    name: "tail tree",
    again: (bytes) => encodeTailTree(decodeTailTree(bytes)),
    valid: [encodeTailTree(new TailTree()), encodeTailTree(tree)],
    words: ["\0\0\0\0\0\0\0\u0001", "\0"],
  },
  {
    name: "entry bundle",
    again: (bytes) => encodeEntryBundle(decodeEntryBundle(bytes, 3)),
    valid: [encodeEntryBundle([leaves[0]!, new Uint8Array(), leaves[1]!])],
    words: ["\0\u0001", "\0\0", "a"],
  },
  {
    name: "cosignature",
    again: (bytes) => encodeCosignature(decodeCosignature(bytes)),
    valid: [encodeCosignature({ timestamp: 1_700_000_000, signature: new Uint8Array(64) })],
    words: ["\0\0\0\0"],
  },
  { name: "note", again: (bytes) => formatNote(parseNote(bytes)), valid: notes.map(utf8), words: lines },
  {
    name: "signature line",
    again: text((line) => formatNoteSignature(parseNoteSignature(line))),
    valid: notes.map((note) => utf8(note.slice(note.lastIndexOf("\n\n") + 2, -1))),
    words: lines,
  },
  {
    name: "vkey",
    again: text((vkey) => formatVkey(parseVkey(vkey))),
    valid: c2sp.verify.map(({ vkey }) => utf8(vkey)),
    words: ["+", "00000000", ...lines],
  },
  {
    name: "checkpoint",
    again: text((body) => formatCheckpoint(parseCheckpoint(body))),
    valid: [utf8(`origin\n17\n${hash}\n`), utf8(`o\n0\n${hash}\nextension\n`)],
    words: [...lines, `\n${hash}\n`, "\n17\n"],
  },
  {
    name: "tile path",
    again: text((path) => formatTilePath(parseTilePath(path))),
    valid: [utf8("tile/0/x001/067.p/8"), utf8("tile/entries/000"), utf8("tile/2/x001/x000/000")],
    words: ["tile/", "entries/", "0/", "000", "x001/", ".p/", "255", "256", "/"],
  },
  {
    name: "offline proof",
    again: (bytes) => formatTlogProof(parseTlogProof(bytes)),
    valid: proofs.marshal.map((proof) => utf8(proof.text)),
    words: ["c2sp.org/tlog-proof@v1\n", "extra ", "index ", "index 0\n", ...lines],
  },
  {
    name: "request to a witness",
    again: (bytes) => formatAddCheckpoint(parseAddCheckpoint(bytes)),
    valid: [utf8("old 0\n\nnote"), utf8(`old 7\n${hash}\n${hash}\n\n${notes[0]}`)],
    words: ["old ", "old 0\n", "old 12\n", `${hash}\n`, ...lines],
  },
  {
    name: "answer of a witness",
    again: (bytes) => formatSignatureLines(parseSignatureLines(bytes)),
    valid: notes.map((note) => utf8(note.slice(note.lastIndexOf("\n\n") + 2))),
    words: lines,
  },
  {
    name: "size that a witness tells",
    again: (bytes) => formatTreeSize(parseTreeSize(bytes)),
    valid: [utf8("0\n"), utf8("9007199254740991\n")],
    words: ["0", "1", "9", "\n", ...lines],
  },
  {
    name: "base64",
    again: text((digits) => encodeBase64(decodeBase64(digits))),
    valid: [utf8(hash), utf8("Zg=="), utf8("")],
    words: ["A", "Zg", "=", "/", "+", "-", " ", "\n"],
  },
]

/** Random bytes, words put together, and valid bytes with a few changes. */
export function hostileBytes({ valid, words }: DecoderCase): fc.Arbitrary<Uint8Array> {
  const joined = fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => utf8(parts.join("")))
  const edit = fc.record({ at: fc.nat(), drop: fc.nat({ max: 3 }), put: fc.uint8Array({ maxLength: 3 }) })
  const changed = fc
    .tuple(fc.constantFrom(...valid), fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([bytes, edits]) =>
      edits.reduce((before, { at, drop, put }) => {
        const from = at % (before.length + 1)
        return new Uint8Array([...before.subarray(0, from), ...put, ...before.subarray(from + drop)])
      }, bytes),
    )
  return fc.oneof(fc.uint8Array({ maxLength: 400 }), joined, changed)
}

export function expectRefusedOrSame(decoder: DecoderCase, bytes: Uint8Array): void {
  let again: Uint8Array
  try {
    again = decoder.again(bytes)
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    return
  }
  expect(Buffer.compare(again, bytes)).toBe(0)
}
