import type { Rules, Witness } from "@holdfast/charter"
import {
  charterOrigin,
  type Ed25519Signer,
  generateEd25519KeyPair,
  NOTE_SIGNATURE,
  noteKey,
  signerFromKeyPair,
} from "@holdfast/log"
import type { Clock, Relay, RelayDeps } from "@holdfast/relay"
import { compareBytes, type OrgId } from "@holdfast/wire"
import {
  createMemoryStore,
  createWitness,
  latestCheckpoint,
  processAddCheckpoint,
  silentWitnessLog,
  type Witness as WitnessServer,
  type WitnessStore,
} from "@holdfast/witness"
import type { ManualTimers } from "./manual-timers.ts"

/** What comes back from a witness that is not itself; `ask` is what it would answer. */
export type WitnessTurn = (body: Uint8Array, ask: () => Promise<Response>, signal: AbortSignal) => Promise<Response>

/** Witnesses that really check and cosign, reached without a network. */
export interface Witnesses {
  /** As rules name them, in the order of their keys. */
  readonly entries: readonly Witness[]
  readonly signers: readonly Ed25519Signer[]
  /** To be given to the relay among its deps. */
  readonly fetch: RelayDeps["fetch"]
  /** These rules, watched by these witnesses; by default a majority of them has to agree. */
  watch(rules: Rules, quorum?: number): Rules
  /** Each of them takes this relay's word for the charter of the organisation from now on. */
  trust(org: OrgId, relay: Relay): Promise<void>
  /** How one of them answers from now on; without a turn it is itself again. */
  turn(index: number, how?: WitnessTurn): void
  /** One of them has lost everything that it ever cosigned, and trusts nobody. */
  forget(index: number): void
  /** The witness itself, to be served on a port. */
  server(index: number): WitnessServer
  /** How often one of them was asked. */
  asked(index: number): number
  /** What one of them has cosigned last of the log with this origin's SHA-256, with its line. */
  latest(index: number, originHash: Uint8Array): Promise<Uint8Array | undefined>
}

/** A witness that nobody reaches. */
export const dead: WitnessTurn = () => Promise.reject(new TypeError("fetch failed"))
/** A witness that takes the question and never answers. */
export const silent: WitnessTurn = (_, __, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)))

/** `clock` is what they put into their cosignatures. */
export async function createWitnesses(count: number, clock: { readonly now: () => number }): Promise<Witnesses> {
  const made = await Promise.all(
    Array.from({ length: count }, async () => signerFromKeyPair(await generateEd25519KeyPair(false))),
  )
  const signers = made.toSorted((a, b) => compareBytes(a.publicKey, b.publicKey))
  const entries = signers.map(({ publicKey }, i) => ({
    name: `w${i}.test/witness`,
    publicKey,
    url: `http://w${i}.test`,
    organisation: "",
    jurisdiction: "",
  }))
  const stores: WitnessStore[] = signers.map(() => createMemoryStore())
  const turns = new Map<number, WitnessTurn>()
  const asked = signers.map(() => 0)
  const server = (index: number): WitnessServer =>
    createWitness({
      store: stores[index] as WitnessStore,
      signer: signers[index] as Ed25519Signer,
      name: entries[index]?.name as string,
      now: clock.now,
      log: silentWitnessLog,
    })

  return {
    entries,
    signers,
    async fetch(url, init) {
      const index = entries.findIndex((entry) => url === `${entry.url}/add-checkpoint`)
      if (index < 0) throw new TypeError("fetch failed")
      asked[index] = (asked[index] as number) + 1
      const body = new Uint8Array(await new Response(init.body).arrayBuffer())
      const ask = async () => {
        const answer = await processAddCheckpoint(server(index), body)
        return new Response(new Uint8Array(answer.body), {
          status: answer.status,
          headers: { "content-type": answer.type },
        })
      }
      const signal = init.signal ?? new AbortController().signal
      signal.throwIfAborted()
      return turns.get(index)?.(body, ask, signal) ?? ask()
    },
    watch: (rules, quorum = Math.floor(count / 2) + 1) => ({ ...rules, witnesses: entries, witnessQuorum: quorum }),
    async trust(org, relay) {
      const origin = charterOrigin(org)
      const key = noteKey(origin, NOTE_SIGNATURE, relay.core.deps.logSigner.publicKey)
      for (const store of stores) await store.trust(origin, key)
    },
    turn(index, how) {
      if (how === undefined) turns.delete(index)
      else turns.set(index, how)
    },
    forget(index) {
      stores[index] = createMemoryStore()
    },
    server,
    asked: (index) => asked[index] as number,
    latest: (index, originHash) => latestCheckpoint(server(index), originHash),
  }
}

/** A relay's clock that a test winds on by hand. */
export function clockOf(timers: ManualTimers): Clock {
  return { now: timers.now, after: (millis, work) => timers.setTimeout(work, millis) }
}
