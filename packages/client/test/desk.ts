// Three keepers at their desk, with witnesses if a story needs time that nobody can make up.
import type { ActRuleView, Governance, OpenClient, RulesDraft } from "@holdfast/client"
import { COSIGNATURE, formatVkey, noteKey } from "@holdfast/log"
import { approveNext, createWorld, type Player, until, type World } from "@holdfast/testkit"
import { fromHex, type OrgId } from "@holdfast/wire"

export interface Desk {
  readonly world: World
  readonly ana: Player
  readonly ben: Player
  readonly cem: Player
}

export const rule = (k: number, more: Partial<ActRuleView> = {}): ActRuleView => ({
  k,
  delaySeconds: 0,
  vetoK: 0,
  minOrganisations: 0,
  minJurisdictions: 0,
  ...more,
})

/** Ana, Ben and Cem, two of three. */
export async function desk(options: { witnesses?: number } = {}): Promise<Desk> {
  const world = await createWorld(options)
  const ana = await world.found("ana", { keepers: ["Ben", "Cem"], needed: 2 })
  const invites = await ana.client.invites()
  const joined: Player[] = []
  for (const [i, name] of ["ben", "cem"].entries()) {
    const player = await world.join(name, invites[i]?.text as string)
    joined.push(player)
    await approveNext(ana.client)
    await until(`${name} is in`, async () =>
      (await player.client.conversations()).some(({ kind }) => kind === "everyone"),
    )
  }
  const [ben, cem] = joined as [Player, Player]
  await until("drafted", async () => (await ana.client.proposals()).some(({ type }) => type === "rules"))
  await approveNext(ana.client)
  await approveNext(ben.client)
  for (const player of [ana, ben, cem]) {
    await until("in force", async () => (await player.client.overview()).keepers.total === 3)
  }
  return { world, ana, ben, cem }
}

/** The rules in force as a draft, to change something in. */
export async function draftOf(client: OpenClient): Promise<RulesDraft> {
  const { keepers, acts, watch } = await client.governance()
  return {
    keepers: keepers.map(({ id, organisation, jurisdiction }) => ({ seat: id, organisation, jurisdiction })),
    acts: Object.fromEntries(Object.entries(acts).filter(([, { own }]) => own)),
    witnesses: watch.witnesses,
    witnessQuorum: watch.needed,
  }
}

/** Everybody named approves it; resolves when the last one has seen it in the charter. */
export async function pass(id: string, ...players: readonly Player[]): Promise<void> {
  for (const player of players) {
    await until(`${player.name} sees ${id}`, async () =>
      (await player.client.proposals()).some((one) => one.id === id && one.mine === "can-approve"),
    )
    await player.client.approve(id)
  }
  for (const player of players) {
    await until(`${player.name} has ${id}`, async () =>
      (await player.client.timeline()).some(({ statement }) => statement === id),
    )
  }
}

export async function act(player: Player, statement: string) {
  return (await player.client.timeline()).find((one) => one.statement === statement)
}

/** The rules in force with all of the world's witnesses, and these rules for single acts. */
export async function watch(desk: Desk, acts: RulesDraft["acts"] = {}): Promise<void> {
  const { world, ana, ben, cem } = desk
  const draft = await draftOf(ana.client)
  const org = fromHex((await ana.client.overview()).organisation.id) as OrgId
  await world.witnesses.trust(org, world.relay)
  const id = await ana.client.proposeRules({
    ...draft,
    acts: { ...draft.acts, ...acts },
    witnesses: world.witnesses.entries.map(({ name, publicKey, url, organisation, jurisdiction }) => ({
      vkey: formatVkey(noteKey(name, COSIGNATURE, publicKey)),
      url,
      organisation,
      jurisdiction,
    })),
    witnessQuorum: Math.floor(world.witnesses.entries.length / 2) + 1,
  })
  await pass(id, ana, ben)
  for (const player of [ana, ben, cem]) {
    await governed(player, "watched", ({ clock, watch }) => clock !== undefined && watch.at !== undefined)
  }
}

export function governed(player: Player, what: string, holds: (governance: Governance) => boolean, millis?: number) {
  return until(`${player.name}: ${what}`, async () => holds(await player.client.governance()), millis)
}

export async function alarmKinds(player: Player): Promise<readonly string[]> {
  return (await player.client.overview()).alarms.map(({ kind }) => kind)
}
