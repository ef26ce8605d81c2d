// In which ways this device, or its member elsewhere, can approve a statement (E5.7, E5.15).
import {
  type Charter,
  isSuspended,
  type Keeper,
  membersHeard,
  type Passkey,
  type Signer,
  type Statement,
} from "@holdfast/charter"
import { equalBytes } from "@holdfast/wire"
import { type Account, approvingDevice, approvingKeeper, deviceOf } from "./account.ts"

export type OwnRole =
  | { readonly how: "device"; readonly id: Uint8Array; readonly signer: Signer }
  | { readonly how: "passkey"; readonly id: Uint8Array; readonly passkey: Passkey }
  | { readonly how: "key-file"; readonly id: Uint8Array }

/** Seats that have a say in it: of the rules in force, and of those that the statement would bring. */
export function seatsFor(charter: Charter, statement: Statement): readonly Keeper[] {
  const { keepers } = charter.state.rules
  if (statement.type !== "rules") return keepers
  const isNew = ({ id }: Keeper) => !keepers.some((one) => equalBytes(one.id, id))
  return [...keepers, ...statement.body.keepers.filter(isNew)]
}

export interface OwnRolesDeps {
  readonly account: Account
  readonly charter: Charter
  /** Whether a device of this member holds the key: then it is in no file. */
  readonly isDeviceHeld: (seat: Keeper) => boolean
}

/** A suspended seat is none: its signature would only be an alarm. */
export async function ownRoles(deps: OwnRolesDeps, statement: Statement): Promise<readonly OwnRole[]> {
  const { account, charter } = deps
  const roles: OwnRole[] = []
  const keeper = await approvingKeeper(account)
  for (const seat of seatsFor(charter, statement)) {
    const { id, member, kind, passkey } = seat
    if (isSuspended(charter.state, id)) continue
    if (keeper !== undefined && equalBytes(id, keeper.id)) roles.push({ how: "device", id, signer: keeper })
    else if (member === undefined || !equalBytes(member, account.member)) continue
    else if (kind === 2 && passkey !== undefined) roles.push({ how: "passkey", id, passkey })
    else if (!deps.isDeviceHeld(seat)) roles.push({ how: "key-file", id })
  }
  const isHeard = membersHeard(charter.state, statement).some((member) => equalBytes(member, account.member))
  // a device that was not admitted yet, or is one no more, has nothing to say
  const isDevice = charter.state.devices.get(deviceOf(account))?.removed === undefined
  if (isHeard && isDevice) {
    roles.push({ how: "device", id: deviceOf(account), signer: await approvingDevice(account) })
  }
  return roles
}
