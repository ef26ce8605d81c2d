import { toMemberId } from "@holdfast/wire"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { batched } from "../src/batches.ts"
import { ClientError } from "../src/error.ts"
import { readPeopleList } from "../src/people-list.ts"

const nobody = new Set<string>()
const names = (csv: string) => readPeopleList(csv, nobody).map(({ name }) => name)
const problems = (csv: string, known = nobody) =>
  readPeopleList(csv, known).map(({ line, problem }) => [line, problem?.split(" ").slice(0, 4).join(" ")])

describe("a list of people", () => {
  test("[E5.20] is read as spreadsheets write it", () => {
    expect(names("Ana\nBen,Berlin\n")).toEqual(["Ana", "Ben (Berlin)"])
    expect(names('\ufeff"Ana ""the Ant"" Ant"\r\n"Doe, Jane", Zurich\r\n\r\nCem')).toEqual([
      'Ana "the Ant" Ant',
      "Doe, Jane (Zurich)",
      "Cem",
    ])
  })

  test("[E5.20] every problem has its line, and the other lines are read", () => {
    const csv = `Ana\n\n,Berlin\nBen,a,b\n${"x".repeat(257)}\nana\nCem\u0007\nDora\nEve`
    expect(problems(csv, new Set(["dora"]))).toEqual([
      [1, undefined],
      [3, "There is no name"],
      [4, "There are more than"],
      [5, "This name is too"],
      [6, "This name is in"],
      [7, "This name has characters"],
      [8, "Somebody of this name"],
      [9, undefined],
    ])
  })

  test("[E5.20] nothing is read behind quotation marks that do not fit", () => {
    expect(problems('Ana\n"Ben\nCem\n')).toEqual([
      [1, undefined],
      [2, "The quotation marks in"],
    ])
    expect(problems('Ana\nBen "x" y\n')).toEqual([
      [1, undefined],
      [2, "The quotation marks in"],
    ])
    expect(problems('"Ana"x\n')).toEqual([[1, "The quotation marks in"]])
  })

  test("[E5.20] nobody, and more than 500 people, are refused", () => {
    expect(() => readPeopleList("\n\n", nobody)).toThrow(expect.objectContaining({ code: "malformed" }))
    const many = Array.from({ length: 501 }, (_, i) => `p${i}`).join("\n")
    expect(() => readPeopleList(many, nobody)).toThrow(expect.objectContaining({ code: "too_large" }))
    expect(readPeopleList(many.split("\n").slice(1).join("\n"), nobody)).toHaveLength(500)
  })

  test("[E5.20] any text is read or refused, and what was written as RFC 4180 asks comes back", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          for (const { name, problem } of readPeopleList(text, nobody))
            if (problem === undefined) expect(name).not.toBe("")
        } catch (error) {
          expect(error).toBeInstanceOf(ClientError)
        }
      }),
    )
    const word = fc.stringMatching(/^[a-z,"; ]{0,20}[a-z]$/).map((text) => text.trim())
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 20 }), (list) => {
        const csv = list.map((name) => `"${name.replaceAll('"', '""')}"`).join("\r\n")
        expect(names(csv)).toEqual(list)
      }),
    )
  })
})

describe("acts in batches", () => {
  const removal = (i: number) => ({
    type: "member-remove" as const,
    body: { member: toMemberId(new Uint8Array(16).fill(i % 256)) },
  })
  const sizes = (count: number) =>
    batched(Array.from({ length: count }, (_, i) => removal(i))).map((act) =>
      act.type === "batch" ? act.body.acts.length : 1,
    )

  test("[E5.16] are as even as possible, hold at most 200 acts, and a single one stands for itself", () => {
    expect(sizes(1)).toEqual([1])
    expect(sizes(2)).toEqual([2])
    expect(sizes(200)).toEqual([200])
    expect(sizes(201)).toEqual([100, 101])
    expect(sizes(500)).toEqual([166, 167, 167])
  })
})
