import { expect, test } from "vitest"
import { definedRules, lettersOf, quotedRules } from "../../tools/check-spec.ts"

test("rules are found where they begin, and twice is refused", () => {
  const { rules, findings } = definedRules([
    { file: "a.md", text: "# A\n\n- **W1.1** One.\n  See W1.2 and **W1.3**.\n- **W1.2** Two.\n" },
    { file: "b.md", text: "**W1.2** Again.\n" },
  ])
  expect([...rules.keys()]).toEqual(["W1.1", "W1.2"])
  expect(findings).toEqual([{ file: "b.md", line: 1, text: "W1.2 is defined in a.md:5 too" }])
})

test("ids are taken from comments and from the brackets of titles", () => {
  const code = [
    "/** A name (W2.1, W2.2). */",
    "const W3 = 1 // as W3.1",
    'test("[W4.1] refuses", () => {})',
    'test("[W4.2, W4.3] W9.9 refuses", () => {})',
    'const text = "W5.1"',
    "// TLS1.3 and X1.2 and v1.1",
  ].join("\n")
  expect(quotedRules(code, new Set(["W"])).map(({ id, line }) => `${line} ${id}`)).toEqual([
    "1 W2.1",
    "1 W2.2",
    "2 W3.1",
    "3 W4.1",
    "4 W4.2",
    "4 W4.3",
  ])
})

test("letters are those of the table, whether they have rules or not", () => {
  expect([
    ...lettersOf("| file | rules |\n|---|---|\n| [wire.md](wire.md) | W | ids |\n| [log.md](log.md) | L | trees |\n"),
  ]).toEqual(["W", "L"])
  expect(() => lettersOf("# none")).toThrow("no table")
})
