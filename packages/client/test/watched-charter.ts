// A charter that witnesses watch, without a relay: every note is made by hand.
import {
  admitDevice,
  admitKeeper,
  append,
  approve,
  type Charter,
  commitName,
  draft,
  genesis,
  type LaterAct,
  noOrg,
  openCharter,
  type Rules,
  rootAt,
  type Signer,
  seal,
  simpleRules,
  type Witness,
} from "@holdfast/charter"
import {
  COSIGNATURE,
  charterOrigin,
  cosignNote,
  type Ed25519Signer,
  formatCheckpoint,
  formatNote,
  NOTE_SIGNATURE,
  noteKey,
  signerFromSeed,
  signNote,
} from "@holdfast/log"
import { compareBytes, type DeviceId, labelledHash, toKeeperId, toMemberId, toRelayId, utf8 } from "@holdfast/wire"

export interface CosigningWitness {
  readonly entry: Witness
  readonly key: Ed25519Signer
}

function bytesFrom(label: string, length: number): Uint8Array {
  return labelledHash("holdfast/test/v1", utf8(label)).slice(0, length)
}

export async function witness(name: string): Promise<CosigningWitness> {
  const key = await signerFromSeed(bytesFrom(`${name}/witness`, 32))
  const entry = {
    name: `${name}.example/witness`,
    publicKey: key.publicKey,
    url: "",
    organisation: "",
    jurisdiction: "",
  }
  return { entry, key }
}

export interface NoteOptions {
  readonly time: number
  readonly by: readonly CosigningWitness[]
  readonly root?: Uint8Array
  readonly relay?: string
  /** Of the tree; the newest by default. */
  readonly size?: number
}

/** Three keepers, two of whom decide, and these witnesses: a majority has to agree. */
export async function watchedCharter(witnesses: readonly CosigningWitness[]) {
  const member = toMemberId(bytesFrom("ana", 16))
  const keys = await Promise.all([1, 2, 3].map((n) => signerFromSeed(bytesFrom(`keeper ${n}`, 32))))
  const seats = keys.map((_, i) => toKeeperId(bytesFrom(`seat ${i}`, 16)))
  const keepers = await Promise.all(
    keys.map((key, i) => admitKeeper(noOrg, { id: seats[i] as (typeof seats)[0] }, key)),
  )
  const signers: Signer[] = keys.map((key, i) => ({ id: seats[i] as (typeof seats)[0], kind: 1, sign: key.sign }))
  const device = await admitDevice(noOrg, member, await signerFromSeed(bytesFrom("ana's device", 32)))
  const logKeyOf = (relay: string) => signerFromSeed(bytesFrom(`${relay}/log key`, 32))
  const entries = witnesses.map(({ entry }) => entry).toSorted((a, b) => compareBytes(a.publicKey, b.publicKey))
  const simple = simpleRules(keepers, 2)
  const rules: Rules =
    entries.length === 0 ? simple : { ...simple, witnesses: entries, witnessQuorum: Math.floor(entries.length / 2) + 1 }
  const { statement, orgId } = genesis({
    notAfter: 2_000_000_000,
    nonce: bytesFrom("genesis", 16),
    nameCommitment: commitName(bytesFrom("salt", 16), "The Harbour"),
    rules,
    founder: { member, nameCommitment: commitName(bytesFrom("salt", 16), "Ana"), devices: [device] },
    relays: [
      {
        id: toRelayId(bytesFrom("relay", 16)),
        urls: ["https://relay.example"],
        logPublicKey: (await logKeyOf("relay")).publicKey,
        operator: "",
        jurisdiction: "",
      },
    ],
  })
  const founding = seal(statement, await Promise.all(signers.map((signer) => approve(statement, signer))))
  let charter: Charter = (await append(openCharter(orgId), founding)).charter

  async function act(what: LaterAct, by: readonly Signer[]): Promise<void> {
    const next = draft(charter, { ...what, notAfter: 2_000_000_000, nonce: bytesFrom(`nonce ${charter.size}`, 16) })
    const appended = await append(charter, seal(next, await Promise.all(by.map((signer) => approve(next, signer)))))
    if (appended.record.outcome !== "applied") throw new Error(JSON.stringify(appended.record.outcome))
    charter = appended.charter
  }

  async function note({ time, by, root, relay = "relay", size = charter.size }: NoteOptions): Promise<Uint8Array> {
    const origin = charterOrigin(orgId)
    const text = formatCheckpoint({ origin, size, root: root ?? (rootAt(charter, size) as Uint8Array), extensions: [] })
    const key = await logKeyOf(relay)
    const signatures = [await signNote(text, noteKey(origin, NOTE_SIGNATURE, key.publicKey), key)]
    for (const { entry, key: own } of by) {
      signatures.push(await cosignNote(text, noteKey(entry.name, COSIGNATURE, own.publicKey), own, time))
    }
    return formatNote({ text, signatures })
  }

  return {
    founder: device.id,
    charter: () => charter,
    note,
    /** Gives the device of somebody who was just admitted. */
    async admit(name: string): Promise<DeviceId> {
      const newcomer = toMemberId(bytesFrom(name, 16))
      const added = await admitDevice(orgId, newcomer, await signerFromSeed(bytesFrom(`${name}'s device`, 32)))
      const body = {
        member: newcomer,
        nameCommitment: commitName(bytesFrom("salt", 16), name),
        devices: [added],
        requestId: bytesFrom(`${name}/request`, 16),
      }
      await act({ type: "member-add", body }, signers.slice(0, 2))
      return added.id
    },
    seedOf: (label: string) => bytesFrom(label, 32),
    /** By two of the three keepers. */
    decide: (what: LaterAct) => act(what, signers.slice(0, 2)),
    /** From now on the charter names this relay, and the one before no more. */
    async moveTo(relay: string): Promise<void> {
      const { publicKey: logPublicKey } = await logKeyOf(relay)
      const id = toRelayId(bytesFrom(relay, 16))
      const entry = { id, urls: ["https://new.example"], logPublicKey, operator: "", jurisdiction: "" }
      await act({ type: "relays", body: { relays: [entry] } }, signers.slice(0, 2))
    },
    anchor: async (options: NoteOptions) => act({ type: "anchor", body: { note: await note(options) } }, []),
  }
}
