// Stories with named people: an organisation on a real relay, all in one process.
import {
  type Client,
  foundOrganisation,
  type Id,
  joinOrganisation,
  type OpenClient,
  unlockVault,
} from "@holdfast/client"
import type { Relay } from "@holdfast/relay"
import { createJumpingClock, type JumpingClock } from "./jumping-clock.ts"
import { createMachine, type Machine } from "./machine.ts"
import { createMemoryNetwork, type MemoryNetwork } from "./memory-network.ts"
import { createTestRelay, hostingCode } from "./test-relay.ts"
import { createWitnesses, type Witnesses } from "./witnesses.ts"

export const passphrase = "correct horse battery"
export const relayUrl = "http://relay.test"

/** A person at one machine. The client changes when the program is started again. */
export interface Player {
  readonly name: string
  readonly machine: Machine
  readonly client: OpenClient
  readonly member: Id
  /** Errors that the engine reported and nobody asked for. */
  readonly reports: readonly unknown[]
  /** Ends the program in an orderly way and starts it again. */
  restart(): Promise<void>
  /** Starts the program again after `machine.kill()`. */
  startAgain(): Promise<void>
  say(conversation: Id, text: string): Promise<Id>
  /** Texts of others and own ones that are in their place, oldest first. */
  heard(conversation: Id): Promise<readonly string[]>
  /** Waits until the other's texts are there, exactly these in this order. */
  hears(conversation: Id, texts: readonly string[], millis?: number): Promise<void>
  everyone(): Promise<Id>
}

export interface World {
  readonly relay: Relay
  readonly network: MemoryNetwork
  /** Everybody's, in a world with witnesses. */
  readonly clock: JumpingClock
  readonly witnesses: Witnesses
  /** Founds an organisation. */
  found(
    name: string,
    options?: { keepers?: readonly string[]; needed?: number; organisation?: string },
  ): Promise<Player>
  join(name: string, invitation: string, options?: { label?: string }): Promise<Player>
  close(): Promise<void>
}

/** Looks until it holds; throws with `what` after `millis`. */
export async function until(what: string, holds: () => Promise<boolean>, millis = 20_000): Promise<void> {
  const end = Date.now() + millis
  for (;;) {
    if (await holds()) return
    if (Date.now() > end) throw new Error(`not in ${millis} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** `witnesses`: so many that can be named in rules, and a clock that relay, witnesses and machines share. */
export async function createWorld(options: { readonly witnesses?: number } = {}): Promise<World> {
  const network = createMemoryNetwork()
  const clock = createJumpingClock()
  const witnesses = await createWitnesses(options.witnesses ?? 0, clock)
  const shared = { now: clock.now, after: (millis: number, work: () => void) => clock.setTimeout(work, millis) }
  const relay =
    options.witnesses === undefined
      ? await createTestRelay()
      : await createTestRelay({}, { clock: shared, fetch: witnesses.fetch })
  const machineClock = options.witnesses === undefined ? undefined : clock
  network.put(relayUrl, relay)
  const players: Player[] = []

  async function player(
    name: string,
    open: (machine: Machine, reports: unknown[]) => Promise<OpenClient>,
  ): Promise<Player> {
    const reports: unknown[] = []
    const machine = createMachine(network, (error) => reports.push(error), machineClock)
    let client = await open(machine, reports)
    const { vault } = client
    const { me } = await client.overview()
    const unlock = async () => {
      client = await unlockVault(machine.ports, vault, passphrase)
    }
    const one: Player = {
      name,
      machine,
      get client() {
        return client
      },
      member: me.member,
      reports,
      async restart() {
        await client.close()
        await unlock()
      },
      startAgain: unlock,
      say: (conversation, text) => client.sendText(conversation, text),
      async heard(conversation) {
        const known = (await client.conversations()).some(({ id }) => id === conversation)
        if (!known) return []
        const messages = await client.messages(conversation, { limit: 500 })
        return messages.flatMap(({ body, state }) => (body.kind === "text" && state !== "waiting" ? [body.text] : []))
      },
      async hears(conversation, texts, millis) {
        let last: readonly string[] = []
        try {
          await until(
            `${name} hears`,
            async () => {
              last = await one.heard(conversation)
              return last.length >= texts.length
            },
            millis,
          )
        } catch (error) {
          throw new Error(`${name} heard ${JSON.stringify(last)} and not ${JSON.stringify(texts)}`, { cause: error })
        }
        if (JSON.stringify(last) !== JSON.stringify(texts)) {
          throw new Error(`${name} heard ${JSON.stringify(last)} and not ${JSON.stringify(texts)}`)
        }
      },
      async everyone() {
        const found = (await client.conversations()).find(({ kind }) => kind === "everyone")
        if (found === undefined) throw new Error(`${name} is not in the everyone conversation`)
        return found.id
      },
    }
    players.push(one)
    return one
  }

  return {
    relay,
    network,
    clock,
    witnesses,
    found: (name, options = {}) =>
      player(name, (machine) =>
        foundOrganisation(machine.ports, {
          relay: relayUrl,
          hostingCode,
          organisation: options.organisation ?? "Newsroom",
          name,
          passphrase,
          deviceLabel: `${name}'s laptop`,
          keepers: options.keepers ?? [],
          needed: options.needed ?? 1,
        }),
      ),
    join: (name, invitation, options = {}) =>
      player(name, (machine) =>
        joinOrganisation(machine.ports, {
          invitation,
          name,
          passphrase,
          deviceLabel: options.label ?? `${name}'s laptop`,
        }),
      ),
    async close() {
      await Promise.all(players.map(({ client }) => client.close().catch(() => undefined)))
      await relay.close()
    },
  }
}

/** Approves the first proposal that this player can approve. */
export async function approveNext(client: Client): Promise<void> {
  await until("something to approve", async () => (await client.proposals()).some(({ mine }) => mine === "can-approve"))
  const next = (await client.proposals()).find(({ mine }) => mine === "can-approve")
  if (next !== undefined) await client.approve(next.id)
}

/** Invites, joins and approves one person, and waits until they can talk to everyone. */
export async function admit(world: World, keeper: Player, name: string): Promise<Player> {
  const invite = await keeper.client.createInvite({ purpose: "member", name, hours: 24 })
  const newcomer = await world.join(name, invite.text as string)
  await approveNext(keeper.client)
  await until(`${name} is in`, async () =>
    (await newcomer.client.conversations()).some(({ kind }) => kind === "everyone"),
  )
  return newcomer
}

export interface Org extends World {
  readonly players: readonly Player[]
}

/** An evaluation organisation: the first founds it, the others are invited and approved one after the other. */
export async function org(...names: readonly string[]): Promise<Org> {
  const world = await createWorld()
  const [founder, ...others] = names
  const first = await world.found(founder as string)
  const players = [first]
  for (const name of others) players.push(await admit(world, first, name))
  return { ...world, players }
}
