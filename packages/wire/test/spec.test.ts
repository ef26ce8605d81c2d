// The specification's tables against the code: a number in one of them alone would mislead whoever writes another client.
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { limits } from "../src/limits.ts"
import { relayErrorCodes } from "../src/relay-protocol.ts"

const spec = readFileSync(new URL("../../../docs/spec/wire.md", import.meta.url), "utf8")
const rows = (from: string, to: string) =>
  spec
    .slice(spec.indexOf(`**${from}**`), spec.indexOf(`**${to}**`))
    .split("\n")
    .filter((line) => /^ *\| *[^-|]/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()))

test("[W3.1] the table of limits is the code's", () => {
  const numbers = rows("W3.1", "W3.2").flatMap((cells) =>
    [...(cells[2] ?? "").matchAll(/[\d,]+(?=[ ,])/g)].map(([n]) => Number(n.replaceAll(",", ""))),
  )
  expect(numbers.filter((n) => n > 0).sort((a, b) => a - b)).toEqual(Object.values(limits).sort((a, b) => a - b))
})

test("[W5.12] the table of codes is the code's", () => {
  const codes = rows("W5.12", "W5.13").filter((cells) => /^\d+$/.test(cells[1] ?? ""))
  expect(Object.fromEntries(codes.map((cells) => [cells[1], cells[2]?.replaceAll("`", "")]))).toEqual(relayErrorCodes)
})
