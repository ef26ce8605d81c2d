import { CharterError } from "./error.ts"

/**
 * JSON (RFC 8259) as far as two parsers cannot disagree about it. Numbers are checked for their form and not read. Objects are maps,
 * so that no name means anything to the language. (C9.3)
 */
export type JsonValue = string | boolean | null | typeof someNumber | readonly JsonValue[] | JsonObject
export interface JsonObject extends ReadonlyMap<string, JsonValue> {}
export const someNumber = Symbol("number")

/** Arrays and objects inside each other. A limit of our own, because where a stack overflows differs between platforms. */
const maxDepth = 8

/**
 * Reads one JSON value with white space around it. Throws `malformed` for everything else, and also for a member name that
 * stands twice in one object (compared after escapes), a lone surrogate, and more than 8 levels. (C9.3)
 */
export function parseStrictJson(text: string): JsonValue {
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

// Each can match in one way only: reading takes time linear in the text.
const space = /[ \t\n\r]*/y
/** Where it ends; the platform judges what is inside. */
const string = /"(?:[^"\\]|\\.)*"/y
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const word = /true|false|null/y
const words: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ["true", true],
  ["false", false],
  ["null", null],
])

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  end(): void {
    this.#take(space)
    if (this.#at !== this.#text.length) malformed()
  }

  value(depth: number): JsonValue {
    this.#take(space)
    const next = this.#text[this.#at]
    if (next === '"') return this.#string()
    if (next === "{" || next === "[") {
      if (depth === maxDepth) malformed()
      this.#at++
      return next === "{" ? this.#object(depth + 1) : this.#array(depth + 1)
    }
    const known = words.get(this.#take(word) ?? "")
    if (known !== undefined) return known
    if (this.#take(number) === undefined) malformed()
    return someNumber
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, JsonValue>()
    if (this.#is("}")) return members
    do {
      this.#take(space)
      const name = this.#string()
      if (members.has(name) || !this.#is(":")) malformed()
      members.set(name, this.value(depth))
    } while (this.#is(","))
    if (!this.#is("}")) malformed()
    return members
  }

  #array(depth: number): readonly JsonValue[] {
    const items: JsonValue[] = []
    if (this.#is("]")) return items
    do items.push(this.value(depth))
    while (this.#is(","))
    if (!this.#is("]")) malformed()
    return items
  }

  #string(): string {
    const token = this.#take(string)
    if (token === undefined) malformed()
    const read = stringOf(token)
    if (!read.isWellFormed()) malformed()
    return read
  }

  /** Steps over this sign if it is the next one. */
  #is(sign: string): boolean {
    this.#take(space)
    if (this.#text[this.#at] !== sign) return false
    this.#at++
    return true
  }

  #take(form: RegExp): string | undefined {
    form.lastIndex = this.#at
    const found = form.exec(this.#text)?.[0]
    this.#at += found?.length ?? 0
    return found
  }
}

function stringOf(token: string): string {
  try {
    return JSON.parse(token) as string
  } catch {
    return malformed()
  }
}

function malformed(): never {
  throw new CharterError("malformed", "JSON")
}
