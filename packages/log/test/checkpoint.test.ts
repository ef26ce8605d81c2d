import { describe, expect, test } from "vitest"
import {
  type Checkpoint,
  COSIGNATURE,
  charterOrigin,
  cosignNote,
  emptyRoot,
  formatCheckpoint,
  formatNote,
  laneOrigin,
  NOTE_SIGNATURE,
  noteKey,
  parseCheckpoint,
  signerFromSeed,
  signNote,
  verifyCheckpoint,
} from "../src/index.ts"
import { codeOf, expectCode, expectCodeLater } from "./expect-code.ts"
import { fromBase64, readVector } from "./vector-files.ts"

const c2sp = readVector<{
  readonly verify: readonly { readonly note: string }[]
  readonly checkpoint_parse: readonly {
    readonly desc: string
    readonly text: string
    readonly formats_parser_accepts: boolean
  }[]
}>("c2sp/notes-checkpoints-keys.json")

const origin = charterOrigin(new Uint8Array(32).fill(0xab))
const root = new Uint8Array(32).fill(5)
const checkpoint: Checkpoint = { origin, size: 17, root, extensions: [] }
const text = formatCheckpoint(checkpoint)
const encoded = Buffer.from(root).toString("base64")

describe("transparency-dev/formats", () => {
  // That parser takes roots of any length and empty lines. Ours must take only what has neither.
  test.each(c2sp.checkpoint_parse)("[L4.9] $desc", ({ text, formats_parser_accepts }) => {
    const lines = text.slice(0, -1).split("\n")
    const strict = fromBase64(lines[2] ?? "").length === 32 && !lines.includes("")
    expect(codeOf(() => parseCheckpoint(text)) === "accepted").toBe(formats_parser_accepts && strict)
  })

  test("[L4.9] real checkpoints of the Go checksum database", () => {
    const parsed = c2sp.verify.slice(1).map(({ note }) => {
      const body = note.slice(0, note.lastIndexOf("\n\n") + 1)
      expect(formatCheckpoint(parseCheckpoint(body))).toBe(body)
      return parseCheckpoint(body)
    })
    expect(parsed.map(({ origin, size }) => [origin, size])).toEqual([
      ["go.sum database tree", 6_476_701],
      ["go.sum database tree", 35_225_469],
    ])
  })
})

describe("text", () => {
  test("[L4.9] reads back as it was written", () => {
    expect(parseCheckpoint(text)).toEqual(checkpoint)
    const extended = { ...checkpoint, extensions: ["one", "two"] }
    expect(parseCheckpoint(formatCheckpoint(extended))).toEqual(extended)
    const largest = { ...checkpoint, size: 2 ** 53 - 1 }
    expect(parseCheckpoint(formatCheckpoint(largest))).toEqual(largest)
  })

  test.each([
    ["nothing", ""],
    ["two lines", "o\n1\n"],
    ["no last line feed", text.slice(0, -1)],
    ["an empty origin", `\n1\n${encoded}\n`],
    ["an empty last line", `${text}\n`],
    ["an empty extension line", `${text}\nmore\n`],
    ["a leading zero", `o\n01\n${encoded}\n`],
    ["a sign", `o\n+1\n${encoded}\n`],
    ["a space", `o\n1 \n${encoded}\n`],
    ["hexadecimal", `o\n0x1\n${encoded}\n`],
    ["an exponent", `o\n1e3\n${encoded}\n`],
    ["digits of another script", `o\n\u0661\n${encoded}\n`],
    ["2^53", `o\n9007199254740992\n${encoded}\n`],
    ["a root of 31 bytes", `o\n1\n${Buffer.from(root.subarray(1)).toString("base64")}\n`],
    ["a root of 33 bytes", `o\n1\n${Buffer.from([0, ...root]).toString("base64")}\n`],
    ["a root without padding", `o\n1\n${encoded.replace("=", "")}\n`],
    ["a carriage return", text.replaceAll("\n", "\r\n")],
    ["an origin above 255 bytes", text.replace(origin, "x".repeat(256))],
  ])("[L4.9] refuses %s", (_, broken) => expectCode("malformed", () => parseCheckpoint(broken)))

  test("[L4.9] does not write what it would not read", () => {
    expectCode("malformed", () => formatCheckpoint({ ...checkpoint, origin: "a\nb" }))
    expectCode("malformed", () => formatCheckpoint({ ...checkpoint, origin: "" }))
    expectCode("malformed", () => formatCheckpoint({ ...checkpoint, extensions: [""] }))
    expectCode("malformed", () => formatCheckpoint({ ...checkpoint, root: root.subarray(1) }))
    expectCode("out_of_range", () => formatCheckpoint({ ...checkpoint, size: -1 }))
  })
})

describe("origins", () => {
  test("[L4.6] hold the organisation's id and the lane's, and no server's name", () => {
    expect(origin).toBe("holdfast/org/vov2xk5lvov2xk5lvov2xk5lvov2xk5lvov2xk5lvov2xk5lvovq")
    expect(laneOrigin(new Uint8Array(32).fill(0xab), new Uint8Array(16).fill(1))).toBe(
      `${origin}/lane/01010101010101010101010101010101`,
    )
    expectCode("malformed", () => charterOrigin(new Uint8Array(31)))
    expectCode("malformed", () => laneOrigin(new Uint8Array(32), new Uint8Array(15)))
  })

  test("[L4.1] are names that a key may have", () => {
    expect(noteKey(origin, NOTE_SIGNATURE, new Uint8Array(32).fill(2)).name).toBe(origin)
  })
})

describe("verifying", async () => {
  const log = await signerFromSeed(new Uint8Array(32).fill(1))
  const next = await signerFromSeed(new Uint8Array(32).fill(2))
  const watcher = await signerFromSeed(new Uint8Array(32).fill(3))
  const logKey = noteKey(origin, NOTE_SIGNATURE, log.publicKey)
  const nextKey = noteKey(origin, NOTE_SIGNATURE, next.publicKey)
  const witnessKey = noteKey("example.org/witness", COSIGNATURE, watcher.publicKey)
  const trust = { origin, logKeys: [logKey, nextKey], witnessKeys: [witnessKey] }
  const signature = await signNote(text, logKey, log)
  const cosignature = await cosignNote(text, witnessKey, watcher, 1_700_000_000)
  const note = formatNote({ text, signatures: [signature, cosignature] })

  test("[L4.11] gives the checkpoint and who cosigned it", async () => {
    const verified = await verifyCheckpoint(note, trust)
    expect(verified).toMatchObject(checkpoint)
    expect(verified.cosignatures).toEqual([{ key: witnessKey, timestamp: 1_700_000_000 }])
    expect(formatNote(verified.note)).toEqual(note)
  })

  test("[L4.11] any one log key is enough, and a cosigner is no log", async () => {
    const byNext = formatNote({ text, signatures: [await signNote(text, nextKey, next)] })
    expect((await verifyCheckpoint(byNext, trust)).cosignatures).toEqual([])
    await expectCodeLater("unsigned", verifyCheckpoint(formatNote({ text, signatures: [cosignature] }), trust))
    await expectCodeLater("unsigned", verifyCheckpoint(note, { ...trust, logKeys: [nextKey] }))
  })

  test("[L4.11] another log's checkpoint is refused, even under the same key", async () => {
    const lane = laneOrigin(new Uint8Array(32).fill(0xab), new Uint8Array(16))
    await expectCodeLater("wrong_origin", verifyCheckpoint(note, { ...trust, origin: lane }))
  })

  test("[L4.11] a failing cosigner refuses the note", async () => {
    const broken = { ...cosignature, signature: cosignature.signature.slice() }
    broken.signature[20]! ^= 1
    const bytes = formatNote({ text, signatures: [signature, broken] })
    await expectCodeLater("bad_signature", verifyCheckpoint(bytes, trust))
  })

  test("[L4.11] the empty tree has one root", async () => {
    const at = async (root: Uint8Array) => {
      const empty = formatCheckpoint({ ...checkpoint, size: 0, root })
      return formatNote({ text: empty, signatures: [await signNote(empty, logKey, log)] })
    }
    expect((await verifyCheckpoint(await at(emptyRoot()), trust)).size).toBe(0)
    await expectCodeLater("bad_proof", verifyCheckpoint(await at(root), trust))
  })

  test("[L4.11] any changed byte of the signed text fails", async () => {
    for (let i = 0; i < text.length; i++) {
      const changed = note.slice()
      changed[i]! ^= 1
      const outcome = await verifyCheckpoint(changed, trust).then(
        () => "accepted",
        (error: unknown) => error,
      )
      expect(outcome).toMatchObject({ name: "LogError" })
    }
  })
})
