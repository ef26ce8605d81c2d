// Random histories: fast-check makes them, and makes one that breaks a rule as short as it can.
import fc from "fast-check"
import { castWith } from "./cast.ts"
import { Dice } from "./dice.ts"
import { found } from "./founding.ts"
import { type Keys, realKeys, toyKeys } from "./keys.ts"
import { type MoveName, moves, shares } from "./moves.ts"
import { checkNobodyLockedOut, checkWhole } from "./standing.ts"
import { type Counts, World } from "./world.ts"

/** The ledgers that judge are in the world, one for each history; fast-check's own model has nothing to add. */
type Model = Record<string, never>

class Made implements fc.AsyncCommand<Model, World> {
  readonly name: MoveName
  readonly seed: number

  constructor(name: MoveName, seed: number) {
    this.name = name
    this.seed = seed
  }

  check(): boolean {
    return true
  }

  async run(_: Model, world: World): Promise<void> {
    const dice = new Dice(this.seed)
    await moves[this.name](world, dice)
    for (const chain of world.chains) await checkNobodyLockedOut(world, chain, dice)
  }

  toString(): string {
    return `${this.name}(${this.seed})`
  }
}

function allMoves(): fc.Arbitrary<Made>[] {
  const seeds = fc.noShrink(fc.integer({ min: 0, max: 2 ** 32 - 1 }))
  return Object.entries(shares).flatMap(([name, share]) =>
    Array.from({ length: share }, () => seeds.map((seed) => new Made(name as MoveName, seed))),
  )
}

export function noCounts(): Counts {
  return { outcomes: new Map(), entries: 0, probes: 0 }
}

export interface Playing {
  readonly entries: number
  readonly seed?: number
  readonly keys?: "toy" | "real"
  readonly maxMoves?: number
  readonly counts?: Counts
}

const runsAtOnce = 200

/** Plays until that many entries were judged. Throws fast-check's report of a shortest history that breaks a rule of C11. */
export async function play({
  entries,
  seed = 1,
  keys = "toy",
  maxMoves = 150,
  counts = noCounts(),
}: Playing): Promise<Counts> {
  const used: Keys = keys === "toy" ? toyKeys() : realKeys
  const cast = await castWith(used)
  const commands = fc.commands(allMoves(), { maxCommands: maxMoves, size: "max" })
  const property = fc.asyncProperty(
    fc.noShrink(fc.integer({ min: 0, max: 2 ** 32 - 1 })),
    commands,
    async (seed, made) => {
      if (counts.entries >= entries) return
      // Toy keys answer at once, so nothing else in this process would ever have its turn.
      await new Promise(setImmediate)
      const dice = new Dice(seed)
      const world = new World(used, cast, counts)
      await found(world, dice)
      await fc.asyncModelRun(() => ({ model: {}, real: world }), made)
      for (const chain of world.chains) if (dice.chance(20)) await checkWhole(world, chain, dice)
    },
  )
  for (let round = 0; counts.entries < entries; round++) {
    await fc.assert(property, { numRuns: runsAtOnce, seed: seed + round, endOnFailure: false })
  }
  return counts
}

/** What was really done, most frequent first. */
export function inWords({ entries, probes, outcomes }: Counts): string {
  const lines = [...outcomes]
    .sort(([, a], [, b]) => b - a)
    .map(([what, often]) => `${String(often).padStart(9)}  ${what}`)
  return [
    `${entries} entries judged, ${probes} times tried whether the keepers can still change the rules`,
    ...lines,
  ].join("\n")
}
