// The moves of a history: what honest people do, and what a relay, turned keepers and turned members do to them.
import { hex } from "@holdfast/wire"
import { type Approval, type Refusal, type Rules, type Statement, seal } from "../../src/index.ts"
import { actOf, membersOf, nextRules, phonesOf, someAct } from "./acts.ts"
import type { Approver } from "./cast.ts"
import type { Dice } from "./dice.ts"
import { isBearable } from "./rules-maker.ts"
import { anchorOf, tricks } from "./tricks.ts"
import type { Chain, Held, World } from "./world.ts"

export type Move = (world: World, dice: Dice) => Promise<void>

const hour = 3_600
const day = 86_400
const maxChains = 3

function someChain(world: World, dice: Dice): Chain {
  return (dice.chance(70) ? world.chains[0] : dice.pick(world.chains)) as Chain
}

/** An act that honest keepers agree on, all of them or as many as happen to. The turned join in when it suits them. */
async function honestAct(world: World, dice: Dice): Promise<void> {
  const chain = someChain(world, dice)
  const meant = await someAct(world, chain, dice)
  if (meant === undefined) return
  const { act, devices } = meant
  if (act.type === "rules" && !isBearable(world, act.body)) return
  const seats = seatsFor(world, chain, act.type === "rules" ? act.body : undefined)
  const signers = dice.chance(60) ? seats : dice.some(seats, dice.one([30, 60, 80]))
  const statement = world.draft(chain, act, dice, dice.chance(80) ? 30 * day : hour)
  const held = { statement, approvals: await world.approvals(statement, [...signers, ...devices]) }
  if (dice.chance(30)) world.hold(held)
  if (dice.chance(85)) await logHeld(world, chain, held)
}

function seatsFor(world: World, { charter }: Chain, next: Rules | undefined): readonly Approver[] {
  const seats = world.seatsOf(charter.state.rules)
  return next === undefined ? seats : [...new Set([...seats, ...world.seatsOf(next)])]
}

async function logHeld(world: World, chain: Chain, { statement, approvals }: Held): Promise<void> {
  await world.log(chain, seal(statement, approvals))
}

/** Turned keepers and the devices of turned members, without anybody honest. */
async function turnedAct(world: World, dice: Dice): Promise<void> {
  const chain = someChain(world, dice)
  const meant = await someAct(world, chain, dice)
  if (meant === undefined) return
  const act =
    meant.act.type === "rules" ? { ...meant.act, body: await rulesOfTheTurned(world, chain, dice) } : meant.act
  const statement = world.draft(chain, act, dice)
  const held = { statement, approvals: await world.approvals(statement, await turnedSigners(world, chain, dice)) }
  if (dice.chance(30)) world.hold(held)
  await logHeld(world, chain, held)
}

async function turnedSigners(world: World, chain: Chain, dice: Dice): Promise<readonly Approver[]> {
  const keepers = world.cast.keepers.filter(({ id }) => world.isTurned(hex(id)))
  const people = membersOf(chain).filter(({ id }) => world.turnedMembers.has(hex(id)))
  const phones = people.flatMap(({ id }) => phonesOf(world, chain, id))
  return [...keepers, ...dice.shuffled(phones).slice(0, 3)]
}

async function rulesOfTheTurned(world: World, chain: Chain, dice: Dice): Promise<Rules> {
  const next = await nextRules(world, chain, dice)
  const turned = world.cast.keepers.filter(({ id }) => world.isTurned(hex(id)))
  const { keepers: seated } = chain.charter.state.rules
  const theirs = await Promise.all(
    turned.map((actor) => seated.find(({ id }) => hex(id) === hex(actor.id)) ?? actor.admit(world.orgId, undefined)),
  )
  const others = next.keepers.filter(({ id }) => !world.isTurned(hex(id))).slice(0, Math.max(0, 3 - theirs.length))
  const keepers = [...theirs, ...others].sort((a, b) => (hex(a.id) < hex(b.id) ? -1 : 1))
  const rule = {
    k: Math.floor(keepers.length / 2) + 1,
    delaySeconds: 0,
    vetoK: 0,
    minOrganisations: 0,
    minJurisdictions: 0,
  }
  return { ...next, keepers, acts: new Map([[2, rule]]), witnesses: [], witnessQuorum: 0 }
}

/** What was signed is logged later, elsewhere, with fewer approvals, or with more of the turned ones'. */
async function logSomethingHeld(world: World, dice: Dice): Promise<void> {
  const held = dice.pick(world.held)
  if (held === undefined) return
  const chain = dice.pick(world.chains) as Chain
  let approvals: readonly Approval[] = held.approvals
  if (dice.chance(30)) approvals = dice.some(approvals, 70)
  if (dice.chance(30)) approvals = withMore(approvals, await turnedApprovals(world, chain, held.statement, dice))
  await logHeld(world, chain, { ...held, approvals })
}

async function turnedApprovals(world: World, chain: Chain, statement: Statement, dice: Dice) {
  return world.approvals(statement, await turnedSigners(world, chain, dice))
}

function withMore(approvals: readonly Approval[], more: readonly Approval[]): readonly Approval[] {
  const has = new Set(approvals.map(({ signer }) => hex(signer)))
  return [...approvals, ...more.filter(({ signer }) => !has.has(hex(signer)))]
}

/** An entry of any history once more, here or in another one. */
async function logAgain(world: World, dice: Dice): Promise<void> {
  const from = dice.pick(world.chains) as Chain
  const entry = dice.chance(50) ? from.entries.at(-1) : dice.pick(from.entries)
  if (entry !== undefined) await world.log(dice.pick(world.chains) as Chain, entry)
}

async function fork(world: World, dice: Dice): Promise<void> {
  const chain = dice.pick(world.chains) as Chain
  if (world.chains.length < maxChains) world.fork(chain)
}

async function trick(world: World, dice: Dice): Promise<void> {
  const chain = someChain(world, dice)
  const [, ways = []] = dice.pick(Object.entries(tricks)) ?? []
  const entry = await dice.pick(ways)?.(world, chain, dice)
  if (entry !== undefined) await world.log(chain, entry)
}

/** The last thing somebody honest made, with a few bytes changed or cut off, in the place of it. */
async function changedBytes(world: World, dice: Dice): Promise<void> {
  const held = dice.pick(world.held)
  const chain = someChain(world, dice)
  const whole = held === undefined ? dice.pick(chain.entries) : seal(held.statement, held.approvals)
  if (whole === undefined) return
  let entry = Uint8Array.from(whole)
  for (let left = 1 + dice.below(3); left > 0; left--) {
    const at = dice.below(entry.length)
    if (dice.chance(20)) entry = entry.slice(0, at)
    else entry[at] = (entry[at] ?? 0) ^ (1 << dice.below(8))
    if (entry.length === 0) break
  }
  await world.log(chain, entry)
}

/** The relay does its work: every witness of the rules cosigns the newest tree. */
async function honestAnchor(world: World, dice: Dice): Promise<void> {
  const chain = someChain(world, dice)
  await anchorBy(world, chain, dice, chain.charter.size, 100, false)
}

/** The relay picks whom to ask, about which tree, and which of the answers it logs; liars give any time. */
async function turnedAnchor(world: World, dice: Dice): Promise<void> {
  const chain = someChain(world, dice)
  const size = Math.max(1, chain.charter.size - (dice.chance(60) ? 0 : dice.below(6)))
  await anchorBy(world, chain, dice, size, dice.one([50, 80, 100]), true)
}

async function anchorBy(world: World, chain: Chain, dice: Dice, size: number, percent: number, lies: boolean) {
  const { witnesses } = chain.charter.state.rules
  const asked = world.cast.witnesses.filter(({ name }) => witnesses.some((it) => it.name === name))
  for (const witness of dice.some(asked, percent)) {
    const liedTime = lies ? dice.one([0, world.now - 40 * day, world.now + 400 * day, 2 ** 52]) : world.now
    await world.cosign(chain, size, witness, liedTime)
  }
  const text = world.checkpointText(chain, size)
  const lines = world.lines.get(text) ?? []
  const chosen = lies ? dice.some(lines, dice.one([50, 80, 100])) : lines
  await world.log(chain, await anchorOf(world, chain, dice, await world.noteOf(text, chosen.slice(-12))))
}

/** Time goes by; mostly the relay then tells the log. */
async function timePasses(world: World, dice: Dice): Promise<void> {
  world.now += dice.one([60, hour, 2 * hour, day, day, 3 * day, 31 * day])
  if (dice.chance(60)) await honestAnchor(world, dice)
}

async function honestVeto(world: World, dice: Dice): Promise<void> {
  const chain = someChain(world, dice)
  const meant = await actOf("veto", world, chain, dice)
  if (meant === undefined) return
  const statement = world.draft(chain, meant.act, dice)
  const seats = dice.some(world.seatsOf(chain.charter.state.rules), 80)
  await logHeld(world, chain, { statement, approvals: await world.approvals(statement, [...seats, ...meant.devices]) })
}

export const moves = {
  honestAct,
  turnedAct,
  logSomethingHeld,
  logAgain,
  fork,
  trick,
  changedBytes,
  honestAnchor,
  turnedAnchor,
  timePasses,
  honestVeto,
} satisfies Readonly<Record<string, Move>>

export type MoveName = keyof typeof moves

/** How often each is made, in shares. */
export const shares: Readonly<Record<MoveName, number>> = {
  honestAct: 30,
  turnedAct: 8,
  logSomethingHeld: 10,
  logAgain: 4,
  fork: 1,
  trick: 22,
  changedBytes: 4,
  honestAnchor: 6,
  turnedAnchor: 7,
  timePasses: 12,
  honestVeto: 4,
}

export const tried = Object.keys(tricks) as readonly Refusal[]
