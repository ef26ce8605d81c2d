import { readFileSync } from "node:fs"
import { hex } from "@holdfast/wire"
import fc from "fast-check"
import protobuf from "protobufjs"
import { describe, expect, test } from "vitest"
import { type Content, decodeContent, encodeContent, type KnownBody } from "../src/content.ts"
import { decodeJoinRequest } from "../src/join-request.ts"

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill)

const name = { member: bytes(16) as never, name: "Ana", salt: bytes(16, 2) }
const invite = {
  guestKey: bytes(32, 3),
  requestKey: bytes(32, 4),
  name: "Ben",
  purpose: 1,
  expiresAt: 2_000_000_000,
  device: bytes(16, 5),
  signature: bytes(64, 6),
}
const key = { keeper: bytes(16, 7), publicKey: bytes(32, 8), proof: bytes(64, 9) }
const ask = {
  needed: 2,
  people: [
    { name: "Ben", guestKey: bytes(32) },
    { name: "", member: bytes(16) as never },
  ],
}
const accept = { key, device: bytes(16), signature: bytes(64) }
const file = {
  blob: bytes(32) as never,
  key: bytes(32),
  size: 2_147_483_648,
  sha256: bytes(32),
  name: "a.png",
  type: "image/png",
  width: 65_535,
  height: 1,
}

/** One full value of every kind. */
const bodies: readonly KnownBody[] = [
  { kind: "text", value: { text: "hello" } },
  { kind: "file", value: { file, caption: "look" } },
  { kind: "opened", value: { kind: 1, title: "Desk" } },
  { kind: "title", value: { title: "Night desk" } },
  {
    kind: "snapshot",
    value: {
      names: [name, { name: "Org", salt: bytes(16) }],
      labels: [{ device: bytes(16), label: "phone" }],
      invites: [invite],
      requests: [{ guestKey: bytes(32), request: bytes(100) }],
      proposals: [{ statement: bytes(200), proposer: bytes(16) as never, at: 5, approvals: [bytes(80), bytes(81)] }],
      ask,
      accepts: [accept],
    },
  },
  { kind: "name", value: name },
  { kind: "deviceLabel", value: { device: bytes(16), label: "laptop" } },
  { kind: "inviteAnnounced", value: invite },
  { kind: "inviteRevoked", value: { guestKey: bytes(32) } },
  { kind: "proposal", value: { statement: bytes(300) } },
  { kind: "approval", value: { statement: bytes(32), approval: bytes(90) } },
  { kind: "decline", value: { statement: bytes(32) } },
  { kind: "keeperAsk", value: ask },
  { kind: "keeperAccept", value: accept },
  {
    kind: "keeperAccept",
    value: {
      passkey: {
        keeper: bytes(16),
        publicKey: bytes(42),
        rpId: "holdfast.localhost",
        origin: "http://holdfast.localhost:1",
        backupEligible: 1,
        proof: bytes(300),
      },
      device: bytes(16),
      signature: bytes(64),
    },
  },
  {
    kind: "keeperAccept",
    value: { key: accept.key, device: bytes(16), inFile: 1, signature: bytes(64) },
  },
  { kind: "invitesAnnounced", value: { invites: [invite, { ...invite, together: 1, purpose: 3 }] } },
]

const contentOf = (body: Content["body"]): Content => ({ id: bytes(16), sentAt: 1_800_000_000_000, body })

const source = readFileSync(new URL("../proto/content.proto", import.meta.url), "utf8")
const contract = protobuf.parse(source).root.lookupType("holdfast.content.v1.Content")

describe("contents", () => {
  test.each(bodies)("[E3.1] $kind comes back as it was", (body) => {
    expect(decodeContent(encodeContent(contentOf(body)))).toEqual(contentOf(body))
  })

  test.each(bodies)("[W4] $kind is what content.proto says, to the byte, by another implementation", (body) => {
    const ours = encodeContent(contentOf(body))
    // what it does not know it drops, and then the bytes differ
    const theirs = contract.encode(contract.decode(ours)).finish()
    expect(hex(new Uint8Array(theirs))).toBe(hex(ours))
    const cases = contract.root.lookupType("holdfast.content.v1.Body").fieldsArray
    expect(cases.map((field) => field.name)).toContain(body.kind)
  })

  test("[E3.1] every case of the contract has a value here", () => {
    const cases = contract.root.lookupType("holdfast.content.v1.Body").fieldsArray.map((field) => field.name)
    expect(cases.sort()).toEqual([...new Set(bodies.map(({ kind }) => kind))].sort())
  })

  test("[E3.1] a kind of a later version is kept as it came", () => {
    const later = encodeContent(contentOf({ kind: "unknown", number: 99, bytes: bytes(10) }))
    expect(decodeContent(later).body).toEqual({ kind: "unknown", number: 99, bytes: bytes(10) })
    expect(encodeContent(decodeContent(later))).toEqual(later)
  })

  test("[E3.1] a content of a later version keeps its id and is unknown, whatever else is in it", () => {
    const later = Uint8Array.of(8, 2, 0x12, 16, ...bytes(16, 9), 0xff, 0xff)
    const content = decodeContent(later)
    expect(content.id).toEqual(bytes(16, 9))
    expect(content.body).toMatchObject({ kind: "unknown", bytes: later })
    const strange = decodeContent(Uint8Array.of(8, 2, 1))
    expect(strange.body.kind).toBe("unknown")
    expect(strange.id).toHaveLength(16)
  })

  test("[W4.5] one byte after the end is refused", () => {
    const ours = encodeContent(contentOf({ kind: "text", value: { text: "x" } }))
    expect(() => decodeContent(Uint8Array.of(...ours, 0))).toThrow("malformed")
  })

  test("[E3.1] random bytes are refused with one typed error, or read", () => {
    const check = (input: Uint8Array) => {
      for (const read of [decodeContent, decodeJoinRequest]) {
        try {
          read(input)
        } catch (error) {
          expect((error as Error).name).toBe("WireError")
        }
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 1_000 })
    const valid = bodies.map((body) => encodeContent(contentOf(body)))
    const flipped = fc
      .tuple(fc.constantFrom(...valid), fc.nat(), fc.integer({ min: 1, max: 255 }))
      .map(([input, at, bits]) => input.map((byte, i) => (i === at % input.length ? byte ^ bits : byte)))
    fc.assert(fc.property(flipped, check), { numRuns: 1_000 })
  })
})

test("[E3.1] a time that no Date can hold is refused, because everything that shows it would fail", () => {
  const last = 8_640_000_000_000_000
  expect(
    new Date(decodeContent(encodeContent({ ...contentOf(bodies[0] as KnownBody), sentAt: last })).sentAt).getTime(),
  ).toBe(last)
  expect(() => encodeContent({ ...contentOf(bodies[0] as KnownBody), sentAt: last + 1 })).toThrow(/malformed|too_large/)
  // the same as a sender writes it who does not care
  const sound = encodeContent({ ...contentOf(bodies[0] as KnownBody), sentAt: 2 ** 53 - 1 - 2 ** 52 })
  const varint = Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 15)
  const at = sound.findIndex((_, i) => sound[i] === 0x18 && i >= 20)
  const forged = Uint8Array.from([...sound.subarray(0, at + 1), ...varint, ...sound.subarray(at + 9)])
  expect(() => decodeContent(forged)).toThrow(/malformed/)
})
