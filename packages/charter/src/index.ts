export {
  type Act,
  type ActType,
  type Anchor,
  actNumberOf,
  actNumbers,
  type Batch,
  type BatchedAct,
  type Canary,
  type DeviceAdd,
  type DeviceRemove,
  type Founder,
  type Genesis,
  type KnownAct,
  type MemberAdd,
  type MemberRemove,
  maxAnchorBytes,
  maxBatch,
  maxDevices,
  maxSuspensionSeconds,
  minSuspensionSeconds,
  type Recover,
  type SuspendKeeper,
  subjectOf,
  type UnknownAct,
  type Veto,
} from "./act.ts"
export { type AdmissionRole, admissionBytes, admitDevice, type DeviceEntry, noOrg } from "./admission.ts"
export { checkpointTrust } from "./anchor.ts"
export {
  type Approval,
  type ApprovalKind,
  approve,
  decodeApproval,
  encodeApproval,
  type PasskeyApproval,
  type SignatureApproval,
  type Signer,
} from "./approval.ts"
export { type AuthenticatorData, decodeAuthenticatorData } from "./authenticator-data.ts"
export { type CborMap, type CborValue, decodeCbor, encodeCbor } from "./cbor.ts"
export { changesInWords } from "./changes-in-words.ts"
export {
  type Alarm,
  type Appended,
  type ApprovalRecord,
  admits,
  alarmsOf,
  append,
  type Charter,
  type CharterRecord,
  deviceAt,
  type Fate,
  fateOf,
  memberAt,
  openCharter,
  type RulesPeriod,
  rootAt,
  rulesAt,
  type SuspendedApproval,
} from "./charter.ts"
export { type CoseKey, coseKeyFromSpki, decodeCoseKey, encodeCoseKey } from "./cose-key.ts"
export {
  type BeforeSigning,
  checkBeforeSigning,
  draft,
  type Founding,
  genesis,
  type LaterAct,
  maxCanarySeconds,
  maxValiditySeconds,
  type Progress,
  progress,
  type Validity,
} from "./draft.ts"
export { decodeEnvelope, type Envelope, seal } from "./envelope.ts"
export { type CharterCode, CharterError } from "./error.ts"
export { brokenFloor, brokenFloors } from "./floors.ts"
export { emptyIdMap, type IdMap } from "./id-map.ts"
export { Journal } from "./journal.ts"
export { checkName, commitName, printableName, shownName } from "./name.ts"
export { admissionChallenge, decodePasskeyProof, encodePasskeyProof, isLocalPasskey } from "./passkey.ts"
export { membersHeard, type Quorum } from "./quorum.ts"
export { type Refusal, refusalInWords, refusals, reservedRefusals } from "./refusal.ts"
export type { RelayEntry } from "./relay-entry.ts"
export { replay } from "./replay.ts"
export {
  type ActRule,
  actRuleOf,
  admitKeeper,
  delayOf,
  isEvaluation,
  isKeyName,
  type Keeper,
  type KeeperKind,
  keeperOf,
  maxKeepers,
  maxWitnesses,
  type Passkey,
  type Rules,
  simpleRules,
  type Witness,
} from "./rules.ts"
export { type Settled, waitOf } from "./settle.ts"
export { isLabel, isUrl, maxLabelBytes } from "./shape.ts"
export {
  activeDevicesOf,
  type Device,
  isActiveMember,
  isSuspended,
  keepersWithoutMember,
  type Mark,
  type Member,
  type OrgState,
  type SubjectHead,
  type Suspension,
  type Waiting,
} from "./state.ts"
export {
  type Base,
  decodeStatement,
  type Header,
  maxEnvelopeBytes,
  type Statement,
  type StatementId,
  signingInput,
  statementIdOf,
} from "./statement.ts"
export type { Tally } from "./tally.ts"
export {
  type Assertion,
  type AssertionFault,
  assertionFaults,
  judgeAssertion,
  type PasskeyRecord,
  verifyAssertion,
} from "./webauthn.ts"
export { actInWords, durationInWords, keeperInWords, keeperKeyCode, keyCode, type Names, shortCode } from "./words.ts"
