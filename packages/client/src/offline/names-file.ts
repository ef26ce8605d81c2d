// The names in an export: what the commitments in its charter stand for (E9.6).
import { decodeJsonFile, encodeJsonFile, listOf } from "./json-file.ts"
import { maxNames, nameFromJson, nameToJson, type RequestedName } from "./requested-name.ts"

const format = "names/v1"
const maxFileBytes = 67_108_864

/** (E9.6) */
export function encodeNames(names: readonly RequestedName[]): Uint8Array {
  return encodeJsonFile({ holdfast: format, names: names.map(nameToJson) })
}

/** Throws ClientError `malformed` and `too_large`. Whether a name fits its commitment is not checked: see `fittingNames`. (E9.6) */
export function decodeNames(bytes: Uint8Array): readonly RequestedName[] {
  return decodeJsonFile(bytes, {
    what: "the names of an export",
    maxBytes: maxFileBytes,
    write: encodeNames,
    read: (file): readonly RequestedName[] => listOf(file.names, maxNames).map(nameFromJson),
  })
}
