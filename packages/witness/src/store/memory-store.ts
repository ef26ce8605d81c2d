import { formatVkey, type Hash, type NoteKey } from "@holdfast/log"
import { equalBytes, utf8 } from "@holdfast/wire"
import { sha256 } from "./sha256.ts"
import {
  type CosignedHead,
  checkLogKey,
  type Evidence,
  followVerdict,
  type LogState,
  storeLimits,
  tooManyLogs,
  type WitnessStore,
} from "./witness-store.ts"

interface Log {
  readonly originHash: Uint8Array
  trusted: readonly NoteKey[]
  followedKeys: readonly NoteKey[]
  followed: { readonly size: number; readonly root: Hash } | undefined
  head: CosignedHead | undefined
}

/** For tests: forgets everything with the process, which a witness must never do. */
export function createMemoryStore(): WitnessStore {
  const logByOrigin = new Map<string, Log>()
  const evidence: Evidence[] = []
  const stateOf = (log: Log | undefined): LogState | undefined =>
    log === undefined ? undefined : { keys: distinct([...log.trusted, ...log.followedKeys]), head: log.head }
  const logFor = (origin: string): Log => {
    const found = logByOrigin.get(origin)
    if (found !== undefined) return found
    if (logByOrigin.size >= storeLimits.logs) throw tooManyLogs()
    const originHash = sha256(utf8(origin))
    const made: Log = { originHash, trusted: [], followedKeys: [], followed: undefined, head: undefined }
    logByOrigin.set(origin, made)
    return made
  }
  const keep = (one: Evidence) => {
    const isProof = (kind: Evidence["kind"]) => kind !== "unproven"
    const alike = evidence.filter(({ origin, kind }) => origin === one.origin && isProof(kind) === isProof(one.kind))
    const isKnown = alike.some(({ kind, note }) => kind === one.kind && equalBytes(note, one.note))
    if (!isKnown && alike.length < storeLimits.evidencePerLog) evidence.push(one)
  }
  return {
    logOf: async (origin) => stateOf(logByOrigin.get(origin)),
    logByHash: async (hash) => stateOf([...logByOrigin.values()].find((log) => equalBytes(log.originHash, hash))),
    async step(origin, decide) {
      const log = logByOrigin.get(origin)
      const step = decide(stateOf(log))
      if (log !== undefined && step.head !== undefined) log.head = step.head
      if (log !== undefined && step.evidence !== undefined) keep(step.evidence)
      return step.result
    },
    async trust(origin, key) {
      checkLogKey(key)
      const log = logFor(origin)
      const trusted = distinct([...log.trusted, key])
      if (trusted.length > storeLimits.keysPerLog) throw tooManyLogs()
      log.trusted = trusted
    },
    async distrust(origin, key) {
      const log = logByOrigin.get(origin)
      const left = log?.trusted.filter((other) => formatVkey(other) !== formatVkey(key)) ?? []
      if (log === undefined || left.length === log.trusted.length) return false
      log.trusted = left
      return true
    },
    async follow(origin, charter) {
      for (const key of charter.keys) checkLogKey(key)
      if (charter.keys.length > storeLimits.keysPerLog) throw tooManyLogs()
      const before = logByOrigin.get(origin)
      const verdict = followVerdict(charter, before?.followed, before?.head)
      if (verdict !== "followed") return verdict
      const log = logFor(origin)
      log.followedKeys = charter.keys
      log.followed = { size: charter.size, root: charter.rootAt(charter.size)! }
      return verdict
    },
    async logs() {
      return Array.from(logByOrigin, ([origin, log]) => ({
        origin,
        ...stateOf(log)!,
        followedSize: log.followed?.size,
      }))
    },
    evidence: async () => [...evidence],
    close: async () => {},
  }
}

function distinct(keys: readonly NoteKey[]): readonly NoteKey[] {
  return [...new Map(keys.map((key) => [formatVkey(key), key])).values()]
}
