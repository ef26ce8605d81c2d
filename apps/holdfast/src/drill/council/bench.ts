import {
  COSIGNATURE,
  charterOrigin,
  cosignNote,
  type Ed25519Signer,
  formatNote,
  leafHash,
  NOTE_SIGNATURE,
  type NoteSignature,
  noteKey,
  parseNote,
  TailTree,
} from "@holdfast/log"
import { fromUtf8, type OrgId, utf8 } from "@holdfast/wire"
import {
  type CosignFailure,
  cosignWith,
  createMemoryStore,
  createWitness,
  type Evidence,
  processAddCheckpoint,
  silentWitnessLog,
} from "@holdfast/witness"

/** Two witnesses are their own masters, one is the attacker's: fewer than must agree. */
export const witnessNames = ["pier", "quay", "reef"] as const
export type WitnessName = (typeof witnessNames)[number]
export const honestWitnesses = ["pier", "quay"] as const
export type HonestWitness = (typeof honestWitnesses)[number]

export type WitnessKeys = Readonly<Record<WitnessName, Ed25519Signer>>

export function keyNameOf(witness: WitnessName): string {
  return `${witness}.example/witness`
}

/** The witnesses of one scene: genuine ones, which check what they are asked to cosign, and one that signs anything. */
export interface Bench {
  /** Asks an honest witness, by its own code. The line, or why there is none. `entries`: what the checkpoint is of, for the proof. */
  ask(
    witness: HonestWitness,
    note: string,
    entries: readonly Uint8Array[],
    seconds: number,
  ): Promise<NoteSignature | CosignFailure>
  /** The attacker's own signs any text with any time. */
  lie(note: string, seconds: number): Promise<NoteSignature>
  /** What an honest one has kept because it did not fit. */
  evidence(witness: HonestWitness): Promise<readonly Evidence[]>
}

export async function openBench(org: OrgId, keys: WitnessKeys, logPublicKey: Uint8Array): Promise<Bench> {
  const origin = charterOrigin(org)
  let now = 0
  const stores = { pier: createMemoryStore(), quay: createMemoryStore() }
  const witnesses = Object.fromEntries(
    honestWitnesses.map((name) => {
      const deps = {
        store: stores[name],
        signer: keys[name],
        name: keyNameOf(name),
        now: () => now,
        log: silentWitnessLog,
      }
      return [name, createWitness(deps)]
    }),
  ) as Record<HonestWitness, ReturnType<typeof createWitness>>
  for (const store of Object.values(stores)) await store.trust(origin, noteKey(origin, NOTE_SIGNATURE, logPublicKey))
  return {
    async ask(name, note, entries, seconds) {
      now = seconds * 1_000
      const tree = new TailTree()
      for (const entry of entries) tree.append(leafHash(entry))
      const outcome = await cosignWith(
        {
          now: () => now,
          async fetch(_url, init) {
            const body = new Uint8Array(await new Response(init.body).arrayBuffer())
            const answer = await processAddCheckpoint(witnesses[name], body)
            const headers = { "content-type": answer.type }
            return new Response(new Uint8Array(answer.body), { status: answer.status, headers })
          },
        },
        {
          url: `http://${name}.example`,
          witnessKey: witnesses[name].key,
          checkpoint: utf8(note),
          knownSize: 0,
          prove: (oldSize) => tree.proveConsistency(oldSize, tree.size),
          deadlineMillis: 10_000,
        },
      )
      return outcome.kind === "cosigned" ? outcome.line : outcome.why
    },
    lie: (note, seconds) => {
      const key = noteKey(keyNameOf("reef"), COSIGNATURE, keys.reef.publicKey)
      return cosignNote(parseNote(utf8(note)).text, key, keys.reef, seconds)
    },
    evidence: (name) => stores[name].evidence(),
  }
}

/** The note with these lines under the relay's own. */
export function withLines(note: string, lines: readonly NoteSignature[]): string {
  const { text, signatures } = parseNote(utf8(note))
  return fromUtf8(formatNote({ text, signatures: [...signatures, ...lines] }))
}
