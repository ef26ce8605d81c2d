import type { Conversation, Message } from "@holdfast/client"
import { describe, expect, test } from "vitest"
import { bytesOf, dayOf, text, timeLeft } from "../src/messages.ts"
import { lastWords, titleOf } from "../src/state/conversation-words.ts"
import { groupedCode, readInvitation } from "../src/state/invitation.ts"
import { fittingQuorum, possibleQuorums } from "../src/state/keeper-choice.ts"
import { rowsOf } from "../src/state/message-rows.ts"
import { strengthOf } from "../src/state/passphrase.ts"
import { linkTo, parseRoute } from "../src/state/route.ts"
import { guessDeviceLabel } from "../src/ui/device-label.ts"

describe("how many must agree", () => {
  test("follows the floors: two at least, more than half, one can drop out", () => {
    for (let people = 1; people <= 64; people += 1) {
      for (const needed of possibleQuorums(people)) {
        expect(needed).toBeGreaterThanOrEqual(2)
        expect(needed * 2).toBeGreaterThan(people)
        expect(people - needed).toBeGreaterThanOrEqual(1)
      }
      expect(possibleQuorums(people).length > 0).toBe(people >= 3)
    }
  })
  test("a choice that no longer fits becomes one that does", () => {
    expect([fittingQuorum(5, 4), fittingQuorum(4, 4), fittingQuorum(3, 9)]).toEqual([4, 3, 2])
  })
})

describe("addresses", () => {
  test.each(["#/", "#/people", "#/c/0aff", "#/c/0aff/readers", "#/found/a-code", "#/join/hf1abc", "#/settings"])(
    "%s leads to itself",
    (link) => expect(linkTo(parseRoute(link))).toBe(link),
  )
  test.each(["", "#", "#/nowhere", "#/c/../x", "#/c/"])("%j is home", (hash) =>
    expect(parseRoute(hash)).toEqual({ at: "home" }),
  )
  test("a broken escape is no crash", () =>
    expect(parseRoute("#/found/%E0%A4%A")).toEqual({ at: "found", code: "%E0%A4%A" }))
})

describe("invitations", () => {
  test.each(["", "hf1", "hf1AAAA", "https://x/#/join/hf1broken", "x".repeat(9_000)])("%j is none", (input) =>
    expect(readInvitation(input)).toBeNull(),
  )
  test("codes are grouped for reading aloud", () =>
    expect(groupedCode("0123456789abcdef99")).toBe("0123 4567 89ab cdef"))
})

describe("passphrases", () => {
  test.each([
    ["short", "abc"],
    ["weak", "aaaaaaaaaaaaaaaaaaaa"],
    ["weak", "abcdefghijkl"],
    ["weak", "password"],
    ["strong", "copper violin quiet harbour"],
    ["strong", "x9$Kq!2vLp@7"],
  ])("%s: %s", (expected, passphrase) => expect(strengthOf(passphrase)).toBe(expected))
})

describe("rows", () => {
  const message = (id: string, from: string, at: number, kind: "text" | "event" = "text"): Message => ({
    id,
    conversation: "c",
    from,
    device: "d",
    at,
    state: "received",
    body: kind === "text" ? { kind, text: "" } : { kind, sentence: "" },
  })
  const noon = new Date(2026, 5, 1, 12).getTime()
  const shape = (messages: readonly Message[]) =>
    rowsOf(messages, false).map((row) =>
      row.kind === "message" ? `${row.message.id}${row.first ? "(" : ""}${row.last ? ")" : ""}` : row.kind,
    )

  test("one sender's messages within minutes belong together", () =>
    expect(
      shape([message("1", "a", noon), message("2", "a", noon + 60_000), message("3", "b", noon + 61_000)]),
    ).toEqual(["day", "1(", "2)", "3()", "end"]))
  test("an event, a long pause and midnight separate", () =>
    expect(
      shape([
        message("1", "a", noon),
        message("2", "a", noon + 1_000, "event"),
        message("3", "a", noon + 2_000),
        message("4", "a", noon + 3_600_000),
        message("5", "a", noon + 86_400_000),
      ]),
    ).toEqual(["day", "1()", "event", "3()", "4()", "day", "5()", "end"]))
})

describe("words", () => {
  const conversation = (last: string, from = "b", kind: Conversation["kind"] = "group"): Conversation => ({
    id: "c",
    kind,
    title: "Desk",
    members: ["a", "b"],
    state: "open",
    unread: 0,
    epoch: 1,
    last: { text: last, from, at: 0 },
  })
  const people = [{ member: "b", name: "Bo Lind" }] as never

  test("the list says who wrote, unless the words do", () => {
    expect(lastWords(conversation("Hello"), people, "a")).toBe("Bo: Hello")
    expect(lastWords(conversation("Hello", "a"), people, "a")).toBe("You: Hello")
    expect(lastWords(conversation("Hello", "b", "direct"), people, "a")).toBe("Hello")
    expect(lastWords(conversation("Bo Lind added Cy."), people, "a")).toBe("Bo Lind added Cy.")
    expect(titleOf(conversation("", "b", "everyone"))).toBe(text.conversation.everyoneTitle)
  })
  test("sizes and times", () => {
    expect([bytesOf(999), bytesOf(1_500), bytesOf(12_000_000), bytesOf(2_147_483_648)]).toEqual([
      "999 bytes",
      "1.5 kB",
      "12 MB",
      "2.1 GB",
    ])
    expect([timeLeft(59_000, 0), timeLeft(3 * 3_600_000, 0), timeLeft(72 * 3_600_000, 0), timeLeft(0, 1)]).toEqual([
      "1 minute left",
      "3 hours left",
      "3 days left",
      "expired",
    ])
    const now = new Date(2026, 2, 30, 9).getTime()
    expect([dayOf(now, now), dayOf(now - 36 * 3_600_000, now)]).toEqual(["Today", "Saturday, 28 March 2026"])
    expect(dayOf(new Date(2026, 2, 29, 1).getTime(), now)).toBe("Yesterday")
  })
  test("a device gets a name that people recognise", () => {
    expect(guessDeviceLabel("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36")).toBe(
      "Chromium on Linux",
    )
    expect(guessDeviceLabel("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/605")).toBe(
      "Safari on iPhone",
    )
  })
})
