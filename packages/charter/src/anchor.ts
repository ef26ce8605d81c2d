import {
  COSIGNATURE,
  charterOrigin,
  cosignedBy,
  cosignedTime,
  LogError,
  NOTE_SIGNATURE,
  noteKey,
  verifyCheckpoint,
} from "@holdfast/log"
import { equalBytes } from "@holdfast/wire"
import type { Anchor } from "./act.ts"
import type { Before } from "./judge.ts"
import type { Refusal } from "./refusal.ts"
import type { RelayEntry } from "./relay-entry.ts"
import type { Rules } from "./rules.ts"
import type { Anchored } from "./settle.ts"
import type { Verify } from "./signatures.ts"

/** Keys whose lines under a checkpoint of this organisation's charter mean something. */
export function checkpointTrust(orgId: Before["org"], relays: readonly RelayEntry[], rules: Rules) {
  const origin = charterOrigin(orgId)
  return {
    origin,
    logKeys: relays.map(({ logPublicKey }) => noteKey(origin, NOTE_SIGNATURE, logPublicKey)),
    witnessKeys: rules.witnesses.map(({ name, publicKey }) => noteKey(name, COSIGNATURE, publicKey)),
  }
}

/** What an ANCHOR proves, or why it proves nothing. (C10.1) */
export async function examineAnchor(before: Before, anchor: Anchor, verify: Verify): Promise<Anchored | Refusal> {
  const { org, state, size, rootAt } = before
  const { rules, relays } = state
  if (rules.witnesses.length === 0) return "anchor_without_witnesses"
  try {
    const checkpoint = await verifyCheckpoint(
      anchor.note,
      checkpointTrust(org, relays, rules),
      (publicKey, message, signature) =>
        verify({ kind: "signature", source: signature, publicKey, message, signature }),
    )
    const isOurs =
      checkpoint.size > 0 &&
      checkpoint.size <= size &&
      equalBytes(checkpoint.root, rootAt(checkpoint.size) ?? new Uint8Array())
    const time = cosignedTime(checkpoint.cosignatures, rules.witnessQuorum)
    const seenBy = cosignedBy(checkpoint.cosignatures, rules.witnessQuorum)
    if (!isOurs || time === undefined || seenBy === undefined) return "bad_anchor"
    const isNews = state.clock === undefined || time > state.clock || checkpoint.size > state.anchoredSize
    return isNews ? { time, seenBy, size: checkpoint.size } : "anchor_no_news"
  } catch (error) {
    if (error instanceof LogError) return "bad_anchor"
    throw error
  }
}
