import { type Charter, fateOf, type Keeper } from "@holdfast/charter"
import { hex } from "@holdfast/wire"
import type { Id } from "./id.ts"
import type { People } from "./people.ts"
import { keeperName } from "./proposal-view.ts"

/**
 * Every seat there ever was, as it was last: those that were given up keep their names in the acts that they approved. What only
 * refused or waiting rules name is there too, but never in the place of a seat: anybody can have a refused act logged.
 */
export function seatsEver(charter: Charter): ReadonlyMap<Id, Keeper> {
  const [seats, others] = [new Map<Id, Keeper>(), new Map<Id, Keeper>()]
  for (const { index, statement } of charter.records) {
    if (statement?.type !== "rules" && statement?.type !== "genesis") continue
    const { keepers } = statement.type === "rules" ? statement.body : statement.body.rules
    const into = fateOf(charter, index)?.how === "applied" ? seats : others
    for (const keeper of keepers) into.set(hex(keeper.id), keeper)
  }
  return new Map([...others, ...seats])
}

/** Whose approval this is. */
export function approverName(
  charter: Charter,
  people: People,
  seats: ReadonlyMap<Id, Keeper>,
  { signer, kind }: { readonly signer: Uint8Array; readonly kind: number },
): string {
  if (kind === 3) {
    const member = charter.state.devices.get(signer)?.member
    return member === undefined ? "an unknown device" : people.nameOf(hex(member))
  }
  const seat = seats.get(hex(signer))
  return seat === undefined ? "an unknown keeper" : keeperName(people, seat)
}
