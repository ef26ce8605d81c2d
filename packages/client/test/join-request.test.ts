import { readFileSync } from "node:fs"
import { admissionBytes } from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import {
  encodeFrame,
  guestSeedOf,
  hex,
  type OrgId,
  requestKeyOf,
  requestTagOf,
  toKeeperId,
  toMemberId,
} from "@holdfast/wire"
import protobuf from "protobufjs"
import { describe, expect, test } from "vitest"
import {
  decodeJoinRequest,
  deviceInvitationSecret,
  joinCodeOf,
  memberOfDeviceInvitation,
  openJoinRequest,
  sealJoinRequest,
  signJoinRequest,
  verifyJoinRequest,
} from "../src/join-request.ts"
import { keeperKeyFrom } from "../src/keeper-plan.ts"

const fill = (byte: number, length = 32) => new Uint8Array(length).fill(byte)
const org = fill(1) as OrgId
const secret = fill(2)
const member = toMemberId(fill(3, 16))

async function make(purpose: 0 | 1 | 2 = 1): Promise<Uint8Array> {
  const device = await signerFromSeed(fill(4))
  return signJoinRequest(org, secret, device, {
    purpose,
    member,
    name: purpose === 2 ? "" : "Ben",
    salt: purpose === 2 ? new Uint8Array() : fill(5, 16),
    deviceProof: await device.sign(admissionBytes(org, { device: member }, device.publicKey)),
    label: "phone",
    ...(purpose === 1 ? { keeper: await keeperKeyFrom(org, fill(6, 16), fill(7)) } : {}),
  })
}

describe("requests", () => {
  test.each([0, 1, 2] as const)(
    "[E5.4] purpose %i: what was signed is verified, and is what the contract says",
    async (purpose) => {
      const bytes = await make(purpose)
      const request = decodeJoinRequest(bytes)
      expect(await verifyJoinRequest(org, request)).toBe(true)
      expect(hex(request.guestKey)).toBe(hex((await signerFromSeed(guestSeedOf(secret))).publicKey))
      const source = readFileSync(new URL("../proto/content.proto", import.meta.url), "utf8")
      const contract = protobuf.parse(source).root.lookupType("holdfast.content.v1.JoinRequest")
      expect(hex(new Uint8Array(contract.encode(contract.decode(bytes)).finish()))).toBe(hex(bytes))
    },
  )

  test("[E5.4] nothing in it can be exchanged: not for another organisation, name, key or keeper", async () => {
    const request = decodeJoinRequest(await make())
    expect(await verifyJoinRequest(fill(9) as OrgId, request)).toBe(false)
    const other = await signerFromSeed(fill(8))
    const changes = [
      { name: "Eve" },
      { label: "tablet" },
      { member: toMemberId(fill(9, 16)) },
      { salt: fill(9, 16) },
      { purpose: 0 },
      { devicePublicKey: other.publicKey },
      { guestKey: other.publicKey },
      { deviceProof: fill(9, 64) },
      { signature: fill(9, 64) },
      { deviceSignature: fill(9, 64) },
      { keeper: await keeperKeyFrom(org, fill(6, 16), fill(9)) },
      { keeper: { ...(request.keeper as NonNullable<typeof request.keeper>), proof: fill(9, 64) } },
    ]
    for (const change of changes) expect(await verifyJoinRequest(org, { ...request, ...change })).toBe(false)
  })

  test("[E5.4] the inviter, who has the guest key too, cannot put another keeper key beside it", async () => {
    const request = decodeJoinRequest(await make())
    const evil = await keeperKeyFrom(org, toKeeperId(fill(6, 16)), fill(66))
    const eve = await signerFromSeed(fill(8))
    // re-signed with the guest key, but without the device's own key
    const forged = decodeJoinRequest(
      await signJoinRequest(org, secret, eve, { ...request, keeper: evil }).then((bytes) => bytes),
    )
    expect(await verifyJoinRequest(org, { ...forged, devicePublicKey: request.devicePublicKey })).toBe(false)
  })
})

describe("frames", () => {
  test("[E5.4] whoever knows the request key opens it; nobody else, and nothing of it can be moved", async () => {
    const request = await make()
    const frame = await sealJoinRequest(secret, 0, request, fill(1, 12))
    expect(frame).toHaveLength(4_096)
    expect(hex(frame.subarray(0, 16))).toBe(hex(requestTagOf(requestKeyOf(secret), 0)))
    expect(hex((await openJoinRequest(requestKeyOf(secret), frame)) as Uint8Array)).toBe(hex(request))
    expect(await openJoinRequest(fill(9), frame)).toBeUndefined()
    for (const at of [0, 20, 100, 4_095]) {
      expect(
        await openJoinRequest(
          requestKeyOf(secret),
          frame.map((byte, i) => (i === at ? byte ^ 1 : byte)),
        ),
      ).toBeUndefined()
    }
    expect(await openJoinRequest(requestKeyOf(secret), new Uint8Array(10))).toBeUndefined()
    const empty = encodeFrame({ tag: fill(1, 16), nonce: fill(1, 12), sealed: fill(1, 4_068) })
    expect(await openJoinRequest(requestKeyOf(secret), empty)).toBeUndefined()
  })

  test("[E5.4] the longest names and labels fit", async () => {
    const device = await signerFromSeed(fill(4))
    const request = await signJoinRequest(org, secret, device, {
      purpose: 1,
      member,
      name: "ä".repeat(128),
      salt: fill(5, 16),
      deviceProof: fill(1, 64),
      label: "ä".repeat(64),
      keeper: await keeperKeyFrom(org, fill(6, 16), fill(7)),
    })
    expect(await sealJoinRequest(secret, 7, request, fill(1, 12))).toHaveLength(4_096)
  })
})

test("[E5.5] the join code is the same on both sides, and another key has another one", () => {
  expect(joinCodeOf(org, fill(4))).toBe(joinCodeOf(org, fill(4)))
  expect(joinCodeOf(org, fill(4))).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}( [0-9A-HJKMNP-TV-Z]{4}){2}$/)
  const codes = new Set(Array.from({ length: 500 }, (_, i) => joinCodeOf(org, fill(i % 256, 32 - (i >> 8)))))
  expect(codes.size).toBe(500)
})

test("[E5.1] the secret of a device's invitation says whose it is", () => {
  const made = deviceInvitationSecret(member, fill(8))
  expect(made).toHaveLength(32)
  expect(hex(memberOfDeviceInvitation(made))).toBe(hex(member))
  expect(hex(made.subarray(16))).toBe(hex(fill(8, 16)))
})
