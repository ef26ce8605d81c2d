// What a commit did to a conversation, in words.
import type { LaneEvent, Leaf } from "@holdfast/lanes"
import { hex } from "@holdfast/wire"
import type { Id } from "./api.ts"
import type { People } from "./people.ts"

type Changed = Extract<LaneEvent, { readonly kind: "changed" }>

export interface EventWords {
  /** "Ana, Ben and you". */
  names(members: readonly Id[]): string
  /** A name, or "You", to begin a sentence with. */
  subject(member: Id): string
  /** People before devices. `before` and `now`: the members before and after the commit. */
  change(event: Changed, before: readonly Id[], now: readonly Id[]): readonly string[]
}

export function createEventWords(deps: { readonly me: () => Id; readonly people: People }): EventWords {
  const { me, people } = deps

  function namesOf(members: readonly Id[]): string {
    const names = members.map((member) => (member === me() ? "you" : people.nameOf(member)))
    const last = names.pop() ?? ""
    return names.length === 0 ? last : `${names.join(", ")} and ${last}`
  }

  function capital(text: string): string {
    return text.charAt(0).toUpperCase() + text.slice(1)
  }

  function changeInWords(event: Changed, before: readonly Id[], now: readonly Id[]): string[] {
    const by = event.own ? "you" : namesOf([hex(event.sender.member)])
    const distinct = (leaves: readonly Leaf[]) => [...new Set(leaves.map(({ member }) => hex(member)))]
    const sentences: string[] = []
    const came = distinct(event.added).filter((member) => !before.includes(member))
    const gone = distinct(event.removed).filter((member) => !now.includes(member) && before.includes(member))
    if (came.length > 0) sentences.push(capital(`${by} added ${namesOf(came)}.`))
    if (gone.length > 0) sentences.push(capital(`${by} removed ${namesOf(gone)}.`))
    for (const { member, device } of event.added) {
      if (came.includes(hex(member)) || event.removed.some((leaf) => hex(leaf.device) === hex(device))) continue
      const whose = hex(member) === me() ? "your" : `${people.nameOf(hex(member))}'s`
      const label = people.device(hex(device))?.label ?? ""
      sentences.push(
        capital(`${whose} device${label === "" ? "" : ` “${label}”`} can read this conversation from here on.`),
      )
    }
    for (const { member, device } of event.removed) {
      if (gone.includes(hex(member)) || event.added.some((leaf) => hex(leaf.device) === hex(device))) continue
      const whose = hex(member) === me() ? "your" : `${people.nameOf(hex(member))}'s`
      sentences.push(capital(`one of ${whose} devices can no longer read this conversation.`))
    }
    return sentences
  }

  return {
    names: namesOf,
    subject: (member) => capital(namesOf([member])),
    change: changeInWords,
  }
}
