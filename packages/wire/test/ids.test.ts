import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { fromHex, hex } from "../src/bytes.ts"
import {
  deviceIdOf,
  everyoneConversationOf,
  laneIdOf,
  orgIdOf,
  toBlobId,
  toConversationId,
  toDeviceId,
  toKeeperId,
  toLaneId,
  toMemberId,
  toMessageId,
  toOrgId,
  toRelayId,
} from "../src/ids.ts"
import { expectCode } from "./expect-code.ts"

const org = toOrgId(new Uint8Array(32).fill(7))
const hashed = (label: string, ...parts: readonly Uint8Array[]) =>
  createHash("sha256").update(`${label}\0`).update(Buffer.concat(parts)).digest("hex")

describe("names", () => {
  test("[W2.1] an organisation is the hash of its genesis", () => {
    const genesis = fromHex("a10001")
    expect(hex(orgIdOf(genesis))).toBe(hashed("holdfast/org/v1", genesis))
  })

  test("[W2.2, W2.6] ids of members, keepers, relays and messages are 16 bytes", () => {
    for (const to of [toMemberId, toKeeperId, toRelayId, toMessageId, toDeviceId, toLaneId]) {
      expect(to(new Uint8Array(16))).toHaveLength(16)
      for (const length of [0, 15, 17, 32]) expectCode("malformed", () => to(new Uint8Array(length)))
    }
  })

  test("[W2.1, W2.5, W2.7] ids of organisations, conversations and blobs are 32 bytes", () => {
    for (const to of [toOrgId, toConversationId, toBlobId]) {
      expect(to(new Uint8Array(32))).toHaveLength(32)
      for (const length of [0, 16, 31, 33]) expectCode("malformed", () => to(new Uint8Array(length)))
    }
  })

  test("[W2.3] a device's id follows from its key", () => {
    const key = new Uint8Array(32).fill(9)
    expect(hex(deviceIdOf(key))).toBe(hashed("holdfast/device/v1", key).slice(0, 32))
    expect(hex(deviceIdOf(new Uint8Array(32).fill(8)))).not.toBe(hex(deviceIdOf(key)))
  })

  test("[W2.4] a lane's id follows from the organisation and a number", () => {
    expect(hex(laneIdOf(org, 0))).toBe(hashed("holdfast/lane/v1", org, fromHex("00000000")).slice(0, 32))
    expect(hex(laneIdOf(org, 258))).toBe(hashed("holdfast/lane/v1", org, fromHex("00000102")).slice(0, 32))
    expect(hex(laneIdOf(org, "charter"))).toBe(hashed("holdfast/lane/v1", org, fromHex("ffffffff")).slice(0, 32))
  })

  test("[W2.4] no message lane has the charter's number or none", () => {
    for (const number of [-1, 0.5, 0xffffffff, 2 ** 32, Number.NaN]) {
      expectCode("malformed", () => laneIdOf(org, number))
    }
  })

  test("[W2.5] everybody's conversation follows from the organisation", () => {
    expect(hex(everyoneConversationOf(org))).toBe(hashed("holdfast/everyone/v1", org))
  })
})
