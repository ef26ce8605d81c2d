import { generateKeyPairSync, sign, verify } from "node:crypto"
import { describe, expect, test } from "vitest"
import { concatBytes, fromHex, hex, utf8 } from "../src/bytes.ts"
import { toLaneId, toMessageId, toOrgId, toRelayId } from "../src/ids.ts"
import { limits } from "../src/limits.ts"
import {
  Append,
  codeOf,
  Failure,
  Frames,
  failure,
  protocolVersion,
  type RelayErrorCode,
  Reply,
  Request,
  relayErrorCodes,
} from "../src/relay-protocol.ts"
import { decode, encode } from "../src/schema.ts"
import { sessionSigningInput } from "../src/session.ts"
import { expectCode } from "./expect-code.ts"

const org = toOrgId(new Uint8Array(32).fill(4))
const challenge = {
  version: protocolVersion,
  nonce: new Uint8Array(32).fill(1),
  relay: toRelayId(new Uint8Array(16).fill(2)),
  logPublicKey: new Uint8Array(32).fill(3),
}

describe("requests and replies", () => {
  test("[W5.1] a request has a number above zero, a push has zero", () => {
    expectCode("malformed", () => encode(Request, { id: 0, op: { kind: "ping", value: {} } }))
    expectCode("malformed", () => decode(Request, fromHex("080012027a00")))
    expectCode("malformed", () => decode(Request, fromHex("12027a00")))
    expect(decode(Request, fromHex("080112027a00"))).toEqual({ id: 1, op: { kind: "ping", value: {} } })
    const push = encode(Reply, { id: 0, op: { kind: "goodbye", value: failure("too_large") } })
    expect(hex(push)).toBe("12046a020807")
    expect(decode(Reply, push)).toEqual({ id: 0, op: { kind: "goodbye", value: { code: 7 } } })
  })

  test("[W5.2] the challenge is version 1", () => {
    expect(protocolVersion).toBe(1)
    const bytes = encode(Reply, { id: 0, op: { kind: "challenge", value: challenge } })
    expect(decode(Reply, bytes).op).toEqual({ kind: "challenge", value: challenge })
  })

  test("[W5.8] the largest append fits into one message of the socket", () => {
    const frames = Array.from({ length: limits.framesPerAppend }, () => new Uint8Array(limits.frameBytes))
    const messageIds = frames.map(() => toMessageId(new Uint8Array(16)))
    const value = { lane: toLaneId(new Uint8Array(16)), frames, messageIds }
    const bytes = encode(Request, { id: 0xffffffff, op: { kind: "append", value } })
    expect(frames.length * limits.frameBytes).toBeLessThanOrEqual(limits.appendBytes)
    expect(bytes.length).toBeLessThanOrEqual(limits.socketMessageBytes)
    expect(decode(Append, encode(Append, value)).frames).toHaveLength(64)
  })

  test("[W5.9] the largest batch of frames fits into one message of the socket", () => {
    const most = Math.floor(limits.batchBytes / 2_048)
    const frames = Array.from({ length: Math.min(most, limits.framesPerBatch) }, () => new Uint8Array(2_048))
    const checkpoint = "c".repeat(limits.checkpointBytes)
    const lane = toLaneId(new Uint8Array(16))
    const value = { lane, first: Number.MAX_SAFE_INTEGER, frames, size: Number.MAX_SAFE_INTEGER, checkpoint }
    expect(encode(Frames, value).length + 64).toBeLessThanOrEqual(limits.socketMessageBytes)
  })
})

describe("[W5.14] a checkpoint with cosignatures", () => {
  test("is asked for with nothing, and comes as an answer or a push", () => {
    expect(hex(encode(Request, { id: 1, op: { kind: "getWitnessed", value: {} } }))).toBe("080112038201" + "00")
    const value = { lane: toLaneId(new Uint8Array(16)), note: "note" }
    const push = encode(Reply, { id: 0, op: { kind: "checkpoint", value } })
    expect(decode(Reply, push)).toEqual({ id: 0, op: { kind: "checkpoint", value } })
  })

  test("fits its limit with 16 witnesses whose names are as long as they may be", () => {
    const origin = `holdfast/org/${"a".repeat(52)}`
    const text = `${origin}\n${Number.MAX_SAFE_INTEGER}\n${"A".repeat(44)}\n`
    const lineBytes = (name: number, signature: number) => utf8("\u2014 ").length + name + 1 + signature + 1
    // 4 bytes of key id, then 64 of a signature, with 8 of a time in front of it for a witness; base64
    const [log, witness] = [lineBytes(origin.length, 92), lineBytes(255, 104)]
    expect(utf8(text).length + 1 + log + 16 * witness).toBeLessThanOrEqual(limits.checkpointBytes)
  })
})

describe("[W5.3, W5.4] what a hello signs", () => {
  const input = sessionSigningInput("device", challenge, org)

  test("names role, nonce, relay, log key and organisation", () => {
    const label = concatBytes(utf8("holdfast/session/device/v1"), Uint8Array.of(0))
    const rest = concatBytes(challenge.nonce, challenge.relay, challenge.logPublicKey, org)
    expect(hex(input)).toBe(hex(label) + hex(rest))
    expect(rest).toHaveLength(112)
  })

  test("verifies for this challenge and no other", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519")
    const signature = sign(null, input, privateKey)
    const opens = (bytes: Uint8Array) => verify(null, bytes, publicKey, signature)
    expect(opens(input)).toBe(true)
    const other32 = new Uint8Array(32)
    expect(opens(sessionSigningInput("guest", challenge, org))).toBe(false)
    expect(opens(sessionSigningInput("device", { ...challenge, nonce: other32 }, org))).toBe(false)
    expect(opens(sessionSigningInput("device", { ...challenge, relay: toRelayId(new Uint8Array(16)) }, org))).toBe(
      false,
    )
    expect(opens(sessionSigningInput("device", { ...challenge, logPublicKey: other32 }, org))).toBe(false)
    expect(opens(sessionSigningInput("device", challenge, toOrgId(other32)))).toBe(false)
  })
})

describe("[W5.12] refusals", () => {
  test("travel as numbers of a closed list", () => {
    const codes = Object.entries(relayErrorCodes).map(([n, code]) => [Number(n), code] as [number, RelayErrorCode])
    expect(codes.map(([n]) => n)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1))
    for (const [number, code] of codes) {
      const there = decode(Failure, encode(Failure, failure(code, "why")))
      expect(there).toEqual({ code: number, reason: "why" })
      expect(codeOf(there)).toBe(code)
    }
  })

  test("of a later version read as unavailable", () => {
    for (const code of [0, 16, 255]) expect(codeOf({ code })).toBe("unavailable")
  })

  test("have no reason field unless there is one", () => {
    expect(hex(encode(Failure, failure("malformed")))).toBe("0801")
  })
})
