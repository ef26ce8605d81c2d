import { equalBytes } from "@holdfast/wire"
import { decodeUtf8, encodeUtf8, parseDecimal } from "./bytes.ts"
import type { CheckpointTrust } from "./checkpoint.ts"
import { LogError } from "./error.ts"
import { COSIGNATURE, formatVkey, NOTE_SIGNATURE, type NoteKey, type NoteKeyType, parseVkey } from "./note-key.ts"
import { isSameKey } from "./verify-note.ts"

/** Which checkpoints are valid: signed by any one of these logs, and cosigned as `quorum` says (C2SP tlog-policy). (L9.1) */
export interface TlogPolicy {
  readonly logs: readonly PolicyLog[]
  readonly witnesses: readonly PolicyWitness[]
  readonly groups: readonly PolicyGroup[]
  /** The name of a witness or group; `none`: no cosignature is needed. */
  readonly quorum: string
}

export interface PolicyLog {
  /** Its name is the log's origin. */
  readonly key: NoteKey
  /** Empty: not said. */
  readonly url: string
}

export interface PolicyWitness {
  /** Used in this policy only; not the key's name. */
  readonly name: string
  readonly key: NoteKey
  /** The submission prefix. Empty: not said. */
  readonly url: string
}

/** Has cosigned when `needed` of its members have. */
export interface PolicyGroup {
  readonly name: string
  readonly needed: number
  /** Names of witnesses and of groups that stand before this one. */
  readonly members: readonly string[]
}

export const MAX_POLICY_BYTES = 65_536
/** Each: logs, witnesses, groups. C2SP asks for 32. */
export const MAX_POLICY_ITEMS = 64

/** The policy as text, groups with their number. Throws `malformed` and `too_large` where parsing would not give it back. (L9.2) */
export function formatPolicy(policy: TlogPolicy): Uint8Array<ArrayBuffer> {
  const lines = [
    ...policy.logs.map(({ key, url }) => ["log", formatVkey(key), url]),
    ...policy.witnesses.map(({ name, key, url }) => ["witness", name, formatVkey(key), url]),
    ...policy.groups.map(({ name, needed, members }) => ["group", name, String(needed), ...members]),
    ["quorum", policy.quorum],
  ]
  for (const items of lines) {
    // an empty item vanishes and one with a space or line feed becomes two: only a missing url may
    const isOne = items.every((item, i) => /^[^ \t\n]+$/.test(item) || (item === "" && i === items.length - 1))
    if (!isOne || items.length < 2) throw new LogError("malformed", "policy item")
  }
  const bytes = encodeUtf8(lines.map((items) => `${items.filter((item) => item !== "").join(" ")}\n`).join(""))
  parsePolicy(bytes)
  return bytes
}

/**
 * Reads a policy. White space and comment lines are not kept; everything else is, in its order.
 * Throws `malformed` for a line of another form, a name given twice, used twice or not defined before, a key given twice, a key
 * that does not fit its line, no quorum or two; `too_large` past a limit; `weak_key` as `parseVkey`. (L9.2, L9.3)
 */
export function parsePolicy(bytes: Uint8Array): TlogPolicy {
  if (bytes.length > MAX_POLICY_BYTES) throw new LogError("too_large", "policy")
  const text = decodeUtf8(bytes)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the rule (L9.2)
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) throw new LogError("malformed", "control character")
  if (text !== "" && !text.endsWith("\n")) throw new LogError("malformed", "policy without a last line feed")
  const draft = new PolicyDraft()
  for (const line of text.split("\n")) {
    const items = line.split(/[ \t]+/).filter((item) => item !== "")
    if (items.length > 0 && !items[0]!.startsWith("#")) draft.add(items)
  }
  return draft.whole()
}

/** Whose lines on a note of this log to check: hand it to `verifyCheckpoint`, and what that gives to `judgeQuorum`. (L9.4) */
export function policyTrust(policy: TlogPolicy, origin: string): CheckpointTrust {
  return {
    origin,
    logKeys: policy.logs.map(({ key }) => key).filter(({ name }) => name === origin),
    witnessKeys: policy.witnesses.map(({ key }) => key),
  }
}

export interface QuorumVerdict {
  readonly isSatisfied: boolean
  /** The witnesses below the quorum that have not cosigned; not all of them need be necessary. */
  readonly missing: readonly PolicyWitness[]
}

/** Holds verified cosigners against the quorum. A cosigner that the quorum does not lead to counts for nothing. (L9.4) */
export function judgeQuorum(policy: TlogPolicy, cosigners: readonly NoteKey[]): QuorumVerdict {
  const witnessByName = new Map(policy.witnesses.map((witness) => [witness.name, witness]))
  const groupByName = new Map(policy.groups.map((group) => [group.name, group]))
  const missing: PolicyWitness[] = []
  const hasCosigned = (name: string): boolean => {
    const witness = witnessByName.get(name)
    if (witness !== undefined) {
      const has = cosigners.some((key) => isSameKey(key, witness.key))
      if (!has) missing.push(witness)
      return has
    }
    const group = groupByName.get(name)
    if (group === undefined) throw new LogError("malformed", "name that is not defined")
    // no early end: `missing` is to be whole
    return group.members.filter(hasCosigned).length >= group.needed
  }
  return policy.quorum === "none"
    ? { isSatisfied: true, missing: [] }
    : { isSatisfied: hasCosigned(policy.quorum), missing }
}

const KEYWORDS: ReadonlySet<string> = new Set(["none", "all", "any"])

class PolicyDraft {
  readonly #logs: PolicyLog[] = []
  readonly #witnesses: PolicyWitness[] = []
  readonly #groups: PolicyGroup[] = []
  readonly #names = new Set<string>()
  readonly #usedMembers = new Set<string>()
  #quorum: string | undefined

  add([keyword, ...items]: readonly string[]): void {
    if (keyword === "log") this.#addLog(items)
    else if (keyword === "witness") this.#addWitness(items)
    else if (keyword === "group") this.#addGroup(items)
    else if (keyword === "quorum") this.#setQuorum(items)
    else throw new LogError("malformed", "policy line")
  }

  whole(): TlogPolicy {
    if (this.#quorum === undefined) throw new LogError("malformed", "no quorum")
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum }
  }

  #addLog(items: readonly string[]): void {
    const [vkey, url = ""] = items
    if (vkey === undefined || items.length > 2) throw new LogError("malformed", "log line")
    this.#logs.push({ key: this.#newKey(vkey, NOTE_SIGNATURE, this.#logs), url })
  }

  #addWitness(items: readonly string[]): void {
    const [name, vkey, url = ""] = items
    if (name === undefined || vkey === undefined || items.length > 3) throw new LogError("malformed", "witness line")
    this.#define(name)
    this.#witnesses.push({ name, key: this.#newKey(vkey, COSIGNATURE, this.#witnesses), url })
  }

  #addGroup([name, count, ...members]: readonly string[]): void {
    if (name === undefined || count === undefined) throw new LogError("malformed", "group line")
    if (this.#groups.length >= MAX_POLICY_ITEMS) throw new LogError("too_large", "policy groups")
    const needed = count === "all" ? members.length : count === "any" ? 1 : parseDecimal(count)
    if (needed === undefined || needed < 1 || needed > members.length) throw new LogError("malformed", "group number")
    for (const member of members) {
      if (!this.#names.has(member)) throw new LogError("malformed", "name that is not defined")
      if (this.#usedMembers.has(member)) throw new LogError("malformed", "name in two places")
      this.#usedMembers.add(member)
    }
    this.#define(name)
    this.#groups.push({ name, needed, members })
  }

  #setQuorum([name, ...rest]: readonly string[]): void {
    if (name === undefined || rest.length > 0) throw new LogError("malformed", "quorum line")
    if (this.#quorum !== undefined) throw new LogError("malformed", "second quorum")
    if (name !== "none" && !this.#names.has(name)) throw new LogError("malformed", "name that is not defined")
    this.#quorum = name
  }

  #define(name: string): void {
    if (KEYWORDS.has(name)) throw new LogError("malformed", "name that is a keyword")
    if (this.#names.has(name)) throw new LogError("malformed", "name given twice")
    this.#names.add(name)
  }

  #newKey(vkey: string, type: NoteKeyType, others: readonly { readonly key: NoteKey }[]): NoteKey {
    const key = parseVkey(vkey)
    if (key.type !== type) throw new LogError("malformed", "key type")
    if (others.length >= MAX_POLICY_ITEMS) throw new LogError("too_large", "policy keys")
    if (others.some((other) => equalBytes(other.key.publicKey, key.publicKey)))
      throw new LogError("malformed", "key given twice")
    return key
  }
}
