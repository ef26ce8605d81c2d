// A verifier by other people (SimpleWebAuthn) beside ours: where both have an opinion they agree, and where ours is stricter by
// intention that is listed here.
import { isUtf8 } from "node:buffer"
import { base64url, concatBytes, utf8 } from "@holdfast/wire"
import { verifyAuthenticationResponse } from "@simplewebauthn/server"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Assertion, type AssertionFault, decodeCoseKey, judgeAssertion } from "../src/index.ts"
import { ecdsaFromDer } from "../src/p256.ts"
import { type Circumstances, passkeyOf, sha256, type TestPasskey, testOrigin } from "./authenticator.ts"
import { bytesFrom } from "./people.ts"

const challenge = bytesFrom("a statement", 32)
const passkeys = [
  await passkeyOf("Ada"),
  await passkeyOf("Ben", { algorithm: "ES256" }),
  await passkeyOf("Cleo", { algorithm: "ES256", backupEligible: true }),
  await passkeyOf("Dov", { backupEligible: true }),
]
const [ada, , cleo] = passkeys as [TestPasskey, TestPasskey, TestPasskey]

/** SimpleWebAuthn's verdict: it answers "no" in two ways. The counter that it remembers is no rule of ours: 0 turns it off. */
async function theirs({ record, credentialId }: TestPasskey, assertion: Assertion, counter = 0): Promise<boolean> {
  const id = base64url(credentialId)
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: {
        id,
        rawId: id,
        type: "public-key",
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64url(assertion.clientDataJson),
          authenticatorData: base64url(assertion.authenticatorData),
          signature: base64url(assertion.signature),
        },
      },
      expectedChallenge: base64url(challenge),
      expectedOrigin: record.origin,
      expectedRPID: record.rpId,
      requireUserVerification: true,
      credential: { id, publicKey: Uint8Array.from(record.publicKey), counter },
    })
    return verified
  } catch {
    return false
  }
}

const ours = ({ record }: TestPasskey, assertion: Assertion) => judgeAssertion(assertion, record, challenge)

/** Checks of ours that they do not have, or have in a weaker form. */
const onlyOurs: ReadonlySet<AssertionFault> = new Set<AssertionFault>([
  "cross_origin",
  "top_origin",
  "wrong_backup_eligibility",
  "attested_data",
])

/** Their ASN.1 reader takes ES256 signatures in more than one form. */
function isLaxDer({ record }: TestPasskey, { signature }: Assertion): boolean {
  return decodeCoseKey(record.publicKey).algorithm === "ES256" && ecdsaFromDer(signature) === undefined
}

async function expectAgreement(passkey: TestPasskey, assertion: Assertion): Promise<AssertionFault | undefined> {
  const fault = await ours(passkey, assertion)
  const accepted = await theirs(passkey, assertion)
  if (fault === undefined) expect(accepted).toBe(true)
  else if (accepted && fault === "client_data_form") expect(isUtf8(assertion.clientDataJson)).toBe(false)
  else if (accepted && fault === "bad_signature") expect(isLaxDer(passkey, assertion)).toBe(true)
  else if (!onlyOurs.has(fault)) expect(accepted, fault).toBe(false)
  return fault
}

/** Mostly as it should be. */
const seldom = <T>(values: readonly T[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant<{ value?: T }>({}) },
    { weight: 1, arbitrary: fc.constantFrom(...values).map((value) => ({ value })) },
  )

/** AAGUID, the length of an id and the id, an empty map for a key. */
const attestedData = concatBytes(new Uint8Array(16), Uint8Array.of(0, 4, 1, 2, 3, 4), Uint8Array.of(0xa0))

const parts = {
  type: seldom(["webauthn.create", "payment.get", ""]),
  origin: seldom(["http://holdfast-test.localhost:4401", "https://relay.example", `${testOrigin}/`]),
  rpId: seldom(["localhost", "relay.example"]),
  crossOrigin: seldom<unknown>([true, undefined, null, 0, "false"]),
  topOrigin: seldom<unknown>(["https://relay.example", null, ""]),
  userPresent: seldom([false]),
  userVerified: seldom([false]),
  backupEligible: seldom([true, false]),
  backedUp: seldom([true]),
  signCount: seldom([1, 0xffff_ffff]),
  extensions: seldom([Uint8Array.of(0xa0), Uint8Array.of(0xa1, 0x61, 0x61, 0x01)]),
  attestedData: seldom([attestedData]),
  surplus: seldom([Uint8Array.of(0)]),
  flags: seldom([0x02, 0x20]),
  more: seldom([{}, { tokenBinding: { status: "supported" } }, { a: [1, { b: null }] }]),
}
const circumstances = fc
  .record(parts)
  // with ED ours does not look at how what follows ends: see below
  .filter(({ extensions, surplus }) => !("value" in extensions && "value" in surplus))
  .map(
    (chosen): Circumstances =>
      Object.fromEntries(
        Object.entries(chosen).flatMap(([name, choice]) => ("value" in choice ? [[name, choice.value]] : [])),
      ),
  )
const anyPasskey = fc.constantFrom(...passkeys)

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes)
  const bit = at % (bytes.length * 8)
  changed[bit >> 3]! ^= 1 << (bit & 7)
  return changed
}

describe("beside SimpleWebAuthn", () => {
  test("[C9.2] assertions of all kinds, each signed as it is", async () => {
    const seen = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(anyPasskey, circumstances, async (passkey, given) => {
        const fault = (await expectAgreement(passkey, await passkey.sign(challenge, given))) ?? "right"
        seen.set(fault, (seen.get(fault) ?? 0) + 1)
      }),
      { numRuns: 1_500 },
    )
    // the comparison has not passed by on one side only
    expect(seen.get("right")).toBeGreaterThan(200)
    expect(seen.size).toBeGreaterThan(8)
  })

  test("[C9.2] one changed bit, before the signature and after it", async () => {
    const part = fc.constantFrom("authenticatorData", "clientDataJson", "signature")
    let right = 0
    await fc.assert(
      fc.asyncProperty(anyPasskey, part, fc.nat(), fc.boolean(), async (passkey, part, at, isSignedAfter) => {
        const made = await passkey.sign(challenge)
        const changed = { ...made, [part]: flip(made[part], at) }
        const message = concatBytes(changed.authenticatorData, sha256(changed.clientDataJson))
        const isResigned = isSignedAfter && part !== "signature"
        const assertion = isResigned ? { ...changed, signature: passkey.signBytes(message) } : changed
        if ((await expectAgreement(passkey, assertion)) === undefined) right++
      }),
      { numRuns: 1_500 },
    )
    // in Chromium's extra member and in the counter nearly every bit may differ: about 100 runs, give or take 10
    expect(right).toBeGreaterThan(40)
  })
})

describe("where ours is stricter by intention", () => {
  test.each<[rule: string, what: string, AssertionFault, Circumstances]>([
    ["C9.6", "a page inside a page that does not say which", "cross_origin", { crossOrigin: true }],
    ["C9.6", "a crossOrigin that is not false", "cross_origin", { crossOrigin: null }],
    ["C9.6", "an empty top origin", "top_origin", { topOrigin: "" }],
    ["C9.8", "a passkey that has become one that can be copied", "wrong_backup_eligibility", { backupEligible: true }],
    ["C9.4", "the description of a new passkey", "attested_data", { attestedData }],
    [
      "C9.3",
      "a member name twice",
      "client_data_form",
      {
        clientDataJson: `{"type":"webauthn.create","type":"webauthn.get","challenge":"${base64url(challenge)}","origin":"${testOrigin}"}`,
      },
    ],
    [
      "C9.3",
      "bytes that are no UTF-8",
      "client_data_form",
      {
        clientDataJson: concatBytes(
          utf8(`{"type":"webauthn.get","challenge":"${base64url(challenge)}","origin":"${testOrigin}","a":"`),
          Uint8Array.of(0xff),
          utf8('"}'),
        ),
      },
    ],
  ])("[%s] %s", async (_rule, _what, fault, given) => {
    const assertion = await ada.sign(challenge, given)
    expect(await theirs(ada, assertion)).toBe(true)
    expect(await ours(ada, assertion)).toBe(fault)
  })

  test("[C9.8] the other way: a passkey that can no longer be copied", async () => {
    const assertion = await cleo.sign(challenge, { backupEligible: false })
    expect(await theirs(cleo, assertion)).toBe(true)
    expect(await ours(cleo, assertion)).toBe("wrong_backup_eligibility")
  })
})

describe("where ours tolerates what theirs looks into", () => {
  test.each<[rule: string, what: string, Circumstances]>([
    ["C9.4", "extension data that is no CBOR", { extensions: Uint8Array.of(0xff) }],
    ["C9.4", "bytes after the extension data", { extensions: Uint8Array.of(0xa0), surplus: Uint8Array.of(0) }],
    ["C9.3", "a tokenBinding of no known kind", { more: { tokenBinding: 7 } }],
  ])("[%s] %s", async (_rule, _what, given) => {
    const assertion = await ada.sign(challenge, given)
    expect(await theirs(ada, assertion)).toBe(false)
    expect(await ours(ada, assertion)).toBe(undefined)
  })
})

test("[C9.4] theirs refuses a counter that did not grow; ours has no memory", async () => {
  const assertion = await ada.sign(challenge, { signCount: 5 })
  expect(await theirs(ada, assertion, 5)).toBe(false)
  expect(await theirs(ada, assertion, 4)).toBe(true)
  expect(await ours(ada, assertion)).toBe(undefined)
})

test("[C9.9] theirs takes ES256 signatures that are not quite DER", async () => {
  const right = await cleo.sign(challenge)
  const [tag = 0, length = 0, ...rest] = right.signature
  // the length in two bytes where one is enough
  const assertion = { ...right, signature: Uint8Array.of(tag, 0x81, length, ...rest) }
  expect(await theirs(cleo, assertion)).toBe(true)
  expect(await ours(cleo, assertion)).toBe("bad_signature")
})
