// A list of people as spreadsheets write it (RFC 4180), read line by line so that every problem has its line (E5.20).
import { utf8 } from "@holdfast/wire"
import { contentLimits } from "./content.ts"
import { ClientError } from "./error.ts"

export interface ListedPerson {
  /** 1 for the first. */
  readonly line: number
  readonly name: string
  /** Why nobody can be invited by this line; `undefined`: somebody can. */
  readonly problem: string | undefined
}

const maxBytes = 262_144

/**
 * "name" or "name,label" a line; a label is put behind the name. Empty lines are passed over. Throws `too_large` for more than 500
 * people, `malformed` for none. (E5.20)
 */
export function readPeopleList(csv: string, known: ReadonlySet<string>): readonly ListedPerson[] {
  if (csv.length > maxBytes) throw new ClientError("too_large", "This list is too long.")
  const people: ListedPerson[] = []
  const seen = new Set<string>()
  for (const { line, fields, isBroken } of records(csv.replace(/^\ufeff/, ""))) {
    if (!isBroken && fields.length === 1 && fields[0]?.trim() === "") continue
    const [name = "", label = ""] = fields.map((field) => field.trim())
    const shown = label === "" ? name : `${name} (${label})`
    const key = name.toLowerCase()
    const problem = isBroken
      ? "The quotation marks in this line do not fit together; nothing after it was read."
      : problemOf(fields, name, shown, seen.has(key), known.has(key))
    seen.add(key)
    people.push({ line, name: shown, problem })
    if (people.length > contentLimits.importedPeople) {
      throw new ClientError("too_large", `A list can hold ${contentLimits.importedPeople} people at most.`)
    }
  }
  if (people.length === 0) throw new ClientError("malformed", "There is nobody in this list.")
  return people
}

function problemOf(
  fields: readonly string[],
  name: string,
  shown: string,
  isTwice: boolean,
  isKnown: boolean,
): string | undefined {
  if (fields.length > 2) return "There are more than two columns in this line."
  if (name === "") return "There is no name in this line."
  if (!shown.isWellFormed() || /\p{Cc}/u.test(shown)) return "This name has characters that do not show."
  if (utf8(shown).length > contentLimits.nameBytes) return "This name is too long."
  if (isTwice) return "This name is in the list twice."
  return isKnown ? "Somebody of this name is a member already." : undefined
}

interface Line {
  readonly line: number
  readonly fields: readonly string[]
  readonly isBroken: boolean
}

function* records(text: string): Generator<Line> {
  let at = 0
  let line = 1
  while (at < text.length) {
    const first = line
    const fields: string[] = []
    let isBroken = false
    for (;;) {
      const field = fieldAt(text, at)
      if (field === undefined) {
        isBroken = true
        at = text.length
        break
      }
      line += field.value.split("\n").length - 1
      fields.push(field.value)
      at = field.end
      if (text[at] !== ",") break
      at += 1
    }
    if (text[at] === "\r") at += 1
    if (text[at] === "\n") at += 1
    line += 1
    yield { line: first, fields, isBroken }
  }
}

/** `undefined`: quoted, and not ended by a quotation mark right before a comma or the end of the line. */
function fieldAt(text: string, start: number): { readonly value: string; readonly end: number } | undefined {
  if (text[start] !== '"') {
    const [plain = ""] = /^[^,\r\n]*/.exec(text.slice(start)) ?? []
    return plain.includes('"') ? undefined : { value: plain, end: start + plain.length }
  }
  let value = ""
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] !== '"') {
      value += text[at]
    } else if (text[at + 1] === '"') {
      value += '"'
      at += 1
    } else {
      const next = text[at + 1]
      return next === undefined || next === "," || next === "\r" || next === "\n" ? { value, end: at + 1 } : undefined
    }
  }
  return undefined
}
