// Passkeys of keepers: how one gets a seat, and how it approves. The assertion itself is made by whoever has a browser (E9.7, E9.8).
import { type Approval, admissionBytes, admissionChallenge, CharterError, encodePasskeyProof } from "@holdfast/charter"
import { hex, toKeeperId } from "@holdfast/wire"
import type { Account } from "./account.ts"
import { ClientError } from "./error.ts"
import type { PasskeyAssertion, PasskeyKey, PasskeyRequest } from "./governance-api.ts"
import type { Id } from "./id.ts"
import { isRightOfferedKey, type KeeperOffers, type OfferedKey } from "./keeper-offers.ts"
import type { OwnRole } from "./own-roles.ts"
import { idBytes, type Proposals } from "./proposals.ts"
import type { Meta } from "./store/meta.ts"

export interface PasskeySeatsDeps {
  readonly account: () => Account
  readonly meta: Meta
  readonly offers: KeeperOffers
  readonly proposals: Proposals
}

export interface PasskeySeats {
  admissionRequest(seat: Id, key: PasskeyKey): PasskeyRequest
  /** Throws `not_allowed` when the assertion is not right. */
  accept(seat: Id, key: PasskeyKey, assertion: PasskeyAssertion): Promise<void>
  approvalRequest(proposal: Id): Promise<PasskeyRequest | undefined>
  approve(proposal: Id, assertion: PasskeyAssertion): Promise<void>
}

/** Which passkey on this computer is the seat's: no other device and no server learns it. */
const credentialKey = (seat: Id) => `passkey ${seat}`

/** This seat's passkey was made on this device. */
export function hasPasskey(meta: Meta, seat: Uint8Array): boolean {
  return meta.get(credentialKey(hex(seat))) !== undefined
}

type PasskeyRole = Extract<OwnRole, { readonly how: "passkey" }>

export function createPasskeySeats(deps: PasskeySeatsDeps): PasskeySeats {
  const { meta, proposals } = deps

  function seatId(seat: Id) {
    const id = idBytes(seat)
    if (id.length !== 16) throw new ClientError("malformed", "That is not the id of a seat.")
    return toKeeperId(id)
  }

  function bytesToAdmit(seat: Id, { publicKey }: PasskeyKey): Uint8Array {
    return admissionBytes(deps.account().org, { keeper: seatId(seat) }, publicKey)
  }

  async function passkeyRole(proposal: Id): Promise<PasskeyRole | undefined> {
    const { roles } = await proposals.rolesToApprove(proposal)
    return roles.find((role): role is PasskeyRole => role.how === "passkey")
  }

  return {
    admissionRequest: (seat, key) => ({
      challenge: admissionChallenge(bytesToAdmit(seat, key)),
      rpId: key.rpId,
      origin: key.origin,
      credentialIds: [key.credentialId],
    }),
    async accept(seat, key, assertion) {
      const { publicKey, rpId, origin, backupEligible, credentialId } = key
      const offered: OfferedKey = {
        id: seatId(seat),
        kind: 2,
        publicKey,
        proof: proofOf(assertion),
        passkey: { rpId, origin, backupEligible },
      }
      if (!(await isRightOfferedKey(deps.account().org, offered))) {
        throw new ClientError("not_allowed", "The passkey's signature is not right. It was not used.")
      }
      await deps.offers.offer(offered, { alongside: () => meta.set(credentialKey(seat), credentialId.slice()) })
    },
    async approvalRequest(proposal) {
      const role = await passkeyRole(proposal)
      if (role === undefined) return undefined
      const { statement } = await proposals.rolesToApprove(proposal)
      const { rpId, origin } = role.passkey
      const credential = meta.get(credentialKey(hex(role.id)))
      return {
        challenge: statement.id.slice(),
        rpId,
        origin,
        credentialIds: credential === undefined ? [] : [credential],
      }
    },
    async approve(proposal, { authenticatorData, clientDataJson, signature }) {
      const role = await passkeyRole(proposal)
      if (role === undefined) throw new ClientError("not_allowed", "No passkey of yours is asked for here.")
      const approval: Approval = { signer: role.id, kind: 2, authenticatorData, clientDataJson, signature }
      // verified by the charter's own rules before anybody else sees it
      await proposals.bring(proposal, approval)
      const { roles } = await proposals.rolesToApprove(proposal).catch(() => ({ roles: [] }))
      if (roles.some(({ how }) => how === "device")) await proposals.approve(proposal)
    },
  }
}

function proofOf(assertion: PasskeyAssertion): Uint8Array {
  try {
    return encodePasskeyProof(assertion)
  } catch (cause) {
    if (!(cause instanceof CharterError)) throw cause
    throw new ClientError("malformed", "The passkey's answer has not the form of one.", { cause })
  }
}
