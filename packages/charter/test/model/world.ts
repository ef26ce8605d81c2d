// The world in which histories happen: true time, who is turned, who has signed what, and the logs that a relay shows.
import { createHash } from "node:crypto"
import {
  charterOrigin,
  cosignNote,
  formatCheckpoint,
  formatNote,
  NOTE_SIGNATURE,
  type NoteSignature,
  noteKey,
  signNote,
} from "@holdfast/log"
import { hex, type MemberId, type OrgId } from "@holdfast/wire"
import { appendRead, readEnvelope } from "../../src/charter.ts"
import {
  type Approval,
  type Charter,
  type CharterRecord,
  draft,
  type LaterAct,
  noOrg,
  type Rules,
  rootAt,
  type Statement,
} from "../../src/index.ts"
import type { Approver, Cast, DeviceActor, KeeperActor, RelayActor, WitnessActor } from "./cast.ts"
import type { Dice } from "./dice.ts"
import type { Keys } from "./keys.ts"
import type { Ledger, Truth } from "./ledger.ts"

/** One history that a relay may show. */
export interface Chain {
  readonly id: number
  charter: Charter
  readonly entries: Uint8Array[]
  /** By size. */
  readonly prints: string[]
  readonly ledger: Ledger
}

/** A statement that somebody has signed and that a relay can log when and where it likes. */
export interface Held {
  readonly statement: Statement
  readonly approvals: readonly Approval[]
}

export interface Counts {
  /** "type: outcome", how often. */
  readonly outcomes: Map<string, number>
  entries: number
  probes: number
}

const maxHeld = 30
export const start = 1_800_000_000

export class World implements Truth {
  readonly keys: Keys
  readonly cast: Cast
  readonly counts: Counts
  now = start
  newestHonestTime = 0
  readonly chains: Chain[] = []
  readonly held: Held[] = []
  readonly devices = new Map<string, DeviceActor>()
  /** Lines that witnesses have given, by the text they stand under. */
  readonly lines = new Map<string, NoteSignature[]>()
  readonly turned = new Set<string>()
  readonly liars = new Set<string>()
  /** Members whose devices are in the wrong hands. */
  readonly turnedMembers = new Set<string>()
  readonly #signers = new Map<string, Set<string>>()
  readonly #prints = new Map<string, string>()
  /** What each honest witness has seen last. */
  readonly #seen = new Map<string, { readonly size: number; readonly print: string }>()
  readonly #keeperById: ReadonlyMap<string, KeeperActor>
  #names = 0
  orgId: OrgId = noOrg

  constructor(keys: Keys, cast: Cast, counts: Counts) {
    this.keys = keys
    this.cast = cast
    this.#keeperById = new Map(cast.keepers.map((keeper) => [hex(keeper.id), keeper]))
    this.counts = counts
  }

  get relay(): RelayActor {
    return this.cast.relays[0]
  }

  newMember(dice: Dice): MemberId {
    const member = this.cast.member(`member ${this.#names++}`)
    if (dice.chance(30)) this.turnedMembers.add(hex(member))
    return member
  }

  async newDevice(member: MemberId): Promise<DeviceActor> {
    const device = await this.cast.device(String(this.#names++), member)
    this.devices.set(hex(device.id), device)
    return device
  }

  seatsOf({ keepers }: Rules): readonly KeeperActor[] {
    return keepers.flatMap(({ id }) => this.#keeperById.get(hex(id)) ?? [])
  }

  isTurned(keeper: string): boolean {
    return this.turned.has(keeper)
  }

  signersOf(statement: Statement): ReadonlySet<string> {
    return this.#signers.get(hex(statement.id)) ?? new Set()
  }

  printOf(statement: Statement): string | undefined {
    return this.#prints.get(hex(statement.id))
  }

  draft(chain: Chain, act: LaterAct, dice: Dice, seconds = 30 * 86_400): Statement {
    const statement = draft(chain.charter, { ...act, notAfter: this.now + seconds, nonce: dice.bytes(16) })
    this.#prints.set(hex(statement.id), chain.prints.at(-1) as string)
    return statement
  }

  /** For statements that nobody drafts like this. Their base is said to be of this chain. */
  note(statement: Statement, chain: Chain): Statement {
    this.#prints.set(hex(statement.id), chain.prints[statement.base.size] ?? "none")
    return statement
  }

  /** The only way to a right signature: what is signed here is what the ledger knows of. */
  async approvals(statement: Statement, by: readonly Approver[]): Promise<readonly Approval[]> {
    const key = hex(statement.id)
    const signers = this.#signers.get(key) ?? new Set()
    this.#signers.set(key, signers)
    return Promise.all(
      by.map((actor) => {
        signers.add(hex(actor.id))
        return actor.approve(statement)
      }),
    )
  }

  hold(it: Held): void {
    this.held.push(it)
    if (this.held.length > maxHeld) this.held.shift()
  }

  async log(chain: Chain, entry: Uint8Array): Promise<CharterRecord> {
    const before = chain.charter
    const { charter, record } = await appendRead(before, entry, readEnvelope(entry), this.keys.verify)
    chain.charter = charter
    chain.entries.push(entry)
    chain.prints.push(printAfter(chain.prints.at(-1) as string, entry))
    this.#count(record)
    chain.ledger.observe(this, chain.prints, before, charter, record)
    return record
  }

  #count({ statement, outcome, settled }: CharterRecord): void {
    this.counts.entries += 1
    const type = statement === undefined ? "bytes" : statement.type
    this.#add(`${type}: ${typeof outcome === "string" ? outcome : outcome.refused}`)
    for (const { how } of settled) this.#add(`waited: ${typeof how === "string" ? how : `lapsed, ${how.lapsed}`}`)
  }

  #add(what: string): void {
    this.counts.outcomes.set(what, (this.counts.outcomes.get(what) ?? 0) + 1)
  }

  /** A second history that goes on from where this one stands. */
  fork(chain: Chain): void {
    this.chains.push({
      id: this.chains.length,
      charter: chain.charter,
      entries: [...chain.entries],
      prints: [...chain.prints],
      ledger: chain.ledger.copy(),
    })
  }

  checkpointText(chain: Chain, size: number): string {
    const root = rootAt(chain.charter, size) as Uint8Array
    return formatCheckpoint({ origin: charterOrigin(this.orgId), size, root, extensions: [] })
  }

  /** An honest witness signs for one history only, with the true time; a liar signs anything. */
  async cosign(chain: Chain, size: number, witness: WitnessActor, liedTime: number): Promise<void> {
    const isLiar = this.liars.has(witness.name)
    if (!isLiar) {
      const seen = this.#seen.get(witness.name)
      if (seen !== undefined && (size < seen.size || chain.prints[seen.size] !== seen.print)) return
      this.#seen.set(witness.name, { size, print: chain.prints[size] as string })
      this.newestHonestTime = this.now
    }
    const text = this.checkpointText(chain, size)
    const line = await cosignNote(text, witness.noteKey, witness.key, isLiar ? liedTime : this.now)
    this.lines.set(text, [...(this.lines.get(text) ?? []), line])
  }

  async noteOf(text: string, lines: readonly NoteSignature[], relay: RelayActor = this.relay): Promise<Uint8Array> {
    const key = noteKey(charterOrigin(this.orgId), NOTE_SIGNATURE, relay.key.publicKey)
    return formatNote({ text, signatures: [await signNote(text, key, relay.key), ...lines] })
  }
}

function printAfter(print: string, entry: Uint8Array): string {
  return createHash("sha256").update(print).update(entry).digest("base64")
}
