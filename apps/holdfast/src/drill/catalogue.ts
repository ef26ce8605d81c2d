import type { Attack } from "./attack.ts"
import { blobAttacks } from "./attacks/blobs.ts"
import { charterAttacks } from "./attacks/charter.ts"
import { directoryAttacks } from "./attacks/directory.ts"
import { diskSearches } from "./attacks/disk.ts"
import { keeperActAttacks } from "./attacks/keeper-acts.ts"
import { keeperByteAttacks } from "./attacks/keeper-bytes.ts"
import { keeperRulesAttacks } from "./attacks/keeper-rules.ts"
import { keeperSignatureAttacks } from "./attacks/keeper-signatures.ts"
import { laneAttacks } from "./attacks/lanes.ts"
import { memberAttacks } from "./attacks/members.ts"
import { operatorAttacks } from "./attacks/operator.ts"
import { placeAttacks } from "./attacks/place.ts"
import { waitingAttacks } from "./attacks/waiting.ts"
import { witnessAttacks } from "./attacks/witnesses.ts"
import { type Level, levels } from "./finding.ts"

/** Everything that is tried on a live deployment, in the order of the report. */
export const attacks: readonly Attack[] = byLevel([
  ...directoryAttacks,
  ...charterAttacks,
  ...memberAttacks,
  ...laneAttacks,
  ...blobAttacks,
  ...placeAttacks,
  ...operatorAttacks,
  ...keeperByteAttacks,
  ...keeperSignatureAttacks,
  ...keeperActAttacks,
  ...keeperRulesAttacks,
  ...waitingAttacks,
  ...witnessAttacks,
])

function byLevel(all: readonly Attack[]): readonly Attack[] {
  return all.toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level))
}

export interface Chosen {
  readonly searches: typeof diskSearches
  readonly attacks: readonly Attack[]
}

/** A level tries everything of the levels below it. `only`: those whose name has this in it. */
export function choose(level: Level, only?: string): Chosen {
  const reach = levels.indexOf(level)
  const isWanted = (name: string) => only === undefined || name.includes(only)
  return {
    searches: diskSearches.filter(({ name }) => isWanted(name)),
    attacks: attacks.filter(({ name, level: own }) => levels.indexOf(own) <= reach && isWanted(name)),
  }
}
