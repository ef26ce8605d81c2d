import { toDeviceId, toMemberId } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import type { CharterDevice } from "../src/charter-view.ts"
import { keepsKind } from "../src/keeps-kind.ts"

const device = (member: number, n = member): CharterDevice => ({
  member: toMemberId(new Uint8Array(16).fill(member)),
  device: toDeviceId(new Uint8Array(16).fill(100 + n)),
  signatureKey: new Uint8Array(32).fill(n),
})
const [ana, ben, cem] = [device(1), device(2), device(3)]
const all = () => true
const nobody = () => false

describe.each(["everyone", "direct"] as const)("[N5.8] in a conversation of kind %s", (kind) => {
  test("nobody is put out whom the charter has", () => {
    expect(keepsKind(kind, [ana, ben], { added: [], removed: [ben] }, all)).toBe(false)
    expect(keepsKind(kind, [ana, ben], { added: [], removed: [ben] }, nobody)).toBe(true)
  })
  test("a device may come back in the commit that removes it, and in no other's place", () => {
    expect(keepsKind(kind, [ana, ben], { added: [ben], removed: [ben] }, all)).toBe(true)
    expect(keepsKind(kind, [ana, ben], { added: [device(2, 4)], removed: [ben] }, all)).toBe(false)
  })
})

test("[N5.8] a direct conversation has two members at most, with any number of devices", () => {
  expect(keepsKind("direct", [ana], { added: [ben, device(2, 4)], removed: [] }, all)).toBe(true)
  expect(keepsKind("direct", [ana, ben], { added: [cem], removed: [] }, all)).toBe(false)
  expect(keepsKind("everyone", [ana, ben], { added: [cem], removed: [] }, all)).toBe(true)
})

test("[N5.8] a group is what its members make it", () => {
  expect(keepsKind("group", [ana, ben], { added: [cem], removed: [ben] }, all)).toBe(true)
})
