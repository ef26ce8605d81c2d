// Keys that members have offered for a keeper's seat, each by its member's own device (E5.9, E9.7).
import {
  admissionBytes,
  admissionChallenge,
  type Charter,
  CharterError,
  decodePasskeyProof,
  isLocalPasskey,
  type Keeper,
  type Statement,
  verifyAssertion,
} from "@holdfast/charter"
import { verifyEd25519 } from "@holdfast/log"
import {
  concatBytes,
  type DeviceId,
  decode,
  deviceIdOf,
  encode,
  equalBytes,
  hex,
  type OrgId,
  toDeviceId,
  toKeeperId,
  utf8,
} from "@holdfast/wire"
import { type Account, deviceOf, deviceSigner } from "./account.ts"
import type { Changes } from "./changes.ts"
import { KeeperAccept, KeeperKey, type KnownBody, PasskeyOffer } from "./content.ts"
import type { Id } from "./id.ts"
import type { JoinRequest } from "./join-request.ts"
import { keeperKeyCode } from "./offline/index.ts"
import type { People } from "./people.ts"
import type { KeeperCheck } from "./proposal-view.ts"
import type { GovernanceTable } from "./store/governance.ts"

/** What the key itself brings to a seat. */
export type OfferedKey = Pick<Keeper, "id" | "kind" | "publicKey" | "proof" | "passkey">

export interface KeeperOffersDeps {
  readonly account: () => Account
  readonly charter: () => Charter
  readonly table: GovernanceTable
  readonly people: People
  readonly changes: Changes
  readonly transaction: <T>(work: () => T) => T
  readonly post: (body: KnownBody) => void
  /** The request by which a member was admitted; a keeper's key may be in it. */
  readonly requestOf: (member: Id) => JoinRequest | undefined
}

export interface KeeperOffers {
  /** What the member itself has offered: when it was admitted, or later. */
  of(member: Id): OfferedKey | undefined
  /** A device of the seat's member has the key, as far as this one knows. */
  isDeviceHeld(seat: Keeper): boolean
  /** Its member has offered exactly this key. */
  isOffered(seat: Keeper): boolean
  check(statement: Statement): KeeperCheck
  /** Inside a transaction. */
  add(accept: KeeperAccept, member: Id): void
  /** For this member, to everybody. `alongside` runs in the same transaction. */
  offer(key: OfferedKey, options?: { readonly isInFile?: boolean; readonly alongside?: () => void }): Promise<void>
}

function acceptInput(org: OrgId, accept: Omit<KeeperAccept, "signature">): Uint8Array<ArrayBuffer> {
  const { key, passkey, device, inFile } = accept
  const [label, bytes] =
    passkey === undefined
      ? [inFile === 1 ? "holdfast/keeper-file-accept/v1" : "holdfast/keeper-accept/v1", key && encode(KeeperKey, key)]
      : ["holdfast/passkey-accept/v1", encode(PasskeyOffer, passkey)]
  return concatBytes(utf8(label), Uint8Array.of(0), org, device, bytes ?? new Uint8Array())
}

/** Whose device accepted; undefined when the signature is not that of a device in force. */
export async function accepterOf(charter: Charter, accept: KeeperAccept): Promise<Id | undefined> {
  const device = charter.state.devices.get(accept.device)
  if (device === undefined || device.removed !== undefined) return undefined
  const right = await verifyEd25519(device.publicKey, acceptInput(charter.orgId, accept), accept.signature)
  return right ? hex(device.member) : undefined
}

/** The key in it; `undefined` unless there is exactly one. */
export function offeredKeyOf({ key, passkey }: Pick<KeeperAccept, "key" | "passkey">): OfferedKey | undefined {
  if ((key === undefined) === (passkey === undefined)) return undefined
  if (key !== undefined) return ed25519Key(key)
  if (passkey === undefined) return undefined
  const { keeper, publicKey, proof, rpId, origin, backupEligible } = passkey
  const record = { rpId, origin, backupEligible: backupEligible === 1 }
  return { id: toKeeperId(keeper), kind: 2, publicKey, proof, passkey: record }
}

export function ed25519Key({ keeper, publicKey, proof }: KeeperKey): OfferedKey {
  return { id: toKeeperId(keeper), kind: 1, publicKey, proof, passkey: undefined }
}

/** Whether the key agrees to be this keeper's; a wrong proof would only spoil the statement it goes into. (C2.3, C9.11) */
export async function isRightOfferedKey(org: OrgId, key: OfferedKey): Promise<boolean> {
  const { id, publicKey, proof, passkey } = key
  const message = admissionBytes(org, { keeper: id }, publicKey)
  if (passkey === undefined) return verifyEd25519(publicKey, message, proof)
  if (!isLocalPasskey(passkey.rpId, passkey.origin)) return false
  try {
    return await verifyAssertion(decodePasskeyProof(proof), { publicKey, ...passkey }, admissionChallenge(message))
  } catch (error) {
    if (error instanceof CharterError) return false
    throw error
  }
}

function isSameKey(a: OfferedKey, b: OfferedKey): boolean {
  return (
    equalBytes(a.id, b.id) &&
    equalBytes(a.publicKey, b.publicKey) &&
    a.passkey?.rpId === b.passkey?.rpId &&
    a.passkey?.origin === b.passkey?.origin &&
    a.passkey?.backupEligible === b.passkey?.backupEligible
  )
}

export function createKeeperOffers(deps: KeeperOffersDeps): KeeperOffers {
  const { table, people } = deps

  function acceptOf(member: Id): KeeperAccept | undefined {
    const stored = table.accept(member)
    return stored === undefined ? undefined : decode(KeeperAccept, stored)
  }

  /** What it has said by any device, also one that is not its own any more. */
  function everOfferedBy(member: Id): { readonly key: OfferedKey | undefined; readonly device: DeviceId } | undefined {
    const accept = acceptOf(member)
    if (accept !== undefined) return { key: offeredKeyOf(accept), device: toDeviceId(accept.device) }
    const request = deps.requestOf(member)
    return request?.keeper === undefined
      ? undefined
      : { key: ed25519Key(request.keeper), device: deviceIdOf(request.devicePublicKey) }
  }

  /** Whoever has a device that was taken away from a member must not get that member's seat with it. (E5.9) */
  function offeredBy(member: Id): OfferedKey | undefined {
    const offered = everOfferedBy(member)
    const device = offered === undefined ? undefined : deps.charter().state.devices.get(offered.device)
    return device === undefined || device.removed !== undefined ? undefined : offered?.key
  }

  function checkSeat(keeper: Keeper): KeeperCheck {
    const code = keeperKeyCode(keeper.publicKey)
    if (keeper.member === undefined) {
      if (keeper.kind === 2) return problem("A passkey gets a seat here that no member has offered.")
      const labels = [keeper.organisation, keeper.jurisdiction].map((label) => (label === "" ? "none" : label))
      return {
        problems: [],
        details: [
          `A key in a file gets a seat: key ${code}, organisation ${labels[0]}, jurisdiction ${labels[1]}. Its holder is no member: compare the key with them.`,
        ],
      }
    }
    const member = hex(keeper.member)
    const offered = offeredBy(member)
    if (offered === undefined || !isSameKey(offered, keeper)) {
      return problem(`${people.nameOf(member)} has not offered this keeper's key, as far as this device knows.`)
    }
    const isCopied = keeper.passkey?.backupEligible === true
    return {
      problems: [],
      details: isCopied
        ? [
            `${people.nameOf(member)}'s passkey can be copied to other devices, and whoever runs that service may hold it too.`,
          ]
        : [],
    }
  }

  function problem(sentence: string): KeeperCheck {
    return { problems: [sentence], details: [] }
  }

  const offers: KeeperOffers = {
    of: offeredBy,
    isDeviceHeld(seat) {
      if (seat.kind === 2) return false
      const first = deps.charter().records.at(0)?.statement
      const isFounding = first?.type === "genesis" && first.body.rules.keepers.some(({ id }) => equalBytes(id, seat.id))
      if (isFounding || seat.member === undefined) return isFounding
      const accept = acceptOf(hex(seat.member))
      const offered = everOfferedBy(hex(seat.member))?.key
      return offered !== undefined && isSameKey(offered, seat) && accept?.inFile !== 1
    },
    isOffered(seat) {
      const offered = seat.member === undefined ? undefined : offeredBy(hex(seat.member))
      return offered !== undefined && isSameKey(offered, seat)
    },
    check(statement) {
      if (statement.type !== "rules") return { details: [], problems: [] }
      const { rules } = deps.charter().state
      const added = statement.body.keepers.filter(({ id }) => !rules.keepers.some((one) => equalBytes(one.id, id)))
      const checks = added.map(checkSeat)
      return {
        details: checks.flatMap(({ details }) => details),
        problems: checks.flatMap(({ problems }) => problems),
      }
    },
    add(accept, member) {
      table.putAccept(member, encode(KeeperAccept, accept))
      deps.changes.mark({ topic: "overview" }, { topic: "governance" })
    },
    async offer(key, { isInFile = false, alongside } = {}) {
      const account = deps.account()
      const { id: keeper, publicKey, proof, passkey } = key
      const unsigned =
        passkey === undefined
          ? { key: { keeper, publicKey, proof }, device: deviceOf(account), ...(isInFile ? { inFile: 1 } : {}) }
          : {
              passkey: {
                keeper,
                publicKey,
                proof,
                rpId: passkey.rpId,
                origin: passkey.origin,
                backupEligible: passkey.backupEligible ? 1 : 0,
              },
              device: deviceOf(account),
            }
      const signature = await (await deviceSigner(account)).sign(acceptInput(account.org, unsigned))
      const accept = { ...unsigned, signature }
      deps.transaction(() => {
        alongside?.()
        offers.add(accept, hex(account.member))
        deps.post({ kind: "keeperAccept", value: accept })
      })
    },
  }
  return offers
}
