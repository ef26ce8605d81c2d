import { verifyEd25519 } from "@holdfast/log"
import { equalBytes, type OrgId } from "@holdfast/wire"
import { type AdmissionRole, admissionBytes } from "./admission.ts"
import type { Approval } from "./approval.ts"
import type { Refusal } from "./refusal.ts"
import { type Keeper, keeperOf, type Rules } from "./rules.ts"
import type { Device, OrgState } from "./state.ts"
import { type Statement, signingInput } from "./statement.ts"

/** One signature that has to be right, with the key it has to be right under. */
export interface Claim {
  /** Where the signature came from: claims about one source differ in their key only, which is what replay relies on. */
  readonly source: object
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}
export type Verify = (claim: Claim) => Promise<boolean>

export const verifyClaim: Verify = ({ publicKey, message, signature }) => verifyEd25519(publicKey, message, signature)

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

const noRules: Rules = { version: 0, keepers: [], acts: new Map(), baseWindow: 0 }

/** The rules that the statement itself would bring into force. */
export function proposedRules(statement: Statement): Rules | undefined {
  if (statement.type === "rules") return statement.body
  return statement.type === "genesis" ? statement.body.rules : undefined
}

/** Every new key's signature over its own admission. (C2.3) */
export function proofClaims(org: OrgId, state: OrgState, statement: Statement): readonly Claim[] {
  const claim = (
    entry: { readonly publicKey: Uint8Array; readonly proof: Uint8Array },
    role: AdmissionRole,
  ): Claim => ({
    source: entry,
    publicKey: entry.publicKey,
    message: admissionBytes(org, role, entry.publicKey),
    signature: entry.proof,
  })
  // A seat that goes on keeps the proof it came with, which may date from GENESIS and then names no organisation.
  const isNew = ({ id, proof }: Keeper) => !equalBytes(keeperOf(state.rules, id)?.proof ?? new Uint8Array(), proof)
  const keepers = (proposedRules(statement)?.keepers ?? []).filter(isNew)
  return [
    ...keepers.map((keeper) => claim(keeper, { keeper: keeper.id })),
    ...newDevices(statement).map(({ member, device }) => claim(device, { device: member })),
  ]
}

function newDevices(statement: Statement) {
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
      return [statement.body]
    default:
      return []
  }
}

export function approvalClaims(
  state: OrgState,
  statement: Statement,
  approvals: readonly Approval[],
): readonly Claim[] {
  const message = signingInput(statement.id)
  return approvals.flatMap((approval) => {
    const signer = signerOf(state, statement, approval)
    if (signer === undefined || approval.kind === 2) return []
    const { publicKey } = "keeper" in signer ? signer.keeper : signer.device
    return [{ source: approval, publicKey, message, signature: approval.signature }]
  })
}

/** Who approved, once every signature by a known signer has proved right. (C6.8 to C6.11) */
export interface Approvers {
  readonly keepers: readonly Keeper[]
  readonly devices: readonly Device[]
}

export async function approversOf(
  state: OrgState,
  statement: Statement,
  approvals: readonly Approval[],
  verify: Verify,
): Promise<Approvers | Refusal> {
  const signers = approvals.map((approval) => ({ approval, signer: signerOf(state, statement, approval) }))
  if (signers.some(({ approval, signer }) => approval.kind === 2 && signer !== undefined))
    return "approval_kind_unsupported"
  if (!(await allRight(approvalClaims(state, statement, approvals), verify))) return "bad_signature"
  return {
    keepers: signers.flatMap(({ signer }) => (signer !== undefined && "keeper" in signer ? [signer.keeper] : [])),
    devices: signers.flatMap(({ signer }) => (signer !== undefined && "device" in signer ? [signer.device] : [])),
  }
}

export async function allRight(claims: readonly Claim[], verify: Verify): Promise<boolean> {
  const verdicts = await Promise.all(claims.map(verify))
  return verdicts.every((verdict) => verdict)
}
