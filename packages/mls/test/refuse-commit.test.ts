import type { Commit, Proposal } from "ts-mls"
import { signLeafNodeCommit } from "ts-mls/leafNode.js"
import { beforeAll, describe, expect, test } from "vitest"
import { stateOf } from "../src/group.ts"
import { encodeGroup, type Group, type Received, type Roster, receive } from "../src/index.ts"
import { decodeKeyPackageMessage } from "../src/key-package.ts"
import { suiteOf } from "../src/suite/suite.ts"
import { leafAt } from "../src/tree.ts"
import { byValue, type Change, forge, oddPackage, pathFor, tagFor, withLeaf } from "./forge.ts"
import { anyone, commitAs, groupOf, type Person, packageOf, people, utf8 } from "./people.ts"

let dave: Person
let alice: Group
let bob: Group
let carol: Group

beforeAll(async () => {
  const [a, b, c, d] = await people("alice", "bob", "carol", "dave")
  dave = d!
  ;[alice, bob, carol] = (await groupOf(a!, b!, c!)) as [Group, Group, Group]
})

/** What bob makes of alice's forgery; his state must not have moved. */
async function atBob(message: Uint8Array, roster: Roster = anyone): Promise<Received> {
  const before = encodeGroup(bob)
  const got = await receive(bob, message, { roster })
  expect(encodeGroup(bob)).toEqual(before)
  return got
}

const why = (got: Received) => (got.kind === "ignored" ? got.why : got.kind)

async function forged(change: Change, edit: (commit: Commit) => Commit | Promise<Commit> = (c) => c) {
  const made = await pathFor(alice, change)
  const removes = (change.remove ?? []).map((removed): Proposal => ({ proposalType: "remove", remove: { removed } }))
  const adds = (change.add ?? []).map((keyPackage): Proposal => ({ proposalType: "add", add: { keyPackage } }))
  const commit = await edit({ proposals: byValue(...removes, ...adds), path: made.path })
  return forge(alice, commit, await tagFor(alice, commit, made))
}

/** Keys of the right length that no one can encapsulate to. */
const unusable: Record<string, (key: Uint8Array) => Uint8Array> = {
  "ML-KEM coefficients out of range": (key) => Uint8Array.from(key, (byte, i) => (i < 300 ? 0xff : byte)),
  "an X25519 point of small order": (key) => Uint8Array.from(key, (byte, i) => (i < 1184 ? byte : i === 1184 ? 1 : 0)),
}

test("the forge makes commits that are fine when nothing is wrong with them", async () => {
  expect(why(await atBob(await forged({})))).toBe("advanced")
  expect(why(await atBob(await forged({ remove: [2] })))).toBe("advanced")
  const add = [decodeKeyPackageMessage((await packageOf(dave)).publicBytes)]
  expect(why(await atBob(await forged({ add })))).toBe("advanced")
})

describe("[M5.2] [M5.8] proposals we do not use", () => {
  const none = new Uint8Array()
  const proposals: Record<string, () => Proposal | Promise<Proposal>> = {
    update: async () => {
      const own = leafAt(stateOf(alice).tree, 0)!
      const tbs = { ...own, leafNodeSource: "update" as const, groupId: alice.id, leafIndex: 0 }
      const leaf = await signLeafNodeCommit(tbs as never, stateOf(alice).signatureKey, (await suiteOf()).mls.signature)
      return {
        proposalType: "update",
        update: { leafNode: { ...leaf, leafNodeSource: "update" } },
      } as unknown as Proposal
    },
    psk: () => ({
      proposalType: "psk",
      psk: { preSharedKeyId: { psktype: "external", pskId: utf8("id"), pskNonce: new Uint8Array(64) } },
    }),
    reinit: () => ({
      proposalType: "reinit",
      reinit: { groupId: alice.id, version: "mls10", cipherSuite: stateOf(alice).context.cipherSuite, extensions: [] },
    }),
    external_init: () => ({ proposalType: "external_init", externalInit: { kemOutput: new Uint8Array(1120) } }),
    group_context_extensions: () => ({
      proposalType: "group_context_extensions",
      groupContextExtensions: { extensions: [...stateOf(alice).context.extensions] },
    }),
    "a private type": () => ({ proposalType: 0xf123, proposalData: none }) as Proposal,
  }
  for (const [name, make] of Object.entries(proposals)) {
    test(name, async () => {
      const proposal = await make()
      const message = await forged({}, (commit) => ({ ...commit, proposals: byValue(proposal) }))
      expect(why(await atBob(message))).toBe("unsupported")
    })
  }
  test("by reference", async () => {
    const message = await forged({}, (commit) => ({
      ...commit,
      proposals: [{ proposalOrRefType: "reference", reference: new Uint8Array(64) }],
    }))
    expect(why(await atBob(message))).toBe("unsupported")
  })
  test("a proposal on its own", async () => {
    const message = await forge(alice, { proposals: [], path: undefined }, undefined, "proposal")
    expect(why(await atBob(message))).toBe("unsupported")
  })
})

describe("[M5.3] removes", () => {
  const remove = (removed: number): Proposal => ({ proposalType: "remove", remove: { removed } })
  const cases: Record<string, Proposal[]> = {
    "the committer": [remove(0)],
    "a blank leaf": [remove(3)],
    "a leaf beyond the tree": [remove(4_000_000_000)],
    "one leaf twice": [remove(2), remove(2)],
  }
  for (const [name, proposals] of Object.entries(cases)) {
    test(name, async () => {
      const message = await forged({}, (commit) => ({ ...commit, proposals: byValue(...proposals) }))
      expect(why(await atBob(message))).toBe("invalid")
    })
  }
  test("[M5.1] without a path", async () => {
    const message = await forged({ remove: [2] }, (commit) => ({ ...commit, path: undefined }))
    expect(why(await atBob(message))).toBe("invalid")
  })
  test("[M5.1] nothing at all, without a path", async () => {
    expect(why(await atBob(await forged({}, (commit) => ({ ...commit, path: undefined }))))).toBe("invalid")
  })
})

describe("[M5.4] adds", () => {
  const addOf = (...add: Awaited<ReturnType<typeof oddPackage>>[]) => forged({ add })
  test("[M4.3] not admitted by the roster", async () => {
    const roster: Roster = { admits: (leaf) => leaf.member[0] !== dave.device.identity.member[0] }
    expect(why(await atBob(await addOf(await oddPackage(dave)), roster))).toBe("not_admitted")
  })
  test("a device that is in the group already", async () => {
    const [bobAgain] = await people("bob")
    expect(why(await atBob(await addOf(await oddPackage(bobAgain!))))).toBe("invalid")
  })
  test("a signature key that is in the group already", async () => {
    const twin: Person = { name: "twin", device: { ...dave.device, privateKey: stateOf(carol).signatureKey } }
    const carolLeaf = leafAt(stateOf(carol).tree, 2)!
    const keyPackage = await oddPackage(twin, { signaturePublicKey: carolLeaf.signaturePublicKey })
    expect(why(await atBob(await addOf(keyPackage)))).toBe("invalid")
  })
  test("an encryption key that is in the tree already", async () => {
    const { hpkePublicKey } = leafAt(stateOf(alice).tree, 2)!
    expect(why(await atBob(await addOf(await oddPackage(dave, { hpkePublicKey }))))).toBe("invalid")
  })
  test("the same device twice", async () => {
    expect(why(await atBob(await addOf(await oddPackage(dave), await oddPackage(dave))))).toBe("invalid")
  })
  test("[M3.3] a key package whose signature is wrong", async () => {
    const keyPackage = await oddPackage(dave)
    keyPackage.signature[0]! ^= 1
    expect(why(await atBob(await addOf(keyPackage)))).toBe("invalid")
  })
  test("[M3.3] a leaf whose signature is wrong", async () => {
    const keyPackage = await oddPackage(dave)
    keyPackage.leafNode.signature[0]! ^= 1
    expect(why(await atBob(await addOf(keyPackage)))).toBe("invalid")
  })
  for (const [name, spoil] of Object.entries(unusable)) {
    test(`[M3.5] a leaf nobody can seal to: ${name}`, async () => {
      const { leafNode } = await oddPackage(dave)
      const keyPackage = await oddPackage(dave, { hpkePublicKey: spoil(leafNode.hpkePublicKey) })
      // Made without a path: our own committer could not even seal to it.
      const adds = byValue({ proposalType: "add", add: { keyPackage } })
      expect(why(await atBob(await forge(alice, { proposals: adds, path: undefined })))).toBe("invalid")
    })
    test(`[M3.5] an init key nobody can seal to: ${name}`, async () => {
      const keyPackage = await oddPackage(dave, {}, { initKey: spoil((await oddPackage(dave)).initKey) })
      expect(why(await atBob(await addOf(keyPackage)))).toBe("invalid")
    })
  }
  test("[M2.1] another cipher suite", async () => {
    const cipherSuite = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"
    expect(why(await atBob(await addOf(await oddPackage(dave, {}, { cipherSuite }))))).toBe("unsupported")
  })
})

describe("[M5.5] the committer's path", () => {
  const edited = (edit: (path: NonNullable<Commit["path"]>) => Commit["path"] | Promise<Commit["path"]>) =>
    forged({}, async (commit) => ({ ...commit, path: await edit(commit.path!) }))

  test("[M4.2] a committer the roster no longer admits", async () => {
    const roster: Roster = { admits: (leaf) => leaf.member[0] !== "a".charCodeAt(0) }
    expect(why(await atBob(await forged({}), roster))).toBe("not_admitted")
  })
  test("another identity in the fresh leaf", async () => {
    const { credential } = await oddPackage(dave).then((k) => k.leafNode)
    const message = await edited((path) => withLeaf(alice, path, { credential }))
    expect(why(await atBob(message))).toBe("not_admitted")
  })
  test("another signature key in the fresh leaf", async () => {
    const signaturePublicKey = dave.device.publicKey
    const message = await edited((path) => withLeaf(alice, path, { signaturePublicKey }, dave.device.privateKey))
    expect(why(await atBob(message))).toBe("not_admitted")
  })
  test("a fresh leaf that is not signed for this place", async () => {
    const message = await edited((path) => {
      const signature = path.leafNode.signature.slice()
      signature[0]! ^= 1
      return { ...path, leafNode: { ...path.leafNode, signature } }
    })
    expect(why(await atBob(message))).toBe("invalid")
  })
  test("the old encryption key again", async () => {
    const { hpkePublicKey } = leafAt(stateOf(alice).tree, 0)!
    expect(why(await atBob(await edited((path) => withLeaf(alice, path, { hpkePublicKey }))))).toBe("invalid")
  })
  test("a leaf extension", async () => {
    const extensions = [{ extensionType: 0xf00f, extensionData: new Uint8Array() }]
    expect(why(await atBob(await edited((path) => withLeaf(alice, path, { extensions }))))).toBe("unsupported")
  })
  test("a wrong parent hash", async () => {
    const parentHash = new Uint8Array(64)
    expect(why(await atBob(await edited((path) => withLeaf(alice, path, { parentHash }))))).toBe("invalid")
  })
  for (const [name, spoil] of Object.entries(unusable)) {
    test(`[M3.5] a key nobody can seal to: ${name}`, async () => {
      const nobody = async (path: NonNullable<Commit["path"]>) =>
        withLeaf(alice, path, { hpkePublicKey: spoil(path.leafNode.hpkePublicKey) })
      expect(why(await atBob(await edited(nobody)))).toBe("invalid")
    })
  }
  test("one node too few", async () => {
    expect(why(await atBob(await edited((path) => ({ ...path, nodes: path.nodes.slice(1) }))))).toBe("invalid")
  })
  test("one key twice", async () => {
    const message = await edited((path) => ({
      ...path,
      nodes: path.nodes.map((node) => ({ ...node, hpkePublicKey: path.nodes[0]!.hpkePublicKey })),
    }))
    expect(why(await atBob(message))).toBe("invalid")
  })
  test("one ciphertext too many", async () => {
    const message = await edited((path) => ({
      ...path,
      nodes: path.nodes.map((node) => ({
        ...node,
        encryptedPathSecret: [...node.encryptedPathSecret, node.encryptedPathSecret[0]!],
      })),
    }))
    expect(why(await atBob(message))).toBe("invalid")
  })
})

describe("[M6.5] commits that everyone accepts and bob cannot follow", () => {
  test("a path secret that does not open for bob, but does for carol", async () => {
    const made = await pathFor(alice)
    const nodes = made.path.nodes.map((node, i) =>
      i > 0
        ? node
        : {
            ...node,
            encryptedPathSecret: node.encryptedPathSecret.map((c) => ({
              ...c,
              ciphertext: new Uint8Array(c.ciphertext.length),
            })),
          },
    )
    const commit: Commit = { proposals: [], path: { ...made.path, nodes } }
    const message = await forge(alice, commit, await tagFor(alice, commit, made))
    const got = await atBob(message)
    expect(got).toMatchObject({ kind: "unopenable", selfRemoved: false, committer: { leaf: 0 } })
    expect((await receive(carol, message, { roster: anyone })).kind).toBe("advanced")
  })
  test("a path secret that opens but belongs to other keys", async () => {
    const [made, other] = [await pathFor(alice), await pathFor(alice)]
    // The tree differs, so the secrets are sealed anew for the tree that is announced.
    const suite = await suiteOf()
    const { concatBytes } = await import("@holdfast/wire")
    const { encodeGroupContext } = await import("ts-mls/groupContext.js")
    const { mlsLabel, vector } = await import("../src/codec.ts")
    const { filteredPath, treeHash } = await import("../src/tree.ts")
    const { context } = stateOf(alice)
    const provisional = { ...context, epoch: context.epoch + 1n, treeHash: treeHash(suite.hkdf, made.tree) }
    const info = concatBytes(mlsLabel("UpdatePathNode"), vector(encodeGroupContext(provisional)))
    const steps = filteredPath(made.before, 0)
    const nodes = await Promise.all(
      made.path.nodes.map(async (node, i) => ({
        ...node,
        encryptedPathSecret: await Promise.all(
          steps[i]!.resolution.map(async (n) => {
            const secret = other.secretByNode.get(steps[i]!.node)!
            const sealed = await suite.hpke.seal(
              leafAt(made.before, n / 2)!.hpkePublicKey,
              info,
              new Uint8Array(),
              secret,
            )
            return { kemOutput: sealed.enc, ciphertext: sealed.ciphertext }
          }),
        ),
      })),
    )
    const commit: Commit = { proposals: [], path: { ...made.path, nodes } }
    expect((await atBob(await forge(alice, commit, await tagFor(alice, commit, other)))).kind).toBe("unopenable")
  })
  test("a wrong confirmation tag", async () => {
    const made = await pathFor(alice)
    const message = await forge(alice, { proposals: [], path: made.path }, new Uint8Array(64))
    expect((await atBob(message)).kind).toBe("unopenable")
  })
  test("whoever such a commit removes still learns that it did", async () => {
    const made = await pathFor(alice, { remove: [1] })
    const commit: Commit = { proposals: byValue({ proposalType: "remove", remove: { removed: 1 } }), path: made.path }
    expect((await atBob(await forge(alice, commit))).kind).toBe("removed")
  })
})

test("[M6.2] carol cannot commit or speak as alice", async () => {
  const made = await pathFor(carol)
  expect(why(await atBob(await forge(carol, { proposals: [], path: made.path }, undefined, "commit", 0)))).toBe(
    "invalid",
  )
  expect(why(await atBob(await forge(carol, { proposals: [], path: undefined }, undefined, "application", 0)))).toBe(
    "invalid",
  )
})

test("[M6.6] the caller's own rule can refuse a commit", async () => {
  const { message } = await commitAs(alice, { remove: [2], authenticatedData: utf8("pin") })
  const seen: unknown[] = []
  const got = await receive(bob, message, {
    roster: anyone,
    checkCommit: (view) => {
      seen.push([view.committer.leaf, view.removed.map((m) => m.leaf), view.updated, view.authenticatedData])
      return false
    },
  })
  expect(got).toEqual({ kind: "ignored", why: "not_admitted" })
  expect(seen).toEqual([[0, [2], true, utf8("pin")]])
})
