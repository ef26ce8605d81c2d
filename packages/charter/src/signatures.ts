import { verifyEd25519 } from "@holdfast/log"
import { equalBytes, type MemberId, type OrgId } from "@holdfast/wire"
import type { KnownAct } from "./act.ts"
import { type AdmissionRole, admissionBytes, type DeviceEntry } from "./admission.ts"
import type { Approval } from "./approval.ts"
import { CharterError } from "./error.ts"
import { admissionChallenge, decodePasskeyProof } from "./passkey.ts"
import { type Keeper, keeperOf, type Passkey, type Rules } from "./rules.ts"
import { type Device, emptyState, isSuspended, type OrgState } from "./state.ts"
import { type Statement, signingInput } from "./statement.ts"
import { type Assertion, verifyAssertion } from "./webauthn.ts"

/** One signature that has to be right, with the key it has to be right under. */
export type Claim = SignatureClaim | AssertionClaim | HopelessClaim
interface ClaimSource {
  /** Where the signature came from: claims about one source differ in their key only, which is what replay relies on. */
  readonly source: object
}
interface SignatureClaim extends ClaimSource {
  readonly kind: "signature"
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}
interface AssertionClaim extends ClaimSource {
  readonly kind: "assertion"
  readonly key: { readonly publicKey: Uint8Array } & Passkey
  readonly challenge: Uint8Array
  readonly assertion: Assertion
}
/** Not even of the form that this signer's key asks for. */
interface HopelessClaim extends ClaimSource {
  readonly kind: "hopeless"
}
export type Verify = (claim: Claim) => Promise<boolean>

export const verifyClaim: Verify = async (claim) => {
  switch (claim.kind) {
    case "signature":
      return verifyEd25519(claim.publicKey, claim.message, claim.signature)
    case "assertion":
      return verifyAssertion(claim.assertion, claim.key, claim.challenge)
    case "hopeless":
      return false
  }
}

/** If both ask for the same signature under the same key, so that one verdict serves both. */
export function isSameClaim(a: Claim, b: Claim): boolean {
  if (a.source !== b.source || a.kind !== b.kind) return false
  if (a.kind === "signature" && b.kind === "signature") {
    return equalBytes(a.publicKey, b.publicKey) && equalBytes(a.message, b.message)
  }
  // A passkey counts with all that the charter says of it, so only the very same record will do.
  return a.kind === "assertion" && b.kind === "assertion" && a.key === b.key && equalBytes(a.challenge, b.challenge)
}

/** A signer that the state knows; all others are ignored. (C6.8) */
export type KnownSigner = { readonly keeper: Keeper } | { readonly device: Device }

export function signerOf(state: OrgState, statement: Statement, approval: Approval): KnownSigner | undefined {
  if (approval.kind === 3) {
    const device = state.devices.get(approval.signer)
    return device === undefined || device.removed !== undefined ? undefined : { device }
  }
  const keeper =
    keeperOf(state.rules, approval.signer) ?? keeperOf(proposedRules(statement) ?? noRules, approval.signer)
  return keeper === undefined ? undefined : { keeper }
}

const noRules: Rules = emptyState.rules

/** The rules that the statement itself would bring into force. */
export function proposedRules(statement: Statement): Rules | undefined {
  if (statement.type === "rules") return statement.body
  return statement.type === "genesis" ? statement.body.rules : undefined
}

/** Every new key's signature over its own admission. (C2.3) */
export function proofClaims(org: OrgId, state: OrgState, statement: Statement): readonly Claim[] {
  // A seat that goes on keeps the proof it came with, which may date from GENESIS and then names no organisation.
  const isNew = ({ id, proof }: Keeper) => !equalBytes(keeperOf(state.rules, id)?.proof ?? new Uint8Array(), proof)
  const keepers = (proposedRules(statement)?.keepers ?? []).filter(isNew)
  return [
    ...keepers.map((keeper) => keeperProofClaim(org, keeper)),
    ...newDevices(statement).map(({ member, device }) => proofClaim(org, device, { device: member })),
  ]
}

function proofClaim(
  org: OrgId,
  entry: { readonly publicKey: Uint8Array; readonly proof: Uint8Array },
  role: AdmissionRole,
): Claim {
  const message = admissionBytes(org, role, entry.publicKey)
  return { kind: "signature", source: entry, publicKey: entry.publicKey, message, signature: entry.proof }
}

function keeperProofClaim(org: OrgId, keeper: Keeper): Claim {
  const role = { keeper: keeper.id }
  if (keeper.passkey === undefined) return proofClaim(org, keeper, role)
  const challenge = admissionChallenge(admissionBytes(org, role, keeper.publicKey))
  try {
    const assertion = decodePasskeyProof(keeper.proof)
    return { kind: "assertion", source: keeper, key: passkeyOf(keeper, keeper.passkey), challenge, assertion }
  } catch (error) {
    if (error instanceof CharterError) return { kind: "hopeless", source: keeper }
    throw error
  }
}

const passkeys = new WeakMap<Keeper, AssertionClaim["key"]>()

/** The same object for the same seat, so that `isSameClaim` can tell by it. */
function passkeyOf(keeper: Keeper, passkey: Passkey): AssertionClaim["key"] {
  const known = passkeys.get(keeper)
  if (known !== undefined) return known
  const key = { publicKey: keeper.publicKey, ...passkey }
  passkeys.set(keeper, key)
  return key
}

function newDevices(statement: KnownAct | Statement): readonly { member: MemberId; device: DeviceEntry }[] {
  switch (statement.type) {
    case "genesis": {
      const { member, devices } = statement.body.founder
      return devices.map((device) => ({ member, device }))
    }
    case "member-add": {
      const { member, devices } = statement.body
      return devices.map((device) => ({ member, device }))
    }
    case "device-add":
    case "recover":
      return [statement.body]
    case "batch":
      return statement.body.acts.flatMap(newDevices)
    default:
      return []
  }
}

export function approvalClaims(
  state: OrgState,
  statement: Statement,
  approvals: readonly Approval[],
): readonly Claim[] {
  return approvals.flatMap((approval) => {
    const signer = signerOf(state, statement, approval)
    return signer === undefined ? [] : [approvalClaim(statement, approval, signer)]
  })
}

function approvalClaim(statement: Statement, approval: Approval, signer: KnownSigner): Claim {
  const source = approval
  if ("device" in signer || signer.keeper.passkey === undefined) {
    const { publicKey } = "keeper" in signer ? signer.keeper : signer.device
    if (approval.kind === 2) return { kind: "hopeless", source }
    const message = signingInput(statement.id)
    return { kind: "signature", source, publicKey, message, signature: approval.signature }
  }
  const { keeper } = signer
  if (approval.kind !== 2) return { kind: "hopeless", source }
  return {
    kind: "assertion",
    source,
    key: passkeyOf(keeper, signer.keeper.passkey),
    challenge: statement.id,
    assertion: approval,
  }
}

/** Who approved, once every signature by a known signer has proved right. (C6.8 to C6.10) */
export interface Approvers {
  readonly keepers: readonly Keeper[]
  readonly devices: readonly Device[]
  /** Keepers whose signature is right and does not count, because they are suspended. (C5.6) */
  readonly suspended: readonly Keeper[]
}

export const nobody: Approvers = { keepers: [], devices: [], suspended: [] }

export async function approversOf(
  state: OrgState,
  statement: Statement,
  approvals: readonly Approval[],
  verify: Verify,
): Promise<Approvers | "bad_signature"> {
  const known = approvals.flatMap((approval) => {
    const signer = signerOf(state, statement, approval)
    return signer === undefined ? [] : [{ signer, claim: approvalClaim(statement, approval, signer) }]
  })
  const isOut = (signer: KnownSigner) => "keeper" in signer && isSuspended(state, signer.keeper.id)
  const counting = known.filter(({ signer }) => !isOut(signer))
  const suspended = known.filter(({ signer }) => isOut(signer))
  const [areRight, verdicts] = await Promise.all([
    allRight(
      counting.map(({ claim }) => claim),
      verify,
    ),
    // A wrong one in a suspended keeper's name is anybody's: it must neither spoil the entry nor accuse the keeper.
    Promise.all(suspended.map(({ claim }) => verify(claim))),
  ])
  if (!areRight) return "bad_signature"
  return {
    keepers: counting.flatMap(({ signer }) => ("keeper" in signer ? [signer.keeper] : [])),
    devices: counting.flatMap(({ signer }) => ("device" in signer ? [signer.device] : [])),
    suspended: suspended.flatMap(({ signer }, i) =>
      "keeper" in signer && verdicts[i] === true ? [signer.keeper] : [],
    ),
  }
}

export async function allRight(claims: readonly Claim[], verify: Verify): Promise<boolean> {
  const verdicts = await Promise.all(claims.map(verify))
  return verdicts.every((verdict) => verdict)
}
