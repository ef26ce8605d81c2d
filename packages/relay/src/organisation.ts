import { append, type Charter, CharterError, type Device, decodeEnvelope, deviceAt, replay } from "@holdfast/charter"
import { TailTree } from "@holdfast/log"
import { type DeviceId, hex, type LaneId, limits, type OrgId } from "@holdfast/wire"
import { CheckpointSigner, type SignedHead } from "./checkpoint-signer.ts"
import { EngineError, type HostedLane } from "./engine/lane-engine.ts"
import { RelayError } from "./error.ts"
import { LaneFeed } from "./lane-feed.ts"
import type { RelayDeps } from "./ports.ts"
import { CharterWitnessing } from "./witnessing/charter-witnessing.ts"

/** How long after its end a statement is taken: this relay's clock may be ahead of the keepers'. (R4.14) */
const expiryToleranceSeconds = 300
/** Attempts to append while another relay on the same engine keeps getting in between. */
const maxAttempts = 4

/** An organisation that someone is connected for: its charter replayed, its lanes ready to be read (R4). */
export class Organisation {
  readonly id: OrgId
  readonly charterLane: HostedLane
  readonly messageLanes: readonly HostedLane[]
  readonly #deps: RelayDeps
  readonly #feedByLane: ReadonlyMap<string, LaneFeed>
  readonly #onCharter = new Set<() => void>()
  readonly #stopWatching: () => void
  #charter: Charter
  #witnessing: CharterWitnessing | undefined
  #tree = new TailTree()
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(deps: RelayDeps, id: OrgId, lanes: readonly HostedLane[], charter: Charter) {
    this.id = id
    this.#deps = deps
    this.charterLane = lanes.find((lane) => lane.number === "charter") as HostedLane
    this.messageLanes = lanes.filter((lane) => lane.number !== "charter")
    const onBroken = () => deps.log.error({ code: "engine_failed" }, "A lane could not be read")
    this.#feedByLane = new Map(
      lanes.map((lane) => {
        const checkpoints = new CheckpointSigner(deps.logSigner, id, lane)
        return [hex(lane.id), new LaneFeed(lane, deps.engine, checkpoints, onBroken)]
      }),
    )
    this.#charter = charter
    this.#growTree()
    // Another relay on the same engine may append too; what we appended ourselves is known by then.
    this.#stopWatching = deps.engine.watch(this.charterLane.id, ({ size }) => {
      if (size > this.#charter.size) void this.#inTurn(() => this.#follow()).catch(() => onBroken())
    })
  }

  /** `undefined`: not hosted here. Replays the whole charter; from then on its witnesses are asked, until `unload`. (R4.1, R10.1) */
  static async load(deps: RelayDeps, witnessMillis: number, id: OrgId): Promise<Organisation | undefined> {
    const lanes = await deps.engine.lanesOf(id)
    const lane = lanes?.find(({ number }) => number === "charter")
    if (lanes === undefined || lane === undefined) return undefined
    const charter = await replay(id, entriesOf(deps, lane.id, 0))
    const org = new Organisation(deps, id, lanes, charter)
    try {
      org.#witnessing = await CharterWitnessing.start(deps, witnessMillis, org)
    } catch (error) {
      org.unload()
      throw error
    }
    return org
  }

  get charter(): Charter {
    return this.#charter
  }

  get witnessing(): CharterWitnessing {
    return this.#witnessing as CharterWitnessing
  }

  /** The newest checkpoint note of the charter that witnesses have cosigned. (W5.14) */
  get witnessed(): string | undefined {
    return this.#witnessing?.note
  }

  /** A checkpoint of the charter as replayed, not of the lane, which may be an entry ahead for a moment. */
  signedCharter(): Promise<SignedHead> {
    const { size, root } = this.#charter
    return this.feed(this.charterLane).sign(size, () => root)
  }

  /** Of the charter's log, from its first entry on: for tiles. */
  get charterTree(): TailTree {
    return this.#tree
  }

  /** `undefined` unless the device is in force at the charter's present size. (R4.2) */
  device(id: DeviceId): Device | undefined {
    return deviceAt(this.#charter, id, this.#charter.size)
  }

  lane(id: LaneId): LaneFeed | undefined {
    return this.#feedByLane.get(hex(id))
  }

  feed(lane: HostedLane): LaneFeed {
    return this.#feedByLane.get(hex(lane.id)) as LaneFeed
  }

  /** Calls back whenever the charter has grown. Returns the way to stop. */
  onCharter(work: () => void): () => void {
    this.#onCharter.add(work)
    return () => this.#onCharter.delete(work)
  }

  /**
   * Stores an envelope if replay applies it or lets it wait, and only then; returns its index. A statement that is there already
   * answers the index it has. Throws `refused` with the charter's reason, `malformed`, `too_large`. (R4.3, R4.4, R4.14)
   */
  async appendCharter(bytes: Uint8Array): Promise<number> {
    decodeStrictly(bytes)
    return (await this.appendOwn(() => bytes)) as number
  }

  /** As `appendCharter`, with what `make` makes of the charter as it stands when its turn has come; `undefined` when it makes nothing. */
  appendOwn(make: (charter: Charter) => Uint8Array | undefined): Promise<number | undefined> {
    return this.#inTurn(() => this.#append(make))
  }

  unload(): void {
    this.#stopWatching()
    this.#witnessing?.stop()
  }

  async #append(make: (charter: Charter) => Uint8Array | undefined): Promise<number | undefined> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      await this.#follow()
      const bytes = make(this.#charter)
      if (bytes === undefined) return undefined
      const { statement } = decodeStrictly(bytes)
      const known = this.#charter.state.applied.get(statement.id)
      if (known !== undefined) return known
      // Replay knows the log's clock only, which lags behind or is not there at all. (C6.12)
      const now = Math.floor(this.#deps.clock.now() / 1_000)
      if (now > statement.notAfter + expiryToleranceSeconds) throw new RelayError("refused", "expired")
      const { charter, record } = await append(this.#charter, bytes)
      if (typeof record.outcome === "object") throw new RelayError("refused", record.outcome.refused)
      try {
        const entry = { messageId: statement.id.subarray(0, 16), bytes: bytes.slice() }
        await this.#deps.engine.append(this.charterLane.id, [entry], record.index)
      } catch (error) {
        if (error instanceof EngineError && error.code === "conflict") continue
        throw error
      }
      this.#become(charter)
      return record.index
    }
    throw new RelayError("unavailable", "contention", 1)
  }

  async #follow(): Promise<void> {
    let { size } = await this.#deps.engine.head(this.charterLane.id)
    while (size > this.#charter.size) {
      let charter = this.#charter
      for await (const entry of entriesOf(this.#deps, this.charterLane.id, charter.size)) {
        charter = (await append(charter, entry)).charter
      }
      this.#become(charter)
      size = (await this.#deps.engine.head(this.charterLane.id)).size
    }
  }

  #become(charter: Charter): void {
    this.#charter = charter
    this.#growTree()
    for (const work of this.#onCharter) work()
    this.#witnessing?.onCharter()
  }

  #growTree(): void {
    for (let i = this.#tree.size; i < this.#charter.size; i++) {
      this.#tree.append(this.#charter.records.at(i)?.leaf as Uint8Array)
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }
}

/** As the charter's own decoder, with the relay's codes. */
export function decodeStrictly(bytes: Uint8Array): ReturnType<typeof decodeEnvelope> {
  try {
    return decodeEnvelope(bytes)
  } catch (error) {
    if (error instanceof CharterError) throw new RelayError(error.code === "too_large" ? "too_large" : "malformed")
    throw error
  }
}

async function* entriesOf(deps: RelayDeps, lane: LaneId, from: number): AsyncIterable<Uint8Array> {
  const bounds = { maxEntries: limits.framesPerBatch, maxBytes: limits.batchBytes }
  let next = from
  for (;;) {
    const slice = await deps.engine.read(lane, next, bounds)
    if (slice.kind === "pruned") throw new EngineError("broken")
    if (slice.entries.length === 0) return
    yield* slice.entries
    next += slice.entries.length
  }
}
