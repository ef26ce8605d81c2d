// Whether the charter that this device sees is the one that others see, as far as witnesses can tell (E10).
import { type Charter, checkpointTrust, type Rules } from "@holdfast/charter"
import {
  COSIGNATURE,
  cosignedTime,
  formatVkey,
  LogError,
  noteKey,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from "@holdfast/log"
import { type DeviceId, equalBytes, fromUtf8, hex, utf8 } from "@holdfast/wire"
import type { Alarms } from "./alarms.ts"
import type { Changes } from "./changes.ts"
import type { Watch, WitnessView } from "./governance-api.ts"
import type { Timers } from "./ports.ts"
import type { Meta } from "./store/meta.ts"

export interface CharterWatchDeps {
  readonly charter: () => Charter
  readonly ownDevice: () => DeviceId
  /** The newest checkpoint of the charter that this device has verified. */
  readonly charterNote: () => string | undefined
  readonly meta: Meta
  readonly timers: Timers
  readonly alarms: Alarms
  readonly changes: Changes
  readonly stop: (how: "fork", evidence: readonly Uint8Array[]) => void
}

export interface CharterWatch {
  /** In a turn: a note that the relay says witnesses have cosigned. Nothing of it is believed before it is verified. */
  take(note: string): Promise<void>
  /** In a turn: the charter has grown; anchors in it, and notes that were ahead of it, can be looked at. */
  grown(): Promise<void>
  /** The relay was asked, whatever it said. */
  asked(): void
  /** Raises and clears what follows from the time that has passed. Idempotent. */
  look(): void
  view(): Watch
  /** Frozen, and this device's admission is not among what witnesses have vouched for. (E10.5) */
  holds(device: DeviceId): boolean
  /** Changes whenever `holds` may answer otherwise. */
  revision(): string
  /** Why nothing is approved here now, in words. (E10.6) */
  heldBack(): string | undefined
  /** The newest note that enough witnesses have cosigned, as it came. */
  note(): { readonly time: number; readonly size: number; readonly text: string } | undefined
}

const hour = 3_600_000
const day = 24 * hour
export const staleMillis = day
export const frozenMillis = 7 * day
/** Until then, a relay that does not answer may only be slow. */
const patienceMillis = 60_000
const key = "witnessed"

/** Times in seconds, as witnesses write them. */
interface Seen {
  readonly time: number
  readonly size: number
}
interface Kept {
  /** By the witness's public key in hexadecimal. */
  readonly seen: Readonly<Record<string, Seen>>
  readonly note?: Seen & { readonly text: string }
  /** Since when, in milliseconds by this device's clock, it has known of each witness. */
  readonly known: Readonly<Record<string, number>>
  /** Subjects of the alarms that were raised about each witness last. */
  readonly raised: Readonly<Record<string, string>>
  /** A size of the charter that was not vouched for when this device came to it, and when that was in milliseconds. */
  readonly unvouched?: { readonly size: number; readonly since: number } | undefined
}

const nothing: Kept = { seen: {}, known: {}, raised: {} }

export function createCharterWatch(deps: CharterWatchDeps): CharterWatch {
  const { meta, timers, alarms } = deps
  const openedAt = timers.now()
  let isAsked = false
  /** Cosigned by more than this device has read. */
  let ahead: string | undefined
  let kept = load()
  let anchorsSeen = 0

  function load(): Kept {
    const stored = meta.getText(key)
    return stored === undefined ? nothing : { ...nothing, ...(JSON.parse(stored) as Kept) }
  }

  function keep(next: Partial<Kept>): void {
    kept = { ...kept, ...next }
    meta.setText(key, JSON.stringify(kept))
  }

  function rules(): Rules {
    return deps.charter().state.rules
  }

  async function verified(note: string): Promise<VerifiedCheckpoint | undefined> {
    const { orgId, state } = deps.charter()
    try {
      return await verifyCheckpoint(utf8(note), checkpointTrust(orgId, state.relays, state.rules))
    } catch (error) {
      if (error instanceof LogError) return undefined
      throw error
    }
  }

  function learn({ size, cosignatures }: VerifiedCheckpoint, text: string): void {
    const { witnesses, witnessQuorum } = rules()
    const seen = { ...kept.seen }
    for (const { key: cosigner, timestamp } of cosignatures) {
      if (timestamp === undefined) continue
      const id = hex(cosigner.publicKey)
      const before = seen[id] ?? { time: 0, size: 0 }
      seen[id] = { time: Math.max(before.time, timestamp), size: Math.max(before.size, size) }
    }
    // notes may name witnesses that other rules have known: what they say counts for nothing now
    const ids = new Set(witnesses.map(({ publicKey }) => hex(publicKey)))
    const time = cosignedTime(cosignatures, witnessQuorum)
    const isNewer = time !== undefined && (kept.note === undefined || size > kept.note.size || time > kept.note.time)
    keep({
      seen: Object.fromEntries(Object.entries(seen).filter(([id]) => ids.has(id))),
      ...(isNewer ? { note: { time, size, text } } : {}),
    })
    deps.changes.mark({ topic: "governance" })
  }

  async function take(note: string, isAnchor = false): Promise<void> {
    if (rules().witnesses.length === 0) return
    const checkpoint = await verified(note)
    if (checkpoint === undefined) {
      // replay has judged an anchor by the relays of its time, which may have been replaced
      if (isAnchor) return
      alarms.raise("bad_checkpoint", utf8(note), { evidence: [utf8(note)] })
      return
    }
    const own = deps.charter().roots.at(checkpoint.size)
    if (own === undefined) {
      ahead = note
      return
    }
    if (!equalBytes(own, checkpoint.root)) {
      const ours = deps.charterNote()
      return deps.stop("fork", [utf8(note), ...(ours === undefined ? [] : [utf8(ours)])])
    }
    if (checkpoint.cosignatures.length > 0) learn(checkpoint, note)
    look()
  }

  /** The latest time, and the largest size, that as many as have to agree vouch for. (E10.3) */
  function vouched(): Seen | undefined {
    const { witnesses, witnessQuorum } = rules()
    const heard = witnesses.flatMap(({ publicKey }) => kept.seen[hex(publicKey)] ?? [])
    const time = heard.map((seen) => seen.time).sort((a, b) => b - a)[witnessQuorum - 1]
    const size = heard.map((seen) => seen.size).sort((a, b) => b - a)[witnessQuorum - 1]
    return time === undefined || size === undefined ? undefined : { time, size }
  }

  function knownSince(publicKey: Uint8Array): number {
    return kept.known[hex(publicKey)] ?? timers.now()
  }

  /**
   * As long as too few have said anything, what counts is how long they could have. Witnesses that are shown nothing new say
   * that the old is fresh, so entries that nobody has vouched for since they came count as well. (E10.4)
   */
  function vouchedMillis(): number {
    const seen = vouched()
    if (seen !== undefined) return Math.min(seen.time * 1_000, kept.unvouched?.since ?? Number.POSITIVE_INFINITY)
    const since = rules()
      .witnesses.map(({ publicKey }) => knownSince(publicKey))
      .sort((a, b) => a - b)
    return since[rules().witnessQuorum - 1] ?? timers.now()
  }

  function state(): Watch["state"] {
    if (rules().witnesses.length === 0) return "unwatched"
    const age = timers.now() - vouchedMillis()
    if (age > frozenMillis) return "frozen"
    return age > staleMillis ? "stale" : "fresh"
  }

  /** Admissions below this size are vouched for: by enough witnesses, or by the rules that named them. */
  function vouchedSize(): number {
    return vouched()?.size ?? deps.charter().rulesHistory.lastWhere(() => true)?.since ?? 0
  }

  function witnessState(publicKey: Uint8Array): WitnessView["state"] {
    const seen = kept.seen[hex(publicKey)]
    const now = timers.now()
    if (seen !== undefined && now - seen.time * 1_000 <= staleMillis) return "fresh"
    // while nobody is heard, nobody is missing: then the relay is to blame, or the network
    if (state() !== "fresh") return "unknown"
    return seen !== undefined || now - knownSince(publicKey) > staleMillis ? "missing" : "unknown"
  }

  function lookAtWitnesses(): void {
    for (const { name, publicKey } of rules().witnesses) {
      const id = hex(publicKey)
      const before = kept.raised[id]
      const how = witnessState(publicKey)
      if (how === "missing") {
        const subject = `${id} ${Math.floor(timers.now() / day)}`
        if (before === subject) continue
        if (before !== undefined) alarms.clear("witness_missing", before)
        alarms.raise("witness_missing", subject, { detail: `It is ${name}.` })
        keep({ raised: { ...kept.raised, [id]: subject } })
      } else if (how === "fresh" && before !== undefined) {
        alarms.clear("witness_missing", before)
        const { [id]: _, ...raised } = kept.raised
        keep({ raised })
      }
    }
  }

  function lookAtSize(): void {
    const { size } = deps.charter()
    const seen = vouched()?.size ?? 0
    const { unvouched } = kept
    if (seen >= size) {
      if (unvouched !== undefined) keep({ unvouched: undefined })
    } else if (unvouched === undefined || seen >= unvouched.size) {
      keep({ unvouched: { size, since: timers.now() } })
    }
  }

  function look(): void {
    lookAtSize()
    const { witnesses } = rules()
    const unknown = witnesses.filter(({ publicKey }) => kept.known[hex(publicKey)] === undefined)
    if (unknown.length > 0) {
      const known = unknown.map(({ publicKey }) => [hex(publicKey), timers.now()] as const)
      keep({ known: { ...kept.known, ...Object.fromEntries(known) } })
    }
    const how = state()
    const subject = `since ${kept.raised["stale"] ?? vouchedMillis()}`
    if (how === "fresh" || how === "unwatched") {
      if (kept.raised["stale"] !== undefined) {
        alarms.clear("stale", subject)
        alarms.clear("frozen", subject)
        const { stale: _, ...raised } = kept.raised
        keep({ raised })
        deps.changes.mark({ topic: "governance" })
      }
      lookAtWitnesses()
      return
    }
    if (!isAsked && timers.now() - openedAt < patienceMillis) return
    if (kept.raised["stale"] === undefined) {
      keep({ raised: { ...kept.raised, stale: String(vouchedMillis()) } })
      deps.changes.mark({ topic: "governance" })
    }
    alarms.raise(how, `since ${kept.raised["stale"]}`)
  }

  /** Among the entries that were not looked at yet. */
  function newestAnchor(): string | undefined {
    const { records, size } = deps.charter()
    const since = anchorsSeen
    anchorsSeen = size
    for (let index = size - 1; index >= since; index--) {
      const record = records.at(index)
      if (record?.outcome === "applied" && record.statement?.type === "anchor") {
        return fromUtf8(record.statement.body.note)
      }
    }
    return undefined
  }

  function sentenceOf(how: Watch["state"]): string {
    const { witnesses, witnessQuorum } = rules()
    const many = `${witnessQuorum} of ${witnesses.length} witnesses`
    switch (how) {
      case "unwatched":
        return "The rules name no witnesses. Only the members compare what the relay shows them."
      case "fresh":
        return vouched() === undefined
          ? `${many} have to vouch for the organisation's history; this device has not heard of enough of them yet.`
          : `${many} have vouched within the last 24 hours that this is the one history of the organisation.`
      case "stale":
        return `For more than 24 hours, too few of the ${witnesses.length} witnesses have vouched for what this device sees. The relay may be hiding something.`
      case "frozen":
        return `For more than 7 days, too few of the ${witnesses.length} witnesses have vouched for what this device sees. It accepts no new keys and approves nothing until they do.`
    }
  }

  return {
    take: (note) => take(note),
    async grown() {
      const anchor = newestAnchor()
      if (anchor !== undefined) await take(anchor, true)
      const waiting = ahead
      ahead = undefined
      if (waiting !== undefined) await take(waiting)
      look()
    },
    asked() {
      isAsked = true
      look()
    },
    look,
    view() {
      const seen = vouched()
      const how = state()
      return {
        state: how,
        ...(seen === undefined ? {} : { at: seen.time * 1_000, size: seen.size }),
        needed: rules().witnessQuorum,
        witnesses: rules().witnesses.map(({ name, publicKey, url, organisation, jurisdiction }) => {
          const cosigned = kept.seen[hex(publicKey)]
          return {
            name,
            vkey: formatVkey(noteKey(name, COSIGNATURE, publicKey)),
            url,
            organisation,
            jurisdiction,
            ...(cosigned === undefined ? {} : { cosignedAt: cosigned.time * 1_000 }),
            state: witnessState(publicKey),
          }
        }),
        sentence: sentenceOf(how),
      }
    },
    holds(device) {
      if (state() !== "frozen" || equalBytes(device, deps.ownDevice())) return false
      const admitted = deps.charter().state.devices.get(device)?.added.index
      return admitted !== undefined && admitted >= vouchedSize()
    },
    revision: () => (state() === "frozen" ? `frozen ${vouchedSize()}` : "open"),
    heldBack: () => (state() === "frozen" ? sentenceOf("frozen") : undefined),
    note: () =>
      kept.note === undefined ? undefined : { time: kept.note.time, size: kept.note.size, text: kept.note.text },
  }
}
