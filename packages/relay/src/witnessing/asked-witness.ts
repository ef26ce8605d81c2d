import type { Witness } from "@holdfast/charter"
import { COSIGNATURE, type Hash, type NoteKey, noteKey } from "@holdfast/log"
import { type CosignFailure, type CosignOutcome, cosignWith } from "@holdfast/witness"
import type { Clock, RelayLog } from "../ports.ts"
import type { Cosigned } from "./cosigned-note.ts"

/** How a witness stands to this relay; the list is closed. (R10.8) */
export type WitnessStanding = "unasked" | "cosigning" | "failing" | "ahead" | "inconsistent"

export interface AskingDeps {
  readonly clock: Clock
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly log: RelayLog
  readonly deadlineMillis: number
}

/** What a witness is asked to cosign: a signed note of this size. */
export interface Submission {
  readonly size: number
  readonly note: Uint8Array
}

export interface Asking {
  /** What there is to cosign now. */
  submission(): Submission | undefined
  prove(oldSize: number, size: number): readonly Hash[]
  onCosigned(size: number, cosigned: Cosigned): void
}

const firstRetryMillis = 5_000
const maxRetryMillis = 15 * 60_000
/** Neither a larger tree nor another history goes away by asking. */
const contradictedRetryMillis = 60 * 60_000

/**
 * Asks one witness, one request at a time, and less and less often while it fails (R10.2, R10.3). What it says is believed only if `cosignWith`
 * has verified it, and makes this relay sign nothing: it is asked about what is signed already. (R10.8)
 */
export class AskedWitness {
  readonly witness: Witness
  readonly key: NoteKey
  readonly #deps: AskingDeps
  readonly #asking: Asking
  readonly #stop = new AbortController()
  #knownSize: number
  #standing: WitnessStanding = "unasked"
  #why: CosignFailure | undefined
  #failures = 0
  #isAsking = false
  #isAskedAgain = false
  #callOffRetry: (() => void) | undefined

  /** `knownSize`: what it has cosigned last, as far as we know. Throws LogError for a key that is none. */
  constructor(deps: AskingDeps, witness: Witness, asking: Asking, knownSize: number) {
    this.#deps = deps
    this.#asking = asking
    this.#knownSize = knownSize
    this.witness = witness
    this.key = noteKey(witness.name, COSIGNATURE, witness.publicKey)
  }

  get standing(): WitnessStanding {
    return this.#standing
  }

  /** Why it does not cosign, if it does not. */
  get why(): CosignFailure | undefined {
    return this.#why
  }

  /** The largest size that it has cosigned for this relay. */
  get knownSize(): number {
    return this.#knownSize
  }

  get isAsking(): boolean {
    return this.#isAsking
  }

  /** Now; after the request that is under way; or, while it fails, when its next try is due. */
  ask(): void {
    if (this.#stop.signal.aborted || this.#callOffRetry !== undefined) return
    this.#isAskedAgain = this.#isAsking
    if (!this.#isAsking) void this.#ask()
  }

  stop(): void {
    this.#callOffRetry?.()
    this.#stop.abort()
  }

  async #ask(): Promise<void> {
    const submission = this.#asking.submission()
    if (submission === undefined) return
    this.#isAsking = true
    const outcome = await this.#submit(submission)
    this.#isAsking = false
    if (this.#stop.signal.aborted) return
    if (outcome.kind === "failed") return this.#onFailed(outcome)
    this.#knownSize = Math.max(this.#knownSize, submission.size)
    this.#failures = 0
    this.#stand("cosigning")
    const { line, timestamp } = outcome
    this.#asking.onCosigned(submission.size, { key: this.key, line, timestamp })
    if (!this.#isAskedAgain) return
    this.#isAskedAgain = false
    void this.#ask()
  }

  async #submit({ size, note }: Submission): Promise<CosignOutcome> {
    const { clock, fetch, deadlineMillis } = this.#deps
    const { signal } = this.#stop
    try {
      return await cosignWith(
        {
          now: () => clock.now(),
          fetch: (url, init) =>
            fetch(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, signal]) : signal }),
        },
        {
          url: this.witness.url,
          witnessKey: this.key,
          checkpoint: note,
          knownSize: Math.min(this.#knownSize, size),
          prove: (oldSize) => this.#asking.prove(oldSize, size),
          deadlineMillis,
        },
      )
    } catch {
      // A proof that this tree cannot give.
      return { kind: "failed", why: "conflict" }
    }
  }

  #onFailed({ why, status }: CosignOutcome & { kind: "failed" }): void {
    this.#isAskedAgain = false
    this.#failures++
    const standing = why === "ahead" ? "ahead" : status === 422 ? "inconsistent" : "failing"
    this.#stand(standing, why, status)
    const pause =
      standing === "failing"
        ? Math.min(maxRetryMillis, firstRetryMillis * 2 ** Math.min(this.#failures - 1, 16))
        : contradictedRetryMillis
    this.#callOffRetry = this.#deps.clock.after(pause, () => {
      this.#callOffRetry = undefined
      this.ask()
    })
  }

  #stand(standing: WitnessStanding, why?: CosignFailure, status?: number): void {
    const isNew = standing !== this.#standing
    this.#standing = standing
    this.#why = why
    if (!isNew) return
    const facts = {
      witness: standing,
      ...(why === undefined ? {} : { why }),
      ...(status === undefined ? {} : { status }),
    }
    if (standing === "cosigning") this.#deps.log.info(facts, "A witness cosigns")
    else if (standing === "failing") this.#deps.log.warn(facts, "A witness does not cosign; it is asked again")
    else this.#deps.log.error(facts, contradictions[standing as "ahead" | "inconsistent"])
  }
}

const contradictions = {
  ahead:
    "A witness has cosigned a larger charter than this relay has: entries were lost here, or somebody else signs with this relay's log key",
  inconsistent: "A witness has cosigned another history of a charter than the one this relay has",
} as const
