import { bytes, decode, encode, limits, message, type Of, optional, plain, required, text, uint } from "@holdfast/wire"

const LaneViewSchema = message("LaneView", {
  charterSize: required(1, uint()),
  charterRoot: required(2, bytes({ length: 32 })),
  laneSize: plain(3, uint(), 0),
  laneRoot16: required(4, bytes({ length: 16 })),
  /** Of the first frame that carries the message: nobody can wrap a message of somebody else's again (N2.4). */
  counter: plain(5, uint(0xffffffff), 0),
  charterNote: optional(6, text(limits.checkpointBytes)),
})

/** The authenticated data of every MLS message: what its sender had seen when it wrote (N4.1). */
export type LaneView = Of<typeof LaneViewSchema>

export function encodeLaneView(view: LaneView): Uint8Array<ArrayBuffer> {
  return encode(LaneViewSchema, view)
}

/** Strict; throws WireError. */
export function decodeLaneView(input: Uint8Array): LaneView {
  return decode(LaneViewSchema, input)
}
