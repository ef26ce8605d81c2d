import type { CharterView } from "./charter-view.ts"
import type { LaneEvent } from "./event.ts"

/** One operation on the replica: the charter it goes by and the events it has made so far. */
export interface Turn {
  readonly charter: CharterView
  /** The caller has read the charter to its head after the frames at hand (N4.4). */
  readonly charterIsCurrent: boolean
  readonly events: LaneEvent[]
}
