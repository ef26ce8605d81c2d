// The two small JSON files in which acts travel to a machine that is never online and back. One accepted form: the bytes that
// encoding gives.
import { decodeBase64, LogError } from "@holdfast/log"
import { equalBytes, fromHex, fromUtf8, utf8, WireError } from "@holdfast/wire"
import { ClientError } from "../error.ts"

export function encodeJsonFile(value: unknown): Uint8Array {
  return utf8(`${JSON.stringify(value)}\n`)
}

/**
 * Reads a file with `read` and holds it against what `write` makes of the result: nothing left over, twice, or in another order.
 * Throws ClientError `too_large` and `malformed`. (E9.3)
 */
export function decodeJsonFile<T>(
  bytes: Uint8Array,
  form: {
    readonly what: string
    readonly maxBytes: number
    readonly read: (value: Readonly<Record<string, unknown>>) => T
    readonly write: (value: T) => Uint8Array
  },
): T {
  if (bytes.length > form.maxBytes) throw new ClientError("too_large", `This file is too large for ${form.what}.`)
  try {
    const value: unknown = JSON.parse(fromUtf8(bytes))
    const read = form.read(objectOf(value))
    if (equalBytes(form.write(read), bytes)) return read
  } catch (cause) {
    const isOfForm =
      cause instanceof SyntaxError ||
      cause instanceof WireError ||
      cause instanceof LogError ||
      cause instanceof ClientError ||
      cause instanceof TypeError
    if (!isOfForm) throw cause
    throw new ClientError("malformed", `This file is not ${form.what}, or it was changed.`, { cause })
  }
  throw new ClientError("malformed", `This file is not ${form.what}, or it was changed.`)
}

const refuse = (): never => {
  throw new ClientError("malformed", "form")
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : refuse()
}

export function textOf(value: unknown, maxLength: number): string {
  return typeof value === "string" && value.length <= maxLength && value.isWellFormed() ? value : refuse()
}

export function listOf(value: unknown, max: number): readonly unknown[] {
  return Array.isArray(value) && value.length <= max ? value : refuse()
}

export function hexOf(value: unknown, length: number): Uint8Array {
  const bytes = fromHex(textOf(value, 2 * length))
  return bytes.length === length ? bytes : refuse()
}

export function base64Of(value: unknown, maxBytes: number): Uint8Array {
  return decodeBase64(textOf(value, 4 * Math.ceil(maxBytes / 3)))
}
