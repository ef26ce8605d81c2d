import { CharterError } from "./error.ts"
import { type JsonValue, parseStrictJson } from "./strict-json.ts"

export const maxClientDataBytes = 2_048

/** The members that decide, as they stand; `undefined` for one that is not there. All others are tolerated. (C9.3) */
export interface ClientData {
  readonly type: JsonValue | undefined
  readonly challenge: JsonValue | undefined
  readonly origin: JsonValue | undefined
  readonly crossOrigin: JsonValue | undefined
  readonly topOrigin: JsonValue | undefined
}

/**
 * A browser's clientDataJSON: one JSON object in UTF-8, with or without a byte order mark, of at most 2,048 bytes. Throws
 * `malformed` for everything else. Never compared with a template: browsers add members and order them as they like. (C9.3)
 */
export function decodeClientData(bytes: Uint8Array): ClientData {
  if (bytes.length > maxClientDataBytes) throw new CharterError("malformed", "client data length")
  const members = parseStrictJson(textOf(bytes))
  if (!(members instanceof Map)) throw new CharterError("malformed", "client data")
  return {
    type: members.get("type"),
    challenge: members.get("challenge"),
    origin: members.get("origin"),
    crossOrigin: members.get("crossOrigin"),
    topOrigin: members.get("topOrigin"),
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new CharterError("malformed", "client data UTF-8", { cause })
  }
}
