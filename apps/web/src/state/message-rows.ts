import type { Message } from "@holdfast/client"

/** What the list shows, in order. Rows of one sender within a few minutes belong together. */
export type Row =
  | { readonly kind: "beginning"; readonly key: string }
  | { readonly kind: "end"; readonly key: string }
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "event"; readonly key: string; readonly message: Message }
  | {
      readonly kind: "message"
      readonly key: string
      readonly message: Message
      readonly first: boolean
      readonly last: boolean
    }

const together = 5 * 60_000

export function rowsOf(messages: readonly Message[], complete: boolean): readonly Row[] {
  const rows: Row[] = complete ? [{ kind: "beginning", key: "beginning" }] : []
  let before: Message | undefined
  for (const [at, message] of messages.entries()) {
    const newDay = before === undefined || new Date(before.at).toDateString() !== new Date(message.at).toDateString()
    if (newDay) rows.push({ kind: "day", key: `day-${message.id}`, at: message.at })
    if (message.body.kind === "event") {
      rows.push({ kind: "event", key: message.id, message })
    } else {
      const after = messages[at + 1]
      rows.push({
        kind: "message",
        key: message.id,
        message,
        first: newDay || !follows(before, message),
        last:
          after === undefined ||
          !follows(message, after) ||
          new Date(after.at).toDateString() !== new Date(message.at).toDateString(),
      })
    }
    before = message
  }
  // room between the newest message and the field below
  rows.push({ kind: "end", key: "end" })
  return rows
}

function follows(before: Message | undefined, message: Message): boolean {
  return (
    before !== undefined &&
    before.body.kind !== "event" &&
    message.body.kind !== "event" &&
    before.from === message.from &&
    Math.abs(message.at - before.at) < together
  )
}
