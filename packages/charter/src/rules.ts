import type { Ed25519Signer } from "@holdfast/log"
import {
  compareBytes,
  concatBytes,
  type KeeperId,
  type MemberId,
  type OrgId,
  toKeeperId,
  toMemberId,
  utf8,
} from "@holdfast/wire"
import { admissionBytes } from "./admission.ts"
import type { CborValue } from "./cbor.ts"
import { decodeCoseKey } from "./cose-key.ts"
import { CharterError } from "./error.ts"
import { bytesOf, fieldsOf, fixedOf, labelOf, listOf, refuse, uintOf, urlOf } from "./shape.ts"

/** How a keeper signs: 1 with an Ed25519 key, 2 with a passkey. (C3.2) */
export type KeeperKind = 1 | 2

/** What has to be known of a passkey to check its assertions offline. (C3.2) */
export interface Passkey {
  readonly rpId: string
  readonly origin: string
  readonly backupEligible: boolean
}

export interface Keeper {
  /** 16 random bytes; belongs to one key for ever. (C3.3) */
  readonly id: KeeperId
  /** The member that this keeper is. Absent: a keeper need not be a member. */
  readonly member: MemberId | undefined
  readonly kind: KeeperKind
  /** Kind 1: Ed25519, 32 bytes. Kind 2: COSE_Key. */
  readonly publicKey: Uint8Array
  /** Claims that the quorum has agreed to, shown to everybody; empty means none. */
  readonly organisation: string
  readonly jurisdiction: string
  /** The key's signature over its `admissionBytes`. */
  readonly proof: Uint8Array
  /** Set exactly for kind 2. */
  readonly passkey: Passkey | undefined
}

/** What one type of act needs. (C3.4) */
export interface ActRule {
  /** Distinct keepers that must approve. */
  readonly k: number
  /** Seconds on the log's clock between an act and its effect, in which it can be vetoed. (C3.8, C10) */
  readonly delaySeconds: number
  /** Keepers that can stop it during the delay; 0: nobody. */
  readonly vetoK: number
  /** Distinct non-empty organisation labels among those that approve; 0: no requirement. */
  readonly minOrganisations: number
  readonly minJurisdictions: number
}

export interface Rules {
  /** 1 in GENESIS; every RULES act has exactly one more. */
  readonly version: number
  /** In ascending order of their ids. */
  readonly keepers: readonly Keeper[]
  /** By type number 2 to 12. Type 2 (RULES) is always there; a type that is not listed follows it. (C3.4) */
  readonly acts: ReadonlyMap<number, ActRule>
  /** How many entries may come between a statement's `base` and its own place. (C6.7) */
  readonly baseWindow: number
  /** In ascending order of their keys. None: the log has no clock, and nothing can wait. (C3.10) */
  readonly witnesses: readonly Witness[]
  /** How many of them make a checkpoint's time believed; 0 exactly when there are none. */
  readonly witnessQuorum: number
}

/** Whoever vouches that there is one history, by cosigning its checkpoints. (C3.10) */
export interface Witness {
  /** The name of its key, as in its vkey. */
  readonly name: string
  /** Ed25519, 32 bytes: cosigns and does nothing else. */
  readonly publicKey: Uint8Array
  /** Where checkpoints are submitted (tlog-witness); empty: relays do not ask it. */
  readonly url: string
  readonly organisation: string
  readonly jurisdiction: string
}

export const maxKeepers = 64
export const maxWitnesses = 16
export const usualBaseWindow = 1_024
const rulesAct = 2
const firstAct = 2
const lastAct = 12
const maxSeconds = 2 ** 32

/** The rule for a type of act; for one that is not listed, the rule for RULES. (C3.4) */
export function actRuleOf(rules: Rules, typeNumber: number): ActRule {
  const rule = rules.acts.get(typeNumber) ?? rules.acts.get(rulesAct)
  if (rule === undefined) throw new CharterError("not_founded", "rules")
  return rule
}

// What must be quick, or has a rule of its own. (C3.8, C10.5)
const neverWaits: ReadonlySet<number> = new Set([3, 11, 12, 13])

/** Seconds that an act of this type waits before it takes effect. (C3.8) */
export function delayOf(rules: Rules, typeNumber: number): number {
  return neverWaits.has(typeNumber) ? 0 : actRuleOf(rules, typeNumber).delaySeconds
}

/** All that has to stay the same under one keeper id: the key and, of a passkey, the name it is bound to. (C3.3) */
export function seatKey({ publicKey, passkey }: Keeper): Uint8Array {
  if (passkey === undefined) return publicKey
  const { rpId, origin, backupEligible } = passkey
  return concatBytes(publicKey, utf8(`\n${rpId}\n${origin}\n${backupEligible ? 1 : 0}`))
}

/** What tells two keys apart in whatever form they come: an Ed25519 key is the same as a passkey's and alone. (C2.4) */
export function bareKey({ publicKey, passkey }: Keeper): Uint8Array {
  if (passkey === undefined) return publicKey
  const key = decodeCoseKey(publicKey)
  return key.algorithm === "EdDSA" ? key.publicKey : publicKey
}

export function keeperOf(rules: Rules, id: Uint8Array): Keeper | undefined {
  return rules.keepers.find((keeper) => compareBytes(keeper.id, id) === 0)
}

/** An organisation that one keeper rules alone, marked as such everywhere. (C3.5) */
export function isEvaluation(rules: Rules): boolean {
  return rules.keepers.length === 1
}

/** Rules with the same numbers for every act and no labels required: what a founding form asks for. */
export function simpleRules(keepers: readonly Keeper[], k: number, version = 1): Rules {
  return {
    version,
    keepers: keepers.toSorted((a, b) => compareBytes(a.id, b.id)),
    acts: new Map([[rulesAct, { k, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }]]),
    baseWindow: usualBaseWindow,
    witnesses: [],
    witnessQuorum: 0,
  }
}

/** Makes an Ed25519 keeper's entry, signed by the key itself. `org` is `noOrg` when it is for GENESIS. (C2.3) */
export async function admitKeeper(
  org: OrgId,
  keeper: {
    readonly id: KeeperId
    readonly member?: MemberId
    readonly organisation?: string
    readonly jurisdiction?: string
  },
  key: Ed25519Signer,
): Promise<Keeper> {
  const proof = await key.sign(admissionBytes(org, { keeper: keeper.id }, key.publicKey))
  if (proof.length !== 64 || key.publicKey.length !== 32) throw new CharterError("wrong_signer", "admission")
  return {
    id: keeper.id,
    member: keeper.member,
    kind: 1,
    publicKey: key.publicKey,
    organisation: keeper.organisation ?? "",
    jurisdiction: keeper.jurisdiction ?? "",
    proof,
    passkey: undefined,
  }
}

export function rulesToCbor(rules: Rules): CborValue {
  const map = new Map<number, CborValue>([
    [0, rules.version],
    [1, rules.keepers.map(keeperToCbor)],
    [2, new Map([...rules.acts].sort(([a], [b]) => a - b).map(([type, rule]) => [type, actRuleToCbor(rule)]))],
    [3, rules.baseWindow],
  ])
  return rules.witnesses.length === 0 ? map : map.set(4, rules.witnesses.map(witnessToCbor)).set(5, rules.witnessQuorum)
}

export function rulesFromCbor(value: CborValue | undefined): Rules {
  const hasWitnesses = value instanceof Map && value.size > 4
  const map = fieldsOf(value, hasWitnesses ? 6 : 4, "rules")
  const keepers = listOf(map.get(1), [1, maxKeepers], keeperFromCbor, "keepers")
  keepers.forEach((keeper, i) => {
    const before = keepers[i - 1]
    if (before !== undefined && compareBytes(before.id, keeper.id) >= 0) refuse("order of keepers") // C3.3
  })
  const acts = map.get(2)
  if (!(acts instanceof Map) || !acts.has(rulesAct)) refuse("acts")
  for (const type of acts.keys()) if (type < firstAct || type > lastAct) refuse("acts")
  return {
    version: uintOf(map.get(0), Number.MAX_SAFE_INTEGER, "rules version"),
    keepers,
    acts: new Map([...acts].map(([type, rule]) => [type, actRuleFromCbor(rule)])),
    baseWindow: uintOf(map.get(3), Number.MAX_SAFE_INTEGER, "base window"),
    witnesses: hasWitnesses ? witnessesFromCbor(map.get(4)) : [],
    witnessQuorum: hasWitnesses ? uintOf(map.get(5), maxWitnesses, "witness quorum") : 0,
  }
}

function witnessToCbor({ name, publicKey, url, organisation, jurisdiction }: Witness): CborValue {
  return new Map<number, CborValue>([
    [0, name],
    [1, publicKey],
    [2, url],
    [3, organisation],
    [4, jurisdiction],
  ])
}

function witnessesFromCbor(value: CborValue | undefined): readonly Witness[] {
  const witnesses = listOf(value, [1, maxWitnesses], witnessFromCbor, "witnesses")
  witnesses.forEach((witness, i) => {
    const before = witnesses[i - 1]
    if (before !== undefined && compareBytes(before.publicKey, witness.publicKey) >= 0) refuse("order of witnesses")
  })
  if (new Set(witnesses.map(({ name }) => name)).size !== witnesses.length) refuse("witness name twice")
  return witnesses
}

function witnessFromCbor(value: CborValue): Witness {
  const map = fieldsOf(value, 5, "witness")
  const name = map.get(0)
  if (typeof name !== "string" || !isKeyName(name)) refuse("witness name")
  const url = map.get(2)
  return {
    name,
    publicKey: fixedOf(map.get(1), 32, "witness key"),
    url: url === "" ? "" : urlOf(url, "witness url"),
    organisation: labelOf(map.get(3), "organisation label"),
    jurisdiction: labelOf(map.get(4), "jurisdiction label"),
  }
}

/** A note key's name that people can read too: 1 to 255 printable ASCII characters without a plus sign. (C3.10) */
export function isKeyName(name: string): boolean {
  return /^[!-*,-~]{1,255}$/.test(name)
}

function keeperToCbor(keeper: Keeper): CborValue {
  const map = new Map<number, CborValue>([
    [0, keeper.id],
    [1, keeper.member ?? new Uint8Array()],
    [2, keeper.kind],
    [3, keeper.publicKey],
    [4, keeper.organisation],
    [5, keeper.jurisdiction],
    [6, keeper.proof],
  ])
  if (keeper.passkey !== undefined) {
    const { rpId, origin, backupEligible } = keeper.passkey
    map.set(7, [rpId, origin, backupEligible ? 1 : 0])
  }
  return map
}

function keeperFromCbor(value: CborValue): Keeper {
  const isPasskey = value instanceof Map && value.get(2) === 2
  const map = fieldsOf(value, isPasskey ? 8 : 7, "keeper")
  const member = bytesOf(map.get(1), 0, 16, "keeper's member")
  if (!isPasskey && map.get(2) !== 1) refuse("keeper kind") // C3.2
  return {
    id: toKeeperId(fixedOf(map.get(0), 16, "keeper id")),
    member: member.length === 0 ? undefined : toMemberId(fixedOf(member, 16, "keeper's member")),
    kind: isPasskey ? 2 : 1,
    publicKey: isPasskey ? bytesOf(map.get(3), 1, 512, "keeper key") : fixedOf(map.get(3), 32, "keeper key"),
    organisation: labelOf(map.get(4), "organisation label"),
    jurisdiction: labelOf(map.get(5), "jurisdiction label"),
    proof: isPasskey ? bytesOf(map.get(6), 1, 4096, "keeper proof") : fixedOf(map.get(6), 64, "keeper proof"),
    passkey: isPasskey ? passkeyFromCbor(map.get(7)) : undefined,
  }
}

function passkeyFromCbor(value: CborValue | undefined): Passkey {
  const [rpId, origin, backup] = listOf(value, [3, 3], (part) => part, "passkey")
  return {
    rpId: labelOf(rpId, "passkey RP ID"),
    origin: urlOf(origin, "passkey origin"),
    backupEligible: uintOf(backup, 1, "passkey backup flag") === 1,
  }
}

function actRuleToCbor(rule: ActRule): CborValue {
  return new Map([
    [0, rule.k],
    [1, rule.delaySeconds],
    [2, rule.vetoK],
    [3, rule.minOrganisations],
    [4, rule.minJurisdictions],
  ])
}

function actRuleFromCbor(value: CborValue): ActRule {
  const map = fieldsOf(value, 5, "act rule")
  return {
    k: uintOf(map.get(0), maxKeepers, "k"),
    delaySeconds: uintOf(map.get(1), maxSeconds, "delay"),
    vetoK: uintOf(map.get(2), maxKeepers, "veto k"),
    minOrganisations: uintOf(map.get(3), maxKeepers, "organisations"),
    minJurisdictions: uintOf(map.get(4), maxKeepers, "jurisdictions"),
  }
}
