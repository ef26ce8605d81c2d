import { concatBytes, utf8 } from "@holdfast/wire"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type AssertionFault, assertionFaults, judgeAssertion, verifyAssertion } from "../src/index.ts"
import { type Circumstances, chromiumQuirk, passkeyOf, type TestPasskey, testOrigin } from "./authenticator.ts"
import { bytesFrom } from "./people.ts"

const challenge = bytesFrom("a statement", 32)
const other = bytesFrom("another statement", 32)
const ada = await passkeyOf("Ada")
const ben = await passkeyOf("Ben", { algorithm: "ES256" })
const cloud = await passkeyOf("Cleo", { algorithm: "ES256", backupEligible: true })

async function faultOf(passkey: TestPasskey, circumstances: Circumstances): Promise<AssertionFault | undefined> {
  return judgeAssertion(await passkey.sign(challenge, circumstances), passkey.record, challenge)
}

/** Client data as text, with the members of a right one. */
const clientData = (more: string) =>
  `{"type":"webauthn.get","challenge":"${Buffer.from(challenge).toString("base64url")}","origin":"${testOrigin}"${more}}`

describe("an assertion that is right", () => {
  test.each([ada, ben, cloud])("[C9.2] verifies, whatever the algorithm", async (passkey) => {
    const assertion = await passkey.sign(challenge)
    expect(await judgeAssertion(assertion, passkey.record, challenge)).toBe(undefined)
    expect(await verifyAssertion(assertion, passkey.record, challenge)).toBe(true)
  })

  test.each<[rule: string, what: string, Circumstances]>([
    ["C9.3", "without Chromium's extra member", { more: {} }],
    [
      "C9.3",
      "with members that nobody knows, nested",
      { more: { extra: { a: [1.5e3, null, { a: true }] }, ...chromiumQuirk } },
    ],
    ["C9.3", "with a byte order mark in front", { clientDataJson: `\ufeff${clientData("")}` }],
    ["C9.3", "with white space and another order", { clientDataJson: ` {"x":0,\n\t${clientData("").slice(1)}\r\n ` }],
    [
      "C9.3",
      "with escapes in a name and a value",
      { clientDataJson: clientData("").replace("type", "\\u0074ype").replace("get", "g\\u0065t") },
    ],
    [
      "C9.3",
      "with one name in two objects",
      { clientDataJson: clientData(',"a":{"type":1},"b":[{"type":2},{"type":3}]') },
    ],
    ["C9.4", "with extension data", { extensions: Uint8Array.of(0xa0) }],
    ["C9.4", "with a counter that runs backwards", { signCount: 0 }],
    ["C9.4", "with the highest counter", { signCount: 0xffff_ffff }],
    ["C9.4", "with the flags that mean nothing", { flags: 0x22 }],
    ["C9.6", "without crossOrigin", { crossOrigin: undefined }],
  ])("[%s] %s", async (_rule, _what, circumstances) => {
    expect(await faultOf(ada, circumstances)).toBe(undefined)
    expect(await faultOf(ben, circumstances)).toBe(undefined)
  })

  test("[C9.8] may be backed up or not, if it is eligible", async () => {
    expect(await faultOf(cloud, { backedUp: true })).toBe(undefined)
    expect(await faultOf(cloud, { backedUp: false })).toBe(undefined)
  })
})

const deep = (levels: number) => `,"a":${"[".repeat(levels)}${"]".repeat(levels)}`
const long = (bytes: number) => {
  const empty = clientData(',"a":""')
  return `${empty.slice(0, -2)}${"x".repeat(bytes - empty.length)}"}`
}

test("[C9.3] depth and length have exact limits", async () => {
  expect(await faultOf(ada, { clientDataJson: clientData(deep(7)) })).toBe(undefined)
  expect(await faultOf(ada, { clientDataJson: clientData(deep(8)) })).toBe("client_data_form")
  expect(await faultOf(ada, { clientDataJson: long(2_048) })).toBe(undefined)
  expect(await faultOf(ada, { clientDataJson: long(2_049) })).toBe("client_data_form")
})

test("[C9.4] the authenticator data has exact limits", async () => {
  expect(await faultOf(ada, { extensions: new Uint8Array(1_024 - 37) })).toBe(undefined)
  expect(await faultOf(ada, { extensions: new Uint8Array(1_025 - 37) })).toBe("authenticator_data_form")
})

const broken: readonly [rule: string, what: string, AssertionFault, Circumstances][] = [
  ["C9.3", "no object", "client_data_form", { clientDataJson: `[${clientData("")}]` }],
  ["C9.3", "no JSON", "client_data_form", { clientDataJson: clientData(",") }],
  ["C9.3", "nothing", "client_data_form", { clientDataJson: "" }],
  ["C9.3", "text after the object", "client_data_form", { clientDataJson: `${clientData("")}0` }],
  ["C9.3", "two byte order marks", "client_data_form", { clientDataJson: `\ufeff\ufeff${clientData("")}` }],
  [
    "C9.3",
    "bytes that are no UTF-8",
    "client_data_form",
    {
      clientDataJson: concatBytes(
        utf8(clientData("").slice(0, -1)),
        utf8(',"a":"'),
        Uint8Array.of(0xc0, 0x80),
        utf8('"}'),
      ),
    },
  ],
  ["C9.3", "a name twice", "client_data_form", { clientDataJson: clientData(`,"origin":"${testOrigin}"`) }],
  [
    "C9.3",
    "a name twice, once with an escape",
    "client_data_form",
    { clientDataJson: clientData(`,"\\u006frigin":"https://evil.example"`) },
  ],
  ["C9.3", "a name twice further in", "client_data_form", { clientDataJson: clientData(',"a":[{"b":1,"b":1}]') }],
  ["C9.3", "a lone surrogate", "client_data_form", { clientDataJson: clientData(',"a":"\\ud800"') }],
  ["C9.5", "the type of a registration", "wrong_type", { type: "webauthn.create" }],
  ["C9.5", "no type", "wrong_type", { clientDataJson: clientData("").replace("type", "kind") }],
  [
    "C9.5",
    "a padded challenge",
    "wrong_challenge",
    { clientDataJson: clientData("").replace('","origin', '=","origin') },
  ],
  [
    "C9.5",
    "a challenge that is no text",
    "wrong_challenge",
    { clientDataJson: clientData("").replace(/"challenge":"[^"]*"/, '"challenge":7') },
  ],
  ["C9.6", "another port", "wrong_origin", { origin: "http://holdfast-test.localhost:4401" }],
  ["C9.6", "https", "wrong_origin", { origin: "https://holdfast-test.localhost:4400" }],
  ["C9.6", "a slash after the origin", "wrong_origin", { origin: `${testOrigin}/` }],
  ["C9.6", "an origin in capitals", "wrong_origin", { origin: testOrigin.toUpperCase() }],
  ["C9.6", "inside another page", "cross_origin", { crossOrigin: true }],
  ["C9.6", "crossOrigin null", "cross_origin", { crossOrigin: null }],
  ["C9.6", "crossOrigin as text", "cross_origin", { crossOrigin: "false" }],
  ["C9.6", "crossOrigin 0", "cross_origin", { crossOrigin: 0 }],
  ["C9.6", "a top origin", "top_origin", { topOrigin: testOrigin }],
  ["C9.6", "a top origin of null", "top_origin", { topOrigin: null }],
  ["C9.4", "a byte too many", "authenticator_data_form", { surplus: Uint8Array.of(0) }],
  ["C9.6", "another RP ID", "wrong_rp_id", { rpId: "localhost" }],
  ["C9.7", "nobody there", "user_not_present", { userPresent: false }],
  ["C9.7", "nobody verified", "user_not_verified", { userVerified: false }],
  ["C9.8", "backed up and not eligible", "backed_up_not_eligible", { backedUp: true }],
  ["C9.8", "eligible, and it was not", "wrong_backup_eligibility", { backupEligible: true }],
  ["C9.4", "a new passkey's description", "attested_data", { attestedData: new Uint8Array(20) }],
]

describe("one broken case per rule", () => {
  test.each(broken)("[%s] %s", async (_rule, _what, fault, circumstances) => {
    for (const passkey of [ada, ben]) {
      const assertion = await passkey.sign(challenge, circumstances)
      expect(await judgeAssertion(assertion, passkey.record, challenge)).toBe(fault)
      expect(await verifyAssertion(assertion, passkey.record, challenge)).toBe(false)
    }
  })

  test("[C9.4] authenticator data that is too short", async () => {
    const assertion = await ada.sign(challenge)
    const short = { ...assertion, authenticatorData: assertion.authenticatorData.subarray(0, 36) }
    expect(await judgeAssertion(short, ada.record, challenge)).toBe("authenticator_data_form")
    expect(await faultOf(ada, { flags: 0x80 })).toBe("authenticator_data_form")
    expect(await faultOf(ada, { flags: 0x40 })).toBe("authenticator_data_form")
  })

  test("[C9.5] the challenge of another statement", async () => {
    expect(await judgeAssertion(await ada.sign(other), ada.record, challenge)).toBe("wrong_challenge")
  })

  test.each([0, 31, 33])("[C9.2] a challenge of %i bytes", async (length) => {
    const short = new Uint8Array(length)
    expect(await judgeAssertion(await ada.sign(short), ada.record, short)).toBe("challenge_length")
  })

  test("[C9.9] the signature of somebody else, of either algorithm, and none", async () => {
    const { signature } = await ben.sign(challenge)
    for (const passkey of [ada, cloud]) {
      const assertion = await passkey.sign(challenge)
      for (const wrong of [signature, new Uint8Array(), new Uint8Array(64), new Uint8Array(256)])
        expect(await judgeAssertion({ ...assertion, signature: wrong }, passkey.record, challenge)).toBe(
          "bad_signature",
        )
    }
  })

  test("[C9.1] a key that is none", async () => {
    const assertion = await ada.sign(challenge)
    for (const publicKey of [
      new Uint8Array(),
      ada.record.publicKey.subarray(10),
      concatBytes(ada.record.publicKey, Uint8Array.of(0)),
    ])
      expect(await judgeAssertion(assertion, { ...ada.record, publicKey }, challenge)).toBe("public_key_form")
  })

  test("every fault of the closed list is somewhere in these tests", () => {
    const elsewhere: readonly AssertionFault[] = ["public_key_form", "challenge_length", "bad_signature"]
    expect(new Set([...elsewhere, ...broken.map(([, , fault]) => fault)])).toEqual(new Set(assertionFaults))
  })
})

describe("anything else", () => {
  const parts = fc.record({
    authenticatorData: fc.uint8Array({ maxLength: 80 }),
    clientDataJson: fc.uint8Array({ maxLength: 80 }),
    signature: fc.uint8Array({ maxLength: 80 }),
  })

  test("[C9.2] random bytes are never right and never an exception", async () => {
    await fc.assert(
      fc.asyncProperty(parts, fc.uint8Array({ maxLength: 80 }), async (assertion, publicKey) => {
        expect(await verifyAssertion(assertion, { ...ada.record, publicKey }, challenge)).toBe(false)
        expect(await verifyAssertion(assertion, ben.record, challenge)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  test("[C9.2] any mix of right parts and random ones is never an exception, and right only as a whole", async () => {
    const right = await ben.sign(challenge)
    const maybe = fc.option(fc.uint8Array({ maxLength: 80 }), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(maybe, maybe, maybe, async (authenticatorData, clientDataJson, signature) => {
        const assertion = {
          authenticatorData: authenticatorData ?? right.authenticatorData,
          clientDataJson: clientDataJson ?? right.clientDataJson,
          signature: signature ?? right.signature,
        }
        const isWhole = authenticatorData === undefined && clientDataJson === undefined && signature === undefined
        expect(await verifyAssertion(assertion, ben.record, challenge)).toBe(isWhole)
      }),
      { numRuns: 300 },
    )
  })

  test.each([ada, ben, cloud])("[C9.2] no assertion verifies with any one bit of it changed", async (passkey) => {
    const right = await passkey.sign(challenge)
    for (const part of ["authenticatorData", "clientDataJson", "signature"] as const) {
      for (let bit = 0; bit < right[part].length * 8; bit++) {
        const bytes = Uint8Array.from(right[part])
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        expect(await verifyAssertion({ ...right, [part]: bytes }, passkey.record, challenge), `${part} ${bit}`).toBe(
          false,
        )
      }
    }
  })

  test("[C9.2] the same parts in a record that differs in one thing", async () => {
    const right = await cloud.sign(challenge)
    for (const record of [
      { ...cloud.record, rpId: "holdfast.localhost" },
      { ...cloud.record, origin: "http://holdfast-test.localhost:4401" },
      { ...cloud.record, backupEligible: false },
      { ...cloud.record, publicKey: ben.record.publicKey },
    ])
      expect(await verifyAssertion(right, record, challenge)).toBe(false)
  })
})
