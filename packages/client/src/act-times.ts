// When entries of the charter had been seen by witnesses: the only time that is nobody's word alone (C10.1).
import { type Charter, rulesAt } from "@holdfast/charter"
import { COSIGNATURE, decodeCosignature, noteKey, parseCheckpoint, parseNote } from "@holdfast/log"

/**
 * The log's clock (milliseconds since 1970) with the first anchor that covers each entry; `undefined`: none does yet. By index.
 * Anchors that were applied have been verified with the charter; here they are only read again.
 */
export function actTimes(charter: Charter): readonly (number | undefined)[] {
  const times: (number | undefined)[] = new Array(charter.size).fill(undefined)
  let covered = 0
  let clock = 0
  for (const { index, statement, outcome } of charter.records) {
    if (statement?.type !== "anchor" || outcome !== "applied") continue
    const anchored = readAnchor(charter, index, statement.body.note)
    if (anchored === undefined) continue
    clock = Math.max(clock, anchored.time)
    for (; covered < Math.min(anchored.size, charter.size); covered++) times[covered] = clock * 1_000
  }
  return times
}

function readAnchor(charter: Charter, index: number, bytes: Uint8Array): { time: number; size: number } | undefined {
  const rules = rulesAt(charter, index)
  if (rules === undefined || rules.witnessQuorum === 0) return undefined
  const note = parseNote(bytes)
  const keys = rules.witnesses.map(({ name, publicKey }) => noteKey(name, COSIGNATURE, publicKey))
  const times = keys.flatMap(({ name, keyId }) => {
    const lines = note.signatures.filter((line) => line.name === name && line.keyId === keyId)
    return lines.length === 0 ? [] : [Math.max(...lines.map(({ signature }) => decodeCosignature(signature).timestamp))]
  })
  const time = times.sort((a, b) => b - a)[rules.witnessQuorum - 1]
  return time === undefined ? undefined : { time, size: parseCheckpoint(note.text).size }
}
