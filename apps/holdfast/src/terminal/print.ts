import type { Message, Overview } from "@holdfast/client"

// what others wrote must not be able to move the cursor, change colours, turn the direction or fake lines of this program
// biome-ignore lint/suspicious/noControlCharactersInRegex: taking control characters out is the point
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** For names, titles and sentences: one line whatever is in it. */
export function safe(text: string): string {
  return text.replace(control, "\u{fffd}")
}

/** For what somebody wrote: its lines stay, indented so that none can pass for a line of ours. */
function safeLines(text: string): string {
  return text.split("\n").map(safe).join("\n    ")
}

export function bytesInWords(count: number): string {
  const units = ["bytes", "kB", "MB", "GB"] as const
  let value = count
  let unit = 0
  while (value >= 1_000 && unit < 3) {
    value /= 1_000
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

export function clock(millis: number): string {
  const at = new Date(millis)
  const two = (n: number) => String(n).padStart(2, "0")
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`
}

export function messageLine(message: Message, nameOf: (member: string) => string): string {
  const head = `${clock(message.at)}  ${safe(nameOf(message.from))}`
  const mark = message.state === "waiting" ? "  (waiting)" : message.state === "failed" ? "  (not sent)" : ""
  switch (message.body.kind) {
    case "text":
      return `${head}: ${safeLines(message.body.text)}${mark}`
    case "file": {
      const { file, caption } = message.body
      const said = caption === "" ? "" : ` ${safe(caption)}`
      return `${head}: [file ${message.id.slice(0, 8)}] ${safe(file.name)} (${bytesInWords(file.size)})${said}${mark}`
    }
    case "event":
      return `${clock(message.at)}  ${safe(message.body.sentence)}`
    case "unknown":
      return `${head}: (this needs a newer version of Holdfast to be shown)`
  }
}

export function overviewLines(view: Overview): readonly string[] {
  const { organisation, me, keepers } = view
  const lines = [
    `${safe(organisation.name) || "(name not known yet)"}   ${organisation.id}`,
    organisation.evaluation
      ? "Evaluation organisation: one person decides everything."
      : `${keepers.needed} of ${keepers.total} keepers must agree: ${keepers.names.map(safe).join(", ")}.`,
    `You are ${safe(me.name)}${me.keeper ? ", a keeper" : ""}. ${view.connection === "online" ? "Online" : view.connection === "connecting" ? "Connecting" : "Offline"} (${view.relay}).`,
  ]
  if (view.standing === "waiting")
    lines.push(`Waiting for the keepers to approve. Read them this code: ${view.joinCode ?? "…"}`)
  if (view.standing === "removed") lines.push("This device is no longer part of the organisation.")
  if (view.standing === "stopped") lines.push("Stopped: see the alarms below.")
  for (const alarm of view.alarms)
    lines.push(`${alarm.level === "danger" ? "ALARM" : "Notice"}: ${safe(alarm.sentence)}`)
  return lines
}
