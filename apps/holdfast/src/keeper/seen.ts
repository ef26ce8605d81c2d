// What a machine that is never online has seen of an organisation's history, so that nobody can show it a shorter or another one
// later (K2.2).
import path from "node:path"
import { type Charter, rootAt } from "@holdfast/charter"
import { equalBytes, fromHex, fromUtf8, hex, type OrgId, utf8, WireError } from "@holdfast/wire"
import { readOrNull, writeDurably } from "../node/durable-file.ts"
import { CommandError } from "../terminal/command-error.ts"

export interface Seen {
  readonly size: number
  readonly root: Uint8Array
}

const format = "seen/v1"

/** Beside the key: one for each organisation. */
export function seenFile(folder: string, org: OrgId): string {
  return path.join(folder, `${hex(org).slice(0, 16)}.holdfast-seen`)
}

/** `undefined`: nothing was seen yet. Throws CommandError for a file that cannot be understood. */
export async function readSeen(file: string, org: OrgId): Promise<Seen | undefined> {
  const bytes = await readOrNull(file)
  if (bytes === null) return undefined
  try {
    const text = fromUtf8(bytes)
    const json = JSON.parse(text)
    const seen = { size: Number(json.size), root: fromHex(String(json.root)) }
    if (text !== fromUtf8(encodeSeen(org, seen))) throw new WireError("malformed", "seen")
    return seen
  } catch (cause) {
    throw new CommandError(
      `The file ${file} remembers which history this machine has seen, and it is damaged. Nothing was signed. If you know why, take it away and compare the history with other keepers.`,
      { cause },
    )
  }
}

/** Keeps the larger of the two. */
export async function rememberSeen(file: string, org: OrgId, before: Seen | undefined, now: Seen): Promise<void> {
  if (before === undefined || now.size > before.size) await writeDurably(file, encodeSeen(org, now))
}

function encodeSeen(org: OrgId, { size, root }: Seen): Uint8Array {
  return utf8(`${JSON.stringify({ holdfast: format, organisation: hex(org), size, root: hex(root) })}\n`)
}

/** Throws CommandError unless this history goes on from what was seen. (K2.2) */
export function checkGoesOn(charter: Charter, seen: Seen | undefined): void {
  if (seen === undefined) return
  if (seen.size > charter.size) {
    throw new CommandError(
      `This request has a history of ${charter.size} entries, and this machine has already seen ${seen.size}. Something was left out. Nothing was signed. Ask for a new request; if it is the same again, tell the other keepers.`,
    )
  }
  if (!equalBytes(rootAt(charter, seen.size) ?? new Uint8Array(), seen.root)) {
    throw new CommandError(
      `This request has another history than the one that this machine has seen: they differ within the first ${seen.size} entries. Nothing was signed. Tell the other keepers: somebody shows two histories.`,
    )
  }
}
