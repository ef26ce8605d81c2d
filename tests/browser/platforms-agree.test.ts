// Node and Chromium have different cryptography inside. Whatever one of them makes the other has to take, and what one
// refuses the other must refuse, or members of one group would see different groups.
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { serveProbes } from "./platforms/probe-page.ts"
import * as node from "./platforms/probes.ts"
import { Profile } from "./stage/profile.ts"

type Probes = typeof node
type Name = keyof Probes

const vectors = path.resolve(import.meta.dirname, "../../vectors/cctv-ed25519")
const read = <T>(name: string) => JSON.parse(readFileSync(path.join(vectors, name), "utf8")) as T
const cases = read<node.SignatureCase[]>("ed25519vectors.json")
const seed = "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0"

let folder: string
let profile: Profile
let page: { address: string; close(): Promise<void> }
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "holdfast-platforms-"))
  page = await serveProbes()
  profile = new Profile(path.join(folder, "computer"))
  await profile.open(page.address)
  await profile.page.waitForFunction(() => "probes" in globalThis)
})
afterAll(async () => {
  await profile?.close()
  await page?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

/** The same question, asked in Chromium. */
function chromium<N extends Name>(name: N, ...args: Parameters<Probes[N]>): Promise<Awaited<ReturnType<Probes[N]>>> {
  return profile.page.evaluate(
    ([name, args]) => {
      const { probes } = globalThis as unknown as { probes: Record<string, (...args: unknown[]) => unknown> }
      return probes[name as string]?.(...(args as unknown[]))
    },
    [name, args] as const,
  ) as Promise<Awaited<ReturnType<Probes[N]>>>
}

describe("Ed25519 at its edges (C2SP/CCTV)", () => {
  const wanted = read<number[]>("accepted.json")

  test("[L5.2] Chromium accepts the same 43 of 914 as Node, and no other", async () => {
    expect(cases.length).toBe(914)
    expect(await node.accepted(cases)).toEqual(wanted)
    expect(await chromium("accepted", cases)).toEqual(wanted)
  })

  test.each(["platform", "noble"] as const)("the check that groups use decides alike over %s", async (backing) => {
    expect(await chromium("acceptedInGroups", cases, backing)).toEqual(await node.acceptedInGroups(cases, backing))
    expect(await chromium("acceptedInGroups", cases, backing)).toEqual(wanted)
  })
})

describe("the cipher suite", () => {
  test("[M2.4] keys, HKDF, HMAC, AES-GCM and signatures are the same bytes everywhere", async () => {
    const one = await node.derive(seed, "platform")
    expect(one.publicKey.length).toBe(2 * 1_216)
    expect(await node.derive(seed, "noble")).toEqual(one)
    expect(await chromium("derive", seed, "platform")).toEqual(one)
    expect(await chromium("derive", seed, "noble")).toEqual(one)
  })

  test.each([
    ["platform", "platform"],
    ["platform", "noble"],
    ["noble", "platform"],
  ] as const)("[M2.3] X-Wing from Chromium (%s) to Node (%s) and back", async (there, here) => {
    const { publicKey, privateKey } = await node.derive(seed, here)
    const toNode = await chromium("seal", publicKey, "from the page", there)
    expect(await node.open(privateKey, toNode, here)).toMatchObject({ words: "from the page", secret: toNode.secret })
    const toPage = await node.seal(publicKey, "from the terminal", here)
    expect(await chromium("open", privateKey, toPage, there)).toMatchObject({
      words: "from the terminal",
      secret: toPage.secret,
    })
  })

  test("one changed byte opens nowhere", async () => {
    const { publicKey, privateKey } = await node.derive(seed, "platform")
    const sealed = await node.seal(publicKey, "whole", "platform")
    const last = sealed.ct.endsWith("0") ? "1" : "0"
    const broken = { ...sealed, ct: `${sealed.ct.slice(0, -1)}${last}` }
    await expect(node.open(privateKey, broken, "platform")).rejects.toThrow()
    await expect(chromium("open", privateKey, broken, "platform")).rejects.toThrow()
  })
})

describe("one group, two platforms", () => {
  test("made in Node, joined in Chromium: the same epoch, messages and new keys both ways", async () => {
    await chromium("enter", await node.foundGroup("node", await chromium("offerKeyPackage", "page")))
    await expectSameEpoch()
    expect(await chromium("take", await node.write("hello page"))).toBe("hello page")
    expect(await node.take(await chromium("write", "hello terminal"))).toBe("hello terminal")

    expect(await chromium("take", await node.rekey())).toBe("advanced")
    const afterNode = await expectSameEpoch()
    expect(await node.take(await chromium("rekey"))).toBe("advanced")
    expect((await expectSameEpoch()).authenticator).not.toBe(afterNode.authenticator)
    expect(await chromium("take", await node.write("after new keys"))).toBe("after new keys")
    expect(await node.take(await chromium("write", "here too"))).toBe("here too")
  })

  test("made in Chromium, joined in Node", async () => {
    await node.enter(await chromium("foundGroup", "page", await node.offerKeyPackage("node")))
    await expectSameEpoch()
    expect(await node.take(await chromium("write", "from the founder"))).toBe("from the founder")
  })

  async function expectSameEpoch() {
    const here = await node.state()
    expect(here.members.length).toBe(2)
    expect(await chromium("state")).toEqual(here)
    return here
  }
})
