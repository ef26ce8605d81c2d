import fc from "fast-check"
import { expect, test } from "vitest"
import { decodeContent } from "../src/content.ts"
import { decodeJoinRequest } from "../src/join-request.ts"
import { decodeVaultFile } from "../src/vault/vault-file.ts"

/** Bytes that look like protobuf more often than by chance. */
const field = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 15 }), fc.uint8Array({ maxLength: 70 }))
    .map(([number, value]) => [number * 8 + 2, value.length, ...value]),
  fc.tuple(fc.integer({ min: 1, max: 15 }), fc.nat(127)).map(([number, value]) => [number * 8, value]),
  fc.uint8Array({ maxLength: 8 }).map((value) => [...value]),
)
const inputs = fc.array(field, { maxLength: 12 }).map((fields) => Uint8Array.from(fields.flat()))

test.each([
  ["contents", decodeContent, "WireError"],
  ["join requests", decodeJoinRequest, "WireError"],
  ["vault files", decodeVaultFile, "ClientError"],
] as const)(
  "[E3.1, E5.4, E2.1] %s: any bytes give a value or one typed error",
  (_, decode, name) => {
    fc.assert(
      fc.property(inputs, (input) => {
        try {
          decode(input)
        } catch (error) {
          expect((error as Error).name).toBe(name)
        }
      }),
      { numRuns: 100_000 },
    )
  },
  600_000,
)
