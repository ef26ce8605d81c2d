// An organisation with witnesses on a relay whose clock is wound on by hand.
import type { Charter, LaterAct, Rules } from "@holdfast/charter"
import {
  COSIGNATURE,
  charterOrigin,
  NOTE_SIGNATURE,
  noteKey,
  parseCheckpoint,
  parseNote,
  verifyCheckpoint,
} from "@holdfast/log"
import { clockOf, createManualTimers, createWitnesses, type ManualTimers, type Witnesses } from "@holdfast/testkit"
import { utf8 } from "@holdfast/wire"
import {
  createMemoryEngine,
  createRelay,
  type LaneEngine,
  type Relay,
  type RelayConfig,
  type RelayDeps,
} from "../src/index.ts"
import { callInProcess, type InProcess } from "./caller.ts"
import {
  envelope,
  follow,
  foundHarbour,
  type Harbour,
  memberAdd,
  type Person,
  person,
  type RelayIdentity,
  relayIdentity,
} from "./harbour.ts"
import { memoryDeps } from "./harness.ts"

export const relaysDelay = 3_600

export interface Watched {
  readonly timers: ManualTimers
  readonly witnesses: Witnesses
  readonly harbour: Harbour
  readonly ana: Person
  readonly ben: Person
  relay: Relay
  /** Closes the relay and opens another one on the same engine. */
  restart(): Promise<void>
  /** One more relay with the same keys on the same storage. */
  another(): Relay
  open(who: Person): Promise<InProcess>
  charter(): Promise<Charter>
  /** Drafts, approves and appends through the relay; answers the index. */
  act(what: LaterAct): Promise<number>
  admit(name: string): Promise<number>
  /** Lets time pass in small steps until it holds. */
  eventually(what: string, holds: () => Promise<boolean> | boolean): Promise<void>
  /** Lets everything happen that happens within some seconds. */
  quiet(): Promise<void>
}

interface Options {
  readonly count?: number
  readonly quorum?: number
  readonly config?: Partial<RelayConfig>
  readonly deps?: Partial<RelayDeps>
  readonly before?: (witnesses: Witnesses) => void
  /** What the organisation is founded with instead: the same witnesses at other addresses, for one. */
  readonly reach?: (witnesses: Witnesses) => Promise<Witnesses>
  readonly openEngine?: () => LaneEngine
}

/** Founded by ana; ana, ben and cem are keepers (2 of 3); other relays wait an hour; three witnesses, two of whom must agree. */
export async function watched(options: Options = {}): Promise<Watched> {
  const timers = createManualTimers()
  const made = await createWitnesses(options.count ?? 3, timers)
  options.before?.(made)
  const witnesses = (await options.reach?.(made)) ?? made
  const [ana, ben, cem] = (await Promise.all(["ana", "ben", "cem"].map(person))) as [Person, Person, Person]
  const identity = await relayIdentity()
  const delayed = (rules: Rules): Rules => {
    const usual = { k: 2, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }
    const acts = new Map([...rules.acts, [8, { ...usual, delaySeconds: relaysDelay, vetoK: 2 }] as const])
    return witnesses.watch({ ...rules, acts }, options.quorum)
  }
  const harbour = await foundHarbour(ana, [ana, ben, cem], [identity], delayed)
  // The storage outlives the relay.
  const memory: LaneEngine = { ...createMemoryEngine(), close: async () => {} }
  const make = () =>
    createRelay(
      {
        ...memoryDeps(),
        ...identity,
        engine: options.openEngine?.() ?? memory,
        clock: clockOf(timers),
        fetch: witnesses.fetch,
        ...options.deps,
      },
      { witnessMillis: 200, ...options.config },
    )
  const stage: Watched = {
    timers,
    witnesses,
    harbour,
    ana,
    ben,
    relay: make(),
    async restart() {
      await stage.relay.close()
      stage.relay = make()
    },
    another: make,
    async open(who) {
      const link = callInProcess(stage.relay)
      await link.caller.hello(harbour.org, who)
      return link
    },
    async charter() {
      return (await stage.relay.withOrganisation(harbour.org, async (org) => org.charter)) as Charter
    },
    async act(what) {
      harbour.charter = await stage.charter()
      const bytes = await envelope(harbour, what, [ana.keeper, ben.keeper])
      const { caller, connection } = await stage.open(ana)
      const { index } = await caller.get({ kind: "appendCharter", value: { envelope: bytes } }, "charterAppended")
      connection?.closed()
      await follow(harbour, bytes)
      return index
    },
    admit: async (name) => stage.act(await memberAdd(harbour, await person(name))),
    async eventually(what, holds) {
      for (let i = 0; i < 600; i++) {
        if (await holds()) return
        await timers.advance(50)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      throw new Error(`never: ${what}`)
    },
    async quiet() {
      for (let i = 0; i < 60; i++) {
        await timers.advance(50)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    },
  }
  await witnesses.trust(harbour.org, stage.relay)
  const founding = callInProcess(stage.relay)
  await founding.caller.get({ kind: "found", value: { hostingCode: "", genesis: harbour.genesis } }, "founded")
  founding.connection?.closed()
  // Somebody looks at it, so it is loaded from now on.
  await stage.charter()
  return stage
}

export interface Read {
  readonly size: number
  /** Times by the witness's place among the entries. */
  readonly times: ReadonlyMap<number, number>
}

/** Verifies as a client would, with the keys of relay and witnesses. */
export async function readNote({ harbour, witnesses }: Watched, note: string): Promise<Read> {
  const origin = charterOrigin(harbour.org)
  const { logSigner } = await relayIdentity()
  const verified = await verifyCheckpoint(utf8(note), {
    origin,
    logKeys: [noteKey(origin, NOTE_SIGNATURE, logSigner.publicKey)],
    witnessKeys: witnesses.entries.map(({ name, publicKey }) => noteKey(name, COSIGNATURE, publicKey)),
  })
  const times = verified.cosignatures.map(({ key, timestamp }) => {
    return [witnesses.entries.findIndex(({ name }) => name === key.name), timestamp as number] as const
  })
  return { size: parseCheckpoint(parseNote(utf8(note)).text).size, times: new Map(times) }
}

export async function heldNote(stage: Watched): Promise<Read | undefined> {
  const note = await stage.relay.withOrganisation(stage.harbour.org, async (org) => org.witnessed)
  return note === undefined ? undefined : readNote(stage, note)
}

/** Every entry of the charter that is an anchor, by index. */
export async function anchorsOf(stage: Watched): Promise<readonly number[]> {
  const { records } = await stage.charter()
  return [...records].flatMap(({ index, statement }) => (statement?.type === "anchor" ? [index] : []))
}

export type { RelayIdentity }
