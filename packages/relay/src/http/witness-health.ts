import { RelayError } from "../error.ts"
import type { Organisation } from "../organisation.ts"
import type { Relay } from "../relay.ts"
import type { WitnessLine } from "../witnessing/charter-witnessing.ts"
import { orgIdOfHex } from "./charter-tiles.ts"

/**
 * How each witness of an organisation stands to this relay (R10.8). Throws `malformed` and `unknown_organisation`. The relay's word and nothing
 * more: what counts are the lines under the checkpoint.
 */
export async function witnessLines(relay: Relay, orgHex: string): Promise<readonly WitnessLine[]> {
  const lines = await relay.withOrganisation(orgIdOfHex(orgHex), async (org) => org.witnessing.lines())
  if (lines === undefined) throw new RelayError("unknown_organisation")
  return lines
}

/** One line with counts for whoever looks after the relay; empty when every witness cosigns. (R7.7, R10.8) */
export function witnessTrouble(organisations: readonly Organisation[]): string {
  const standings = organisations.flatMap((org) => org.witnessing.lines().map(({ standing }) => standing))
  const count = (which: string) => standings.filter((standing) => standing === which).length
  const [failing, ahead, inconsistent] = ["failing", "ahead", "inconsistent"].map(count)
  if (failing === 0 && ahead === 0 && inconsistent === 0) return ""
  return `witnesses: ${standings.length} asked, ${failing} failing, ${ahead} ahead, ${inconsistent} inconsistent\n`
}
