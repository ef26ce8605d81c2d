import { readU32be } from "./bytes.ts"
import { WireError } from "./error.ts"

/** Every frame of a message lane has one of these lengths, whatever it holds (W6.1). */
export const frameClasses = [512, 1_024, 4_096, 16_384, 65_536] as const
export const tagBytes = 16
export const nonceBytes = 12
const aeadTagBytes = 16
/** Kind and length of the body (W6.3). */
const headBytes = 5
/** What a frame has beside the body's bytes and its padding. */
export const frameOverhead = tagBytes + nonceBytes + aeadTagBytes + headBytes
/** The most that one frame can carry. Longer bodies travel in parts (W6.5). */
export const maxBodyBytes = frameClasses[4] - frameOverhead

/** A frame as it lies in a lane: one-time tag, nonce, sealed body (W6.2). Views into the input. */
export interface Frame {
  readonly tag: Uint8Array
  readonly nonce: Uint8Array
  readonly sealed: Uint8Array
}

export function isFrameLength(length: number): boolean {
  return (frameClasses as readonly number[]).includes(length)
}

/** Throws `malformed` for any length that is not a class. Nothing inside is authenticated yet. */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (!isFrameLength(bytes.length)) throw new WireError("malformed", "frame")
  return {
    tag: bytes.subarray(0, tagBytes),
    nonce: bytes.subarray(tagBytes, tagBytes + nonceBytes),
    sealed: bytes.subarray(tagBytes + nonceBytes),
  }
}

export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(tagBytes + nonceBytes + frame.sealed.length)
  if (frame.tag.length !== tagBytes || frame.nonce.length !== nonceBytes || !isFrameLength(out.length)) {
    throw new WireError("malformed", "frame")
  }
  out.set(frame.tag, 0)
  out.set(frame.nonce, tagBytes)
  out.set(frame.sealed, tagBytes + nonceBytes)
  return out
}

/** What the body of a frame is (W6.3). */
export const bodyKinds = { message: 1, part: 2 } as const
export type BodyKind = keyof typeof bodyKinds

export interface Body {
  readonly kind: BodyKind
  readonly bytes: Uint8Array
}

/** kind (1) ‖ length (4) ‖ bytes ‖ zeros up to the smallest class that fits. Throws `too_large` above `maxBodyBytes`. */
export function padBody(body: Body, smallest: number = frameClasses[0]): Uint8Array<ArrayBuffer> {
  const need = body.bytes.length + frameOverhead
  const size = frameClasses.find((c) => c >= need && c >= smallest)
  if (size === undefined) throw new WireError("too_large", "frame body")
  const out = new Uint8Array(size - tagBytes - nonceBytes - aeadTagBytes)
  out[0] = bodyKinds[body.kind]
  new DataView(out.buffer).setUint32(1, body.bytes.length)
  out.set(body.bytes, headBytes)
  return out
}

/** Throws `malformed` unless the kind is known, the length fits and the padding is all zero (W6.4). */
export function unpadBody(padded: Uint8Array): Body {
  if (padded.length < headBytes) throw new WireError("malformed", "frame body")
  const kind = padded[0] === bodyKinds.message ? "message" : padded[0] === bodyKinds.part ? "part" : undefined
  const length = readU32be(padded, 1)
  if (kind === undefined || length > padded.length - headBytes) throw new WireError("malformed", "frame body")
  for (let i = headBytes + length; i < padded.length; i++) {
    if (padded[i] !== 0) throw new WireError("malformed", "frame body")
  }
  return { kind, bytes: padded.subarray(headBytes, headBytes + length) }
}
