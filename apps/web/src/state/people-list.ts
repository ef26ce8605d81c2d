// A list of people as a CSV file: what would be made of each line, and what came of it.
import type { ImportedPerson } from "@holdfast/client"

export const maxPeople = 500
const maxNameLength = 80
/** A list of 500 people is far smaller; anything larger is another file. */
export const maxListBytes = 256 * 1_024

export type LineProblem = "no-name" | "too-long" | "twice" | "too-many"

export interface ListedPerson {
  /** As in the file, from 1. */
  readonly line: number
  readonly name: string
  readonly label: string
  readonly problem?: LineProblem
}

/** Every line that says anything. A first line "name" or "name,label" is a heading. */
export function readPeopleList(text: string): readonly ListedPerson[] {
  const people: ListedPerson[] = []
  const seen = new Set<string>()
  let good = 0
  text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .forEach((line, at) => {
      if (line.trim() === "") return
      const [name = "", label = ""] = fieldsOf(line).map((field) => field.trim())
      if (at === 0 && name.toLowerCase() === "name") return
      const key = name.toLocaleLowerCase("en-GB")
      const problem = problemOf(name, seen.has(key), good)
      if (problem === undefined) good += 1
      if (name !== "") seen.add(key)
      people.push({ line: at + 1, name, label, ...(problem === undefined ? {} : { problem }) })
    })
  return people
}

function problemOf(name: string, twice: boolean, good: number): LineProblem | undefined {
  if (name === "") return "no-name"
  if ([...name].length > maxNameLength) return "too-long"
  if (twice) return "twice"
  return good >= maxPeople ? "too-many" : undefined
}

/** RFC 4180 within one line; a semicolon separates too, as spreadsheets of some countries write it. */
function fieldsOf(line: string): readonly string[] {
  const separator = line.includes(",") ? "," : ";"
  const fields: string[] = []
  let field = ""
  let quoted = false
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? ""
    if (quoted && character === '"' && line[at + 1] === '"') {
      field += '"'
      at += 1
    } else if (character === '"' && (quoted || field === "")) quoted = !quoted
    else if (character === separator && !quoted) {
      fields.push(field)
      field = ""
    } else field += character
  }
  return [...fields, field]
}

/** The lines without a problem, as the engine takes them: one "name,label" a line. */
export function importable(people: readonly ListedPerson[]): string {
  return people
    .filter(({ problem }) => problem === undefined)
    .map(({ name, label }) => [name, ...(label === "" ? [] : [label])].map(quotedField).join(","))
    .join("\n")
}

/** What came of it, for handing out: name, link, problem. Opened in a spreadsheet, no cell of it is a formula. */
export function invitationList(people: readonly ImportedPerson[], linkOf: (text: string) => string): string {
  const rows = people.map(({ name, text, invite, problem }) => [
    harmless(name),
    invite === undefined || text === undefined ? "" : linkOf(text),
    harmless(problem ?? ""),
  ])
  return [["name", "invitation", "problem"], ...rows].map((row) => `${row.map(quotedField).join(",")}\r\n`).join("")
}

function quotedField(field: string): string {
  return /[",;\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}

/** A cell that begins like a formula would be run by a spreadsheet: whoever chose the name would choose the formula. */
function harmless(cell: string): string {
  return /^[=+\-@\t]/.test(cell) ? `'${cell}` : cell
}
