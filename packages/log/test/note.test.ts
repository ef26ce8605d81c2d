import { describe, expect, test } from "vitest"
import {
  COSIGNATURE,
  cosignatureMessage,
  cosignNote,
  decodeCosignature,
  formatNote,
  formatNoteSignature,
  formatVkey,
  type KeyId,
  NOTE_SIGNATURE,
  noteKey,
  parseNote,
  parseNoteSignature,
  parseVkey,
  signerFromSeed,
  signNote,
  verifyNote,
} from "../src/index.ts"
import { codeOf, expectCode, expectCodeLater } from "./expect-code.ts"
import { fromBase64, fromHex, readVector, utf8 } from "./vector-files.ts"

interface C2spVectors {
  readonly verify: readonly { readonly vkey: string; readonly note: string; readonly verifies: boolean }[]
  readonly vkeys: readonly { readonly name: string; readonly vkey: string; readonly valid: boolean }[]
  readonly keypairs: readonly { readonly skey: string; readonly vkey: string }[]
  readonly cosignature_timestamps: readonly { readonly base64: string; readonly timestamp?: number }[]
}
const c2sp = readVector<C2spVectors>("c2sp/notes-checkpoints-keys.json")

const seedOf = (skey: string) => fromBase64(skey.split("+").slice(4).join("+")).subarray(1)
const signer = await signerFromSeed(new Uint8Array(32).fill(1))
const other = await signerFromSeed(new Uint8Array(32).fill(2))
const key = noteKey("example.com/log", NOTE_SIGNATURE, signer.publicKey)
const otherKey = noteKey("example.com/other", NOTE_SIGNATURE, other.publicKey)
const witness = noteKey("example.com/witness", COSIGNATURE, other.publicKey)
const text = "first\n\nlast\n"
const line = await signNote(text, key, signer)

function numberedSigner(number: number) {
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(28, number)
  return signerFromSeed(seed)
}

describe("C2SP and transparency-dev/formats", () => {
  test.each(c2sp.verify)("[L4.8] a note under $vkey", async ({ vkey, note }) => {
    const verified = await verifyNote(parseNote(utf8(note)), [parseVkey(vkey)])
    expect(verified.map((one) => formatVkey(one.key))).toEqual([vkey])
    expect(formatNote(parseNote(utf8(note)))).toEqual(utf8(note))
  })

  test.each(c2sp.vkeys)("[L4.4] vkey: $name $vkey", ({ vkey, valid }) => {
    expect(codeOf(() => parseVkey(vkey)) === "accepted").toBe(valid)
    if (valid) expect(formatVkey(parseVkey(vkey))).toBe(vkey)
  })

  test.each(c2sp.keypairs)("[L4.3] the pair of $vkey signs and verifies", async ({ skey, vkey }) => {
    const theirs = await signerFromSeed(seedOf(skey))
    const parsed = parseVkey(vkey)
    expect(theirs.publicKey).toEqual(parsed.publicKey)
    const signed = { text, signatures: [await signNote(text, parsed, theirs)] }
    expect((await verifyNote(parseNote(formatNote(signed)), [parsed])).length).toBe(1)
  })

  test.each(c2sp.cosignature_timestamps)("[L4.7] time of $base64", ({ base64, timestamp }) => {
    const bytes = fromBase64(base64).subarray(4)
    if (timestamp === undefined) expectCode("malformed", () => decodeCosignature(bytes))
    else expect(decodeCosignature(bytes).timestamp).toBe(timestamp)
  })

  test("[L4.8] the recorded requests to litewitness: their signatures verify, and the forged one does not", async () => {
    const session = readVector<{
      readonly log_vkey: string
      readonly log_ed25519_public_key_hex: string
      readonly requests: readonly {
        readonly body: string
        readonly status: number
        readonly response_contains?: string
      }[]
    }>("c2sp/witness-add-checkpoint-litewitness.json")
    const logKey = parseVkey(session.log_vkey)
    expect(logKey.publicKey).toEqual(fromHex(session.log_ed25519_public_key_hex))
    for (const { body, status, response_contains } of session.requests) {
      const note = utf8(body.slice(body.indexOf("\n\n") + 2))
      if (status === 403 && response_contains === "invalid signature") {
        // It was forged in the last base64 digit, in bits that no byte has: we refuse that before verifying. (L1.2)
        expectCode("malformed", () => parseNote(note))
      } else if (response_contains === "unknown log") {
        await expectCodeLater("unsigned", verifyNote(parseNote(note), [logKey]))
      } else {
        expect((await verifyNote(parseNote(note), [logKey])).length).toBe(1)
      }
    }
  })
})

describe("parsing", () => {
  const good = new TextDecoder().decode(formatNote({ text, signatures: [line] }))

  test("[L4.1] the text ends at the last empty line", () => expect(parseNote(utf8(good)).text).toBe(text))

  test.each([
    ["nothing", ""],
    ["no empty line", good.replaceAll("\n\n", "\n")],
    ["no signature line", `${text}\n`],
    ["no last line feed", good.slice(0, -1)],
    ["an empty line at the end", `${good}\n`],
    ["CRLF", good.replaceAll("\n", "\r\n")],
    ["a tab in the text", `a\tb${good}`],
    ["a NUL in the text", `a\u0000${good}`],
    ["text after the signatures", `${good}text\n`],
    ["a hyphen for the dash", good.replace("\u2014", "-")],
    ["two spaces", good.replace("\u2014 ", "\u2014  ")],
    ["a third part", good.replace(/\n$/, " x\n")],
    ["no name", good.replace(key.name, "")],
    ["a '+' in the name", good.replace(key.name, "a+b")],
    ["a no-break space in the name", good.replace(key.name, "a\u00a0b")],
    ["bad base64", good.replace(/==\n$/, "\n").replace(/.\n$/, "!\n")],
    ["only a key id", `a\n\n\u2014 name ${Buffer.from("1234").toString("base64")}\n`],
  ])("[L4.1] refuses %s", (_, note) => expectCode("malformed", () => parseNote(utf8(note))))

  test("[L4.1] refuses what is not UTF-8", () => {
    expectCode("malformed", () => parseNote(new Uint8Array([0xff, ...utf8(good)])))
    expectCode("malformed", () => formatNote({ text: "\ud800\n", signatures: [line] }))
  })

  test("[L4.1] keeps a byte order mark: it is part of what was signed", () => {
    expect(parseNote(utf8(`\ufeff${good}`)).text).toBe(`\ufeff${text}`)
  })

  test("[L4.5] takes 64 lines and no more, and text up to its limit", () => {
    const lines = Array.from({ length: 64 }, () => line)
    expect(parseNote(formatNote({ text, signatures: lines })).signatures.length).toBe(64)
    expectCode("too_large", () => formatNote({ text, signatures: [...lines, line] }))
    const more = `${good}${formatNoteSignature(line)}\n`.repeat(1) + `${formatNoteSignature(line)}\n`.repeat(63)
    expectCode("too_large", () => parseNote(utf8(more)))
    const long = "x".repeat(65_536)
    expectCode("too_large", () => parseNote(utf8(`${long}${good}`)))
    expectCode("too_large", () => parseNote(new Uint8Array(1_000_000)))
  })

  test("[L4.5] room for a post-quantum line, not for any line", () => {
    const post = { ...line, signature: new Uint8Array(2_428) }
    expect(parseNoteSignature(formatNoteSignature(post))).toEqual(post)
    const long = { ...line, signature: new Uint8Array(4_097) }
    expectCode("too_large", () => formatNoteSignature(long))
    const encoded = Buffer.from(new Uint8Array(4 + 4_097)).toString("base64")
    expectCode("too_large", () => parseNoteSignature(`\u2014 name ${encoded}`))
  })

  test("[L4.5] does not write what it would not read", () => {
    expectCode("malformed", () => formatNote({ text: "no line feed", signatures: [line] }))
    expectCode("malformed", () => formatNote({ text, signatures: [] }))
    expectCode("malformed", () => formatNoteSignature({ ...line, name: "a b" }))
    expectCode("malformed", () => formatNoteSignature({ ...line, keyId: "ABCDEF01" as KeyId }))
    expectCode("malformed", () => formatNoteSignature({ ...line, signature: new Uint8Array() }))
  })
})

describe("keys", () => {
  test("[L4.4] refuses a vkey with another key's id, an unknown type or an id in upper case", () => {
    const vkey = formatVkey(key)
    expectCode("malformed", () => parseVkey(vkey.replace(key.keyId, otherKey.keyId)))
    expectCode("malformed", () => parseVkey(vkey.replace(key.keyId, key.keyId.toUpperCase())))
    const typed = (type: number) => Buffer.from([type, ...key.publicKey]).toString("base64")
    for (const type of [0, 2, 3, 5, 6, 255]) {
      expectCode("malformed", () => parseVkey(`${key.name}+${key.keyId}+${typed(type)}`))
    }
    expectCode("malformed", () => parseVkey(`${vkey}AAAA`))
    expectCode("malformed", () => parseVkey("name"))
  })

  test("[L5.1] refuses a weak key", () => {
    expectCode("weak_key", () => noteKey("name", NOTE_SIGNATURE, new Uint8Array(32)))
    expectCode("malformed", () => noteKey("name", NOTE_SIGNATURE, new Uint8Array(31)))
  })

  test("[L4.1] refuses names with spaces, '+', control characters or above 255 bytes", () => {
    for (const name of ["", "a b", "a\u3000b", "a+b", "a\u0085", "a\u007f", "x".repeat(256), "\ud800"]) {
      expectCode("malformed", () => noteKey(name, NOTE_SIGNATURE, signer.publicKey))
    }
    expect(noteKey("x".repeat(255), NOTE_SIGNATURE, signer.publicKey).name.length).toBe(255)
  })

  test("[L4.3] name, type and key all change the id", () => {
    const ids = [
      key.keyId,
      noteKey("example.com/log2", NOTE_SIGNATURE, signer.publicKey).keyId,
      noteKey(key.name, COSIGNATURE, signer.publicKey).keyId,
      noteKey(key.name, NOTE_SIGNATURE, other.publicKey).keyId,
    ]
    expect(new Set(ids).size).toBe(4)
  })
})

describe("verifying", () => {
  test("[L4.8] ignores unknown keys, however wrong their lines", async () => {
    const unknown = { ...line, name: "example.com/unknown" }
    const wrongId = { ...line, keyId: "00000000" as KeyId, signature: new Uint8Array(64) }
    const note = { text, signatures: [unknown, line, wrongId] }
    expect(await verifyNote(note, [key, otherKey])).toEqual([{ key, timestamp: undefined }])
  })

  test("[L4.8] one failing line of a known key refuses the whole note", async () => {
    const bad = { ...(await signNote(text, otherKey, other)), signature: new Uint8Array(64) }
    const twice = { ...line, signature: new Uint8Array(64) }
    await expectCodeLater("bad_signature", verifyNote({ text, signatures: [line, bad] }, [key, otherKey]))
    await expectCodeLater("bad_signature", verifyNote({ text, signatures: [line, twice] }, [key]))
    expect((await verifyNote({ text, signatures: [line, bad] }, [key])).length).toBe(1)
  })

  test("[L4.8] a note that no known key signed is refused", async () => {
    await expectCodeLater("unsigned", verifyNote({ text, signatures: [line] }, [otherKey]))
    await expectCodeLater("unsigned", verifyNote({ text, signatures: [line] }, []))
  })

  test("[L4.8] a changed text fails", async () => {
    await expectCodeLater("bad_signature", verifyNote({ text: `${text}x\n`, signatures: [line] }, [key]))
  })

  test("[L4.8] one key that signed twice counts once, a cosigner with its newest time", async () => {
    const signatures = [line, line]
    for (const time of [20, 30, 10]) signatures.push(await cosignNote(text, witness, other, time))
    expect(await verifyNote({ text, signatures }, [key, key, witness])).toEqual([
      { key, timestamp: undefined },
      { key: witness, timestamp: 30 },
    ])
  })

  test("[L4.8] two keys that share name and id are two keys, and stop nobody's note", async () => {
    // found by trying some 50,000 keys: half a minute's work for whoever wants a relay's notes to be refused
    const [one, two] = await Promise.all([28_867, 52_570].map(numberedSigner))
    const [first, second] = [one!, two!].map((it) => noteKey("example.org/log", NOTE_SIGNATURE, it.publicKey))
    expect(first!.keyId).toBe(second!.keyId)
    const [byFirst, bySecond] = [await signNote(text, first!, one!), await signNote(text, second!, two!)]
    const known = [first!, second!, key]
    expect(await verifyNote({ text, signatures: [line] }, known)).toEqual([{ key, timestamp: undefined }])
    expect(await verifyNote({ text, signatures: [bySecond] }, known)).toEqual([{ key: second, timestamp: undefined }])
    expect(await verifyNote({ text, signatures: [bySecond, byFirst, bySecond] }, known)).toHaveLength(2)
    const bad = { ...byFirst, signature: new Uint8Array(64) }
    await expectCodeLater("bad_signature", verifyNote({ text, signatures: [byFirst, bad] }, known))
    await expectCodeLater("bad_signature", verifyNote({ text, signatures: [bySecond] }, [first!, key]))
  })

  test("[L4.2] a signature of one type is none of another", async () => {
    const asWitness = noteKey(key.name, COSIGNATURE, signer.publicKey)
    const renamed = { ...line, keyId: asWitness.keyId }
    await expectCodeLater("bad_signature", verifyNote({ text, signatures: [renamed] }, [asWitness]))
    const cosigned = await cosignNote(text, asWitness, signer, 5)
    const back = { ...cosigned, keyId: key.keyId, signature: cosigned.signature.subarray(8) }
    await expectCodeLater("bad_signature", verifyNote({ text, signatures: [back] }, [key]))
  })

  test("[L4.2] signing needs the key's own signer and type", async () => {
    await expectCodeLater("malformed", signNote(text, key, other))
    await expectCodeLater("malformed", signNote(text, witness, other))
    await expectCodeLater("malformed", cosignNote(text, otherKey, other, 1))
  })
})

describe("cosignatures", () => {
  test("[L4.7] the message is the time and the whole text", () => {
    expect(new TextDecoder().decode(cosignatureMessage("o\n1\nr\n", 1700000000))).toBe(
      "cosignature/v1\ntime 1700000000\no\n1\nr\n",
    )
  })

  test("[L4.7] the time is signed", async () => {
    const cosigned = await cosignNote(text, witness, other, 1_700_000_000)
    const moved = { ...cosigned, signature: cosigned.signature.slice() }
    moved.signature[7]! ^= 1
    expect(await verifyNote({ text, signatures: [cosigned] }, [witness])).toEqual([
      { key: witness, timestamp: 1_700_000_000 },
    ])
    await expectCodeLater("bad_signature", verifyNote({ text, signatures: [moved] }, [witness]))
  })

  test("[L4.7] other lengths, and times that are not exact, are refused", async () => {
    expectCode("malformed", () => decodeCosignature(new Uint8Array(71)))
    expectCode("malformed", () => decodeCosignature(new Uint8Array(73)))
    expectCode("malformed", () => decodeCosignature(new Uint8Array(72).fill(255)))
    for (const time of [-1, 0.5, 2 ** 53]) await expectCodeLater("out_of_range", cosignNote(text, witness, other, time))
  })
})
