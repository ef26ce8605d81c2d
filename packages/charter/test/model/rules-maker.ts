import { compareBytes, hex, type MemberId, type OrgId } from "@holdfast/wire"
import { type ActRule, isActiveMember, type Keeper, type Rules } from "../../src/index.ts"
import type { Dice } from "./dice.ts"
import type { Chain, World } from "./world.ts"

const day = 86_400

export interface Wanted {
  readonly org: OrgId
  readonly version: number
  readonly isEvaluation: boolean
  /** Seats that there are: whoever keeps one keeps the entry. */
  readonly seated: readonly Keeper[]
  readonly chain: Chain | undefined
}

/** Rules that keep every floor, and under which the turned are fewer than any act needs. */
export async function rulesFor(world: World, dice: Dice, wanted: Wanted): Promise<Rules> {
  // Half of the changes keep the seats, so that what waits and who is suspended meets other numbers.
  const isSameSeats = wanted.seated.length > 1 && dice.chance(50)
  const n = wanted.isEvaluation ? 1 : isSameSeats ? wanted.seated.length : dice.one([3, 3, 4, 5, 6])
  const k = n === 1 ? 1 : Math.floor(n / 2) + 1 + dice.below(n - 1 - Math.floor(n / 2))
  const anyK = () => (n === 1 ? 1 : 2 + dice.below(n - 2))
  const witnesses = witnessesFor(world, dice)
  const rule = (k: number, percent: number): ActRule => {
    const delaySeconds =
      witnesses.witnesses.length > 0 && dice.chance(percent) ? dice.one([3_600, day, 2 * day, 30 * day]) : 0
    return {
      k,
      delaySeconds,
      vetoK: n === 1 ? dice.below(2) : delaySeconds === 0 && dice.chance(50) ? 0 : k + dice.below(n - k),
      minOrganisations: dice.chance(12) ? 1 + dice.below(2) : 0,
      minJurisdictions: dice.chance(12) ? 1 + dice.below(2) : 0,
    }
  }
  const acts = new Map([[2, rule(k, 40)]])
  for (const type of [3, 4, 5, 6, 7, 8, 10, 12].filter(() => dice.chance(40))) {
    acts.set(
      type,
      type === 3 || type === 12 ? { ...rule(anyK(), 0), delaySeconds: 0 } : rule(anyK(), type === 10 ? 90 : 60),
    )
  }
  const keepers = isSameSeats ? wanted.seated : await seatsFor(world, dice, wanted, n, smallestK(acts))
  const rules = {
    version: wanted.version,
    keepers,
    acts,
    baseWindow: dice.one([16, 16, 32, 1024]),
    ...witnesses,
  }
  return { ...rules, acts: metAfterLoss(rules) }
}

export function smallestK(acts: Rules["acts"]): number {
  return Math.min(...[...acts.values()].map(({ k }) => k))
}

/** Whether an honest keeper signs them: the turned stay fewer than any act needs, the liars fewer than a time needs. */
export function isBearable(world: World, { keepers, acts, witnesses, witnessQuorum }: Rules): boolean {
  const turned = keepers.filter(({ id }) => world.isTurned(hex(id))).length
  const liars = witnesses.filter(({ name }) => world.liars.has(name)).length
  return turned < smallestK(acts) && (liars === 0 || liars < witnessQuorum)
}

function witnessesFor(world: World, dice: Dice): Pick<Rules, "witnesses" | "witnessQuorum"> {
  if (dice.chance(20)) return { witnesses: [], witnessQuorum: 0 }
  const n = 1 + dice.below(5)
  const w = Math.floor(n / 2) + 1 + dice.below(n - Math.floor(n / 2))
  let liars = 0
  const chosen = dice.shuffled(world.cast.witnesses).filter(({ name }) => {
    if (!world.liars.has(name)) return true
    liars += 1
    return liars < w
  })
  const witnesses = chosen
    .slice(0, n)
    .map(({ entry }) => entry)
    .sort((a, b) => compareBytes(a.publicKey, b.publicKey))
  const witnessQuorum = Math.min(w, witnesses.length)
  const isSafe = witnesses.filter(({ name }) => world.liars.has(name)).length < witnessQuorum
  return isSafe ? { witnesses, witnessQuorum } : { witnesses: [], witnessQuorum: 0 }
}

async function seatsFor(world: World, dice: Dice, wanted: Wanted, n: number, smallest: number) {
  let turned = 0
  const chosen = dice.shuffled(world.cast.keepers).filter(({ id }) => {
    if (!world.isTurned(hex(id))) return true
    turned += 1
    return turned < smallest
  })
  const taken = new Set<string>()
  const seats = await Promise.all(
    chosen.slice(0, n).map((actor) => {
      const seated = wanted.seated.find(({ id }) => hex(id) === hex(actor.id))
      if (seated?.member !== undefined) taken.add(hex(seated.member))
      return seated ?? actor.admit(wanted.org, memberFor(dice, wanted, taken))
    }),
  )
  return seats.sort((a, b) => compareBytes(a.id, b.id))
}

/** Some keepers are members, each in one seat. */
function memberFor(dice: Dice, { chain, seated }: Wanted, taken: Set<string>): MemberId | undefined {
  if (chain === undefined || dice.chance(60)) return undefined
  const { state } = chain.charter
  const isFree = (id: MemberId) =>
    !taken.has(hex(id)) && seated.every(({ member }) => member === undefined || hex(member) !== hex(id))
  const free = [...state.members.values()].filter(({ id }) => isActiveMember(state, id) && isFree(id))
  const member = dice.pick(free)?.id
  if (member !== undefined) taken.add(hex(member))
  return member
}

/** Labels are asked for only where they can still be met without any one keeper. */
function metAfterLoss({ keepers, acts }: Rules): Rules["acts"] {
  const least = (label: "organisation" | "jurisdiction") =>
    Math.min(
      ...keepers.map((lost) => {
        const left = keepers.length === 1 ? keepers : keepers.filter((it) => it !== lost)
        return new Set(left.map((it) => it[label]).filter((text) => text !== "")).size
      }),
    )
  const [organisations, jurisdictions] = [least("organisation"), least("jurisdiction")]
  return new Map(
    [...acts].map(([type, rule]) => [
      type,
      {
        ...rule,
        minOrganisations: Math.min(rule.minOrganisations, organisations),
        minJurisdictions: Math.min(rule.minJurisdictions, jurisdictions),
      },
    ]),
  )
}
