import { type Charter, draft, type Rules, rootAt, seal } from "@holdfast/charter"
import { type Hash, parseCheckpoint, type TailTree } from "@holdfast/log"
import { equalBytes, fromUtf8, hex, type OrgId, utf8 } from "@holdfast/wire"
import type { SignedHead } from "../checkpoint-signer.ts"
import { RelayError } from "../error.ts"
import type { RelayDeps } from "../ports.ts"
import { anchorDue, nextAnchorTime } from "./anchor-due.ts"
import { AskedWitness, type Asking, type WitnessStanding } from "./asked-witness.ts"
import {
  type CosignedNote,
  formatCosigned,
  isBetter,
  readCosigned,
  uncosigned,
  vouchedBy,
  withCosignature,
  withOnly,
} from "./cosigned-note.ts"

/** The charter whose witnesses are asked. */
export interface WitnessedCharter {
  readonly id: OrgId
  readonly charter: Charter
  readonly charterTree: TailTree
  /** Of the charter as replayed. */
  signedCharter(): Promise<SignedHead>
  /** Appends what `make` makes of the charter as it is then; `undefined` when it makes nothing. Throws as any append. */
  appendOwn(make: (charter: Charter) => Uint8Array | undefined): Promise<number | undefined>
}

export interface WitnessLine {
  readonly name: string
  readonly standing: WitnessStanding
  readonly why: string | undefined
  /** Of the charter, when it cosigned last. */
  readonly size: number
  /** The time in its newest line under the note that is handed out, in seconds. */
  readonly time: number | undefined
}

const afterAppendMillis = 1_000
const refreshMillis = 60 * 60_000
/** So that slower ones come along; each publication is written to the disk and sent to everybody. */
const publishMillis = 200
/** The witnesses' clocks may be a little behind ours. */
const afterDueMillis = 1_000
const overdueMillis = 15_000
const maxOverdueMillis = 5 * 60_000
const anchorValiditySeconds = 3_600

/**
 * Has the charter of one organisation cosigned by the witnesses that its rules name, keeps the newest cosigned note, and writes anchors when
 * something depends on one (R10). Does nothing where the rules name no witness that can be asked. Never in the way of an append.
 */
export class CharterWitnessing {
  readonly #deps: RelayDeps
  readonly #deadlineMillis: number
  readonly #org: WitnessedCharter
  readonly #onNote = new Set<() => void>()
  #askedBySeat: ReadonlyMap<string, AskedWitness> = new Map()
  #rules: Rules | undefined
  /** The tree that the witnesses are asked about. */
  #current: CosignedNote | undefined
  /** The note that is handed out. */
  #held: CosignedNote | undefined
  #note: string | undefined
  #callOffRound: (() => void) | undefined
  #roundAt = Number.POSITIVE_INFINITY
  #callOffPublishing: (() => void) | undefined
  #publishing: Promise<void> = Promise.resolve()
  #overdueRounds = 0
  #isStopped = false

  private constructor(deps: RelayDeps, deadlineMillis: number, org: WitnessedCharter) {
    this.#deps = deps
    this.#deadlineMillis = deadlineMillis
    this.#org = org
  }

  /** Goes on from what was kept. Throws what the engine throws. */
  static async start(deps: RelayDeps, deadlineMillis: number, org: WitnessedCharter): Promise<CharterWitnessing> {
    const witnessing = new CharterWitnessing(deps, deadlineMillis, org)
    await witnessing.#restore()
    witnessing.onCharter()
    return witnessing
  }

  /** The newest checkpoint note with cosignatures. (R10.4) */
  get note(): string | undefined {
    return this.#note
  }

  /** There is somebody to ask, so the organisation has to stay loaded. */
  get isActive(): boolean {
    return this.#askedBySeat.size > 0
  }

  /** Calls back whenever there is a newer note. Returns the way to stop. */
  onNote(work: () => void): () => void {
    this.#onNote.add(work)
    return () => this.#onNote.delete(work)
  }

  /** To be called when the charter has grown. */
  onCharter(): void {
    if (this.#isStopped) return
    this.#adoptRules()
    if (this.isActive) this.#roundIn(afterAppendMillis)
  }

  /** All that are asked. */
  lines(): readonly WitnessLine[] {
    return [...this.#askedBySeat.values()].map(({ witness, standing, why, knownSize }) => {
      const time = this.#held?.cosignatures.get(hex(witness.publicKey))?.timestamp
      return { name: witness.name, standing, why, size: knownSize, time }
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#callOffRound?.()
    this.#callOffPublishing?.()
    for (const asked of this.#askedBySeat.values()) asked.stop()
    this.#askedBySeat = new Map()
    this.#onNote.clear()
  }

  async #restore(): Promise<void> {
    const bytes = await this.#deps.engine.witnessed(this.#org.id)
    if (bytes === undefined) return
    try {
      const { charter } = this.#org
      const held = await readCosigned(this.#org.id, charter.state, bytes)
      const { size, root } = parseCheckpoint(held.text)
      // What was kept is cache: the charter decides.
      if (held.cosignatures.size === 0 || !equalBytes(rootAt(charter, size) ?? new Uint8Array(), root)) return
      this.#held = held
      this.#note = fromUtf8(formatCosigned(held))
    } catch {
      this.#deps.log.warn({ code: "witnessed" }, "A cosigned checkpoint that was kept does not count any more")
    }
  }

  /** Asks those whom the rules in force name, and nobody else; what others have cosigned counts no more. (R10.1) */
  #adoptRules(): void {
    const { rules, relays } = this.#org.charter.state
    const { relayId, logSigner } = this.#deps
    const isOurs = relays.some(
      ({ id, logPublicKey }) => equalBytes(id, relayId) && equalBytes(logPublicKey, logSigner.publicKey),
    )
    const wanted = isOurs ? rules.witnesses.filter(({ url }) => url !== "") : []
    const next = new Map<string, AskedWitness>()
    for (const witness of wanted) {
      const seat = `${hex(witness.publicKey)} ${witness.name} ${witness.url}`
      next.set(seat, this.#askedBySeat.get(seat) ?? this.#asked(witness))
    }
    for (const [seat, asked] of this.#askedBySeat) if (!next.has(seat)) asked.stop()
    this.#askedBySeat = next
    if (!isOurs || this.#rules !== rules) this.#dropOthers()
    this.#rules = rules
  }

  #dropOthers(): void {
    const keys = [...this.#askedBySeat.values()].map(({ key }) => key)
    this.#current = undefined
    if (this.#held === undefined) return
    const left = withOnly(this.#held, keys)
    this.#held = left.cosignatures.size === 0 ? undefined : left
    this.#note = this.#held === undefined ? undefined : fromUtf8(formatCosigned(this.#held))
  }

  #asked(witness: Rules["witnesses"][number]): AskedWitness {
    const { clock, fetch, log } = this.#deps
    const asking: Asking = {
      submission: () => {
        const it = this.#current
        return it === undefined
          ? undefined
          : { size: it.size, note: formatCosigned({ ...it, cosignatures: new Map() }) }
      },
      prove: (oldSize: number, size: number): readonly Hash[] => this.#org.charterTree.proveConsistency(oldSize, size),
      onCosigned: (size, cosigned) => {
        if (this.#current?.size === size) this.#current = withCosignature(this.#current, cosigned)
        if (this.#held?.size === size) this.#held = withCosignature(this.#held, cosigned)
        const { witnessQuorum } = this.#org.charter.state.rules
        if (this.#current !== undefined && isBetter(this.#current, this.#held, witnessQuorum))
          this.#held = this.#current
        this.#publishSoon()
      },
    }
    const known = this.#held?.cosignatures.has(hex(witness.publicKey)) ? this.#held.size : 0
    return new AskedWitness({ clock, fetch, log, deadlineMillis: this.#deadlineMillis }, witness, asking, known)
  }

  /** The earlier one counts, so that a busy charter is not put off for ever. */
  #roundIn(millis: number): void {
    const at = this.#deps.clock.now() + millis
    if (this.#isStopped || at >= this.#roundAt) return
    this.#callOffRound?.()
    this.#roundAt = at
    this.#callOffRound = this.#deps.clock.after(millis, () => {
      this.#callOffRound = undefined
      this.#roundAt = Number.POSITIVE_INFINITY
      void this.#round().catch(() => this.#deps.log.error({ code: "witnessing" }, "Witnesses could not be asked"))
    })
  }

  async #round(): Promise<void> {
    try {
      const { size, note } = await this.#org.signedCharter()
      if (this.#isStopped || !this.isActive) return
      if (this.#current?.size !== size) {
        this.#current = this.#held?.size === size ? this.#held : uncosigned(size, utf8(note))
      }
      for (const asked of this.#askedBySeat.values()) asked.ask()
    } finally {
      if (this.isActive) this.#roundIn(this.#pause())
    }
  }

  /** Until the hourly round, or the moment at which an anchor is due by itself. (R10.7) */
  #pause(): number {
    const due = nextAnchorTime(this.#org.charter.state)
    if (due === undefined) return refreshMillis
    const millis = due * 1_000 + afterDueMillis - this.#deps.clock.now()
    this.#overdueRounds = millis > 0 ? 0 : this.#overdueRounds + 1
    if (millis > 0) return Math.min(refreshMillis, millis)
    return Math.min(maxOverdueMillis, overdueMillis * 2 ** Math.min(this.#overdueRounds - 1, 8))
  }

  #publishSoon(): void {
    if (this.#callOffPublishing !== undefined || this.#isStopped) return
    this.#callOffPublishing = this.#deps.clock.after(publishMillis, () => {
      this.#callOffPublishing = undefined
      this.#publishing = this.#publishing.then(() => this.#publish()).catch(() => {})
    })
  }

  async #publish(): Promise<void> {
    const held = this.#held
    if (held === undefined || this.#isStopped) return
    const bytes = formatCosigned(held)
    const note = fromUtf8(bytes)
    if (note !== this.#note) {
      await this.#keep(bytes)
      // Other rules may have come meanwhile.
      if (this.#isStopped || this.#held === undefined) return
      this.#note = note
      for (const work of this.#onNote) work()
    }
    await this.#anchor(held, bytes)
  }

  async #keep(note: Uint8Array): Promise<void> {
    try {
      await this.#deps.engine.putWitnessed(this.#org.id, note)
    } catch {
      this.#deps.log.error({ code: "engine_failed" }, "A cosigned checkpoint could not be kept")
    }
  }

  /** An anchor if one is due, as a statement of its own through the same checks as everybody's. (R10.5, R10.6) */
  async #anchor(held: CosignedNote, note: Uint8Array): Promise<void> {
    const { state } = this.#org.charter
    const vouched = vouchedBy(held, state.rules.witnessQuorum)
    if (vouched === undefined || anchorDue(state, vouched) === undefined) return
    const { clock, random, log } = this.#deps
    const notAfter = Math.max(vouched.time, Math.floor(clock.now() / 1_000)) + anchorValiditySeconds
    try {
      await this.#org.appendOwn((charter) => {
        const why = anchorDue(charter.state, vouched)
        if (why === undefined) return undefined
        log.info({ event: "anchor", why }, "The witnesses' time is written into a charter")
        return seal(draft(charter, { type: "anchor", body: { note }, notAfter, nonce: random(16) }), [])
      })
    } catch (error) {
      const reason = error instanceof RelayError ? (error.reason ?? error.code) : "broken"
      log.warn({ event: "anchor", reason }, "The witnesses' time could not be written into a charter")
      this.#roundIn(overdueMillis)
    }
  }
}
