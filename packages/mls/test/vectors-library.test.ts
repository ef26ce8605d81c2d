import { equalBytes, hex } from "@holdfast/wire"
import {
  decodeMlsMessage,
  encodeMlsMessage,
  joinGroup,
  type KeyPackage,
  makePskIndex,
  processMessage,
  type RatchetTree,
} from "ts-mls"
import { decodeAuthenticatedContent } from "ts-mls/authenticatedContent.js"
import { encode } from "ts-mls/codec/tlsEncoder.js"
import { determineLength } from "ts-mls/codec/variableLength.js"
import { commitEncoder, decodeCommit } from "ts-mls/commit.js"
import { refhash } from "ts-mls/crypto/hash.js"
import { decryptWithLabel, encryptWithLabel } from "ts-mls/crypto/hpke.js"
import { deriveSecret, deriveTreeSecret, expandWithLabel } from "ts-mls/crypto/kdf.js"
import { signWithLabel, verifyWithLabel } from "ts-mls/crypto/signature.js"
import { verifyConfirmationTag } from "ts-mls/framedContent.js"
import { encodeGroupContext } from "ts-mls/groupContext.js"
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from "ts-mls/groupInfo.js"
import { decodeGroupSecrets, encodeGroupSecrets } from "ts-mls/groupSecrets.js"
import { makeKeyPackageRef } from "ts-mls/keyPackage.js"
import { initializeEpoch, mlsExporter } from "ts-mls/keySchedule.js"
import { protectApplicationData, protectProposal, unprotectPrivateMessage } from "ts-mls/messageProtection.js"
import { protectProposalPublic, unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js"
import { verifyParentHashes } from "ts-mls/parentHash.js"
import {
  decodeProposal,
  decodeProposalAdd,
  decodeProposalExternalInit,
  decodeProposalGroupContextExtensions,
  decodeProposalPSK,
  decodeProposalReinit,
  decodeProposalRemove,
  encodeProposal,
  type Proposal,
} from "ts-mls/proposal.js"
import { accumulatePskSecret } from "ts-mls/pskIndex.js"
import {
  addLeafNode,
  decodeRatchetTree,
  encodeRatchetTree,
  removeLeafNode,
  resolution,
  updateLeafNode,
} from "ts-mls/ratchetTree.js"
import { createSecretTree, deriveKey, deriveNonce, ratchetUntil } from "ts-mls/secretTree.js"
import { expandSenderDataKey, expandSenderDataNonce } from "ts-mls/sender.js"
import { createConfirmedHash, createInterimHash } from "ts-mls/transcriptHash.js"
import { treeHash, treeHashRoot } from "ts-mls/treeHash.js"
import { left, nodeWidth, parent, right, root, sibling, toLeafIndex, toNodeIndex } from "ts-mls/treemath.js"
import { decryptGroupInfo, decryptGroupSecrets } from "ts-mls/welcome.js"
import { expect, test } from "vitest"
import { secretsOfJoiner, secretsOfNextEpoch } from "../src/key-schedule.ts"
import { suiteOf, vectorSuiteName } from "../src/suite/suite.ts"
import { everyNth, h, suiteById, vectorsOf } from "./vectors.ts"

/** The working group's vectors through the library, with our provider under suite 1 (M2.2). */

type Hex = string
const retention = { retainKeysForGenerations: 64, retainKeysForEpochs: 4, maximumForwardRatchetSteps: 200 }
const padding = { kind: "padUntilLength", padUntilLength: 0 } as const

function decoded<T>(result: [T, number] | undefined, bytes: Uint8Array): T {
  if (result === undefined || result[1] !== bytes.length) throw new Error("does not decode to its end")
  return result[0]
}

interface CryptoBasics {
  cipher_suite: number
  ref_hash: { label: string; value: Hex; out: Hex }
  expand_with_label: { secret: Hex; label: string; context: Hex; length: number; out: Hex }
  derive_secret: { secret: Hex; label: string; out: Hex }
  derive_tree_secret: { secret: Hex; label: string; generation: number; length: number; out: Hex }
  sign_with_label: { priv: Hex; pub: Hex; content: Hex; label: string; signature: Hex }
  encrypt_with_label: {
    priv: Hex
    pub: Hex
    label: string
    context: Hex
    plaintext: Hex
    kem_output: Hex
    ciphertext: Hex
  }
}

for (const v of vectorsOf<CryptoBasics>("mls/crypto-basics.json")) {
  test(`[M2.2] crypto-basics, suite ${v.cipher_suite}`, async () => {
    const cs = await suiteById(v.cipher_suite)
    expect(hex(await refhash(v.ref_hash.label, h(v.ref_hash.value), cs.hash))).toBe(v.ref_hash.out)
    const e = v.expand_with_label
    expect(hex(await expandWithLabel(h(e.secret), e.label, h(e.context), e.length, cs.kdf))).toBe(e.out)
    expect(hex(await deriveSecret(h(v.derive_secret.secret), v.derive_secret.label, cs.kdf))).toBe(v.derive_secret.out)
    const t = v.derive_tree_secret
    expect(hex(await deriveTreeSecret(h(t.secret), t.label, t.generation, t.length, cs.kdf))).toBe(t.out)
    const s = v.sign_with_label
    expect(await verifyWithLabel(h(s.pub), s.label, h(s.content), h(s.signature), cs.signature)).toBe(true)
    const own = await signWithLabel(h(s.priv), s.label, h(s.content), cs.signature)
    expect(await verifyWithLabel(h(s.pub), s.label, h(s.content), own, cs.signature)).toBe(true)
    const c = v.encrypt_with_label
    const key = await cs.hpke.importPrivateKey(h(c.priv))
    expect(hex(await decryptWithLabel(key, c.label, h(c.context), h(c.kem_output), h(c.ciphertext), cs.hpke))).toBe(
      c.plaintext,
    )
    const publicKey = await cs.hpke.importPublicKey(h(c.pub))
    const made = await encryptWithLabel(publicKey, c.label, h(c.context), h(c.plaintext), cs.hpke)
    expect(hex(await decryptWithLabel(key, c.label, h(c.context), made.enc, made.ct, cs.hpke))).toBe(c.plaintext)
  })
}

interface KeyScheduleVector {
  cipher_suite: number
  group_id: Hex
  initial_init_secret: Hex
  epochs: (Record<string, Hex> & { exporter: { label: string; context: Hex; length: number; secret: Hex } })[]
}

for (const v of vectorsOf<KeyScheduleVector>("mls/key-schedule.json")) {
  test(`[M2.2] key-schedule, suite ${v.cipher_suite}: ${v.epochs.length} epochs`, async () => {
    const cs = await suiteById(v.cipher_suite)
    let init = h(v.initial_init_secret) as Uint8Array
    for (const [i, epoch] of v.epochs.entries()) {
      const at = (name: string) => h(epoch[name] as Hex)
      const context = {
        version: "mls10" as const,
        cipherSuite: cs.name,
        groupId: h(v.group_id),
        epoch: BigInt(i),
        treeHash: at("tree_hash"),
        confirmedTranscriptHash: at("confirmed_transcript_hash"),
        extensions: [],
      }
      expect(hex(encodeGroupContext(context))).toBe(epoch.group_context)
      const made = await initializeEpoch(init, at("commit_secret"), context, at("psk_secret"), cs.kdf)
      const k = made.keySchedule
      if (v.cipher_suite === 1) {
        // Our own schedule gives the same secrets, all of them.
        const { hkdf } = await suiteOf(vectorSuiteName)
        const own = secretsOfNextEpoch(hkdf, init, at("commit_secret"), context, at("psk_secret"))
        const { keySchedule: keys, ...others } = made
        expect(own).toEqual({ keys, ...others })
        expect(secretsOfJoiner(hkdf, own.joinerSecret, context, at("psk_secret"))).toEqual(own)
      }
      const got = {
        joiner_secret: made.joinerSecret,
        welcome_secret: made.welcomeSecret,
        encryption_secret: made.encryptionSecret,
        init_secret: k.initSecret,
        sender_data_secret: k.senderDataSecret,
        exporter_secret: k.exporterSecret,
        epoch_authenticator: k.epochAuthenticator,
        external_secret: k.externalSecret,
        confirmation_key: k.confirmationKey,
        membership_key: k.membershipKey,
        resumption_psk: k.resumptionPsk,
      }
      for (const [name, value] of Object.entries(got)) expect([name, hex(value)]).toEqual([name, epoch[name]])
      const external = await cs.hpke.deriveKeyPair(k.externalSecret)
      expect(hex(await cs.hpke.exportPublicKey(external.publicKey))).toBe(epoch.external_pub)
      const x = epoch.exporter
      // The context is given as it is used: these labels are plain strings.
      expect(hex(await mlsExporter(k.exporterSecret, x.label, h(x.context), x.length, cs))).toBe(x.secret)
      init = k.initSecret
    }
  })
}

interface SecretTreeVector {
  cipher_suite: number
  encryption_secret: Hex
  sender_data: { sender_data_secret: Hex; ciphertext: Hex; key: Hex; nonce: Hex }
  leaves: {
    generation: number
    handshake_key: Hex
    handshake_nonce: Hex
    application_key: Hex
    application_nonce: Hex
  }[][]
}

for (const v of vectorsOf<SecretTreeVector>("mls/secret-tree.json")) {
  test(`[M2.2] secret-tree, suite ${v.cipher_suite}, ${v.leaves.length} leaves`, async () => {
    const cs = await suiteById(v.cipher_suite)
    const d = v.sender_data
    expect(hex(await expandSenderDataKey(cs, h(d.sender_data_secret), h(d.ciphertext)))).toBe(d.key)
    expect(hex(await expandSenderDataNonce(cs, h(d.sender_data_secret), h(d.ciphertext)))).toBe(d.nonce)
    const tree = await createSecretTree(v.leaves.length, h(v.encryption_secret), cs.kdf)
    for (const [i, leaf] of v.leaves.entries()) {
      for (const entry of leaf) {
        for (const kind of ["handshake", "application"] as const) {
          const [ratchet] = await ratchetUntil(tree[i * 2]![kind], entry.generation, retention, cs.kdf)
          expect(hex(await deriveKey(ratchet.secret, entry.generation, cs))).toBe(entry[`${kind}_key`])
          expect(hex(await deriveNonce(ratchet.secret, entry.generation, cs))).toBe(entry[`${kind}_nonce`])
        }
      }
    }
  })
}

interface Protection extends Record<string, unknown> {
  cipher_suite: number
  epoch: number
}

for (const v of vectorsOf<Protection>("mls/message-protection.json")) {
  test(`[M2.2] message-protection, suite ${v.cipher_suite}`, async () => {
    const cs = await suiteById(v.cipher_suite)
    const at = (name: string) => h(v[name] as Hex)
    const context = {
      version: "mls10" as const,
      cipherSuite: cs.name,
      groupId: at("group_id"),
      epoch: BigInt(v.epoch),
      treeHash: at("tree_hash"),
      confirmedTranscriptHash: at("confirmed_transcript_hash"),
      extensions: [],
    }
    const tree = await createSecretTree(2, at("encryption_secret"), cs.kdf)
    const nobody: RatchetTree = []
    const sender = at("sender_data_secret")
    const pub = at("signature_pub")
    const open = async (bytes: Uint8Array) => {
      const message = decoded(decodeMlsMessage(bytes, 0), bytes)
      if (message.wireformat === "mls_private_message") {
        return (
          await unprotectPrivateMessage(sender, message.privateMessage, tree, nobody, context, retention, cs, pub)
        ).content.content
      }
      if (message.wireformat !== "mls_public_message") throw new Error(message.wireformat)
      return (await unprotectPublicMessage(at("membership_key"), context, nobody, message.publicMessage, cs, pub))
        .content
    }
    const proposalOf = (c: Awaited<ReturnType<typeof open>>) =>
      c.contentType === "proposal" ? hex(encodeProposal(c.proposal)) : c.contentType
    const commitOf = (c: Awaited<ReturnType<typeof open>>) =>
      c.contentType === "commit" ? hex(encode(commitEncoder)(c.commit)) : c.contentType
    expect(proposalOf(await open(at("proposal_pub")))).toBe(v.proposal)
    expect(proposalOf(await open(at("proposal_priv")))).toBe(v.proposal)
    expect(commitOf(await open(at("commit_pub")))).toBe(v.commit)
    expect(commitOf(await open(at("commit_priv")))).toBe(v.commit)
    const application = await open(at("application_priv"))
    expect(application.contentType === "application" && hex(application.applicationData)).toBe(v.application)

    const none = new Uint8Array()
    const proposal = decoded(decodeProposal(at("proposal"), 0), at("proposal"))
    const key = at("signature_priv")
    const priv = await protectProposal(key, sender, proposal, none, context, tree, 1, padding, cs)
    const own = await unprotectPrivateMessage(sender, priv.privateMessage, tree, nobody, context, retention, cs, pub)
    expect(proposalOf(own.content.content)).toBe(v.proposal)
    const membershipKey = at("membership_key")
    const made = await protectProposalPublic(key, membershipKey, context, none, proposal, 1, cs)
    const ownPublic = await unprotectPublicMessage(membershipKey, context, nobody, made.publicMessage, cs, pub)
    expect(proposalOf(ownPublic.content)).toBe(v.proposal)
    const app = await protectApplicationData(key, sender, at("application"), none, context, tree, 1, padding, cs)
    const ownApp = await unprotectPrivateMessage(sender, app.privateMessage, tree, nobody, context, retention, cs, pub)
    expect(ownApp.content.content.contentType).toBe("application")
  })
}

for (const v of vectorsOf<Record<string, Hex> & { cipher_suite: never }>("mls/transcript-hashes.json")) {
  test(`[M2.2] transcript-hashes, suite ${v.cipher_suite as number}`, async () => {
    const cs = await suiteById(v.cipher_suite)
    const bytes = h(v.authenticated_content as Hex)
    const content = decoded(decodeAuthenticatedContent(bytes, 0), bytes)
    if (content.content.contentType !== "commit" || content.auth.contentType !== "commit") throw new Error("no commit")
    const input = {
      wireformat: content.wireformat,
      content: content.content as never,
      signature: content.auth.signature,
    }
    const before = h(v.interim_transcript_hash_before as Hex)
    const confirmed = await createConfirmedHash(before, input, cs.hash)
    expect(hex(confirmed)).toBe(v.confirmed_transcript_hash_after)
    const tag = content.auth.confirmationTag
    expect(hex(await createInterimHash(confirmed, tag, cs.hash))).toBe(v.interim_transcript_hash_after)
    expect(await verifyConfirmationTag(h(v.confirmation_key as Hex), tag, confirmed, cs.hash)).toBe(true)
  })
}

interface TreeMath {
  n_leaves: number
  n_nodes: number
  root: number
  left: (number | null)[]
  right: (number | null)[]
  parent: (number | null)[]
  sibling: (number | null)[]
}

test("[M2.2] tree-math", () => {
  const orNull = (f: () => number) => {
    try {
      return f()
    } catch {
      return null
    }
  }
  for (const v of vectorsOf<TreeMath>("mls/tree-math.json")) {
    expect(nodeWidth(v.n_leaves)).toBe(v.n_nodes)
    expect(root(v.n_leaves)).toBe(v.root)
    for (let i = 0; i < v.n_nodes; i++) {
      const n = toNodeIndex(i)
      expect(orNull(() => left(n))).toBe(v.left[i])
      expect(orNull(() => right(n))).toBe(v.right[i])
      expect(orNull(() => parent(n, v.n_leaves))).toBe(v.parent[i])
      expect(orNull(() => sibling(n, v.n_leaves))).toBe(v.sibling[i])
    }
  }
})

for (const [i, v] of vectorsOf<Record<string, Hex> & { proposal_sender: never }>(
  "mls/tree-operations.json",
).entries()) {
  test(`[M2.2] tree-operations ${i}`, async () => {
    const cs = await suiteById(1)
    const at = (name: string) => h(v[name] as Hex)
    const before = decoded(decodeRatchetTree(at("tree_before"), 0), at("tree_before"))
    expect(hex(await treeHashRoot(before, cs.hash))).toBe(v.tree_hash_before)
    const proposal = decoded(decodeProposal(at("proposal"), 0), at("proposal"))
    const after = applied(before, proposal, v.proposal_sender)
    expect(hex(encodeRatchetTree(after))).toBe(v.tree_after)
    expect(hex(await treeHashRoot(after, cs.hash))).toBe(v.tree_hash_after)
  })
}

function applied(tree: RatchetTree, proposal: Proposal, sender: number): RatchetTree {
  if (proposal.proposalType === "add") return addLeafNode(tree, proposal.add.keyPackage.leafNode)[0]
  if (proposal.proposalType === "remove") return removeLeafNode(tree, toLeafIndex(proposal.remove.removed))
  if (proposal.proposalType === "update") return updateLeafNode(tree, proposal.update.leafNode, toLeafIndex(sender))
  throw new Error("unexpected proposal")
}

interface TreeValidation {
  cipher_suite: number
  tree: Hex
  group_id: Hex
  tree_hashes: Hex[]
  resolutions: number[][]
}

test("[M2.2] tree-validation: 98 trees of seven suites", async () => {
  for (const v of vectorsOf<TreeValidation>("mls/tree-validation.json")) {
    const cs = await suiteById(v.cipher_suite)
    const tree = decoded(decodeRatchetTree(h(v.tree), 0), h(v.tree))
    for (const [i, expected] of v.resolutions.entries()) expect(resolution(tree, toNodeIndex(i))).toEqual(expected)
    // Suite 1 hashes every subtree here and again in our own code; the others their root.
    const nodes = v.cipher_suite === 1 ? v.tree_hashes.map((_, i) => i) : [root((tree.length + 1) / 2)]
    for (const i of nodes) expect(hex(await treeHash(tree, toNodeIndex(i), cs.hash))).toBe(v.tree_hashes[i])
    expect(await verifyParentHashes(tree, cs.hash)).toBe(true)
  }
})

interface WelcomeVector {
  cipher_suite: number
  init_priv: Hex
  signer_pub: Hex
  key_package: Hex
  welcome: Hex
}

for (const v of vectorsOf<WelcomeVector>("mls/welcome.json")) {
  test(`[M2.2] welcome, suite ${v.cipher_suite}`, async () => {
    const cs = await suiteById(v.cipher_suite)
    const welcomeMessage = decoded(decodeMlsMessage(h(v.welcome), 0), h(v.welcome))
    const keyPackageMessage = decoded(decodeMlsMessage(h(v.key_package), 0), h(v.key_package))
    if (welcomeMessage.wireformat !== "mls_welcome" || keyPackageMessage.wireformat !== "mls_key_package") {
      throw new Error("wrong wire format")
    }
    const { welcome } = welcomeMessage
    const ref = await makeKeyPackageRef(keyPackageMessage.keyPackage, cs.hash)
    const key = await cs.hpke.importPrivateKey(h(v.init_priv))
    const secrets = (await decryptGroupSecrets(key, ref, welcome, cs.hpke))!
    const noPsk = new Uint8Array(cs.kdf.size)
    const info = (await decryptGroupInfo(welcome, secrets.joinerSecret, noPsk, cs))!
    expect(await verifyGroupInfoSignature(info, h(v.signer_pub), cs.signature)).toBe(true)
    expect(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noPsk, cs)).toBe(true)
  })
}

interface PskVector {
  cipher_suite: number
  psks: { psk_id: Hex; psk: Hex; psk_nonce: Hex }[]
  psk_secret: Hex
}

test("[M2.2] psk_secret: 77 of seven suites", async () => {
  for (const v of vectorsOf<PskVector>("mls/psk_secret.json")) {
    const cs = await suiteById(v.cipher_suite)
    const ids = v.psks.map((p) => ({ psktype: "external" as const, pskId: h(p.psk_id), pskNonce: h(p.psk_nonce) }))
    const find = (id: Uint8Array) => v.psks.find((p) => equalBytes(h(p.psk_id), id))
    const index = {
      findPsk: (id: { psktype: string; pskId?: Uint8Array }) => {
        const found = id.pskId === undefined ? undefined : find(id.pskId)
        return found === undefined ? undefined : h(found.psk)
      },
    }
    const [secret] = await accumulatePskSecret(ids, index as never, cs, new Uint8Array(cs.kdf.size))
    expect(hex(secret)).toBe(v.psk_secret)
  }
})

interface PassiveClient {
  cipher_suite: number
  external_psks: { psk_id: Hex; psk: Hex }[]
  key_package: Hex
  signature_priv: Hex
  encryption_priv: Hex
  init_priv: Hex
  welcome: Hex
  ratchet_tree: Hex | null
  initial_epoch_authenticator: Hex
  epochs: { proposals: Hex[]; commit: Hex; epoch_authenticator: Hex }[]
}

test("[M2.2] passive-client-welcome: 56 of seven suites", async () => {
  for (const v of vectorsOf<PassiveClient>("mls/passive-client-welcome.json")) {
    const cs = await suiteById(v.cipher_suite)
    const welcome = decoded(decodeMlsMessage(h(v.welcome), 0), h(v.welcome))
    const keyPackage = decoded(decodeMlsMessage(h(v.key_package), 0), h(v.key_package))
    if (welcome.wireformat !== "mls_welcome" || keyPackage.wireformat !== "mls_key_package") throw new Error("format")
    const psks = Object.fromEntries(
      v.external_psks.map((p) => [Buffer.from(p.psk_id, "hex").toString("base64"), h(p.psk)]),
    )
    const tree = v.ratchet_tree === null ? undefined : decodeRatchetTree(h(v.ratchet_tree), 0)?.[0]
    const keys = {
      initPrivateKey: h(v.init_priv),
      hpkePrivateKey: h(v.encryption_priv),
      signaturePrivateKey: h(v.signature_priv),
    }
    const kp: KeyPackage = keyPackage.keyPackage
    let state = await joinGroup(welcome.welcome, kp, keys, makePskIndex(undefined, psks), cs, tree)
    expect(hex(state.keySchedule.epochAuthenticator)).toBe(v.initial_epoch_authenticator)
    for (const epoch of v.epochs) {
      for (const bytes of [...epoch.proposals, epoch.commit]) {
        const message = decoded(decodeMlsMessage(h(bytes), 0), h(bytes))
        if (message.wireformat !== "mls_private_message" && message.wireformat !== "mls_public_message") {
          throw new Error("format")
        }
        const result = await processMessage(message, state, makePskIndex(state, psks), () => "accept", cs)
        state = result.newState
      }
      expect(hex(state.keySchedule.epochAuthenticator)).toBe(epoch.epoch_authenticator)
    }
  }
})

test("[M2.2] messages: every 5th of 300, each structure decodes and encodes to itself", () => {
  const messageFields = [
    "mls_welcome",
    "mls_group_info",
    "mls_key_package",
    "public_message_application",
    "public_message_proposal",
    "public_message_commit",
    "private_message",
  ]
  // The proposals are given without their type in front.
  const typed: Record<string, [typeof decodeProposal, number]> = {
    add_proposal: [decodeProposalAdd, 1],
    remove_proposal: [decodeProposalRemove, 3],
    pre_shared_key_proposal: [decodeProposalPSK, 4],
    re_init_proposal: [decodeProposalReinit, 5],
    external_init_proposal: [decodeProposalExternalInit, 6],
    group_context_extensions_proposal: [decodeProposalGroupContextExtensions, 7],
  } as never
  for (const v of everyNth(vectorsOf<Record<string, Hex>>("mls/messages.json"), 5)) {
    for (const field of messageFields) {
      const bytes = h(v[field] as Hex)
      expect([field, hex(encodeMlsMessage(decoded(decodeMlsMessage(bytes, 0), bytes)))]).toEqual([field, v[field]])
    }
    for (const [field, [decode, type]] of Object.entries(typed)) {
      const bytes = h(v[field] as Hex)
      const expected = `000${type}${v[field]}`
      expect([field, hex(encodeProposal(decoded(decode(bytes, 0), bytes)))]).toEqual([field, expected])
    }
    const tree = h(v.ratchet_tree as Hex)
    expect(hex(encodeRatchetTree(decoded(decodeRatchetTree(tree, 0), tree)))).toBe(v.ratchet_tree)
    const secrets = h(v.group_secrets as Hex)
    expect(hex(encodeGroupSecrets(decoded(decodeGroupSecrets(secrets, 0), secrets)))).toBe(v.group_secrets)
    const commitBytes = h(v.commit as Hex)
    expect(hex(encode(commitEncoder)(decoded(decodeCommit(commitBytes, 0), commitBytes)))).toBe(v.commit)
  }
})

test("[M2.2] deserialization: vector lengths", () => {
  for (const v of vectorsOf<{ vlbytes_header: Hex; length: number }>("mls/deserialization.json")) {
    expect(determineLength(h(v.vlbytes_header), 0)).toEqual({
      length: v.length,
      lengthFieldSize: v.vlbytes_header.length / 2,
    })
  }
})
