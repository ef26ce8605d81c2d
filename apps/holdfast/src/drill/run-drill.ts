import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import type { Rules } from "@holdfast/charter"
import type { Attack } from "./attack.ts"
import { type DiskSearch, runSearch } from "./attacks/disk.ts"
import { seatCouncil } from "./council/seat-council.ts"
import { copyDisk } from "./disk/disk-copy.ts"
import type { Tried } from "./finding.ts"
import { genuine, type Weaken } from "./person.ts"
import { runAttacks } from "./run-attack.ts"
import { noticeMillis } from "./scene.ts"
import { buildStage, type LiveStage } from "./stage.ts"

export interface DrillOptions {
  readonly searches: readonly DiskSearch[]
  readonly attacks: readonly Attack[]
  /** Where everything is kept that was made; without it, a temporary folder that is removed. */
  readonly keep?: string
  readonly onTried?: (tried: Tried) => void
  readonly onStep?: (sentence: string) => void
  /** For showing that the drill can fail: what a weakened relay leaves behind, a weakened client, and weaker rules at T4. */
  readonly afterTalk?: (stage: LiveStage) => void
  readonly weaken?: Weaken
  readonly weakenRules?: (rules: Rules) => Rules
  readonly noticeMillis?: number
}

/** Attacks under way at a time: two cores are enough for a deployment each. */
const abreast = 2

/** Stands a deployment up, lets people talk, becomes the attacker and tries everything (D1). In the order of the catalogue. */
export async function runDrill(options: DrillOptions): Promise<readonly Tried[]> {
  const patience = { weaken: options.weaken ?? genuine, noticeMillis: options.noticeMillis ?? noticeMillis }
  const root = options.keep ?? mkdtempSync(path.join(tmpdir(), "holdfast-drill-"))
  mkdirSync(root, { recursive: true })
  try {
    options.onStep?.("Founding an organisation and letting people talk …")
    const stage = await buildStage(path.join(root, "stage"))
    try {
      options.afterTalk?.(stage)
    } catch (error) {
      await stage.sleep()
      throw error
    }
    options.onStep?.("Copying the relay's disk while it runs …")
    const disk = copyDisk(stage.relayFolder, path.join(root, "disk"))
    await stage.sleep()
    const needsCouncil = options.attacks.some(({ level }) => level === "T4")
    if (needsCouncil) options.onStep?.("Five keepers and three witnesses take their seats …")
    const council = needsCouncil ? await seatCouncil(stage, path.join(root, "council"), options.weakenRules) : undefined
    const searched: Tried[] = []
    for (const search of options.searches) {
      const tried = await runSearch(search, disk, stage.truth)
      options.onTried?.(tried)
      searched.push(tried)
    }
    const onTried = options.onTried
    const attacked = await abreastInOrder(inScenes(options.attacks), abreast, async (attacks, i) => {
      const folder = path.join(root, `attack-${String(i + 1).padStart(2, "0")}`)
      const isCouncil = attacks[0]?.level === "T4"
      const tried = await runAttacks(attacks, isCouncil ? (council ?? stage) : stage, folder, patience)
      if (options.keep === undefined) rmSync(folder, { recursive: true, force: true })
      return tried
    })((tried) => {
      for (const one of tried) onTried?.(one)
    })
    return [...searched, ...attacked.flat()]
  } finally {
    if (options.keep === undefined) rmSync(root, { recursive: true, force: true })
  }
}

/** How many follow one another at most: so that the others have something to do as well. */
const maxShared = 6

/** One copy of the stage for each, or for several in a row that can share it. */
function inScenes(attacks: readonly Attack[]): readonly (readonly Attack[])[] {
  const scenes: Attack[][] = []
  for (const attack of attacks) {
    const last = scenes.at(-1)
    const canJoin = attack.sharesScene === true && last?.[0]?.sharesScene === true && last.length < maxShared
    if (canJoin) last?.push(attack)
    else scenes.push([attack])
  }
  return scenes
}

/** Some at a time; told about in order, as soon as all before are known. */
function abreastInOrder<T, R>(
  items: readonly T[],
  count: number,
  work: (item: T, index: number) => Promise<R>,
): (onDone?: (result: R) => void) => Promise<readonly R[]> {
  return async (onDone) => {
    const results = new Map<number, R>()
    let next = 0
    let told = 0
    const worker = async () => {
      while (next < items.length) {
        const index = next++
        results.set(index, await work(items[index] as T, index))
        for (; results.has(told); told++) onDone?.(results.get(told) as R)
      }
    }
    await Promise.all(Array.from({ length: count }, worker))
    return items.map((_, i) => results.get(i) as R)
  }
}
