// Rules as somebody wants them, made into rules as the charter has them, or into the reasons why they cannot be (E5.11).
import {
  type ActRule,
  actNumbers,
  brokenFloors,
  type Charter,
  CharterError,
  checkBeforeSigning,
  draft,
  isKeyName,
  isLabel,
  isUrl,
  type Keeper,
  type Refusal,
  type Rules,
  refusalInWords,
  refusals,
  type Witness,
} from "@holdfast/charter"
import { COSIGNATURE, formatVkey, LogError, type NoteKey, noteKey, parseVkey } from "@holdfast/log"
import { compareBytes, equalBytes, hex, type OrgId, toMemberId } from "@holdfast/wire"
import { ClientError } from "./error.ts"
import { ruledActs } from "./governance.ts"
import type { ActRuleView, RulesDraft, RulesProblem, SeatDraft } from "./governance-api.ts"
import type { Id } from "./id.ts"
import { isRightOfferedKey, type OfferedKey } from "./keeper-offers.ts"
import { isRightOffer, type KeeperOffer, parseKeeperOffer } from "./offline/index.ts"
import { idBytes } from "./proposals.ts"

export interface DraftSources {
  readonly charter: Charter
  readonly nowSeconds: number
  readonly nameOf: (member: Id) => string
  readonly offered: (member: Id) => OfferedKey | undefined
  readonly randomBytes: (length: number) => Uint8Array
}

export type DraftedRules =
  | { readonly rules: Rules; readonly problems: readonly [] }
  | { readonly rules: undefined; readonly problems: readonly RulesProblem[] }

/** The next rules, or everything that speaks against them. Throws ClientError `malformed` for ids that are none. (E5.11) */
export async function draftRules(sources: DraftSources, wanted: RulesDraft): Promise<DraftedRules> {
  const problems: RulesProblem[] = []
  const keepers: Keeper[] = []
  for (const seat of wanted.keepers) {
    const made = await seatOf(sources, seat)
    if ("floor" in made) problems.push(made)
    else keepers.push(made)
  }
  const witnesses: Witness[] = []
  for (const witness of wanted.witnesses) {
    const made = witnessOf(witness)
    if ("floor" in made) problems.push(made)
    else witnesses.push(made)
  }
  const acts = actsOf(wanted)
  if (acts === undefined) problems.push({ floor: "rules", sentence: "There is no rule for changing the rules." })
  if (problems.length > 0 || acts === undefined) return { rules: undefined, problems }
  const { state } = sources.charter
  const rules: Rules = {
    version: state.rules.version + 1,
    keepers: keepers.toSorted((a, b) => compareBytes(a.id, b.id)),
    acts,
    baseWindow: state.rules.baseWindow,
    witnesses: witnesses.toSorted((a, b) => compareBytes(a.publicKey, b.publicKey)),
    witnessQuorum: witnesses.length === 0 ? 0 : wanted.witnessQuorum,
  }
  const broken = await brokenBy(sources, rules)
  return broken.length === 0 ? { rules, problems: [] } : { rules: undefined, problems: broken.map(problemOf) }
}

/** Every floor they undercut; and what else would keep the statement from being applied. */
async function brokenBy({ charter, nowSeconds, randomBytes }: DraftSources, rules: Rules): Promise<readonly string[]> {
  const floors = brokenFloors(rules, charter.state.evaluation)
  if (floors.length > 0) return floors
  try {
    const statement = draft(charter, {
      type: "rules",
      body: rules,
      notAfter: nowSeconds + 3_600,
      nonce: randomBytes(16),
    })
    return await checkBeforeSigning(charter, statement, nowSeconds)
  } catch (error) {
    if (error instanceof CharterError) return [error.code]
    throw error
  }
}

function problemOf(reason: string): RulesProblem {
  const words = Object.hasOwn(refusals, reason)
    ? refusalInWords(reason as Refusal)
    : "These rules cannot be written down"
  return { floor: reason, sentence: `${words}.` }
}

async function seatOf(sources: DraftSources, seat: SeatDraft): Promise<Keeper | RulesProblem> {
  const { organisation, jurisdiction } = seat
  if (!isLabel(organisation) || !isLabel(jurisdiction)) {
    return { floor: "label", sentence: "A label of a keeper is too long or has characters that do not show." }
  }
  const labels = { organisation, jurisdiction }
  const { charter, nameOf, offered } = sources
  if ("seat" in seat) {
    const known = charter.state.rules.keepers.find(({ id }) => equalBytes(id, idBytes(seat.seat)))
    return known === undefined
      ? { floor: "seat", sentence: "A seat in these rules is there no more." }
      : { ...known, ...labels }
  }
  if ("member" in seat) {
    const key = offered(seat.member)
    const isRight = key !== undefined && (await isRightOfferedKey(charter.orgId, key))
    if (!isRight) return { floor: "member", sentence: `${nameOf(seat.member)} has not offered a keeper's key.` }
    return { ...key, member: toMemberId(idBytes(seat.member)), ...labels }
  }
  const offer = await readOffer(charter.orgId, seat.offer)
  if (offer === undefined) {
    return { floor: "offer", sentence: "This is not the offer of a keeper's key for this organisation." }
  }
  const { keeper: id, publicKey, proof } = offer
  const member = seat.forMember
  const own = member === undefined ? undefined : offered(member)
  if (member !== undefined && (own === undefined || !equalBytes(own.publicKey, publicKey) || !equalBytes(own.id, id))) {
    return { floor: "member", sentence: `${nameOf(member)} has not confirmed this key on a device of theirs.` }
  }
  return {
    id,
    member: member === undefined ? undefined : toMemberId(idBytes(member)),
    kind: 1,
    publicKey,
    proof,
    passkey: undefined,
    ...labels,
  }
}

async function readOffer(org: OrgId, text: string): Promise<KeeperOffer | undefined> {
  try {
    const offer = parseKeeperOffer(text)
    return equalBytes(offer.org, org) && (await isRightOffer(org, offer)) ? offer : undefined
  } catch (error) {
    if (error instanceof ClientError) return undefined
    throw error
  }
}

function witnessOf({ vkey, url, organisation, jurisdiction }: RulesDraft["witnesses"][number]): Witness | RulesProblem {
  const key = cosignerOf(vkey.trim())
  if (key === undefined) {
    return { floor: "witness", sentence: "A witness's key is not a key that cosigns checkpoints (C2SP, type 04)." }
  }
  if (url !== "" && !isUrl(url)) return { floor: "witness", sentence: `The address of ${key.name} is not an address.` }
  if (!isLabel(organisation) || !isLabel(jurisdiction)) {
    return { floor: "witness", sentence: `A label of ${key.name} is too long or has characters that do not show.` }
  }
  return { name: key.name, publicKey: key.publicKey, url, organisation, jurisdiction }
}

function cosignerOf(vkey: string): NoteKey | undefined {
  try {
    const key = parseVkey(vkey)
    return key.type === COSIGNATURE && isKeyName(key.name) ? key : undefined
  } catch (error) {
    if (error instanceof LogError) return undefined
    throw error
  }
}

function actsOf({ acts }: RulesDraft): Rules["acts"] | undefined {
  if (acts.rules === undefined) return undefined
  const entries = ruledActs.flatMap((act) => {
    const rule = acts[act]
    return rule === undefined ? [] : [[actNumbers[act] as number, toRule(rule)] as const]
  })
  return new Map(entries)
}

function toRule({ k, delaySeconds, vetoK, minOrganisations, minJurisdictions }: ActRuleView): ActRule {
  return { k, delaySeconds, vetoK, minOrganisations, minJurisdictions }
}

/** The rules in force as a draft, with one seat exchanged. Throws `not_found`, and `not_allowed` for the very key that was lost. (E5.11) */
export function withSeatReplaced({ charter, offered, nameOf }: DraftSources, lost: Id, by: SeatDraft): RulesDraft {
  const { rules } = charter.state
  if ("member" in by) {
    const key = offered(by.member)
    if (key !== undefined && hex(key.id) === lost) {
      throw new ClientError("not_allowed", `${nameOf(by.member)} has not offered another key yet.`)
    }
  }
  if (!rules.keepers.some(({ id }) => hex(id) === lost)) {
    throw new ClientError("not_found", "There is no such keeper's seat.")
  }
  return draftOf(rules, (keeper) => (hex(keeper.id) === lost ? by : seatDraft(keeper)))
}

function seatDraft({ id, organisation, jurisdiction }: Keeper): SeatDraft {
  return { seat: hex(id), organisation, jurisdiction }
}

function draftOf(rules: Rules, seatFor: (keeper: Keeper) => SeatDraft): RulesDraft {
  const acts = ruledActs.flatMap((act) => {
    const rule = rules.acts.get(actNumbers[act])
    return rule === undefined ? [] : [[act, rule] as const]
  })
  return {
    keepers: rules.keepers.map(seatFor),
    acts: Object.fromEntries(acts),
    witnesses: rules.witnesses.map((witness) => ({ ...witness, vkey: vkeyOf(witness) })),
    witnessQuorum: rules.witnessQuorum,
  }
}

export function vkeyOf({ name, publicKey }: Witness): string {
  return formatVkey(noteKey(name, COSIGNATURE, publicKey))
}
