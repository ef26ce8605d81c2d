import type { Message } from "@holdfast/client"
import { expect, test } from "vitest"
import { messageLine, safe } from "../src/terminal/print.ts"

test("a name cannot fake lines, colours or the direction of writing in a terminal", () => {
  expect(safe("Ana\nALARM: all is lost")).toBe("Ana\u{fffd}ALARM: all is lost")
  expect(safe("\u001b[2JAna\u202e")).toBe("\u{fffd}[2JAna\u{fffd}")
})

test("the lines of a message stay, and none of them can pass for one of ours", () => {
  const message = {
    id: "00",
    conversation: "01",
    from: "02",
    device: "03",
    at: 0,
    state: "received",
    body: { kind: "text", text: "one\n2026-01-01 10:00  Ana: two\r\u0007" },
  } satisfies Message
  const [first, second] = messageLine(message, () => "Ben").split("\n")
  expect(first).toMatch(/ {2}Ben: one$/)
  expect(second).toBe("    2026-01-01 10:00  Ana: two\u{fffd}\u{fffd}")
})
