import type { Id } from "@holdfast/client"

/** What the drill knows because it staged it, and an attacker would like to find out. Ids are lower-case hex. */
export interface Truth {
  readonly org: Id
  readonly file: { readonly name: string; readonly bytes: Uint8Array; readonly sha256: Uint8Array }
  /** Sentences, names, titles, file names, labels: what they are and what they say. */
  readonly texts: readonly { readonly what: string; readonly text: string }[]
  readonly conversations: readonly Id[]
  readonly people: readonly { readonly name: string; readonly member: Id; readonly devices: readonly Id[] }[]
  /** Which device really wrote the frame at an index of the message lane, as far as messages tell. */
  readonly authorOf: ReadonlyMap<number, Id>
}

/** Ids of members and devices, each with the name of whose it is. */
export function identitiesOf(truth: Truth): ReadonlyMap<Id, string> {
  return new Map(truth.people.flatMap(({ name, member, devices }) => [member, ...devices].map((id) => [id, name])))
}
