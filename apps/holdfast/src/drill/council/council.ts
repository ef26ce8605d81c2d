import {
  type ActRule,
  type Approval,
  admitKeeper,
  approve,
  type Keeper,
  type Rules,
  type Statement,
  type Witness,
} from "@holdfast/charter"
import type { Ed25519Signer } from "@holdfast/log"
import { compareBytes, type KeeperId, type OrgId } from "@holdfast/wire"
import type { Stage } from "../stage.ts"
import type { WitnessKeys } from "./bench.ts"
import type { SoftPasskey } from "./soft-passkey.ts"

/** Three keepers are honest, and two, all but one of those it takes, are the attacker's. */
export const honestKeepers = ["ana", "ben", "ines"] as const
export const turnedKeepers = ["jost", "kira"] as const
export type KeeperName = (typeof honestKeepers | typeof turnedKeepers)[number]

/** Somebody's way of approving, and what it approves as. */
export interface Seat {
  readonly id: KeeperId
  /** Ed25519, except that of a passkey. */
  readonly key: Ed25519Signer | undefined
  approve(statement: Statement): Promise<Approval>
}

/** Who decides in the organisation that T4 is tried on, with everybody's keys: what the drill has staged (D1.4). */
export interface Council {
  readonly seats: Readonly<Record<KeeperName, Seat>>
  /** Had a seat until the rules changed. */
  readonly removed: Seat
  readonly passkey: SoftPasskey
  readonly witnessKeys: WitnessKeys
}

/** A stage whose charter has five keepers, labels, waits and witnesses. */
export interface CouncilStage extends Stage {
  readonly council: Council
}

export const daySeconds = 86_400
export const relaysDelay = 2 * daySeconds
export const recoverDelay = 3 * daySeconds

/** Three of five decide, from two organisations and two jurisdictions at least; as many can stop what waits. */
export function councilRules(rules: Rules, keepers: readonly Keeper[], witnesses: readonly Witness[]): Rules {
  const rule = (delaySeconds: number): ActRule => {
    return { k: 3, delaySeconds, vetoK: delaySeconds === 0 ? 0 : 3, minOrganisations: 2, minJurisdictions: 2 }
  }
  const atOnce = [3, 4, 5, 6, 7, 12].map((type) => [type, rule(0)] as const)
  return {
    ...rules,
    version: rules.version + 1,
    keepers: keepers.toSorted((a, b) => compareBytes(a.id, b.id)),
    acts: new Map([[2, rule(relaysDelay)], ...atOnce, [8, rule(relaysDelay)], [10, rule(recoverDelay)]]),
    witnesses: witnesses.toSorted((a, b) => compareBytes(a.publicKey, b.publicKey)),
    witnessQuorum: 2,
  }
}

export function keySeat(id: KeeperId, key: Ed25519Signer): Seat {
  return { id, key, approve: (statement) => approve(statement, { id, kind: 1, sign: key.sign }) }
}

export function newKeeper(org: OrgId, { id, key }: Seat): Promise<Keeper> {
  return admitKeeper(org, { id }, key as Ed25519Signer)
}
