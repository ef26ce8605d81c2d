import { generateKeyPairSync, sign, verify } from "node:crypto"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { concatBytes, hex, utf8 } from "../src/bytes.ts"
import {
  type DirectoryEntry,
  decodeDirectoryEntry,
  directorySigningInput,
  encodeDirectoryEntry,
  sealKeyBytes,
} from "../src/directory-entry.ts"
import { toDeviceId, toOrgId } from "../src/ids.ts"
import { valuesOf } from "./contract.ts"
import { expectCode } from "./expect-code.ts"
import { contracts } from "./schemas.ts"

const contract = contracts[1]?.contract as (typeof contracts)[number]["contract"]
const entry: DirectoryEntry = {
  org: toOrgId(new Uint8Array(32).fill(1)),
  device: toDeviceId(new Uint8Array(16).fill(2)),
  sequence: 3,
  issuedAt: 1_700_000_000_000,
  sealKey: new Uint8Array(sealKeyBytes).fill(4),
  keyPackages: [Uint8Array.of(5, 5), Uint8Array.of(6)],
  signature: new Uint8Array(64).fill(7),
}

describe("directory entries", () => {
  test("[W7.1] come back", () => {
    fc.assert(
      fc.property(valuesOf(contract, "DirectoryEntry"), (value) => {
        try {
          expect(decodeDirectoryEntry(encodeDirectoryEntry(value as never))).toEqual(value)
        } catch (error) {
          // several key packages of the largest size together
          expect((error as { code?: unknown }).code).toBe("too_large")
        }
      }),
    )
  })

  test("[W7.1, W3.2] are at most 65,536 bytes, written or read", () => {
    const keyPackages = Array.from({ length: 4 }, () => new Uint8Array(16_384))
    expectCode("too_large", () => encodeDirectoryEntry({ ...entry, keyPackages }))
    expectCode("too_large", () => decodeDirectoryEntry(new Uint8Array(65_537)))
  })

  test("[W7.2] the signature is over the label and all other fields", () => {
    const whole = encodeDirectoryEntry(entry)
    const { signature: _, ...unsigned } = entry
    const input = directorySigningInput(unsigned)
    // field 15 is the last: one byte of tag, one of length, 64 of signature
    expect(hex(input)).toBe(hex(concatBytes(utf8("holdfast/directory/v1"), Uint8Array.of(0), whole.subarray(0, -66))))
    const { privateKey, publicKey } = generateKeyPairSync("ed25519")
    const signature = sign(null, input, privateKey)
    expect(verify(null, input, publicKey, signature)).toBe(true)
  })

  test("[W7.2] any change of a field changes what is signed", () => {
    const { signature: _, ...unsigned } = entry
    const before = hex(directorySigningInput(unsigned))
    const changes: Partial<DirectoryEntry>[] = [
      { org: toOrgId(new Uint8Array(32)) },
      { device: toDeviceId(new Uint8Array(16)) },
      { sequence: 4 },
      { issuedAt: 1_700_000_000_001 },
      { sealKey: new Uint8Array(sealKeyBytes) },
      { keyPackages: [Uint8Array.of(5), Uint8Array.of(5, 6)] },
      { keyPackages: [Uint8Array.of(6), Uint8Array.of(5, 5)] },
    ]
    for (const change of changes) expect(hex(directorySigningInput({ ...unsigned, ...change }))).not.toBe(before)
  })
})
