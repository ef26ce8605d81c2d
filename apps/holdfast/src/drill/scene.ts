import { mkdirSync } from "node:fs"
import path from "node:path"
import type { Id } from "@holdfast/client"
import { openRelayData } from "@holdfast/relay"
import { fromHex, type OrgId, toOrgId } from "@holdfast/wire"
import { alarmsOf, firstName, founder, isOnline, joiner, machineFolder, type Person, type Weaken } from "./person.ts"
import { copyStage, type Stage, type Who, wake } from "./stage.ts"
import { startTurnedRelay, type TurnedRelay } from "./turned-relay.ts"
import { pause, until } from "./wait.ts"

/** Longest that an honest client may take to notice, by its own clock (D4.3). */
export const noticeMillis = 45_000
/** A hurried clock makes steps of a second this often: about thirty times as fast as real time. */
const stepMillis = 30
/** However far a clock was hurried, what takes work (a connection, a signature) gets this much real time on a busy machine. */
const leastRealMillis = 15_000

export interface Notice {
  readonly by: string
  readonly afterMs: number
}

/** Where one attack happens: its own copy of the stage, with the relay turned, and a sheet to write on. */
export interface Scene {
  readonly stage: Stage
  readonly root: string
  readonly org: OrgId
  readonly relay: TurnedRelay
  /** Wakes people, each on their own machine, and waits until they are online. */
  wake<W extends Who>(...who: readonly W[]): Promise<Readonly<Record<W, Person>>>
  /** Founds another organisation on the turned relay, with the operator's hosting code. */
  foundAnother(): Promise<OrgId>
  /** Somebody who tries to come in with an invitation. Not waited for. */
  join(name: string, invitation: string): Promise<Person>
  /** The first lie is told now: from here on time counts, and alarms that were there before do not. */
  lie(): Promise<void>
  /**
   * Waits until one of these people shows one of these alarms; writes down who, which and when, by their own clock. Clients that
   * wait before they speak (for a relay that may only be slow) have their clocks run ahead when `hurry` is set.
   */
  alarmed(by: readonly Person[], kinds: readonly string[], options?: { readonly hurry?: boolean }): Promise<void>
  /** As `alarmed`, for anything else that shows on a client. */
  shown(by: Person, what: string, look: () => Promise<boolean>, options?: { readonly hurry?: boolean }): Promise<void>
  /** Writes down something that was noticed in another way than by an alarm. */
  noticed(by: string): void
  /** Writes down what the attacker has that it should not have. */
  gain(what: string): void
  /** Writes down what was counted, for people. */
  measure(what: string): void
}

/** What was written down. */
export interface Sheet {
  readonly gains: readonly string[]
  readonly measured: readonly string[]
  readonly notice: Notice | undefined
}

export interface OpenScene extends Scene {
  sheet(): Sheet
  /** For the next attack in the same scene. */
  newSheet(): void
  close(): Promise<void>
}

/** How much is expected of the people in a scene. */
export interface Patience {
  readonly noticeMillis: number
  /** For showing that the drill can fail: what becomes of somebody's client. */
  readonly weaken: Weaken
}

export async function openScene(stage: Stage, root: string, patience: Patience): Promise<OpenScene> {
  mkdirSync(root, { recursive: true })
  copyStage(stage, root)
  const folder = await openRelayData(path.join(root, "relay"))
  const relay = await startTurnedRelay(folder, { hostingCode: folder.hostingCode })
  const awake: Person[] = []
  const before = new Set<Id>()
  const awakeAs = new Map<Who, Person>()
  let gains: string[] = []
  let measured: string[] = []
  let notice: Notice | undefined
  let liedAt: number | undefined

  const remember = async () => {
    for (const person of awake.filter(({ isAwake }) => isAwake)) {
      for (const { id } of await alarmsOf(person)) before.add(`${person.name} ${id}`)
    }
  }
  const noticed = (by: string, hurriedMs = 0) => {
    if (liedAt === undefined) throw new Error("something was noticed before anything was done")
    notice ??= { by, afterMs: Math.round(performance.now() - liedAt) + hurriedMs }
  }
  const watch = async (
    by: readonly Person[],
    look: (person: Person) => Promise<string | undefined>,
    hurry: boolean,
  ) => {
    const started = performance.now()
    let hurriedMs = 0
    const isOver = () => {
      const real = performance.now() - started
      return (
        real + hurriedMs > patience.noticeMillis && (!hurry || real > Math.min(leastRealMillis, patience.noticeMillis))
      )
    }
    while (notice === undefined && !isOver()) {
      for (const person of by) {
        const found = await look(person)
        if (found !== undefined) noticed(`${firstName(person.name)}: ${found}`, hurriedMs)
      }
      await pause(stepMillis)
      if (!hurry || notice !== undefined || hurriedMs >= patience.noticeMillis) continue
      hurriedMs += 1_000
      for (const person of by) person.clock.advance(1_000)
    }
  }

  return {
    stage,
    root,
    org: toOrgId(fromHex(stage.truth.org)),
    relay,
    async wake(...who) {
      const woken = await Promise.all(
        who.map(async (one) => {
          const known = awakeAs.get(one)
          if (known?.isAwake === true) return [one, known] as const
          const person = await wake(stage, root, one, relay.url, patience.weaken)
          awake.push(person)
          awakeAs.set(one, person)
          return [one, person] as const
        }),
      )
      for (const [, person] of woken) await until(`${person.name} comes online`, 20_000, () => isOnline(person))
      return Object.fromEntries(woken) as Readonly<Record<(typeof who)[number], Person>>
    },
    async foundAnother() {
      const route = { named: relay.url, to: relay.url }
      const options = { organisation: "The Other House", hostingCode: folder.hostingCode, label: "desk" }
      const one = await founder("Mallory Quirke", machineFolder(root, "Mallory Quirke"), route, options)
      awake.push(one)
      return toOrgId(fromHex((await one.client.overview()).organisation.id))
    },
    async join(name, invitation) {
      const route = { named: stage.named, to: relay.url }
      const one = await joiner(name, machineFolder(root, name), route, { invitation, label: "a borrowed phone" })
      awake.push(one)
      return one
    },
    async lie() {
      await remember()
      liedAt = performance.now()
    },
    alarmed: (by, kinds, { hurry = false } = {}) =>
      watch(
        by,
        async (person) =>
          (await alarmsOf(person)).find(({ id, kind }) => kinds.includes(kind) && !before.has(`${person.name} ${id}`))
            ?.kind,
        hurry,
      ),
    shown: (by, what, look, { hurry = false } = {}) =>
      watch([by], async () => ((await look()) ? what : undefined), hurry),
    noticed,
    gain: (what) => void gains.push(what),
    measure: (what) => void measured.push(what),
    sheet: () => ({ gains, measured, notice }),
    newSheet() {
      gains = []
      measured = []
      notice = undefined
      liedAt = undefined
    },
    async close() {
      // A person whose program was stopped by an alarm closes like any other.
      for (const person of awake) await person.close().catch(() => {})
      await relay.close()
    },
  }
}
