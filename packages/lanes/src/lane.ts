import type { Lane } from "./lane-api.ts"
import type { LaneDeps, RecordReader } from "./ports.ts"

/** Opens the replica that `reader` holds; an empty reader gives one that has read nothing. Throws `damaged`. */
export async function openLane(_deps: LaneDeps, _reader: RecordReader): Promise<Lane> {
  throw new Error("not yet")
}
