import { type Refusal, replay } from "@holdfast/charter"
import type { Act } from "@holdfast/client"
import { fromHex, hex, toOrgId } from "@holdfast/wire"
import type { Person } from "../person.ts"
import type { Scene } from "../scene.ts"
import { until } from "../wait.ts"
import type { CouncilStage } from "./council.ts"
import { type Desk, openDesk } from "./desk.ts"

/** Throws when the scene is not set on a stage with a council. */
export function deskOf(scene: Scene): Promise<Desk> {
  if (!("council" in scene.stage)) throw new Error("nobody has a seat on this stage")
  return openDesk(scene.stage as CouncilStage, scene.relay.folder)
}

/** All that decides who may do what, as one client sees it and as its own copy of the charter says. */
async function beliefsOf({ client }: Person): Promise<string> {
  const { standing, keepers, organisation } = await client.overview()
  const people = (await client.people())
    .filter(({ active }) => active)
    .map(({ member, keeper, devices }) => [member, keeper, devices.filter(({ active }) => active).map(({ id }) => id)])
  const { state } = await replay(toOrgId(fromHex(organisation.id)), await client.exportCharter())
  const { rules, relays, waiting } = state
  return JSON.stringify([
    standing,
    keepers,
    people,
    rules.version,
    relays.map(({ id, urls, logPublicKey }) => [hex(id), urls, hex(logPublicKey)]),
    waiting.map(({ statement }) => hex(statement.id)),
  ])
}

/** Compares what each of them believes now with what it believed when this was called. */
export async function believed(victims: readonly Person[]): Promise<(scene: Scene) => Promise<void>> {
  const before = await Promise.all(victims.map(beliefsOf))
  return async (scene) => {
    const after = await Promise.all(victims.map(beliefsOf))
    const changed = before.filter((belief, i) => belief !== after[i]).length
    scene.measure(`${changed} of ${victims.length} honest clients changed who belongs, who decides or whom to talk to`)
    if (changed > 0) scene.gain(`${changed} honest client(s) followed what had no quorum`)
  }
}

/** Waits until each of them has the entry, and holds it to have come to this. */
export async function shownAs(
  victims: readonly Person[],
  index: number,
  outcome: Act["outcome"],
  reason?: Refusal,
): Promise<void> {
  for (const person of victims) {
    const act = await shownTo(person, index, outcome)
    if (act.outcome !== outcome)
      throw new Error(`${person.name} shows entry ${index} as ${act.outcome}, not ${outcome}`)
    if (reason !== undefined && act.reason !== reason)
      throw new Error(`${person.name} gives another reason: ${act.reason}`)
  }
}

/** Waits until each of them has the entry, whatever they make of it. */
export async function haveAll(victims: readonly Person[], index: number): Promise<void> {
  for (const person of victims) await shownTo(person, index, "waiting")
}

function shownTo({ name, client }: Person, index: number, outcome: Act["outcome"]): Promise<Act> {
  return until(`${name} has entry ${index}`, 15_000, async () => {
    const found = (await client.timeline()).find((one) => one.index === index)
    // What waits may still be decided by a later entry.
    return found?.outcome === "waiting" && outcome !== "waiting" ? undefined : found
  })
}

/** Nothing that is logged stops the organisation: its keepers decide the next thing, and everybody follows. */
export async function goesOn(scene: Scene, desk: Desk, victims: readonly Person[]): Promise<void> {
  const until = Math.floor(Date.now() / 1_000) + 31 * 86_400
  const { index } = await desk.decide({ type: "canary", body: { until } })
  await shownAs(victims, index, "applied")
  scene.measure("the keepers' next act was applied on every client")
}
