import type { GroupContext } from "ts-mls"
import type { KeySchedule } from "ts-mls/keySchedule.js"
import { type Content, confirmedHash } from "./framing.ts"
import type { GroupState } from "./group.ts"
import { secretsOfNextEpoch } from "./key-schedule.ts"
import { makeSecretTree, type SecretTree } from "./secret-tree.ts"
import type { Suite } from "./suite/suite.ts"
import { leafCountOf, type Tree, treeHash } from "./tree.ts"

export interface NextEpoch {
  readonly context: GroupContext
  readonly keys: KeySchedule
  readonly secrets: SecretTree
  readonly joinerSecret: Uint8Array
  readonly welcomeSecret: Uint8Array
  readonly confirmationTag: Uint8Array
}

/** The key schedule from one epoch to the next (RFC 9420 section 8), and the confirmation tag its commit must carry. */
export function nextEpoch(
  suite: Suite,
  state: GroupState,
  tree: Tree,
  content: Content,
  signature: Uint8Array,
  commitSecret: Uint8Array,
): NextEpoch {
  const { hkdf } = suite
  const context: GroupContext = {
    ...state.context,
    epoch: state.context.epoch + 1n,
    treeHash: treeHash(hkdf, tree),
    confirmedTranscriptHash: confirmedHash(suite, state.context, state.confirmationTag, content, signature),
  }
  const epoch = secretsOfNextEpoch(hkdf, state.keys.initSecret, commitSecret, context)
  return {
    context,
    keys: epoch.keys,
    secrets: makeSecretTree(leafCountOf(tree), epoch.encryptionSecret),
    joinerSecret: epoch.joinerSecret,
    welcomeSecret: epoch.welcomeSecret,
    confirmationTag: hkdf.mac(epoch.keys.confirmationKey, context.confirmedTranscriptHash),
  }
}
