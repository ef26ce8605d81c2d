import path from "node:path"
import {
  type Alarm,
  type ClientPorts,
  foundOrganisation,
  type Id,
  joinOrganisation,
  listVaults,
  type Message,
  type OpenClient,
  platformNetwork,
  unlockVault,
} from "@holdfast/client"
import { nodePorts } from "../node/ports.ts"
import { createClock, type RunningClock } from "./running-clock.ts"
import { until } from "./wait.ts"

export const passphrase = "seven herons over the weir"

/** Where a person's machine finds the relay: what a hosts file or a name server decides in the real world. */
export interface Route {
  /** The address that the charter names. */
  readonly named: string
  /** Who really answers there. */
  to: string
}

/** Somebody with the genuine client on a machine of their own: encrypted store, real sockets. */
export interface Person {
  readonly name: string
  readonly machine: string
  readonly route: Route
  readonly client: OpenClient
  readonly member: Id
  readonly device: Id
  /** What this person's program sees and does; a drill weakens it to see if it is caught. */
  readonly ports: ClientPorts
  readonly clock: RunningClock
  /** The databases opened here, with their keys: what lies in the memory of an unlocked machine. */
  readonly keys: ReadonlyMap<string, Uint8Array>
  readonly isAwake: boolean
  close(): Promise<void>
  restart(): Promise<void>
}

export type Weaken = (client: OpenClient, name: string) => OpenClient

interface Machine {
  readonly ports: ClientPorts
  readonly keys: Map<string, Uint8Array>
  readonly clock: RunningClock
}

function machineIn(folder: string, route: Route): Machine {
  const ports = nodePorts(folder)
  const clock = createClock()
  const keys = new Map<string, Uint8Array>()
  const remembered = <T>(open: (name: string, key: Uint8Array) => Promise<T>) => {
    return (name: string, key: Uint8Array) => {
      keys.set(name, key.slice())
      return open(name, key)
    }
  }
  const answering = (url: string) => (url.startsWith(route.named) ? route.to + url.slice(route.named.length) : url)
  return {
    clock,
    keys,
    ports: {
      ...ports,
      databases: {
        create: remembered(ports.databases.create),
        open: remembered(ports.databases.open),
        remove: ports.databases.remove,
      },
      network: {
        openSocket: (url) => platformNetwork.openSocket(answering(url)),
        fetch: (url, init) => platformNetwork.fetch(answering(url), init),
      },
      timers: clock.timers,
    },
  }
}

async function personOf(
  name: string,
  folder: string,
  route: Route,
  weaken: Weaken,
  open: (ports: ClientPorts) => Promise<OpenClient>,
): Promise<Person> {
  const machine = machineIn(folder, route)
  let client = weaken(await open(machine.ports), name)
  let isAwake = true
  const { me } = await client.overview()
  return {
    name,
    machine: folder,
    route,
    get client() {
      return client
    },
    member: me.member,
    device: me.device,
    ports: machine.ports,
    clock: machine.clock,
    keys: machine.keys,
    get isAwake() {
      return isAwake
    },
    async close() {
      if (!isAwake) return
      isAwake = false
      await client.close()
      machine.clock.stop()
    },
    async restart() {
      await client.close()
      client = weaken(await unlock(machine.ports), name)
    },
  }
}

async function unlock(ports: ClientPorts): Promise<OpenClient> {
  const [vault] = await listVaults(ports)
  if (vault === undefined) throw new Error("there is no vault on this machine")
  return unlockVault(ports, vault, passphrase)
}

export const genuine: Weaken = (client) => client

export function founder(
  name: string,
  folder: string,
  route: Route,
  options: { readonly organisation: string; readonly hostingCode: string; readonly label: string },
): Promise<Person> {
  return personOf(name, folder, route, genuine, (ports) =>
    foundOrganisation(ports, {
      relay: route.named,
      hostingCode: options.hostingCode,
      organisation: options.organisation,
      name,
      passphrase,
      deviceLabel: options.label,
      keepers: [],
      needed: 1,
    }),
  )
}

export function joiner(
  name: string,
  folder: string,
  route: Route,
  options: { readonly invitation: string; readonly label: string },
): Promise<Person> {
  return personOf(name, folder, route, genuine, (ports) =>
    joinOrganisation(ports, { invitation: options.invitation, name, passphrase, deviceLabel: options.label }),
  )
}

/** Opens what somebody has on a machine. */
export function returning(name: string, folder: string, route: Route, weaken: Weaken = genuine): Promise<Person> {
  return personOf(name, folder, route, weaken, unlock)
}

export function firstName(name: string): string {
  return (name.split(" ")[0] as string).toLowerCase()
}

export function machineFolder(root: string, name: string): string {
  return path.join(root, "machines", firstName(name))
}

export async function isOnline(person: Person): Promise<boolean> {
  return (await person.client.overview()).connection === "online"
}

export async function alarmsOf(person: Person): Promise<readonly Alarm[]> {
  return (await person.client.overview()).alarms
}

/** What a person sees in a conversation, newest last. */
export async function heardBy(person: Person, conversation: Id): Promise<readonly Message[]> {
  const known = await person.client.conversations()
  return known.some(({ id }) => id === conversation) ? person.client.messages(conversation, { limit: 200 }) : []
}

export function textOf(message: Message): string | undefined {
  return message.body.kind === "text" ? message.body.text : undefined
}

export async function hears(person: Person, conversation: Id, text: string): Promise<Message | undefined> {
  return (await heardBy(person, conversation)).find((message) => textOf(message) === text)
}

/** Says something; resolves when everybody named shows it, the sender as sent. */
export async function say(
  from: Person,
  to: readonly Person[],
  conversation: Id,
  text: string,
  millis = 20_000,
): Promise<void> {
  const id = await from.client.sendText(conversation, text)
  await until(`what ${from.name} said is sent`, millis, async () =>
    (await heardBy(from, conversation)).some((message) => message.id === id && message.state === "sent"),
  )
  for (const person of to) {
    await until(`${person.name} hears ${from.name}`, millis, () => hears(person, conversation, text))
  }
}
