import type { LeafNode } from "ts-mls"
import { MlsError } from "./error.ts"
import { identityOf, type LeafIdentity } from "./identity.ts"
import type { Suite } from "./suite/suite.ts"

/** The GroupContext extension that ties a group to its organisation: a type for private use (RFC 9420 section 17.3). */
export const bindingExtensionType = 0xfb01

/** One member of a group as a leaf of its tree. */
export interface Member {
  readonly leaf: number
  readonly identity: LeafIdentity
  readonly signatureKey: Uint8Array
}

export function toMember(leaf: number, node: LeafNode): Member {
  return { leaf, identity: identityOf(node.credential), signatureKey: node.signaturePublicKey }
}

export function capabilitiesOf(suite: Suite): LeafNode["capabilities"] {
  return {
    versions: ["mls10"],
    ciphersuites: [suite.name],
    extensions: [bindingExtensionType],
    proposals: [],
    credentials: ["basic"],
  }
}

/** The form every leaf of ours has, whoever made it (M3.2). Throws `malformed` or `unsupported`; says nothing of signatures. */
export function checkLeafForm(suite: Suite, node: LeafNode): void {
  identityOf(node.credential)
  const { capabilities } = node
  const supports =
    capabilities.versions.includes("mls10") &&
    capabilities.ciphersuites.includes(suite.name) &&
    capabilities.extensions.includes(bindingExtensionType) &&
    capabilities.credentials.includes("basic")
  if (!supports) throw new MlsError("unsupported", "leaf capabilities")
  if (node.extensions.length > 0) throw new MlsError("unsupported", "leaf extension")
  if (node.signaturePublicKey.length !== 32) throw new MlsError("malformed", "leaf signature key")
  if (node.hpkePublicKey.length !== suite.hpke.kem.publicKeyBytes)
    throw new MlsError("malformed", "leaf encryption key")
}
