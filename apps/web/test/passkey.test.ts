// What browsers can answer beside a passkey. The right answers come from a real one: tests/browser/passkeys.test.ts.
import { toKeeperId, toOrgId } from "@holdfast/wire"
import { afterEach, describe, expect, test, vi } from "vitest"
import { canUsePasskeys, createPasskey, PasskeyError, signWithPasskey } from "../src/platform/passkey.ts"

class FakeCredential {
  readonly rawId = new Uint8Array([1, 2, 3]).buffer
  readonly response: unknown
  constructor(response: unknown) {
    this.response = response
  }
}
class FakeAttestation {
  readonly spki: Uint8Array | null
  readonly authenticatorData: Uint8Array
  constructor(spki: Uint8Array | null, authenticatorData: Uint8Array) {
    this.spki = spki
    this.authenticatorData = authenticatorData
  }
  getPublicKey = () => this.spki?.slice().buffer ?? null
  getAuthenticatorData = () => this.authenticatorData.slice().buffer
}
class FakeAssertion {}

/** A window at this address whose authenticator always answers so. */
function browser(address: string, answer: () => unknown = () => null) {
  const url = new URL(address)
  const ask = vi.fn(async (_options: unknown) => answer())
  vi.stubGlobal("location", { hostname: url.hostname, origin: url.origin })
  vi.stubGlobal("PublicKeyCredential", FakeCredential)
  vi.stubGlobal("AuthenticatorAttestationResponse", FakeAttestation)
  vi.stubGlobal("AuthenticatorAssertionResponse", FakeAssertion)
  vi.stubGlobal("navigator", { credentials: { create: ask, get: ask } })
  return ask
}
afterEach(() => vi.unstubAllGlobals())

const address = "http://holdfast.localhost:4400/"
const wanted = { name: "Ada", keeperId: toKeeperId(new Uint8Array(16)), org: toOrgId(new Uint8Array(32)) }
const create = () => createPasskey(wanted)
const sign = () =>
  signWithPasskey(new Uint8Array(32), { rpId: "holdfast.localhost", credentialIds: [Uint8Array.of(1)] })

/** A right Ed25519 key, then what a case makes of the rest. */
const spki = Uint8Array.from(
  Buffer.from(`302a300506032b6570032100${"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"}`, "hex"),
)
function registration(flags: number): Uint8Array {
  const bytes = new Uint8Array(100)
  bytes[32] = flags
  return bytes
}

async function expectCode(work: () => Promise<unknown>, code: string) {
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(PasskeyError)
  expect(error).toMatchObject({ code, message: expect.stringMatching(/^[A-Z].*\.$/) })
}

describe("where", () => {
  test.each([
    [address, true],
    ["http://v1.holdfast.localhost:4400/", true],
    ["http://localhost:4400/", false],
    ["http://127.0.0.1:4400/", false],
    ["https://relay.example/", false],
    ["https://holdfast.localhost:4400/", false],
    ["http://holdfast.localhost/", false],
  ])("[C9.10] %s: %s", async (at, isRight) => {
    const ask = browser(at)
    expect(canUsePasskeys()).toBe(isRight)
    if (isRight) return
    await expectCode(create, "wrong_name")
    await expectCode(sign, "wrong_name")
    expect(ask).not.toHaveBeenCalled()
  })

  test("a browser without passkeys", async () => {
    browser(address)
    Reflect.deleteProperty(globalThis, "PublicKeyCredential")
    expect(canUsePasskeys()).toBe(false)
    await expectCode(create, "not_supported")
    await expectCode(sign, "not_supported")
  })
})

describe("what the browser says", () => {
  test.each([
    ["NotAllowedError", "cancelled"],
    ["AbortError", "cancelled"],
    ["NotSupportedError", "not_supported"],
    ["ConstraintError", "not_supported"],
    ["SecurityError", "wrong_name"],
    ["UnknownError", "failed"],
  ])("%s is %s", async (name, code) => {
    browser(address, () => {
      throw new DOMException("in the words of the browser", name)
    })
    await expectCode(create, code)
    await expectCode(sign, code)
  })

  test("nothing, or something else", async () => {
    browser(address)
    await expectCode(create, "failed")
    await expectCode(sign, "failed")
    browser(address, () => new FakeCredential({}))
    await expectCode(create, "failed")
    await expectCode(sign, "failed")
  })
})

describe("a new passkey", () => {
  test("[C9.8] [C9.12] is asked for without attestation and with verification, and says if it can be copied", async () => {
    const ask = browser(address, () => new FakeCredential(new FakeAttestation(spki, registration(0x4d))))
    expect(await create()).toMatchObject({
      credentialId: Uint8Array.of(1, 2, 3),
      rpId: "holdfast.localhost",
      origin: "http://holdfast.localhost:4400",
      backupEligible: true,
    })
    expect(ask.mock.calls[0]?.[0]).toMatchObject({
      publicKey: { attestation: "none", authenticatorSelection: { userVerification: "required" } },
    })
  })

  test.each<[rule: string, what: string, Uint8Array | null, Uint8Array]>([
    ["C9.1", "no key that the browser can read", null, registration(0x45)],
    ["C9.1", "a key of another kind", spki.slice(0, -1), registration(0x45)],
    ["C9.4", "authenticator data of another form", spki, new Uint8Array(36)],
    ["C9.7", "nobody verified", spki, registration(0x41)],
  ])("[%s] is not taken with %s", async (_rule, _what, key, authenticatorData) => {
    browser(address, () => new FakeCredential(new FakeAttestation(key, authenticatorData)))
    await expectCode(create, "not_supported")
  })
})
