import { hex } from "@holdfast/wire"
import { genesis, noOrg, openCharter, seal } from "../../src/index.ts"
import type { Dice } from "./dice.ts"
import { Ledger } from "./ledger.ts"
import { rulesFor } from "./rules-maker.ts"
import type { World } from "./world.ts"

/** Chooses who is turned, and founds the organisation. Every keeper of it signs. */
export async function found(world: World, dice: Dice): Promise<void> {
  const { keepers, witnesses } = world.cast
  for (const { id } of dice.shuffled(keepers).slice(0, dice.below(4))) world.turned.add(hex(id))
  for (const { name } of dice.shuffled(witnesses).slice(0, dice.below(4))) world.liars.add(name)
  const isEvaluation = dice.chance(12)
  const founder = world.newMember(dice)
  const device = await world.newDevice(founder)
  const rules = await rulesFor(world, dice, { org: noOrg, version: 1, isEvaluation, seated: [], chain: undefined })
  const { statement, orgId } = genesis({
    nameCommitment: dice.bytes(32),
    rules,
    founder: { member: founder, nameCommitment: dice.bytes(32), devices: [await device.admit(noOrg)] },
    relays: dice.chance(85) ? [world.relay.entry] : [],
    notAfter: world.now + 86_400,
    nonce: dice.bytes(16),
  })
  world.orgId = orgId
  const chain = { id: 0, charter: openCharter(orgId), entries: [], prints: [""], ledger: new Ledger() }
  world.chains.push(chain)
  const approvals = await world.approvals(world.note(statement, chain), world.seatsOf(rules))
  await world.log(chain, seal(statement, approvals))
}
