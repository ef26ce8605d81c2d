// What a decoder must hold to for any bytes (W1.1): a WireError, or a value that encodes to exactly these bytes (W4).
import fc, { type Arbitrary } from "fast-check"
import { expect } from "vitest"
import { base64url, concatBytes } from "../src/bytes.ts"
import { decodeDirectoryEntry, encodeDirectoryEntry } from "../src/directory-entry.ts"
import { WireError } from "../src/error.ts"
import { decodeFrame, encodeFrame, frameClasses, padBody, unpadBody } from "../src/frame.ts"
import { formatInvitation, parseInvitation } from "../src/invitation.ts"
import { limits } from "../src/limits.ts"
import { Reply, Request } from "../src/relay-protocol.ts"
import { decode, encode, type Message } from "../src/schema.ts"
import { valuesOf } from "./contract.ts"
import { contracts } from "./schemas.ts"

export interface FuzzedDecoder {
  readonly name: string
  readonly inputs: Arbitrary<Uint8Array>
  /** Decodes and encodes again. */
  readonly roundTrip: (input: Uint8Array) => Uint8Array
}

type Edit = readonly [kind: "flip" | "cut" | "insert" | "repeat" | "zero", at: number, with_: number]

function apply(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  let out: Uint8Array = bytes
  for (const [kind, place, value] of edits) {
    const at = out.length === 0 ? 0 : place % out.length
    if (kind === "flip" && out.length > 0) out = out.with(at, (out[at] as number) ^ (1 << (value % 8)))
    if (kind === "zero" && out.length > 0) out = out.with(at, value % 3 === 0 ? 0xff : 0)
    if (kind === "cut") out = out.slice(0, at)
    if (kind === "insert") out = concatBytes(out.subarray(0, at), Uint8Array.of(value), out.subarray(at))
    if (kind === "repeat") out = concatBytes(out.subarray(0, at), out.subarray(at, at + value), out.subarray(at))
  }
  return out
}

const edits = fc.array(
  fc.tuple(
    fc.constantFrom("flip" as const, "cut" as const, "insert" as const, "repeat" as const, "zero" as const),
    fc.nat(4_000),
    fc.nat(255),
  ),
  { maxLength: 4 },
)

/** Good bytes with a few places damaged get deeper than random ones, which mostly end at the first byte. */
function damaged(good: Arbitrary<Uint8Array>): Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 4, arbitrary: fc.tuple(good, edits).map(([bytes, list]) => apply(bytes, list)) },
  )
}

const [relay, directory, invitation] = contracts.map(({ contract }) => contract)

function goodBytes(contract: typeof relay, name: string, write: (value: never) => Uint8Array): Arbitrary<Uint8Array> {
  return valuesOf(contract as NonNullable<typeof relay>, name).map((value) => {
    try {
      return write(value as never)
    } catch {
      // a value that is too large as a whole
      return new Uint8Array()
    }
  })
}

function ofMessage(schema: Message<unknown>): FuzzedDecoder {
  return {
    name: schema.name,
    inputs: damaged(goodBytes(relay, schema.name, (value) => encode(schema, value))),
    roundTrip: (input) => encode(schema, decode(schema, input, limits.socketMessageBytes)),
  }
}

const frameBytes = fc
  .tuple(
    fc.constantFrom(...frameClasses.slice(0, 3)),
    fc.integer({ min: -1, max: 1 }),
    fc.uint8Array({ minLength: 1, maxLength: 9 }),
  )
  .map(([length, off, fill]) => Uint8Array.from({ length: length + off }, (_, i) => fill[i % fill.length] as number))
const bodyBytes = fc
  .tuple(fc.constantFrom("message" as const, "part" as const), fc.uint8Array({ maxLength: 1_200 }))
  .map(([kind, bytes]) => padBody({ kind, bytes }))

/** Padding is lost in a body, and put back to the length it had. */
function padAgain(padded: Uint8Array): Uint8Array {
  const { kind, bytes } = unpadBody(padded)
  const out = new Uint8Array(padded.length)
  out.set(padBody({ kind, bytes }).subarray(0, 5 + bytes.length))
  return out
}

const textOf = (bytes: Uint8Array) => `hf1${base64url(bytes)}`

export const fuzzedDecoders: readonly FuzzedDecoder[] = [
  ofMessage(Request as Message<unknown>),
  ofMessage(Reply as Message<unknown>),
  { name: "frame", inputs: damaged(frameBytes), roundTrip: (input) => encodeFrame(decodeFrame(input)) },
  { name: "body", inputs: damaged(bodyBytes), roundTrip: padAgain },
  {
    name: "directory entry",
    inputs: damaged(goodBytes(directory, "DirectoryEntry", encodeDirectoryEntry)),
    roundTrip: (input) => encodeDirectoryEntry(decodeDirectoryEntry(input)),
  },
  {
    name: "invitation",
    inputs: damaged(
      goodBytes(invitation, "Invitation", (value) => Buffer.from(formatInvitation(value).slice(3), "base64url")),
    ),
    roundTrip: (input) => Buffer.from(formatInvitation(parseInvitation(textOf(input))).slice(3), "base64url"),
  },
]

/** How many of the inputs were accepted: neither none nor all, or the run would say nothing. */
export function fuzz({ inputs, roundTrip }: FuzzedDecoder, numRuns: number): number {
  let accepted = 0
  const check = fc.property(inputs, (input) => {
    const before = input.slice()
    let again: Uint8Array
    try {
      again = roundTrip(input)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return
    }
    accepted += 1
    if (Buffer.compare(again, before) !== 0) throw new Error("accepted in a second form")
    if (Buffer.compare(input, before) !== 0) throw new Error("the input was changed")
  })
  fc.assert(check, { numRuns })
  expect(accepted).toBeGreaterThan(numRuns / 50)
  expect(accepted).toBeLessThan(numRuns)
  return accepted
}
