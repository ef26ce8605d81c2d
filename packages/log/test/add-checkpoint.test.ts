import { describe, expect, test } from "vitest"
import {
  type AddCheckpoint,
  formatAddCheckpoint,
  formatTreeSize,
  parseAddCheckpoint,
  parseCheckpoint,
  parseSignatureLines,
  parseTreeSize,
} from "../src/index.ts"
import { expectCode } from "./expect-code.ts"
import { readVector, utf8 } from "./vector-files.ts"

interface Session {
  readonly log_origin: string
  readonly requests: readonly { readonly body: string; readonly status: number; readonly response_equals?: string }[]
}
const litewitness = readVector<Session>("c2sp/witness-add-checkpoint-litewitness.json")
const sumdb = readVector<Session>("c2sp/witness-add-checkpoint-sumdb.json")

describe("torchwood", () => {
  test.each([...litewitness.requests, ...sumdb.requests].map(({ body }, i) => [i, body] as const))(
    "[L8.1] recorded request %i",
    (_, body) => {
      const request = parseAddCheckpoint(utf8(body))
      expect(new TextDecoder().decode(formatAddCheckpoint(request))).toBe(body)
      const text = body.slice(body.indexOf("\n\n") + 2, body.lastIndexOf("\n\n") + 1)
      expect(parseCheckpoint(text).size).toBeGreaterThanOrEqual(request.oldSize)
    },
  )

  test("[L8.3] the recorded sizes", () => {
    const sizes = litewitness.requests.flatMap(({ response_equals }) => response_equals ?? [])
    expect(sizes).toEqual(["3\n", "5\n"])
    for (const size of sizes) expect(new TextDecoder().decode(formatTreeSize(parseTreeSize(utf8(size))))).toBe(size)
  })
})

describe("request", () => {
  const hash = new Uint8Array(32).fill(7)
  const line = `${Buffer.from(hash).toString("base64")}\n`
  const note = "origin\n1\n"

  test.each([
    ["nothing", ""],
    ["no old size", `${line}\n${note}`],
    ["a leading zero", `old 01\n${line}\n${note}`],
    ["a sign", `old +1\n\n${note}`],
    ["two spaces", `old  1\n\n${note}`],
    ["a size of 2^53", `old 9007199254740992\n\n${note}`],
    ["no empty line", `old 1\n${line}origin\n`],
    ["CRLF", `old 1\r\n${line}\r\n\r\n${note}`],
    ["a short hash", `old 1\nAAAA\n\n${note}`],
    ["a hash without padding", `old 1\n${line.replace("=", "")}\n${note}`],
    ["nothing after the empty line", `old 1\n${line}\n`],
  ])("[L8.1] refuses %s", (_, text) => expectCode("malformed", () => parseAddCheckpoint(utf8(text))))

  test("[L8.1] keeps its limits when reading and when writing", () => {
    const most: AddCheckpoint = {
      oldSize: 2 ** 53 - 1,
      proof: Array.from({ length: 63 }, () => hash),
      note: utf8(note),
    }
    expect(parseAddCheckpoint(formatAddCheckpoint(most))).toEqual(most)
    expectCode("too_large", () => formatAddCheckpoint({ ...most, proof: [...most.proof, hash] }))
    expectCode("too_large", () => parseAddCheckpoint(utf8(`old 1\n${line.repeat(64)}\n${note}`)))
    expectCode("too_large", () => parseAddCheckpoint(new Uint8Array(20_000)))
    expectCode("too_large", () => formatAddCheckpoint({ ...most, note: new Uint8Array(1_000_000) }))
    expectCode("malformed", () => formatAddCheckpoint({ ...most, note: new Uint8Array() }))
    expectCode("malformed", () => formatAddCheckpoint({ ...most, proof: [new Uint8Array(31)] }))
    expectCode("out_of_range", () => formatAddCheckpoint({ ...most, oldSize: -1 }))
  })
})

describe("answers", () => {
  const line = "\u2014 w.example AAAAAAA=\n"

  test.each(["", "\n", line.slice(0, -1), `${line}\n`, `\n${line}`, `x${line}`, line.replace("\n", "\r\n")])(
    "[L8.2] refuses %j",
    (text) => expectCode("malformed", () => parseSignatureLines(utf8(text))),
  )

  test("[L8.2] 64 lines and no more", () => {
    expect(parseSignatureLines(utf8(line.repeat(64))).length).toBe(64)
    expectCode("too_large", () => parseSignatureLines(utf8(line.repeat(65))))
  })

  test.each(["", "\n", "50", "050\n", "+5\n", "5\n\n", "5\r\n", " 5\n", "9007199254740992\n", "1".repeat(40)])(
    "[L8.3] refuses %j as a size",
    (text) => expectCode("malformed", () => parseTreeSize(utf8(text))),
  )

  test("[L8.3] the largest size", () => {
    expect(parseTreeSize(formatTreeSize(2 ** 53 - 1))).toBe(2 ** 53 - 1)
    expectCode("out_of_range", () => formatTreeSize(2 ** 53))
  })
})
