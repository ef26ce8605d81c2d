import { createHash } from "node:crypto"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { base64url, concatBytes, fromBase64url, hex } from "../src/bytes.ts"
import { toOrgId } from "../src/ids.ts"
import {
  formatInvitation,
  guestSeedOf,
  type Invitation,
  InvitationSchema,
  invitationPurposes,
  parseInvitation,
  requestKeyOf,
  requestTagOf,
} from "../src/invitation.ts"
import { encode } from "../src/schema.ts"
import { valuesOf } from "./contract.ts"
import { expectCode } from "./expect-code.ts"
import { contracts } from "./schemas.ts"

const contract = contracts[2]?.contract as (typeof contracts)[number]["contract"]
const invitation: Invitation = {
  version: 1,
  org: toOrgId(new Uint8Array(32).fill(1)),
  secret: new Uint8Array(32).fill(2),
  relays: ["https://relay.example"],
  expiresAt: 1_700_000_000,
  purpose: 0,
}
const hashed = (label: string, ...parts: readonly Uint8Array[]) =>
  createHash("sha256").update(`${label}\0`).update(Buffer.concat(parts)).digest("hex")

describe("invitations", () => {
  test("[W8.1] come back, bare or at the end of a link", () => {
    fc.assert(
      fc.property(valuesOf(contract, "Invitation"), (value) => {
        const text = formatInvitation(value as Invitation)
        for (const form of [
          text,
          ` ${text}\n`,
          `https://a.example/#${text}`,
          `https://a.example/join/${text}`,
          `x?i=${text}`,
        ]) {
          expect(parseInvitation(form)).toEqual(value)
        }
      }),
      { numRuns: 200 },
    )
  })

  test("[W8.1] the largest one fits", () => {
    const relays = Array.from({ length: 8 }, () => "r".repeat(256))
    const text = formatInvitation({ ...invitation, relays, expiresAt: Number.MAX_SAFE_INTEGER, purpose: 2 })
    expect(parseInvitation(`https://${"h".repeat(4_096 - text.length - 10)}/#${text}`).relays).toEqual(relays)
  })

  test("[W8.1] other text is refused", () => {
    const text = formatInvitation(invitation)
    for (const bad of [
      "",
      "hf1",
      text.slice(1),
      `x${text}`,
      `${text}.`,
      `${text}=`,
      text.replace("hf1", "hf2"),
      `${text.slice(0, -1)}`,
      `#${text}#`,
    ]) {
      expectCode("malformed", () => parseInvitation(bad))
    }
    expectCode("too_large", () => parseInvitation(`https://${"h".repeat(4_096)}/#${text}`))
  })

  test("[W8.1] another version is told apart from junk, whatever else it has", () => {
    const payload = encode(InvitationSchema, invitation)
    for (const later of [
      payload.with(1, 2),
      concatBytes(payload.with(1, 2), Uint8Array.of(0x7a, 1, 9)),
      Uint8Array.of(8, 2),
    ]) {
      expectCode("unsupported_version", () => parseInvitation(`hf1${base64url(later)}`))
    }
    expectCode("unsupported_version", () => formatInvitation({ ...invitation, version: 2 }))
    expectCode("malformed", () => parseInvitation(`hf1${base64url(Uint8Array.of(8))}`))
  })

  test("[W8.1, W3.2] without a relay they lead nowhere", () => {
    expectCode("malformed", () => formatInvitation({ ...invitation, relays: [] }))
    expectCode("malformed", () =>
      parseInvitation(`hf1${base64url(encode(InvitationSchema, { ...invitation, relays: [] }))}`),
    )
  })

  test("[W8.1] have four purposes", () => {
    expect(invitationPurposes).toEqual(["member", "keeper", "device", "recovery"])
    expectCode("malformed", () => formatInvitation({ ...invitation, purpose: 4 }))
  })

  test("[W8.1] one changed character is another invitation or none", () => {
    const text = formatInvitation(invitation)
    for (let at = 3; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`
      try {
        expect(parseInvitation(changed)).not.toEqual(invitation)
      } catch (error) {
        expect((error as Error).name).toBe("WireError")
      }
    }
    expect(fromBase64url(text.slice(3))).toHaveLength(99)
  })

  test("[W8.2, W8.3] guest seed and request key come from the secret, by different labels", () => {
    const { secret } = invitation
    expect(hex(guestSeedOf(secret))).toBe(hashed("holdfast/invitation/guest/v1", secret))
    expect(hex(requestKeyOf(secret))).toBe(hashed("holdfast/invitation/request/v1", secret))
  })

  test("[W8.4] a request has eight tags and no ninth", () => {
    const key = requestKeyOf(invitation.secret)
    const tags = Array.from({ length: 8 }, (_, attempt) => hex(requestTagOf(key, attempt)))
    expect(new Set(tags).size).toBe(8)
    expect(tags[5]).toBe(hashed("holdfast/invitation/tag/v1", key, Uint8Array.of(5)).slice(0, 32))
    for (const attempt of [-1, 8, 256, 0.5]) expectCode("malformed", () => requestTagOf(key, attempt))
  })
})
