// What the invented people have written so far.
import type { Attachment, Id, Message } from "@holdfast/client"
import { day, type FixtureOptions, hour, id, minute } from "./fixture-world.ts"

export const text = (words: string) => ({ kind: "text", text: words }) as const
export const event = (sentence: string) => ({ kind: "event", sentence }) as const
export const file = (
  fileName: string,
  type: string,
  size: number,
  transfer: Attachment["transfer"],
  caption = "",
  rest: Partial<Attachment> = {},
) =>
  ({
    kind: "file",
    caption,
    file: { name: fileName, type, size, sha256: "ab".repeat(32), transfer, ...rest },
  }) as const
export const here = (size: number): Attachment["transfer"] => ({ state: "here", doneBytes: size })
export const remote: Attachment["transfer"] = { state: "remote", doneBytes: 0 }

export interface Line {
  readonly conversation: Id
  readonly from: Id
  readonly at: number
  readonly body: Message["body"]
  readonly rest: Partial<Message>
}

export function storyOf({ scene, found }: FixtureOptions, myName: string): readonly Line[] {
  const now = Date.now()
  const lines: Line[] = []
  const put = (conversation: Id, from: number, at: number, body: Message["body"], rest: Partial<Message> = {}) =>
    lines.push({ conversation, from: id(from), at, body, rest })
  if (scene === "long") {
    for (let n = 0; n < 1_200; n += 1)
      put(
        id(0xa1),
        (n % 3) + 1,
        now - (1_200 - n) * 9 * minute,
        text(`Message ${n + 1}. ${"Words and more words. ".repeat(n % 7)}`),
      )
  } else if (scene !== "founded") {
    const a = id(0xa1)
    put(
      a,
      2,
      now - 2 * day - 4 * hour,
      event("Bjørn Halvorsen started the conversation with Ada Okafor and Chloé Martin."),
    )
    put(
      a,
      2,
      now - 2 * day - 4 * hour + minute,
      text("The port authority answered the request. **412 pages**, half of them blacked out."),
    )
    put(
      a,
      3,
      now - 2 * day - 4 * hour + 6 * minute,
      text(
        "Annex 7 is the one to read first. The dates do not fit the tender:\n\n1. award signed on 3 March\n2. tender published on *9 March*\n3. bids opened on 2 April",
      ),
    )
    put(
      a,
      1,
      now - 2 * day - 3 * hour,
      text("That would be enough for the first piece. I will ask Dev to check the registry."),
    )
    put(a, 1, now - day - 7 * hour, event("Ada Okafor added Dev Patel."))
    put(
      a,
      4,
      now - day - 6 * hour,
      text(
        "> I will ask Dev to check the registry\n\nDone. Two of the three bidders share an address: https://registry.example.org/entity/20331",
      ),
    )
    put(
      a,
      4,
      now - day - 6 * hour + minute,
      file("registry-extracts.pdf", "application/pdf", 8_412_322, remote, "All extracts in one file"),
    )
    put(
      a,
      2,
      now - day - 5 * hour,
      text(
        "And the [press office](https://media.port.example/statement) calls it a “clerical error”. Area in question: 12 000 m^2^.",
      ),
    )
    put(
      a,
      3,
      now - 3 * hour,
      file("north-quay.jpg", "image/jpeg", 40_000, here(40_000), "North quay, this morning", {
        width: 960,
        height: 640,
      }),
    )
    put(
      a,
      1,
      now - 2 * hour,
      file(
        "interview-raw.mov",
        "video/quicktime",
        1_204_000_000,
        { state: "uploading", doneBytes: 431_000_000 },
        "The whole interview, uncut",
        {},
      ),
      { state: "waiting" },
    )
    put(
      a,
      1,
      now - 90 * minute,
      file("notes.zip", "application/zip", 52_000_000, {
        state: "failed",
        doneBytes: 12_000_000,
        sentence: "The file changed while it was being sent. Choose it again.",
      }),
      { state: "failed" },
    )
    put(
      a,
      2,
      now - 20 * minute,
      text("Good. We compare `annex-7` with the extracts tomorrow at nine, at the office, *not* on the phone."),
    )
    put(a, 1, now - 12 * minute, text("At nine. I bring the printed ones."))
    put(a, 1, now - 11 * minute, text("If anything changes I write here."))
    if (scene === "offline") put(a, 1, now - minute, text("Are you still there?"), { state: "waiting" })
    put(id(0xa2), 3, now - 40 * minute, text("Can we talk before the meeting?"))
    put(id(0xa2), 3, now - 39 * minute, text("It is about the second source."))
    put(id(0xa0), 1, now - 9 * day, event("Ada Okafor founded Harbour Desk."))
    put(id(0xa0), 2, now - 3 * hour, text("The office is closed on Friday."))
    put(id(0xa3), 5, now - day, text("New drop-off arrangements are in the safe."))
    put(id(0xa4), 1, now - 4 * day, text("Welcome, Esi."))
  } else {
    put(id(0xa0), 1, now - minute, event(`${myName} founded ${found?.organisation ?? ""}.`))
  }
  return lines
}
