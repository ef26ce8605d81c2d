// Passkeys as browsers really make them: Chromium with its virtual authenticator, the product's own calls, and the verifier's
// answer in Node and in the page.
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { decodeCoseKey, isLocalPasskey } from "@holdfast/charter"
import { fromHex } from "@holdfast/wire"
import type { Frame, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { type HexAssertion, type HexPasskey, type passkeys as inPage, judge, type Refused } from "./passkeys/page.ts"
import { type AuthenticatorKind, VirtualAuthenticator } from "./passkeys/virtual-authenticator.ts"
import { type BuiltPage, buildScript, servePage } from "./stage/built-page.ts"
import { Profile } from "./stage/profile.ts"

const rpId = "holdfast-test.localhost"

let folder: string
let profile: Profile
let ours: BuiltPage
/** The same page on another port, as another program on this computer would have it. */
let neighbour: BuiltPage
let page: Page
let authenticator: VirtualAuthenticator | undefined

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "holdfast-passkeys-"))
  const parts = path.join(import.meta.dirname, "passkeys")
  const script = await buildScript(parts, path.join(parts, "page.ts"))
  ours = await servePage(script, "ours")
  neighbour = await servePage(script, "neighbour")
  profile = new Profile(path.join(folder, "computer"))
  page = await profile.open(`http://${rpId}:${ours.port}/`)
})
beforeEach(async () => {
  await go(rpId)
})
afterEach(async () => {
  await authenticator?.unplug()
  authenticator = undefined
})
afterAll(async () => {
  await profile?.close()
  await ours?.close()
  await neighbour?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

type Passkeys = typeof inPage
type Name = keyof Passkeys

async function go(host: string, port = ours.port): Promise<void> {
  await page.goto(`http://${host}:${port}/`)
  await page.waitForFunction(() => "passkeys" in globalThis)
}

function ask<N extends Name>(
  where: Page | Frame,
  name: N,
  ...args: Parameters<Passkeys[N]>
): Promise<Awaited<ReturnType<Passkeys[N]>>> {
  return where.evaluate(
    ([name, args]) => {
      const { passkeys } = globalThis as unknown as { passkeys: Record<string, (...args: unknown[]) => unknown> }
      return passkeys[name as string]?.(...(args as unknown[]))
    },
    [name, args] as const,
  ) as Promise<Awaited<ReturnType<Passkeys[N]>>>
}

async function plugIn(kind?: AuthenticatorKind): Promise<VirtualAuthenticator> {
  authenticator = await VirtualAuthenticator.plugIn(page, kind)
  return authenticator
}

function made<T extends object>(answer: T | Refused): T {
  if ("refused" in answer) throw new Error(`${answer.refused}: ${answer.sentence}`)
  return answer
}

const create = async (algorithm?: number) => made<HexPasskey>(await ask(page, "create", algorithm))
const sign = async (passkey: HexPasskey, challenge: string, where: Page | Frame = page) =>
  made<HexAssertion>(await ask(where, "sign", challenge, passkey.rpId, passkey.credentialId))

/** One answer from two platforms. */
async function verdict(assertion: HexAssertion, passkey: HexPasskey, challenge: string): Promise<string> {
  const here = await judge(assertion, passkey, challenge)
  expect(await ask(page, "judge", assertion, passkey, challenge)).toBe(here)
  return here
}

const newChallenge = () => randomBytes(32).toString("hex")
const algorithms = [
  ["EdDSA", -8],
  ["ES256", -7],
] as const

describe.each(algorithms)("a passkey with %s", (name, algorithm) => {
  test("[C9.1] [C9.2] is made, signs, and both platforms find it right", async () => {
    await plugIn()
    const passkey = await create(algorithm)
    expect(decodeCoseKey(fromHex(passkey.publicKey)).algorithm).toBe(name)
    expect(passkey).toMatchObject({ rpId, origin: `http://${rpId}:${ours.port}`, backupEligible: false })
    expect(isLocalPasskey(passkey.rpId, passkey.origin)).toBe(true)
    // more than once: Chromium adds its extra member now and then
    for (let i = 0; i < 5; i++) {
      const challenge = newChallenge()
      const assertion = await sign(passkey, challenge)
      expect(await verdict(assertion, passkey, challenge)).toBe("right")
      expect(await verdict(assertion, passkey, newChallenge())).toBe("wrong_challenge")
    }
  })

  test("[C9.9] is not another one", async () => {
    await plugIn()
    const [passkey, other] = [await create(algorithm), await create(algorithm)]
    const challenge = newChallenge()
    const assertion = await sign(passkey, challenge)
    expect(await verdict(assertion, other, challenge)).toBe("bad_signature")
    const flipped = assertion.signature.endsWith("0") ? "1" : "0"
    const broken = { ...assertion, signature: `${assertion.signature.slice(0, -1)}${flipped}` }
    expect(await verdict(broken, passkey, challenge)).toBe("bad_signature")
  })

  test("[C9.7] counts only if its owner was verified", async () => {
    const device = await plugIn()
    const passkey = await create(algorithm)
    const challenge = newChallenge()
    await device.setUserVerified(false)
    const anyhow = await ask(page, "signAnyhow", challenge, rpId, passkey.credentialId)
    expect(await verdict(anyhow, passkey, challenge)).toBe("user_not_verified")
    expect(await ask(page, "sign", challenge, rpId, passkey.credentialId)).toMatchObject({ refused: "cancelled" })
  })

  test("[C9.6] counts only from its own port, though the browser lets every port of the name ask", async () => {
    await plugIn()
    const passkey = await create(algorithm)
    const challenge = newChallenge()
    await go(rpId, neighbour.port)
    expect(await verdict(await sign(passkey, challenge), passkey, challenge)).toBe("wrong_origin")
    await go(`v1.${rpId}`)
    expect(await verdict(await sign(passkey, challenge), passkey, challenge)).toBe("wrong_origin")
  })

  test("[C9.6] counts only for its own RP ID", async () => {
    const device = await plugIn()
    await go(`v1.${rpId}`)
    const passkey = { ...(await create(algorithm)), rpId }
    const challenge = newChallenge()
    const assertion = await sign({ ...passkey, rpId: `v1.${rpId}` }, challenge)
    expect(await verdict(assertion, passkey, challenge)).toBe("wrong_rp_id")
    await device.moveTo(passkey.credentialId, rpId)
    expect(await verdict(await sign(passkey, challenge), passkey, challenge)).toBe("right")
  })

  test("[C9.8] says whether it may be copied, and that never changes", async () => {
    const device = await plugIn({ backupEligible: true, backedUp: true })
    const passkey = await create(algorithm)
    expect(passkey.backupEligible).toBe(true)
    const challenge = newChallenge()
    expect(await verdict(await sign(passkey, challenge), passkey, challenge)).toBe("right")
    await device.setBackup(passkey.credentialId, true, false)
    expect(await verdict(await sign(passkey, challenge), passkey, challenge)).toBe("right")
    await device.setBackup(passkey.credentialId, false, false)
    expect(await verdict(await sign(passkey, challenge), passkey, challenge)).toBe("wrong_backup_eligibility")
  })
})

describe("a page inside another one", () => {
  async function frameIn(host: string): Promise<Frame> {
    await go(host)
    await page.evaluate((source) => {
      const frame = document.createElement("iframe")
      frame.allow = "publickey-credentials-get *"
      frame.src = source
      document.body.append(frame)
    }, `http://${rpId}:${ours.port}/`)
    await page.waitForFunction(() => window.frames.length === 1)
    await expect.poll(() => page.frames().length).toBe(2)
    const frame = page.frames()[1]!
    await frame.waitForFunction(() => "passkeys" in globalThis)
    return frame
  }

  test.each(algorithms)("[C9.6] %s: cannot sign for people who look at a stranger's page", async (_name, algorithm) => {
    await plugIn()
    const passkey = await create(algorithm)
    const challenge = newChallenge()
    const frame = await frameIn("relay.localhost")
    const assertion = made<HexAssertion>(await ask(frame, "sign", challenge, rpId, passkey.credentialId))
    const client = JSON.parse(Buffer.from(assertion.clientDataJson, "hex").toString())
    expect(client).toMatchObject({ origin: passkey.origin, crossOrigin: true })
    expect(await verdict(assertion, passkey, challenge)).toBe("cross_origin")
  })

  test("[C9.6] may sign inside its own page", async () => {
    await plugIn()
    const passkey = await create()
    const challenge = newChallenge()
    const assertion = await sign(passkey, challenge, await frameIn(rpId))
    expect(await verdict(assertion, passkey, challenge)).toBe("right")
  })
})

describe("the product's calls", () => {
  test("[C9.1] without a wish of ours Chromium takes the first algorithm, Ed25519", async () => {
    await plugIn()
    expect(decodeCoseKey(fromHex((await create()).publicKey)).algorithm).toBe("EdDSA")
  })

  test("[C9.10] work under a name of this computer only", async () => {
    await plugIn()
    expect(await ask(page, "canUsePasskeys")).toBe(true)
    const passkey = await create()
    for (const host of ["localhost", "127.0.0.1"]) {
      await go(host)
      expect(await ask(page, "canUsePasskeys")).toBe(false)
      expect(await ask(page, "create")).toMatchObject({ refused: "wrong_name" })
      expect(await ask(page, "sign", newChallenge(), rpId, passkey.credentialId)).toMatchObject({
        refused: "wrong_name",
      })
    }
    await go("other.localhost")
    expect(await ask(page, "canUsePasskeys")).toBe(true)
    expect(await ask(page, "sign", newChallenge(), rpId, passkey.credentialId)).toMatchObject({ refused: "wrong_name" })
    // and the browser itself says no to whoever asks all the same
    await expect(ask(page, "signAnyhow", newChallenge(), rpId, passkey.credentialId)).rejects.toThrow("SecurityError")
  })

  test("[C9.7] an authenticator that verifies nobody is of no use", async () => {
    await plugIn({ userVerifies: false })
    expect(await ask(page, "create")).toMatchObject({ refused: "cancelled" })
  })

  test("a passkey that is not here reads as cancelled, because browsers do not tell", async () => {
    await plugIn()
    await create()
    const answer = await ask(page, "sign", newChallenge(), rpId, "00".repeat(32))
    expect(answer).toMatchObject({ refused: "cancelled", sentence: expect.stringMatching(/^[A-Z].*\.$/) })
  })

  test("complained about nothing else", () => {
    expect(profile.complaints).toEqual([])
  })
})
