import { ed25519 as noble } from "@noble/curves/ed25519.js"
import { sha512 } from "@noble/hashes/sha2.js"
import type { Commit } from "ts-mls"
import { signKeyPackage } from "ts-mls/keyPackage.js"
import { signLeafNodeCommit } from "ts-mls/leafNode.js"
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest"
import { vector } from "../src/codec.ts"
import { commitIn } from "../src/commit.ts"
import { type Content, encodeApplication, encodeCommit, protect, signContent } from "../src/framing.ts"
import { currentEpoch, stateOf } from "../src/group.ts"
import { type Group, join, type KeyPackagePair, readKeyPackage, receive } from "../src/index.ts"
import { decodeKeyPackageMessage } from "../src/key-package.ts"
import { ed25519 } from "../src/suite/ed25519.ts"
import { type Suite, suiteOf } from "../src/suite/suite.ts"
import { forge, keyPackageMessage, pathFor, tagFor } from "./forge.ts"
import { anyone, groupOf, now, type Person, packageOf, people, utf8 } from "./people.ts"

/** The neutral element: the simplest R of low order. */
const neutral = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0))
const order = noble.Point.Fn.ORDER

const toNumber = (bytes: Uint8Array) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/**
 * A signature by the holder of the key, whose R is the neutral element: S = H(R, A, M) a, so that S B = R + H(R, A, M) A
 * holds. Node 20 and Chromium 156 accept it, Node 24 does not.
 */
async function signWeakly(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  const { scalar, pointBytes } = noble.utils.getExtendedPublicKey(seed)
  const k = toNumber(sha512.create().update(neutral).update(pointBytes).update(message).digest()) % order
  const s = (k * scalar) % order
  const signature = new Uint8Array(64)
  signature.set(neutral)
  for (let i = 0; i < 32; i++) signature[32 + i] = Number((s >> BigInt(8 * i)) & 0xffn)
  return signature
}

/** A platform that lets every signature pass says most about what we refuse by ourselves. */
function makePlatformLax() {
  vi.spyOn(crypto.subtle, "verify").mockResolvedValue(true)
}

let alice: Group
let bob: Group
let dave: Person
let weak: Suite

beforeAll(async () => {
  const [a, b, d] = await people("alice", "bob", "dave")
  dave = d!
  ;[alice, bob] = (await groupOf(a!, b!)) as [Group, Group]
  const suite = await suiteOf()
  weak = {
    ...suite,
    ed25519: { ...suite.ed25519, sign: signWeakly },
    mls: { ...suite.mls, signature: { ...suite.mls.signature, sign: signWeakly } },
  }
})

afterEach(() => vi.restoreAllMocks())

async function framed(type: Content["type"], body: Uint8Array, tail: Uint8Array, suite: Suite): Promise<Uint8Array> {
  const state = stateOf(alice)
  const content: Content = { type, sender: state.ownLeaf, authenticatedData: new Uint8Array(), body }
  const signature = await signContent(suite, state.signatureKey, state.context, content)
  return (await protect(suite, currentEpoch(state), content, signature, tail)).message
}

const atBob = async (message: Uint8Array) => {
  const got = await receive(bob, message, { roster: anyone })
  return got.kind === "ignored" ? got.why : got.kind
}

test("the weak signature satisfies Ed25519's equation", async () => {
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const message = utf8("x")
  const signature = await signWeakly(seed, message)
  expect(noble.verify(signature, message, noble.getPublicKey(seed), { zip215: true })).toBe(true)
  expect(await ed25519.verify(noble.getPublicKey(seed), message, signature)).toBe(false)
})

/** What each carries a signature of, and what must come of a weak one. */
const cases: Record<string, (suite: Suite) => Promise<string>> = {
  "an application message": async (suite) =>
    atBob(await framed("application", encodeApplication(utf8("x")), new Uint8Array(), suite)),
  "a commit": async (suite) => {
    const made = await pathFor(alice)
    const commit: Commit = { proposals: [], path: made.path }
    return atBob(await framed("commit", encodeCommit(commit), vector(new Uint8Array(64)), suite))
  },
  "the new leaf of a commit": async (suite) => {
    const state = stateOf(alice)
    const made = await pathFor(alice)
    const tbs = { ...made.path.leafNode, groupId: state.context.groupId, leafIndex: state.ownLeaf }
    const { signature } = await signLeafNodeCommit(tbs, state.signatureKey, suite.mls.signature)
    const commit: Commit = { proposals: [], path: { ...made.path, leafNode: { ...made.path.leafNode, signature } } }
    return atBob(await forge(alice, commit, await tagFor(alice, commit, made)))
  },
  "a key package": async (suite) => {
    const honest = decodeKeyPackageMessage((await packageOf(dave)).publicBytes)
    const signed = await signKeyPackage(honest, dave.device.privateKey, suite.mls.signature)
    return codeOf(readKeyPackage(keyPackageMessage(signed)))
  },
  "the group info of a welcome": async (suite) => {
    const pair: KeyPackagePair = await packageOf(dave)
    const { welcome } = await commitIn(suite, alice, {
      roster: anyone,
      now,
      add: [pair.publicBytes],
      addWithoutPath: true,
    })
    return codeOf(join(welcome!, pair, { roster: anyone }))
  },
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return "accepted"
  } catch (error) {
    return (error as { code: string }).code
  }
}

const refusals = ["invalid", "bad_signature"]

describe("[M2.7] a signature with an R of low order is refused", () => {
  for (const [name, run] of Object.entries(cases)) {
    test(`in ${name}`, async () => {
      expect(refusals).not.toContain(await run(await suiteOf()))
      expect(refusals).toContain(await run(weak))
    })
    test(`in ${name}, where the platform lets everything pass`, async () => {
      makePlatformLax()
      expect(refusals).not.toContain(await run(await suiteOf()))
      expect(refusals).toContain(await run(weak))
    })
  }
})
