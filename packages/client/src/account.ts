// Who this device is: its keys and what it needs until the organisation has admitted it. Lies in the encrypted store only.
import { admitDevice, admitKeeper, type DeviceEntry, type Keeper, type Signer } from "@holdfast/charter"
import { type Ed25519Signer, signerFromSeed } from "@holdfast/log"
import type { Device } from "@holdfast/mls"
import {
  bytes,
  type DeviceId,
  decode,
  deviceIdOf,
  encode,
  type KeeperId,
  type MemberId,
  message,
  nested,
  type Of,
  type OrgId,
  optional,
  plain,
  repeated,
  required,
  text,
  uint,
} from "@holdfast/wire"
import { contentLimits } from "./content.ts"
import type { Meta } from "./store/meta.ts"
import { damagedStore } from "./store/rows.ts"

const id16 = <T extends Uint8Array = Uint8Array>() => bytes<T>({ length: 16 })
const id32 = <T extends Uint8Array = Uint8Array>() => bytes<T>({ length: 32 })

const Joining = message("Joining", {
  secret: required(1, id32()),
  relays: repeated(2, text(256), 8),
  expiresAt: required(3, uint()),
  purpose: plain(4, uint(3), 0),
  /** The sealed request as it goes into the lane: sent again with the same bytes until it is there. */
  frame: required(5, bytes({ max: 65_536 })),
})
export type Joining = Of<typeof Joining>

const Founding = message("Founding", {
  relay: required(1, text(256)),
  hostingCode: plain(2, text(128), ""),
  genesis: required(3, bytes({ max: 60_000 })),
})

const Account = message("Account", {
  org: required(1, id32<OrgId>()),
  member: required(2, id16<MemberId>()),
  deviceSeed: required(3, id32()),
  devicePublicKey: required(4, id32()),
  name: plain(5, text(contentLimits.nameBytes), ""),
  nameSalt: plain(6, bytes({ max: 16 }), new Uint8Array()),
  label: plain(7, text(contentLimits.labelBytes), ""),
  keeper: optional(8, id16<KeeperId>()),
  keeperSeed: optional(9, id32()),
  /** Set until the relay has the genesis entry. */
  founding: optional(10, nested(Founding)),
  /** Set until the charter has this device. */
  joining: optional(11, nested(Joining)),
})
export type Account = Of<typeof Account>

const key = "account"

export function saveAccount(meta: Meta, account: Account): void {
  meta.set(key, encode(Account, account))
}

/** Throws `damaged_store` when there is none. */
export function loadAccount(meta: Meta): Account {
  const stored = meta.get(key)
  if (stored === undefined) throw damagedStore("account")
  return decode(Account, stored)
}

export function deviceOf(account: Account): DeviceId {
  return deviceIdOf(account.devicePublicKey)
}

export function mlsDevice(account: Account): Device {
  return {
    identity: { member: account.member, device: deviceOf(account) },
    publicKey: account.devicePublicKey,
    privateKey: account.deviceSeed,
  }
}

export interface NewKey {
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
}

export async function newKey(randomBytes: (length: number) => Uint8Array): Promise<NewKey> {
  const seed = randomBytes(32)
  return { seed, publicKey: (await signerFromSeed(seed)).publicKey }
}

export function deviceSigner(account: Account): Promise<Ed25519Signer> {
  return signerFromSeed(account.deviceSeed)
}

/** As it goes into a statement or a request; `org` is `noOrg` in GENESIS. */
export async function deviceEntry(account: Account, org: OrgId): Promise<DeviceEntry> {
  return admitDevice(org, account.member, await deviceSigner(account))
}

/** Undefined without a keeper key. */
export async function keeperEntry(account: Account, org: OrgId): Promise<Keeper | undefined> {
  if (account.keeper === undefined || account.keeperSeed === undefined) return undefined
  return admitKeeper(org, { id: account.keeper, member: account.member }, await signerFromSeed(account.keeperSeed))
}

/** How this device approves as its member. */
export async function approvingDevice(account: Account): Promise<Signer> {
  const signer = await deviceSigner(account)
  return { id: deviceOf(account), kind: 3, sign: signer.sign }
}

/** How this device approves as a keeper. Whether the keeper has a seat is the charter's question. */
export async function approvingKeeper(account: Account): Promise<Signer | undefined> {
  if (account.keeper === undefined || account.keeperSeed === undefined) return undefined
  const signer = await signerFromSeed(account.keeperSeed)
  return { id: account.keeper, kind: 1, sign: signer.sign }
}
