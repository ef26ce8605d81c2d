import { concatBytes } from "@holdfast/wire"
import { defaultAuthenticationService, defaultLifetimeConfig } from "ts-mls"
import { validateRatchetTree } from "ts-mls/clientState.js"
import { decodeWelcome, encodeWelcome } from "ts-mls/welcome.js"
import { beforeAll, describe, expect, test } from "vitest"
import { createGroupIn, stateOf } from "../src/group.ts"
import {
  type Committed,
  createGroup,
  decodeIdentity,
  encodeIdentity,
  encrypt,
  epochAuthenticator,
  type Group,
  groupBinding,
  join,
  type KeyPackagePair,
  keyPackageRef,
  maxBindingBytes,
  type Roster,
  readKeyPackage,
  receive,
  treeInWelcomeBytes,
  welcomeFor,
  welcomeRecipients,
} from "../src/index.ts"
import { decodeKeyPackageMessage } from "../src/key-package.ts"
import { bindingExtensionType } from "../src/leaf.ts"
import { suiteOf, vectorSuiteName } from "../src/suite/suite.ts"
import { keyPackageMessage, oddPackage } from "./forge.ts"
import {
  anyone,
  binding,
  commitAs,
  groupId,
  groupOf,
  joinWith,
  lifetime,
  type Person,
  packageOf,
  people,
  utf8,
} from "./people.ts"

let [alice, bob, carol]: Person[] = []
let pair: KeyPackagePair
let made: Committed

beforeAll(async () => {
  ;[alice, bob, carol] = await people("alice", "bob", "carol")
  const founded = await createGroup({ id: groupId(), binding, device: alice!.device })
  pair = await packageOf(bob!)
  made = await commitAs(founded, { add: [pair.publicBytes] })
})

const trailing = (bytes: Uint8Array) => concatBytes(bytes, Uint8Array.of(0))

describe("key packages", () => {
  test("[M3.3] say whose they are, for how long, and how a welcome names them", async () => {
    const view = await readKeyPackage(pair.publicBytes)
    expect(view).toMatchObject({
      identity: bob!.device.identity,
      signatureKey: bob!.device.publicKey,
      ...lifetime,
      suite: "MLS_256_XWING_AES256GCM_SHA512_Ed25519",
    })
    expect(view.ref).toEqual(await keyPackageRef(pair.publicBytes))
    expect(welcomeRecipients(made.welcome!)).toEqual([view.ref])
  })
  test("[M1.1] nothing after the end, nothing missing, no other wire format", async () => {
    const format = pair.publicBytes.slice()
    format[3] = 3
    for (const bad of [trailing(pair.publicBytes), pair.publicBytes.subarray(0, -1), format, new Uint8Array()]) {
      await expect(readKeyPackage(bad)).rejects.toThrow("malformed")
    }
  })
  test("[M3.3] both signatures count", async () => {
    const keyPackage = decodeKeyPackageMessage(pair.publicBytes.slice())
    for (const signature of [keyPackage.signature, keyPackage.leafNode.signature]) {
      signature[5]! ^= 1
      await expect(readKeyPackage(keyPackageMessage(keyPackage))).rejects.toThrow("bad_signature")
      signature[5]! ^= 1
    }
    expect((await readKeyPackage(keyPackageMessage(keyPackage))).notAfter).toBe(lifetime.notAfter)
  })
  const leaf: Record<string, [string, Record<string, unknown>]> = {
    "an x509 credential": ["unsupported", { credential: { credentialType: "x509", certificates: [] } }],
    "an identity of another version": [
      "malformed",
      { credential: { credentialType: "basic", identity: new Uint8Array(33) } },
    ],
    "a longer identity": [
      "malformed",
      { credential: { credentialType: "basic", identity: Uint8Array.of(1, ...new Uint8Array(33)) } },
    ],
    "no support for our suite": [
      "unsupported",
      {
        capabilities: {
          versions: ["mls10"],
          ciphersuites: [],
          extensions: [bindingExtensionType],
          proposals: [],
          credentials: ["basic"],
        },
      },
    ],
    "no support for the binding": [
      "unsupported",
      {
        capabilities: {
          versions: ["mls10"],
          ciphersuites: ["MLS_256_XWING_AES256GCM_SHA512_Ed25519"],
          extensions: [],
          proposals: [],
          credentials: ["basic"],
        },
      },
    ],
    "a leaf extension": ["unsupported", { extensions: [{ extensionType: 0xf00f, extensionData: new Uint8Array() }] }],
    "a short encryption key": ["malformed", { hpkePublicKey: new Uint8Array(32) }],
    "a lifetime that ends before it begins": ["malformed", { lifetime: { notBefore: 2n, notAfter: 1n } }],
    "a lifetime beyond what we count": ["malformed", { lifetime: { notBefore: 0n, notAfter: 1n << 63n } }],
  }
  for (const [name, [code, change]] of Object.entries(leaf)) {
    test(`[M3.2] refuses ${name}`, async () => {
      await expect(readKeyPackage(keyPackageMessage(await oddPackage(bob!, change)))).rejects.toThrow(code)
    })
  }
  const outer: Record<string, [string, Record<string, unknown>]> = {
    "another suite": ["unsupported", { cipherSuite: vectorSuiteName }],
    "an extension": ["unsupported", { extensions: [{ extensionType: 0xf00f, extensionData: new Uint8Array() }] }],
    "a short init key": ["malformed", { initKey: new Uint8Array(32) }],
  }
  for (const [name, [code, change]] of Object.entries(outer)) {
    test(`[M3.3] refuses ${name}`, async () => {
      await expect(readKeyPackage(keyPackageMessage(await oddPackage(bob!, {}, change)))).rejects.toThrow(code)
    })
  }
  test("[M3.3] refuses an init key that is also the leaf's", async () => {
    const key = new Uint8Array(1216)
    const odd = await oddPackage(bob!, { hpkePublicKey: key }, { initKey: key })
    await expect(readKeyPackage(keyPackageMessage(odd))).rejects.toThrow("malformed")
  })
  test("[M5.7] out of its lifetime it is not added", async () => {
    const [group] = await groupOf(alice!)
    for (const then of [lifetime.notBefore - 1, lifetime.notAfter + 1]) {
      await expect(commitAs(group!, { add: [pair.publicBytes], now: then })).rejects.toThrow("expired")
    }
    const made = await commitAs(group!, { add: [pair.publicBytes], now: lifetime.notAfter })
    expect(made.pending.memberCount).toBe(2)
  })
  test("[M3.1] an identity has one form", () => {
    const identity = alice!.device.identity
    expect(decodeIdentity(encodeIdentity(identity))).toEqual(identity)
    expect(() => decodeIdentity(trailing(encodeIdentity(identity)))).toThrow("malformed")
  })
})

describe("joining", () => {
  test("[M8.1] by a welcome; the joiner knows the binding and everyone in it", async () => {
    const { group, strangers } = await join(made.welcome!, pair, { roster: anyone })
    expect(strangers).toEqual([])
    expect(groupBinding(group)).toEqual(binding)
    expect(epochAuthenticator(group)).toEqual(epochAuthenticator(made.pending))
  })
  test("[M4.5] strangers are named, not hidden", async () => {
    const bobOnly: Roster = { admits: (leaf) => leaf.member[0] === "b".charCodeAt(0) }
    const { strangers } = await join(made.welcome!, pair, { roster: bobOnly })
    expect(strangers.map((member) => [member.leaf, member.identity])).toEqual([[0, alice!.device.identity]])
  })
  test("not_for_us", async () => {
    await expect(join(made.welcome!, await packageOf(carol!), { roster: anyone })).rejects.toThrow("not_for_us")
  })
  test("decrypt_failed with another device's private keys", async () => {
    const mixed = { publicBytes: pair.publicBytes, privateBytes: (await packageOf(bob!)).privateBytes }
    await expect(join(made.welcome!, mixed, { roster: anyone })).rejects.toThrow("decrypt_failed")
  })
  test("any changed byte of a welcome is refused", async () => {
    const welcome = made.welcome!
    for (let i = 0; i < welcome.length; i += 97) {
      const changed = welcome.slice()
      changed[i]! ^= 1
      await expect(join(changed, pair, { roster: anyone })).rejects.toThrow(
        /malformed|decrypt_failed|not_for_us|unsupported/,
      )
    }
    await expect(join(trailing(welcome), pair, { roster: anyone })).rejects.toThrow("malformed")
    await expect(
      join(welcome, { ...pair, privateBytes: trailing(pair.privateBytes) }, { roster: anyone }),
    ).rejects.toThrow("malformed")
  })
  test("[M2.1] a welcome of another suite", async () => {
    const welcome = decodeWelcome(made.welcome!.subarray(4), 0)![0]
    const other = concatBytes(made.welcome!.subarray(0, 4), encodeWelcome({ ...welcome, cipherSuite: vectorSuiteName }))
    await expect(join(other, pair, { roster: anyone })).rejects.toThrow("unsupported")
  })
  test("[M3.4] a binding has a limit, and no commit changes it", async () => {
    const options = { id: groupId(), device: alice!.device }
    await expect(createGroup({ ...options, binding: new Uint8Array(maxBindingBytes + 1) })).rejects.toThrow("too_large")
    const group = await createGroupIn(await suiteOf(), { ...options, binding: new Uint8Array(maxBindingBytes) })
    expect(groupBinding((await commitAs(group, {})).pending)).toEqual(new Uint8Array(maxBindingBytes))
  })
})

test("[M8.4] a welcome for two, cut down to each of them", async () => {
  const [group] = await groupOf(alice!)
  const pairs = [await packageOf(bob!), await packageOf(carol!)]
  const both = await commitAs(group!, { add: pairs.map((p) => p.publicBytes) })
  for (const one of pairs) {
    const ref = await keyPackageRef(one.publicBytes)
    const cut = welcomeFor(both.welcome!, ref)
    expect(welcomeRecipients(cut)).toEqual([ref])
    expect(cut.length).toBeLessThan(both.welcome!.length - 1_000)
    const { group: joined } = await join(cut, one, { roster: anyone })
    expect(epochAuthenticator(joined)).toEqual(epochAuthenticator(both.pending))
  }
  const stranger = await keyPackageRef(pair.publicBytes)
  expect(() => welcomeFor(both.welcome!, stranger)).toThrow("not_for_us")
})

describe("[M8.3] a tree that is too large for the welcome", () => {
  let pairs: KeyPackagePair[]
  let large: Committed
  beforeAll(async () => {
    const many = await people(...Array.from({ length: 26 }, (_, i) => `member ${i}`))
    pairs = await Promise.all(many.map(packageOf))
    const [group] = await groupOf(alice!)
    large = await commitAs(group!, { add: pairs.map((p) => p.publicBytes) })
  })
  test("comes beside it", async () => {
    expect(large.sizes.tree).toBeGreaterThan(treeInWelcomeBytes)
    expect(large.welcomeTree?.length).toBe(large.sizes.tree)
    expect(made.welcomeTree).toBeUndefined()
    await expect(join(large.welcome!, pairs[3]!, { roster: anyone })).rejects.toThrow("no_tree")
    const group = await joinWith(large, pairs[3]!)
    expect(epochAuthenticator(group)).toEqual(epochAuthenticator(large.pending))
  })
  test("[M8.2] and only the very one", async () => {
    const tree = large.welcomeTree!
    const withTree = (t: Uint8Array) => join(large.welcome!, pairs[3]!, { roster: anyone, tree: t })
    await expect(withTree(trailing(tree))).rejects.toThrow("malformed")
    for (let i = 200; i < tree.length; i += 4001) {
      const changed = tree.slice()
      changed[i]! ^= 1
      await expect(withTree(changed)).rejects.toThrow(/bad_tree|malformed/)
    }
    const other = await commitAs(large.pending, { add: [(await packageOf(carol!)).publicBytes] })
    await expect(withTree(other.welcomeTree!)).rejects.toThrow("bad_tree")
  })
})

test("[M8.2] a tree with nested unmerged leaves is accepted, which ts-mls refuses", async () => {
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"]
  let groups: (Group | undefined)[] = await groupOf(...(await people(...names)))
  const step = async (by: number, options: Parameters<typeof commitAs>[1]) => {
    const made = await commitAs(groups[by]!, options)
    groups = await Promise.all(
      groups.map(async (group, i) => {
        if (group === undefined) return undefined
        if (i === by) return made.pending
        const got = await receive(group, made.message, { roster: anyone })
        return got.kind === "advanced" ? got.group : undefined
      }),
    )
    return made
  }
  await step(0, { remove: [4, 6] })
  await step(5, {})
  await step(7, {})
  // Two new leaves under one fresh subtree: the upper node lists both, each lower node only its own.
  const [x, y] = await Promise.all((await people("x", "y")).map(packageOf))
  const made = await step(0, { add: [x!.publicBytes, y!.publicBytes] })
  const joined = await joinWith(made, x!)
  const second = await joinWith(made, y!)
  const { context, tree } = stateOf(joined)
  const { mls } = await suiteOf()
  const library = await validateRatchetTree(
    [...tree.nodes],
    context,
    defaultLifetimeConfig,
    defaultAuthenticationService,
    context.treeHash,
    mls,
  )
  expect(library?.message).toContain("must list leaf node in its unmerged_leaves")
  const sent = await encrypt(joined, utf8("hello"))
  for (const group of [...groups, second]) {
    if (group === undefined) continue
    expect((await receive(group, sent.message, { roster: anyone })).kind).toBe("application")
  }
  for (const by of [joined, second, groups[5]!]) {
    const next = await commitAs(by, {})
    for (const group of [...groups, joined, second]) {
      if (group === undefined || group === by) continue
      const got = await receive(group, next.message, { roster: anyone })
      expect(got.kind === "advanced" && epochAuthenticator(got.group)).toEqual(epochAuthenticator(next.pending))
    }
  }
})
