export { type CommitOptions, type Committed, commit, treeInWelcomeBytes } from "./commit.ts"
export { type Device, generateDeviceKeys } from "./device.ts"
export { type MlsCode, MlsError } from "./error.ts"
export type { ContentType } from "./framing.ts"
export {
  createGroup,
  epochAuthenticator,
  exporter,
  type Group,
  groupBinding,
  maxBindingBytes,
  members,
  type NewGroup,
  pastEpochs,
  strangers,
} from "./group.ts"
export {
  decodeGroup,
  decodeGroupParts,
  encodeEpochPart,
  encodeGroup,
  encodeRatchetPart,
  type GroupParts,
} from "./group-bytes.ts"
export { decodeIdentity, encodeIdentity, type LeafIdentity, type Roster } from "./identity.ts"
export { type Joined, type JoinOptions, join, welcomeFor, welcomeRecipients } from "./join.ts"
export {
  type KeyPackagePair,
  type KeyPackageView,
  keyPackageRef,
  type Lifetime,
  makeKeyPackage,
  maxKeyPackageBytes,
  readKeyPackage,
} from "./key-package.ts"
export { bindingExtensionType, type Member } from "./leaf.ts"
export { encrypt, type Inspected, inspect } from "./message.ts"
export { type CommitView, type Received, type ReceiveOptions, receive, receiveAll, type Why } from "./receive.ts"
export { generateSealKeys, openSealed, type SealKeys, sealOverheadBytes, sealToDevice } from "./seal.ts"
export { makeProvider } from "./suite/provider.ts"
export { defaultSuiteName } from "./suite/suite.ts"
