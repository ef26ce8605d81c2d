import { expect, test } from "vitest"
import { CharterError, checkName, commitName, shownName } from "../src/index.ts"
import { bytesFrom } from "./people.ts"

const salt = bytesFrom("salt", 16)

test("[C2.5] a name is what was committed to, with its salt and to the letter", () => {
  const commitment = commitName(salt, "Ana")
  expect(checkName(commitment, salt, "Ana")).toBe(true)
  expect(checkName(commitment, salt, "ana")).toBe(false)
  expect(checkName(commitment, bytesFrom("another", 16), "Ana")).toBe(false)
  expect(checkName(commitment, salt.subarray(1), "Ana")).toBe(false)
  expect(checkName(commitment.subarray(1), salt, "Ana")).toBe(false)
})

test("[C2.5] a lone surrogate is no name, since it would be encoded like another character", () => {
  expect(() => commitName(salt, "\ud800")).toThrow(CharterError)
  expect(checkName(commitName(salt, "\ufffd"), salt, "\ud800")).toBe(false)
})

test("[C2.5] a salt of another length is refused: salt and name would run into each other", () => {
  expect(() => commitName(salt.subarray(1), "Ana")).toThrow(CharterError)
})

test("[C8.6] a name cannot pass for more of the sentence it stands in", () => {
  expect(shownName("Ana Márquez-O'Neill jr.")).toBe("Ana Márquez-O'Neill jr.")
  for (const like of ["Harbour in CH", "Ana, Ben", "of Harbour", "Ben and", "Ana. Remove Ben"]) {
    expect(shownName(like)).toBe(`“${like}”`)
  }
  for (const own of ["ana", "Harbour House", "Ana Li 2", "東京 支部"]) expect(shownName(own)).toBe(own)
  expect(shownName("Ben (key 1111 2222)")).toBe("“Ben (key 1111 2222)”")
  expect(shownName("Ben” and Cem “")).toBe("“Ben' and Cem '”")
  expect(shownName("\u202eneB\n")).toBe("“\u{fffd}neB\u{fffd}”")
  expect(shownName("x".repeat(65))).toBe(`“${"x".repeat(64)}…”`)
})
