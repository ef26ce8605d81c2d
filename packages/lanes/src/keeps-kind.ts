import { equalBytes, hex } from "@holdfast/wire"
import type { ConversationKind } from "./binding.ts"
import type { CharterDevice } from "./charter-view.ts"

export interface LeafChange {
  readonly added: readonly Pick<CharterDevice, "member" | "device">[]
  readonly removed: readonly CharterDevice[]
}

/**
 * Whether a conversation stays what its kind says, whoever makes the change (N5.8). Who is in the conversation of everybody is
 * the charter's question, and a direct one has two members: so nobody in them can put out anybody whom the charter has, or
 * a member could end the conversation in which the organisation decides, with one commit and for good.
 */
export function keepsKind(
  kind: ConversationKind,
  leaves: readonly CharterDevice[],
  { added, removed }: LeafChange,
  isAdmitted: (device: CharterDevice) => boolean,
): boolean {
  if (kind === "group") return true
  const isIn = (list: LeafChange["added"], { device }: Pick<CharterDevice, "device">) =>
    list.some((one) => equalBytes(one.device, device))
  if (removed.some((leaf) => isAdmitted(leaf) && !isIn(added, leaf))) return false
  if (kind === "everyone") return true
  const after = [...leaves.filter((leaf) => !isIn(removed, leaf)), ...added]
  return new Set(after.map(({ member }) => hex(member))).size <= 2
}
