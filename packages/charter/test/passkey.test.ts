import { createHash } from "node:crypto"
import { toKeeperId } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import {
  admissionBytes,
  admissionChallenge,
  decodePasskeyProof,
  encodeCbor,
  encodePasskeyProof,
  isLocalPasskey,
  noOrg,
  verifyAssertion,
} from "../src/index.ts"
import { passkeyOf } from "./authenticator.ts"
import { bytesFrom } from "./people.ts"

const keeperId = (name: string) => toKeeperId(bytesFrom(`keeper ${name}`, 16))

describe("local passkeys", () => {
  test.each([
    ["holdfast.localhost", "http://holdfast.localhost:4400"],
    ["holdfast.localhost", "http://v1.holdfast.localhost:4400"],
    ["a.localhost", "http://a.localhost:1"],
    ["x-1.y.localhost", "http://x-1.y.localhost:65535"],
    [`${"a".repeat(54)}.localhost`, `http://${"a".repeat(54)}.localhost:4400`],
  ])("[C9.10] %s from %s", (rpId, origin) => expect(isLocalPasskey(rpId, origin)).toBe(true))

  test.each([
    ["localhost", "http://holdfast.localhost:4400"],
    ["localhost", "http://localhost:4400"],
    [".localhost", "http://.localhost:4400"],
    ["holdfast.localhost.", "http://holdfast.localhost.:4400"],
    ["Holdfast.localhost", "http://Holdfast.localhost:4400"],
    ["holdfast.example", "http://holdfast.example:4400"],
    ["holdfast.localhost.example", "http://holdfast.localhost.example:4400"],
    ["holdfastlocalhost", "http://holdfastlocalhost:4400"],
    ["-a.localhost", "http://-a.localhost:4400"],
    ["a..localhost", "http://a..localhost:4400"],
    ["127.0.0.1", "http://127.0.0.1:4400"],
    ["", "http://holdfast.localhost:4400"],
    ["holdfast.localhost", ""],
    ["holdfast.localhost", "https://holdfast.localhost:4400"],
    ["holdfast.localhost", "http://holdfast.localhost"],
    ["holdfast.localhost", "http://holdfast.localhost:80"],
    ["holdfast.localhost", "http://holdfast.localhost:0"],
    ["holdfast.localhost", "http://holdfast.localhost:04400"],
    ["holdfast.localhost", "http://holdfast.localhost:65536"],
    ["holdfast.localhost", "http://holdfast.localhost:4400/"],
    ["holdfast.localhost", "http://other.localhost:4400"],
    ["holdfast.localhost", "http://notholdfast.localhost:4400"],
    ["v1.holdfast.localhost", "http://holdfast.localhost:4400"],
    ["holdfast.localhost", "http://holdfast.localhost:4400@relay.example:4400"],
    ["holdfast.localhost", "http://relay.example:4400#.holdfast.localhost:4400"],
    ["holdfast.localhost", "chrome-extension://holdfast.localhost:4400"],
    ["holdfast.localhost\n", "http://holdfast.localhost:4400\n"],
    [`${"a".repeat(55)}.localhost`, `http://${"a".repeat(55)}.localhost:4400`],
  ])("[C9.10] not %j from %j", (rpId, origin) => expect(isLocalPasskey(rpId, origin)).toBe(false))
})

describe("the proof of a new passkey", () => {
  test.each(["EdDSA", "ES256"] as const)(
    "[C9.11] %s: signs its own admission, for one seat only",
    async (algorithm) => {
      const passkey = await passkeyOf("Ada", { algorithm })
      const { publicKey } = passkey.record
      const bytes = admissionBytes(noOrg, { keeper: keeperId("Ada") }, publicKey)
      const proof = decodePasskeyProof(await passkey.prove(bytes))
      expect(await verifyAssertion(proof, passkey.record, admissionChallenge(bytes))).toBe(true)
      const bens = admissionBytes(noOrg, { keeper: keeperId("Ben") }, publicKey)
      expect(await verifyAssertion(proof, passkey.record, admissionChallenge(bens))).toBe(false)
    },
  )

  test("[C9.11] the challenge is the plain hash", () => {
    const bytes = Uint8Array.of(1, 2, 3)
    expect(admissionChallenge(bytes)).toEqual(Uint8Array.from(createHash("sha256").update(bytes).digest()))
  })

  test("[C9.11] has one form, and every part has its limits", () => {
    const parts = (a: number, b: number, c: number) =>
      [new Uint8Array(a), new Uint8Array(b), new Uint8Array(c)] as const
    for (const [authenticatorData, clientDataJson, signature] of [parts(37, 1, 8), parts(1_024, 2_048, 256)]) {
      const assertion = { authenticatorData, clientDataJson, signature }
      expect(decodePasskeyProof(encodePasskeyProof(assertion))).toEqual(assertion)
    }
    for (const wrong of [
      parts(36, 1, 8),
      parts(1_025, 1, 8),
      parts(37, 0, 8),
      parts(37, 2_049, 8),
      parts(37, 1, 7),
      parts(37, 1, 257),
    ]) {
      const [authenticatorData, clientDataJson, signature] = wrong
      expect(() => encodePasskeyProof({ authenticatorData, clientDataJson, signature })).toThrow("malformed")
      expect(() => decodePasskeyProof(encodeCbor(wrong))).toThrow("malformed")
    }
    const right = parts(37, 1, 8)
    for (const wrong of [[...right, 0], right.slice(0, 2), ["a", ...right.slice(1)], 1, new Map([[0, right[0]]])])
      expect(() => decodePasskeyProof(encodeCbor(wrong))).toThrow("malformed")
  })
})
