import { randomBytes } from "node:crypto"
import { type MessageId, toMessageId } from "@holdfast/wire"
import {
  createMemoryBlobs,
  createMemoryEngine,
  createRelay,
  type Relay,
  type RelayConfig,
  type RelayDeps,
  silentLog,
  systemClock,
} from "../src/index.ts"
import { callInProcess, type InProcess } from "./caller.ts"
import { foundHarbour, type Harbour, type Person, person, relayIdentity } from "./harbour.ts"

export interface Stage {
  readonly relay: Relay
  readonly harbour: Harbour
  readonly ana: Person
  readonly ben: Person
  readonly cem: Person
  /** Opens a connection and says hello. */
  open(who: Person): Promise<InProcess>
}

/** A relay in memory that hosts an organisation founded by ana, with ana, ben and cem as keepers (2 of 3). */
export async function stage(config: Partial<RelayConfig> = {}, deps: Partial<RelayDeps> = {}): Promise<Stage> {
  const [ana, ben, cem] = (await Promise.all(["ana", "ben", "cem"].map(person))) as [Person, Person, Person]
  const identity = await relayIdentity()
  const harbour = await foundHarbour(ana, [ana, ben, cem], [identity])
  const relay = createRelay({ ...memoryDeps(), ...identity, ...deps }, config)
  const founding = callInProcess(relay)
  const hostingCode = config.hostingCode ?? ""
  await founding.caller.get({ kind: "found", value: { hostingCode, genesis: harbour.genesis } }, "founded")
  founding.connection?.closed()
  const open = async (who: Person) => {
    const link = callInProcess(relay)
    await link.caller.hello(harbour.org, who)
    return link
  }
  return { relay, harbour, ana, ben, cem, open }
}

export function memoryDeps(): Omit<RelayDeps, "relayId" | "logSigner"> {
  return {
    engine: createMemoryEngine(),
    blobs: createMemoryBlobs(),
    clock: systemClock,
    random: (length) => new Uint8Array(randomBytes(length)),
    fetch: () => Promise.reject(new Error("no network")),
    log: silentLog,
  }
}

/** A frame of the smallest class; the first bytes tell them apart. */
export function frame(n: number, length = 512): Uint8Array {
  const bytes = new Uint8Array(length)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

export function messageId(n: number): MessageId {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(12, n)
  return toMessageId(bytes)
}

export function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}
