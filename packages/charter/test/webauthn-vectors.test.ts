import { readFileSync } from "node:fs"
import path from "node:path"
import { fromHex } from "@holdfast/wire"
import { describe, expect, test } from "vitest"
import { type AssertionFault, decodeAuthenticatorData, judgeAssertion } from "../src/index.ts"

// WebAuthn Level 3, section "Test Vectors"
interface Vectors {
  readonly rpId: string
  readonly origin: string
  readonly vectors: readonly {
    readonly section: string
    readonly anchor: string
    readonly ceremonies: readonly { readonly ceremony: string; readonly fields: Readonly<Record<string, string>> }[]
  }[]
}
const file = path.resolve(import.meta.dirname, "../../../vectors/webauthn/webauthn-l3-test-vectors.json")
const { rpId, origin, vectors } = JSON.parse(readFileSync(file, "utf8")) as Vectors
const pairs = vectors.filter(({ ceremonies }) => ceremonies.length === 2)

/** The public key stands in the attestation object, in the authenticator data. */
function registered(attestationObject: Uint8Array) {
  // the text "authData" and the head of a byte string with a length of one or two bytes
  const at = Buffer.from(attestationObject).indexOf("hauthData") + 9
  const start = at + (attestationObject[at] === 0x58 ? 2 : 3)
  const bytes = attestationObject.subarray(start)
  const keyAt = 55 + new DataView(bytes.buffer, bytes.byteOffset).getUint16(53)
  // "fmt", "attStmt", "authData": the authenticator data is last in all of them, and the key last in it
  return { ...decodeAuthenticatorData(bytes, 4_096), publicKey: bytes.slice(keyAt) }
}

/** What our rules say of each: they ask for more than the vectors' own text, and know two algorithms. */
const verdicts: Readonly<Record<string, AssertionFault | undefined>> = {
  "sctn-test-vectors-none-es256": "user_not_verified",
  "sctn-test-vectors-packed-self-es256": "user_not_verified",
  "sctn-test-vectors-none-es256-crossOrigin": "cross_origin",
  "sctn-test-vectors-none-es256-topOrigin": "cross_origin",
  "sctn-test-vectors-none-es256-long-credential-id": undefined,
  "sctn-test-vectors-packed-es256": undefined,
  "sctn-test-vectors-packed-es384": "public_key_form",
  "sctn-test-vectors-packed-es512": "public_key_form",
  "sctn-test-vectors-packed-rs256": "public_key_form",
  "sctn-test-vectors-packed-eddsa": "user_not_verified",
  "sctn-test-vectors-packed-ed448": "public_key_form",
  "sctn-test-vectors-tpm-es256": undefined,
  "sctn-test-vectors-android-key-es256": "user_not_verified",
  "sctn-test-vectors-apple-es256": "user_not_verified",
  "sctn-test-vectors-fido-u2f-es256": "user_not_verified",
}

describe("WebAuthn Level 3 test vectors", () => {
  test("all 15 pairs are here", () => {
    expect(pairs.map(({ anchor }) => anchor).sort()).toEqual(Object.keys(verdicts).sort())
  })

  test.each(pairs)("[C9.2] $section", async ({ anchor, ceremonies }) => {
    const [registration, authentication] = ceremonies.map(({ fields }) => fields)
    const field = (name: string) => fromHex(authentication?.[name] ?? "")
    const { backupEligible, publicKey } = registered(fromHex(registration?.attestationObject ?? ""))
    const assertion = {
      authenticatorData: field("authenticatorData"),
      clientDataJson: field("clientDataJSON"),
      signature: field("signature"),
    }
    const fault = await judgeAssertion(assertion, { publicKey, rpId, origin, backupEligible }, field("challenge"))
    expect(fault).toBe(verdicts[anchor])
  })
})
