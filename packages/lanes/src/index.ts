export type { ConversationKind } from "./binding.ts"
export type { CharterDevice, CharterView } from "./charter-view.ts"
export type { ClaimAhead } from "./claims.ts"
export { type LaneCode, LaneError } from "./error.ts"
export type { Alarm, BlobRef, Claim, LaneEvent, LateWhy, Leaf, Sender } from "./event.ts"
export { openLane } from "./lane.ts"
export type {
  Change,
  ConversationState,
  ConversationView,
  DueWelcomes,
  Invitee,
  Lane,
  Outgoing,
  ReceiveOptions,
  Welcomes,
} from "./lane-api.ts"
export { type LaneDeps, type RecordReader, type RecordWriter, type Table, tables } from "./ports.ts"
