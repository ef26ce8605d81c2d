// The names in an export: what the commitments in its charter stand for (E9.6).
import { hex } from "@holdfast/wire"
import { decodeJsonFile, encodeJsonFile, hexOf, listOf, objectOf, textOf } from "./json-file.ts"
import type { RequestedName } from "./signing-request.ts"

const format = "names/v1"
const limits = { fileBytes: 67_108_864, names: 65_536, nameLength: 256 }

/** (E9.6) */
export function encodeNames(names: readonly RequestedName[]): Uint8Array {
  return encodeJsonFile({
    holdfast: format,
    names: names.map(({ id, name, salt }) => ({ id: hex(id), name, salt: hex(salt) })),
  })
}

/** Throws ClientError `malformed` and `too_large`. Whether a name fits its commitment is not checked: see `namesThatFit`. (E9.6) */
export function decodeNames(bytes: Uint8Array): readonly RequestedName[] {
  return decodeJsonFile(bytes, {
    what: "the names of an export",
    maxBytes: limits.fileBytes,
    write: (names) => encodeNames(names),
    read: (file) =>
      listOf(file.names, limits.names).map((item): RequestedName => {
        const entry = objectOf(item)
        const id = textOf(entry.id, 32)
        return {
          id: id === "" ? new Uint8Array() : hexOf(id, 16),
          name: textOf(entry.name, limits.nameLength),
          salt: hexOf(entry.salt, 16),
        }
      }),
  })
}
