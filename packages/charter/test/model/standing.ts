// What has to hold of a whole charter at any time, apart from how it came to be so.
import { createHash } from "node:crypto"
import { equalBytes, hex } from "@holdfast/wire"
import { appendRead, readEnvelope } from "../../src/charter.ts"
import { type Charter, draft, isSuspended, type LaterAct, rootAt, seal } from "../../src/index.ts"
import { replayRead } from "../../src/replay.ts"
import { snapshot } from "../snapshot.ts"
import type { Approver } from "./cast.ts"
import type { Dice } from "./dice.ts"
import { Broken } from "./ledger.ts"
import type { Chain, World } from "./world.ts"

const probed = new WeakMap<Chain, { rules: unknown; suspensions: unknown; waiting: unknown }>()

/** Tries it, on a copy that is thrown away: the keepers whose approvals count can change the rules, also without any one. (C11.5) */
export async function checkNobodyLockedOut(world: World, chain: Chain, dice: Dice): Promise<void> {
  const { state } = chain.charter
  const { rules, suspensions, waiting } = state
  const last = probed.get(chain)
  if (last?.rules === rules && last.suspensions === suspensions && last.waiting === waiting && !dice.chance(2)) return
  probed.set(chain, { rules, suspensions, waiting })
  const active = world.seatsOf(rules).filter(({ id }) => !isSuspended(state, id))
  for (const [type, rule] of rules.acts) {
    const seats = rules.keepers.filter(({ id }) => active.some((actor) => equalBytes(actor.id, id)))
    const labels = (label: "organisation" | "jurisdiction") =>
      new Set(seats.map((it) => it[label]).filter((text) => text !== "")).size
    const isMet =
      seats.length >= Math.max(rule.k, rule.vetoK) &&
      labels("organisation") >= rule.minOrganisations &&
      labels("jurisdiction") >= rule.minJurisdictions
    if (!isMet) throw new Broken("C11.5", `the ${seats.length} keepers who count cannot do acts of type ${type}`)
  }
  // Trying it costs as much as a few entries, and much of it comes again.
  if (!dice.chance(30)) return
  await changeRules(world, chain.charter, active, dice)
  const isWhole = active.length === rules.keepers.length && active.length > 1
  if (isWhole) {
    const lost = dice.pick(active)
    await changeRules(
      world,
      chain.charter,
      active.filter((it) => it !== lost),
      dice,
    )
  }
  world.counts.probes += 1
}

/** Witnesses may be gone for good: what waits and stands in the way is vetoed first. */
async function changeRules(world: World, charter: Charter, by: readonly Approver[], dice: Dice): Promise<void> {
  let next = charter
  const waiting = charter.state.waiting.find(({ statement }) => statement.type === "rules")
  if (waiting !== undefined) {
    const veto = { type: "veto", body: { statement: waiting.statement.id } } as const
    next = await agreed(world, next, veto, by, dice)
  }
  const { rules } = next.state
  await agreed(world, next, { type: "rules", body: { ...rules, version: rules.version + 1 } }, by, dice)
}

async function agreed(
  world: World,
  charter: Charter,
  act: LaterAct,
  by: readonly Approver[],
  dice: Dice,
): Promise<Charter> {
  const statement = draft(charter, { ...act, notAfter: 2 ** 50, nonce: dice.bytes(16) })
  const entry = seal(statement, await Promise.all(by.map((actor) => actor.approve(statement))))
  const { charter: next, record } = await appendRead(charter, entry, readEnvelope(entry), world.keys.verify)
  const { outcome } = record
  if (typeof outcome === "object") {
    throw new Broken(
      "C11.5",
      `${by.length} of ${charter.state.rules.keepers.length} keepers: ${act.type} ${outcome.refused}`,
    )
  }
  return next
}

/** Every root is that of a tree made anew from the entries, and reading in bulk comes to the same. (C11.13, C11.14) */
export async function checkWhole(world: World, chain: Chain, dice: Dice): Promise<void> {
  const { charter, entries } = chain
  const leaves = entries.map((entry) => sha256(Uint8Array.of(0), entry))
  for (const size of [entries.length, 1 + dice.below(entries.length), 1 + dice.below(entries.length)]) {
    const root = rootAt(charter, size)
    if (root === undefined || !equalBytes(root, treeOf(leaves.slice(0, size)))) {
      throw new Broken("C11.13", `the root at size ${size} is not the tree's`)
    }
  }
  const bulk = await replayRead(world.orgId, entries, world.keys.verify)
  if (JSON.stringify(snapshot(bulk)) !== JSON.stringify(snapshot(charter))) {
    throw new Broken("C11.14", `bulk reading of ${entries.length} entries of ${hex(world.orgId)} differs`)
  }
}

/** RFC 9162, section 2.1.1, as it is written. */
function treeOf(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only !== undefined && leaves.length === 1) return only
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return sha256(Uint8Array.of(1), treeOf(leaves.slice(0, k)), treeOf(leaves.slice(k)))
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}
