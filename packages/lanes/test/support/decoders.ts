import { decode, encode, type Message, WireError } from "@holdfast/wire"
import fc from "fast-check"
import { decodeBinding, encodeBinding } from "../../src/binding.ts"
import { ChangeRecord, ConversationRecord, decodeRecord, LaneRecord, OwnRecord } from "../../src/conversation-record.ts"
import { LaneError } from "../../src/error.ts"
import { FrameKeys } from "../../src/frame-keys.ts"
import { decodeLaneView, encodeLaneView } from "../../src/lane-view.ts"
import { LeafWindows } from "../../src/leaf-windows.ts"
import { decodeWelcomePackage, encodeWelcomePackage, WelcomeHeadSchema } from "../../src/letter.ts"
import { decodePart, encodePart } from "../../src/parts.ts"
import { TagIndex } from "../../src/tag-index.ts"

/** A decoder, its encoder in one, and a sound input to start from. `roundTrip` throws a coded error or gives the same bytes. */
export interface DecoderCase {
  readonly name: string
  readonly sound: Uint8Array
  roundTrip(input: Uint8Array): Uint8Array
}

const bytes = (length: number, fill = 5) => new Uint8Array(length).fill(fill)
const keys = new FrameKeys({ tagKey: bytes(32), frameKey: bytes(32) }, bytes(16) as never)
const pin = { charterSize: 300, charterRoot: bytes(32) }

function record<T>(name: string, schema: Message<T>, value: T): DecoderCase {
  return {
    name,
    sound: encode(schema, value),
    roundTrip: (input) => encode(schema, decodeRecord(schema, input)),
  }
}

export const decoderCases: readonly DecoderCase[] = [
  {
    name: "LaneView",
    sound: encodeLaneView({ ...pin, laneSize: 9, laneRoot16: bytes(16), counter: 3, charterNote: "note" }),
    roundTrip: (input) => encodeLaneView(decodeLaneView(input)),
  },
  {
    name: "Part",
    sound: encodePart({ index: 1, total: 3, bytes: bytes(9) }),
    roundTrip: (input) => encodePart(decodePart(input)),
  },
  {
    name: "Binding",
    sound: encodeBinding({ org: bytes(32) as never, lane: bytes(16) as never, kind: "group", nonce: bytes(16) }),
    roundTrip: (input) => {
      const binding = decodeBinding(input)
      if (binding === undefined) throw new WireError("malformed", "kind of a later version")
      return encodeBinding(binding)
    },
  },
  {
    name: "WelcomePackage",
    sound: encodeWelcomePackage({ welcome: bytes(40), tree: bytes(3) }),
    roundTrip: (input) => encodeWelcomePackage(decodeWelcomePackage(input)),
  },
  {
    name: "WelcomeHead",
    sound: encode(WelcomeHeadSchema, {
      conversation: bytes(32) as never,
      kind: 3,
      commitIndex: 4,
      ...pin,
      charterNote: "n",
    }),
    roundTrip: (input) => encode(WelcomeHeadSchema, decode(WelcomeHeadSchema, input)),
  },
  record("LaneRecord", LaneRecord, { version: 1, lane: bytes(16) as never, next: 70_000 }),
  record("OwnRecord", OwnRecord, { localId: "a", epoch: 2, firstCounter: 1, lastCounter: 4, plaintext: bytes(5) }),
  record("ConversationRecord", ConversationRecord, {
    binding: bytes(70),
    state: 1,
    pin: 4,
    since1: 0,
    inviter: { member: bytes(16) as never, device: bytes(16) as never },
    confirmed: true,
    epochs: [
      { epoch: 1, memberCount: 2, ownLeaf: 0, ownCounter: 9, endedAt1: 0, tagKey: bytes(32), frameKey: bytes(32) },
    ],
  }),
  record("ChangeRecord", ChangeRecord, {
    localId: "c",
    hash: bytes(32),
    epoch: 1,
    firstCounter: 0,
    lastCounter: 1,
    ...pin,
    charterNote: "n",
    epochPart: bytes(9),
    ratchetPart: bytes(8),
    invitees: [],
    welcome: bytes(3),
    removed: [1, 5],
  }),
  {
    name: "LeafWindows",
    sound: Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0),
    roundTrip: (input) => {
      const windows = new LeafWindows(keys, 600, 0, new TagIndex<number>())
      windows.decodeInto(input)
      return windows.encode()
    },
  },
]

/** Random bytes, and sound ones with a few changes. */
export function hostileBytes({ sound }: DecoderCase): fc.Arbitrary<Uint8Array> {
  const edit = fc.tuple(fc.nat(Math.max(sound.length - 1, 0)), fc.nat(255), fc.constantFrom("set", "drop", "insert"))
  const edited = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    const out = [...sound]
    for (const [at, value, how] of edits) {
      if (how === "set") out[Math.min(at, out.length - 1)] = value
      else out.splice(at, how === "drop" ? 1 : 0, ...(how === "drop" ? [] : [value]))
    }
    return Uint8Array.from(out)
  })
  return fc.oneof(fc.uint8Array({ maxLength: 80 }), edited, edited)
}

export function expectRefusedOrSame(decoder: DecoderCase, input: Uint8Array): void {
  let again: Uint8Array
  try {
    again = decoder.roundTrip(input)
  } catch (error) {
    if (error instanceof WireError || error instanceof LaneError) return
    throw error
  }
  if (Buffer.compare(again, input) !== 0) throw new Error(`${decoder.name} reads two forms as one`)
}
