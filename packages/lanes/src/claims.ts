import {
  bytes,
  type ConversationId,
  type DeviceId,
  equalBytes,
  hex,
  type MemberId,
  message,
  type Of,
  optional,
  plain,
  required,
  text,
  uint,
} from "@holdfast/wire"
import type { CharterView } from "./charter-view.ts"
import { decodeRecord, encodeRecord } from "./conversation-record.ts"
import type { Claim, LaneEvent, Sender } from "./event.ts"
import type { LaneTree } from "./lane-tree.ts"
import type { RecordReader } from "./ports.ts"
import type { Records } from "./records.ts"

const ClaimRecord = message("ClaimRecord", {
  charterSize: required(1, uint()),
  charterRoot: required(2, bytes({ length: 32 })),
  laneSize: plain(3, uint(), 0),
  laneRoot16: required(4, bytes({ length: 16 })),
  member: required(5, bytes<MemberId>({ length: 16 })),
  device: required(6, bytes<DeviceId>({ length: 16 })),
  signatureKey: required(7, bytes({ length: 32 })),
  leaf: plain(8, uint(), 0),
  conversation: required(9, bytes<ConversationId>({ length: 32 })),
  index: plain(10, uint(), 0),
  note: optional(11, text(8_192)),
})
type ClaimRecord = Of<typeof ClaimRecord>

/** That somebody has seen more of the charter than we have, by their own word alone. (N9.4) */
export interface ClaimAhead {
  readonly charterSize: number
  readonly member: MemberId
  readonly device: DeviceId
}

/** Where a claim was made. */
export interface ClaimPlace {
  readonly conversation: ConversationId
  readonly index: number
  readonly note?: string | undefined
}

const none = new Uint8Array()

/**
 * Holds what senders say they have seen against what we have (N9.3, N9.4). Claims about more of the charter than we have wait, the
 * newest of each device: trees only grow, so it stands for the older ones.
 */
export class Claims {
  readonly #waiting = new Map<string, ClaimRecord>()
  readonly #touched = new Set<string>()

  /** Throws `damaged`. */
  static restore(reader: RecordReader): Claims {
    const claims = new Claims()
    for (const [key, stored] of reader.all("claim")) claims.#waiting.set(key, decodeRecord(ClaimRecord, stored.slice()))
    return claims
  }

  /** The lane part at once, the charter part now or later. */
  check(claim: Claim, sender: Sender, at: ClaimPlace, tree: LaneTree, charter: CharterView): LaneEvent[] {
    const events: LaneEvent[] = []
    const fork = (which: "lane" | "charter", ours: Uint8Array) => events.push(forkAlarm(which, claim, ours, sender, at))
    if (claim.laneSize > at.index) fork("lane", none)
    else {
      const root = tree.rootAt(claim.laneSize)
      if (root !== null && !equalBytes(root.subarray(0, 16), claim.laneRoot16)) fork("lane", root)
    }
    const root = charter.rootAt(claim.charterSize)
    if (root === null) this.#wait(claim, sender, at)
    else if (!equalBytes(root, claim.charterRoot)) fork("charter", root)
    return events
  }

  #wait(claim: Claim, sender: Sender, at: ClaimPlace): void {
    const key = hex(sender.device)
    const before = this.#waiting.get(key)
    if (before !== undefined && before.charterSize >= claim.charterSize) return
    const { charterSize, charterRoot, laneSize, laneRoot16 } = claim
    const { member, device, signatureKey, leaf } = sender
    const said = { charterSize, charterRoot, laneSize, laneRoot16, member, device, signatureKey, leaf }
    this.#waiting.set(key, { ...said, conversation: at.conversation, index: at.index, note: at.note })
    this.#touched.add(key)
  }

  /** Claims that the charter has caught up with. */
  settle(charter: CharterView): LaneEvent[] {
    const events: LaneEvent[] = []
    for (const [key, said] of this.#waiting) {
      const root = charter.rootAt(said.charterSize)
      if (root === null) continue
      this.#waiting.delete(key)
      this.#touched.add(key)
      if (equalBytes(root, said.charterRoot)) continue
      const { member, device, signatureKey, leaf } = said
      const admitted = charter.admits(charter.size, member, device, signatureKey)
      events.push(forkAlarm("charter", said, root, { leaf, member, device, signatureKey, admitted }, said))
    }
    return events
  }

  /** Those that wait still, in no order. */
  waiting(): readonly ClaimAhead[] {
    return [...this.#waiting.values()].map(({ charterSize, member, device }) => ({ charterSize, member, device }))
  }

  store(records: Records): void {
    for (const key of this.#touched) {
      const said = this.#waiting.get(key)
      if (said === undefined) records.delete("claim", key)
      else records.put("claim", key, encodeRecord(ClaimRecord, said))
    }
    this.#touched.clear()
  }
}

function forkAlarm(
  which: "lane" | "charter",
  said: Claim,
  ours: Uint8Array,
  sender: Sender,
  at: ClaimPlace,
): LaneEvent {
  const { charterSize, charterRoot, laneSize, laneRoot16 } = said
  const claim = { charterSize, charterRoot, laneSize, laneRoot16 }
  const { conversation, index, note } = at
  const alarm = { kind: "fork", which, claim, ours, sender, conversation, index } as const
  return { kind: "alarm", alarm: note === undefined ? alarm : { ...alarm, note } }
}
