import type { Answer, Challenge, Frames, Operation } from "@holdfast/wire"

/** Hex of a device id; "guest" and "reader" for sessions that prove no device. */
export type Who = string

/** How a turned relay treats its clients. Without any rule it is honest. Each attack sets the few that it needs (D3.3). */
export interface Rules {
  /** What everybody hears first. */
  challenge?(challenge: Challenge): Challenge
  /** `pass` it on, never answer it (`swallow`), or answer it oneself. `undefined`: before hello. */
  request?(op: Operation, from: Who | undefined): "pass" | "swallow" | Answer
  /** Lines of the key directory, as this device gets them. */
  directory?(lines: readonly Uint8Array[], to: Who): readonly Uint8Array[]
  /** Frames on their way out, after the view and its checkpoint were made. */
  frames?(frames: Frames, to: Who): Frames
  /** A blob's chunk on its way out. */
  chunk?(bytes: Uint8Array, index: number): Uint8Array
}
