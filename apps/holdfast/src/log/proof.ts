import { actInWords, decodeEnvelope } from "@holdfast/charter"
import {
  formatTlogProof,
  judgeQuorum,
  LogError,
  leafHash,
  parseTlogProof,
  proveInclusion,
  TailTree,
  verifyTlogProof,
} from "@holdfast/log"
import { hex } from "@holdfast/wire"
import { CommandError } from "../terminal/command-error.ts"
import { clock, safe } from "../terminal/print.ts"
import type { VerifiedCharter } from "./read-charter.ts"
import type { NoteTrust } from "./trust.ts"

/**
 * The entry and all that shows it to be in the log, as one file (C2SP tlog-proof): the entry is its `extra`. Under the checkpoint that
 * witnesses have cosigned if that one covers it, else under the newest. (L7.1)
 */
export function proofOf({ charter, checkpoint, note, witnessed, entries }: VerifiedCharter, index: number): Uint8Array {
  const under = witnessed !== undefined && witnessed.checkpoint.size > index ? witnessed : { checkpoint, note }
  const tree = new TailTree()
  for (const { leaf } of charter.records) tree.append(leaf)
  return formatTlogProof({
    index,
    hashes: proveInclusion(tree.hashAt, index, under.checkpoint.size),
    extra: entries[index],
    checkpoint: under.note,
  })
}

/** Lines for people. Throws CommandError: the file proves nothing. (L7.2) */
export async function checkProof(file: Uint8Array, { trust, policy, from }: NoteTrust): Promise<readonly string[]> {
  try {
    const proof = parseTlogProof(file)
    if (proof.extra === undefined) throw new CommandError("The entry itself is not in this proof.")
    const { size, root, cosignatures } = await verifyTlogProof(proof, leafHash(proof.extra), trust)
    const { isSatisfied, missing } = judgeQuorum(
      policy,
      cosignatures.map(({ key }) => key),
    )
    const watched =
      policy.quorum === "none" ? "No witnesses are asked for." : isSatisfied ? "Enough witnesses have cosigned it." : ""
    if (!isSatisfied) {
      const names = missing.map(({ key }) => key.name).join(", ")
      throw new CommandError(`The checkpoint in this proof lacks witnesses: ${safe(names)}.`)
    }
    return [
      `Proven: entry ${proof.index} is in the log of ${size} entries with the root ${hex(root)}, by ${from}.`,
      `  ${entryInWords(proof.extra)}`,
      ...cosignatures.map(
        ({ key, timestamp }) => `  cosigned by ${safe(key.name)}, ${clock((timestamp ?? 0) * 1_000)}`,
      ),
      `  ${watched}`,
      "Not proven by this: that the entry had enough approvals. For that, verify the whole charter.",
    ]
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause
    throw new CommandError(`This file proves nothing: ${reasons[cause.code] ?? "it is not in its form"}.`, { cause })
  }
}

const reasons: Readonly<Record<string, string>> = {
  wrong_origin: "it is of another log",
  unsigned: "no log that is known here has signed it",
  bad_signature: "a signature is wrong",
  bad_proof: "the entry is not where it says",
}

function entryInWords(entry: Uint8Array): string {
  try {
    return safe(actInWords(decodeEnvelope(entry).statement, () => undefined))
  } catch {
    return "Unreadable entry"
  }
}
