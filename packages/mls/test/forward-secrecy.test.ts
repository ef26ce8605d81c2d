import { concatBytes, equalBytes } from "@holdfast/wire"
import type { CiphersuiteName } from "ts-mls"
import { encodeGroupContext } from "ts-mls/groupContext.js"
import * as rc from "ts-mls-rc"
import { describe, expect, test } from "vitest"
import { mlsLabel, vector } from "../src/codec.ts"
import { decodeOuter, openContent, openSenderData } from "../src/framing.ts"
import { currentEpoch, type Group, stateOf } from "../src/group.ts"
import { encrypt, receive } from "../src/index.ts"
import { expandWithLabel } from "../src/secret-tree.ts"
import { defaultSuiteName, suiteOf } from "../src/suite/suite.ts"
import { leafAt } from "../src/tree.ts"
import { anyone, commitAs, groupOf, people, utf8 } from "./people.ts"

/** Everything a removed member has, and everything that is public about the epoch they were removed from. */
interface Removed {
  readonly initSecret: Uint8Array
  readonly privateKeys: readonly Uint8Array[]
  /** The group context after the commit; whoever saw the commit can compute it. */
  readonly after: Parameters<typeof encodeGroupContext>[0]
  readonly before: Parameters<typeof encodeGroupContext>[0]
  readonly path: { readonly encryptedPathSecret: { kemOutput: Uint8Array; ciphertext: Uint8Array }[] }[] | undefined
  /** What only the remaining members should be able to derive. */
  readonly epochAuthenticator: Uint8Array
}

/** Tries everything a removed member could: no path at all, and every private key on every ciphertext of the path. */
async function canDeriveNextEpoch(r: Removed): Promise<boolean> {
  const { hkdf, hpke } = await suiteOf()
  const none = new Uint8Array()
  const zeroes = new Uint8Array(hkdf.size)
  const candidates: Uint8Array[] = [zeroes]
  const provisional = { ...r.before, epoch: r.before.epoch + 1n, treeHash: r.after.treeHash }
  const info = concatBytes(mlsLabel("UpdatePathNode"), vector(encodeGroupContext(provisional)))
  for (const { encryptedPathSecret } of r.path ?? []) {
    for (const { kemOutput, ciphertext } of encryptedPathSecret) {
      for (const key of r.privateKeys) {
        try {
          let secret = await hpke.open(hpke.kem.privateKey(key), kemOutput, info, none, ciphertext)
          for (let above = 0; above < 8; above++) {
            secret = expandWithLabel(hkdf, secret, "path", none)
            candidates.push(secret)
          }
        } catch {}
      }
    }
  }
  const context = encodeGroupContext(r.after)
  return candidates.some((commitSecret) => {
    const joiner = expandWithLabel(hkdf, hkdf.extract(r.initSecret, commitSecret), "joiner", context)
    const epoch = expandWithLabel(hkdf, hkdf.extract(joiner, zeroes), "epoch", context)
    return equalBytes(expandWithLabel(hkdf, epoch, "authentication", none), r.epochAuthenticator)
  })
}

async function seenBy(removed: Group, message: Uint8Array, pending: Group): Promise<Removed> {
  const suite = await suiteOf()
  const state = stateOf(removed)
  const outer = decodeOuter(message)
  const sender = await openSenderData(suite, currentEpoch(state), outer)
  const signer = leafAt(state.tree, sender.leaf)!
  const opened = await openContent(suite, currentEpoch(state), outer, sender, signer.signaturePublicKey)
  if (opened === "replayed") throw new Error(opened)
  return {
    initSecret: state.keys.initSecret,
    privateKeys: [...state.privateKeys.values()],
    before: state.context,
    after: stateOf(pending).context,
    path: opened.commit!.value.path?.nodes,
    epochAuthenticator: stateOf(pending).keys.epochAuthenticator,
  }
}

describe("[M5.1] a removed member cannot derive the next epoch", () => {
  for (const size of [2, 3, 4, 7]) {
    test(`ours, one of ${size} removed`, async () => {
      const everyone = await people(...["alice", "bob", "carol", "dave", "erin", "frank", "grace"].slice(0, size))
      const groups = await groupOf(...everyone)
      const leaver = size - 1
      const made = await commitAs(groups[0]!, { remove: [leaver] })
      expect(await canDeriveNextEpoch(await seenBy(groups[leaver]!, made.message, made.pending))).toBe(false)
      expect((await receive(groups[leaver]!, made.message, { roster: anyone })).kind).toBe("removed")
      const later = await encrypt(made.pending, utf8("not for the removed"))
      expect(await receive(groups[leaver]!, later.message, { roster: anyone })).toEqual({
        kind: "ignored",
        why: "future_epoch",
      })
    })
  }

  test("the check can fail: one who stays derives it with the same means", async () => {
    const groups = await groupOf(...(await people("alice", "bob", "carol")))
    const made = await commitAs(groups[0]!, { remove: [2] })
    expect(await canDeriveNextEpoch(await seenBy(groups[1]!, made.message, made.pending))).toBe(true)
  })

  test("a removal takes a fresh path even when none is asked for", async () => {
    const groups = await groupOf(...(await people("alice", "bob", "carol")))
    const made = await commitAs(groups[0]!, { remove: [2], addWithoutPath: true })
    expect(await canDeriveNextEpoch(await seenBy(groups[2]!, made.message, made.pending))).toBe(false)
  })
})

describe("ts-mls 2.0.0-rc.10 fails the same check, which is why 1.6.4 is pinned", () => {
  async function removal(leavers: number[]): Promise<Removed> {
    const context: rc.MlsContext = {
      cipherSuite: await rc.getCiphersuiteImpl(defaultSuiteName),
      authService: rc.unsafeTestingAuthenticationService,
    }
    const packages = await Promise.all(
      ["alice", "bob", "carol", "dave"].map((name) =>
        rc.generateKeyPackage({
          credential: { credentialType: rc.defaultCredentialTypes.basic, identity: utf8(name) },
          cipherSuite: context.cipherSuite,
        }),
      ),
    )
    const [alice, ...others] = packages as [(typeof packages)[0], ...typeof packages]
    const founded = await rc.createGroup({
      context,
      groupId: utf8("group"),
      keyPackage: alice.publicPackage,
      privateKeyPackage: alice.privatePackage,
    })
    const grown = await rc.createCommit({
      context,
      state: founded,
      ratchetTreeExtension: true,
      extraProposals: others.map((p) => ({
        proposalType: rc.defaultProposalTypes.add,
        add: { keyPackage: p.publicPackage },
      })),
    })
    const last = others.at(-1)!
    const victim = await rc.joinGroup({
      context,
      welcome: grown.welcome!.welcome,
      keyPackage: last.publicPackage,
      privateKeys: last.privatePackage,
    })
    const cut = await rc.createCommit({
      context,
      state: grown.newState,
      wireAsPublicMessage: true,
      extraProposals: leavers.map((removed) => ({
        proposalType: rc.defaultProposalTypes.remove,
        remove: { removed },
      })),
    })
    if (cut.commit.wireformat !== rc.wireformats.mls_public_message) throw new Error("not public")
    const { content } = cut.commit.publicMessage
    if (content.contentType !== rc.contentTypes.commit) throw new Error("not a commit")
    const plain = (c: rc.GroupContext) => ({
      version: "mls10" as const,
      // The two versions number this suite differently; an unknown name encodes as its number.
      cipherSuite: String(rc.ciphersuites[defaultSuiteName]) as CiphersuiteName,
      groupId: c.groupId,
      epoch: c.epoch,
      treeHash: c.treeHash,
      confirmedTranscriptHash: c.confirmedTranscriptHash,
      extensions: [],
    })
    return {
      initSecret: victim.keySchedule.initSecret,
      privateKeys: Object.values(victim.privatePath.privateKeys),
      before: plain(victim.groupContext),
      after: plain(cut.newState.groupContext),
      path: content.commit.path?.nodes,
      epochAuthenticator: cut.newState.keySchedule.epochAuthenticator,
    }
  }

  test("one member removed: no UpdatePath, and the removed member derives the next epoch", async () => {
    const removed = await removal([3])
    expect(removed.path).toBeUndefined()
    expect(await canDeriveNextEpoch(removed)).toBe(true)
  })

  test("two members removed: it is exactly one that is dangerous", async () => {
    const removed = await removal([2, 3])
    expect(removed.path).toBeDefined()
    expect(await canDeriveNextEpoch(removed)).toBe(false)
  })
})
