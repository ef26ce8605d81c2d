import type { Charter, Keeper } from "@holdfast/charter"
import { hex } from "@holdfast/wire"
import type { Id } from "./id.ts"
import type { People } from "./people.ts"
import { keeperName } from "./proposal-view.ts"

/** Every seat there ever was, as it was last: those that were given up keep their names in the acts that they approved. */
export function seatsEver({ records }: Charter): ReadonlyMap<Id, Keeper> {
  const seats = new Map<Id, Keeper>()
  for (const { statement } of records) {
    if (statement?.type !== "rules" && statement?.type !== "genesis") continue
    const { keepers } = statement.type === "rules" ? statement.body : statement.body.rules
    for (const keeper of keepers) seats.set(hex(keeper.id), keeper)
  }
  return seats
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
