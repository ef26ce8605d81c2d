import { toConversationId, toDeviceId, toMemberId } from "@holdfast/wire"
import {
  type CommitOptions,
  type Committed,
  commit,
  createGroup,
  type Device,
  type Group,
  generateDeviceKeys,
  join,
  type KeyPackagePair,
  makeKeyPackage,
  type Roster,
} from "../src/index.ts"

export const now = 1_800_000_000
export const lifetime = { notBefore: now - 3600, notAfter: now + 86_400 }
export const anyone: Roster = { admits: () => true }
export const utf8 = (text: string) => new TextEncoder().encode(text)
export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
export const binding = utf8("an organisation and a kind")
export const groupId = () => toConversationId(crypto.getRandomValues(new Uint8Array(32)))

export interface Person {
  readonly name: string
  readonly device: Device
}

export async function person(name: string): Promise<Person> {
  const id = new Uint8Array(16)
  id.set(utf8(name).subarray(0, 16))
  const keys = await generateDeviceKeys()
  return { name, device: { ...keys, identity: { member: toMemberId(id), device: toDeviceId(id.slice().reverse()) } } }
}

export function people(...names: string[]): Promise<Person[]> {
  return Promise.all(names.map(person))
}

export const packageOf = (who: Person): Promise<KeyPackagePair> => makeKeyPackage(who.device, { lifetime })

export function commitAs(group: Group, options: Partial<CommitOptions>): Promise<Committed> {
  return commit(group, { roster: anyone, now, ...options })
}

/** A group of these people, in this order of leaves, all at the epoch after one commit that added everyone. */
export async function groupOf(...who: Person[]): Promise<Group[]> {
  const [founder, ...others] = who as [Person, ...Person[]]
  const alone = await createGroup({ id: groupId(), binding, device: founder.device })
  if (others.length === 0) return [alone]
  const pairs = await Promise.all(others.map(packageOf))
  const made = await commitAs(alone, { add: pairs.map((pair) => pair.publicBytes) })
  const joined = await Promise.all(pairs.map((pair) => joinWith(made, pair)))
  return [made.pending, ...joined]
}

export async function joinWith(made: Committed, pair: KeyPackagePair): Promise<Group> {
  const tree = made.welcomeTree === undefined ? {} : { tree: made.welcomeTree }
  return (await join(made.welcome as Uint8Array, pair, { roster: anyone, ...tree })).group
}
