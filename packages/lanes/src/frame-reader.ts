import { bytes, concatBytes, hex, message, plain, repeated, required, text, uint, WireError } from "@holdfast/wire"
import { type Arrival, applyMessage, type Stop, type Surroundings } from "./apply-message.ts"
import type { Epoch } from "./conversation.ts"
import { decodeRecord, encodeRecord } from "./conversation-record.ts"
import { type Collected, collect, decodePart, isWhole } from "./parts.ts"
import type { RecordReader } from "./ports.ts"
import type { Records } from "./records.ts"
import type { TagEntry } from "./tag-index.ts"
import type { Turn } from "./turn.ts"

const PartialRecord = message("PartialRecord", {
  stream: required(1, text(256)),
  firstCounter: plain(2, uint(), 0),
  nextCounter: plain(3, uint(), 0),
  nextLaneIndex: plain(4, uint(), 0),
  total: required(5, uint(64)),
  pieces: repeated(6, bytes({ max: 65_536 }), 64),
})

/** Reads a run of frames of one lane, one after the other: opens what is ours and puts parts together (N3). */
export class FrameReader {
  #partial: Collected | undefined
  #touched = false

  /** Throws `damaged`. */
  static restore(reader: RecordReader): FrameReader {
    const frames = new FrameReader()
    for (const [, stored] of reader.all("partial")) frames.#partial = decodeRecord(PartialRecord, stored.slice())
    return frames
  }

  /** Something that is not the next part has come. */
  interrupt(): void {
    if (this.#partial !== undefined) this.#set(undefined)
  }

  /** Takes over what another reader of the same lane has collected. */
  takeOver(other: FrameReader): void {
    if (other.#partial !== undefined) this.#set(other.#partial)
  }

  /**
   * Applies the frame that `entry` announced. A result is a stop: the same frame has to come again, and finds everything as it
   * was.
   */
  async read(
    entry: TagEntry<Epoch>,
    index: number,
    frame: Uint8Array,
    around: Surroundings,
    turn: Turn,
  ): Promise<Stop | undefined> {
    const { owner: epoch, leaf, counter } = entry
    const place = { index, conversation: epoch.conversation.id, leaf }
    if (entry.seen) {
      this.interrupt()
      return alarm(turn, "doubled", place)
    }
    const body = await epoch.keys.open(frame)
    if (body === undefined) {
      this.interrupt()
      return alarm(turn, "junk", place)
    }
    epoch.reach(leaf, counter)
    if (leaf === epoch.ownLeaf) epoch.conversation.dropDisplaced(epoch, index, turn)
    const from = { epoch, leaf, lastCounter: counter, index }
    let arrival: Arrival = { ...from, firstCounter: counter, message: body.bytes }
    if (body.kind === "part") {
      const collected = this.#collect(entry, index, body.bytes)
      if (collected === undefined) {
        this.interrupt()
        return alarm(turn, "junk", place)
      }
      if (!isWhole(collected)) {
        this.#set(collected)
        return undefined
      }
      arrival = { ...from, firstCounter: collected.firstCounter, message: concatBytes(...collected.pieces) }
    }
    const stop = await applyMessage(arrival, around, turn)
    if (stop === undefined) this.interrupt()
    return stop
  }

  #collect({ owner: epoch, leaf, counter }: TagEntry<Epoch>, index: number, bytes: Uint8Array) {
    const stream = `${hex(epoch.conversation.id)}/${epoch.epoch}/${leaf}`
    try {
      return collect(this.#partial, decodePart(bytes), { stream, laneIndex: index, counter })
    } catch (error) {
      if (error instanceof WireError) return undefined
      throw error
    }
  }

  #set(partial: Collected | undefined): void {
    this.#partial = partial
    this.#touched = true
  }

  store(records: Records): void {
    if (!this.#touched) return
    if (this.#partial === undefined) records.delete("partial", "00")
    else records.put("partial", "00", encodeRecord(PartialRecord, this.#partial))
    this.#touched = false
  }
}

function alarm(
  turn: Turn,
  kind: "doubled" | "junk",
  place: { index: number; conversation: Epoch["conversation"]["id"]; leaf: number },
): undefined {
  turn.events.push({ kind: "alarm", alarm: { kind, ...place } })
}
