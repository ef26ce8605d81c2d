import type { LaneId } from "@holdfast/wire"
import { encode, type Operation, Request } from "@holdfast/wire"
import fc from "fast-check"
import { expect } from "vitest"
import { callInProcess } from "./caller.ts"
import { frame, messageId, stage } from "./harness.ts"

/** Requests that are whole, to be cut, joined and scratched. */
export function seeds(lane: LaneId, org: Uint8Array): Uint8Array[] {
  const id = 7
  const ops: Operation[] = [
    { kind: "append", value: { lane, frames: [frame(1)], messageIds: [messageId(1)] } },
    { kind: "read", value: { lane, from: 0, maxFrames: 9 } },
    { kind: "subscribe", value: { lane, from: 0 } },
    { kind: "appendCharter", value: { envelope: frame(3) } },
    { kind: "helloReader", value: { org: org as never } },
    { kind: "found", value: { hostingCode: "code", genesis: frame(5) } },
    { kind: "getDirectory", value: { since: 0 } },
    { kind: "putInvite", value: { guestKey: new Uint8Array(32).fill(9), expiresAt: 5 } },
    { kind: "putDirectoryEntry", value: { entry: frame(6) } },
    { kind: "ping", value: {} },
  ]
  return ops.map((op) => encode(Request, { id, op }))
}

/** Throws hostile bytes at a connection, before and after hello. What was stored before stays all there is. */
export async function throwBytesAt(runs: number): Promise<void> {
  const { relay, harbour, ana, open } = await stage({ maxFailuresPerMinute: 1e9 })
  const whole = seeds(harbour.lane, harbour.org)
  const scratched = fc
    .tuple(fc.constantFrom(...whole), fc.array(fc.tuple(fc.nat(700), fc.nat(255)), { minLength: 1, maxLength: 8 }))
    .map(([bytes, changes]) => {
      const copy = bytes.slice()
      for (const [at, value] of changes) copy[at % copy.length] = value
      return copy
    })
  const cut = fc.tuple(fc.constantFrom(...whole), fc.nat(700)).map(([bytes, n]) => bytes.subarray(0, n % bytes.length))
  const hostile = fc.oneof(fc.uint8Array({ maxLength: 200 }), scratched, cut)
  let link = callInProcess(relay)
  let count = 0
  await fc.assert(
    fc.asyncProperty(hostile, async (bytes) => {
      if (link.caller.isClosed) link = ++count % 2 === 0 ? callInProcess(relay) : await open(ana)
      expect(() => link.connection?.receive(bytes)).not.toThrow()
      if (count % 50 === 0) await new Promise((done) => setImmediate(done))
    }),
    { numRuns: runs },
  )
  link.connection?.closed()
  await new Promise((done) => setTimeout(done, 50))
  const { caller } = await open(ana)
  const { frames } = await caller.get(
    { kind: "read", value: { lane: harbour.charterLane, from: 0, maxFrames: 9 } },
    "frames",
  )
  expect(frames).toEqual([harbour.genesis])
  expect(relay.connectionCount()).toBe(1)
}
