import { type Charter, checkName, keyCode, type Names, type Statement } from "@holdfast/charter"
import { equalBytes, hex } from "@holdfast/wire"
import type { RequestedName } from "./requested-name.ts"

export interface FittingNames {
  /** `undefined`: not among them, or it does not fit its commitment. */
  readonly organisation: string | undefined
  /** Of members, and of keepers who are members. */
  readonly names: Names
}

/**
 * The names that fit what the charter has committed to, or what the statement itself commits to for those it adds; every other is left out.
 * A name that two people have comes with their codes, so that neither passes for the other. (C2.5, E9.4)
 */
export function fittingNames(charter: Charter, list: readonly RequestedName[], statement?: Statement): FittingNames {
  const { state } = charter
  // Who is in already has the name that the charter committed to, whatever a statement says.
  const commitments = new Map(addedBy(statement).map(({ member, nameCommitment }) => [hex(member), nameCommitment]))
  for (const { id, nameCommitment } of state.members.values()) commitments.set(hex(id), nameCommitment)
  const nameById = new Map<string, string>()
  let organisation: string | undefined
  for (const { id, name, salt } of list) {
    if (id.length === 0) {
      if (checkName(state.nameCommitment, salt, name)) organisation = name
      continue
    }
    const commitment = commitments.get(hex(id))
    if (commitment !== undefined && checkName(commitment, salt, name)) nameById.set(hex(id), name)
  }
  const shared = new Map<string, number>()
  for (const name of nameById.values()) shared.set(name, (shared.get(name) ?? 0) + 1)
  return {
    organisation,
    names: (id) => {
      const seat = state.rules.keepers.find((keeper) => equalBytes(keeper.id, id))
      // a seat without a member has no name, whatever id somebody has been admitted under
      const person = seat === undefined ? id : seat.member
      if (person === undefined) return undefined
      const name = nameById.get(hex(person))
      return name !== undefined && (shared.get(name) ?? 0) > 1 ? `${name} (${keyCode(person)})` : name
    },
  }
}

function addedBy(
  statement: Statement | undefined,
): readonly { readonly member: Uint8Array; readonly nameCommitment: Uint8Array }[] {
  if (statement?.type === "member-add") return [statement.body]
  if (statement?.type !== "batch") return []
  return statement.body.acts.flatMap((act) => (act.type === "member-add" ? [act.body] : []))
}
