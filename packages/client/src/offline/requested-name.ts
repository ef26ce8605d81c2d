import { hex } from "@holdfast/wire"
import { hexOf, objectOf, textOf } from "./json-file.ts"

/** What a commitment in the charter stands for. */
export interface RequestedName {
  /** Empty: the organisation. */
  readonly id: Uint8Array
  readonly name: string
  readonly salt: Uint8Array
}

export const maxNames = 65_536
const maxNameLength = 256

/** (E9.3) */
export function nameToJson({ id, name, salt }: RequestedName): unknown {
  return { id: hex(id), name, salt: hex(salt) }
}

/** Throws WireError or ClientError `malformed`, for `decodeJsonFile` to turn into a sentence. (E9.3) */
export function nameFromJson(item: unknown): RequestedName {
  const entry = objectOf(item)
  const id = textOf(entry.id, 32)
  return {
    id: id === "" ? new Uint8Array() : hexOf(id, 16),
    name: textOf(entry.name, maxNameLength),
    salt: hexOf(entry.salt, 16),
  }
}
