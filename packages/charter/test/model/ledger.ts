// What an organisation may do, told a second time and much more simply than the code tells it: by who has really signed, by
// true time, and by plain sets. It knows what the code cannot know (who is turned, what time it is) and judges by that.
import { equalBytes, hex } from "@holdfast/wire"
import {
  type ActRule,
  actNumberOf,
  type BatchedAct,
  type Charter,
  type CharterRecord,
  type KnownAct,
  type Rules,
  type Settled,
  type Statement,
} from "../../src/index.ts"

/** One of the rules of C11 does not hold. */
export class Broken extends Error {
  override name = "Broken"

  constructor(rule: string, what: string) {
    super(`[${rule}] ${what}`)
  }
}

function must(holds: boolean, rule: string, what: string): asserts holds {
  if (!holds) throw new Broken(rule, what)
}

/** What is true in the world and written in no log. */
export interface Truth {
  /** Seconds since 1970, really. */
  readonly now: number
  /** The largest time that an honest witness ever gave. */
  readonly newestHonestTime: number
  /** Names of keepers' seats and devices, as hex ids, that have really signed this statement. */
  signersOf(statement: Statement): ReadonlySet<string>
  isTurned(keeper: string): boolean
  /** What the log looked like to whoever drafted the statement, as a fingerprint of all entries up to its base. */
  printOf(statement: Statement): string | undefined
}

interface Wait {
  readonly statement: Statement & KnownAct
  readonly since: number
  readonly delay: number
  readonly vetoK: number
}

type Known = Statement & KnownAct

export class Ledger {
  #rules: Rules | undefined
  #members = new Map<string, boolean>()
  #devices = new Map<string, { readonly member: string; readonly active: boolean }>()
  #relays = ""
  #canary: number | undefined
  #suspended = new Map<string, { readonly until: number }>()
  #waiting = new Map<number, Wait>()
  #decided = new Map<number, string>()

  /** For a second history that goes on from here. */
  copy(): Ledger {
    const other = new Ledger()
    other.#rules = this.#rules
    other.#members = new Map(this.#members)
    other.#devices = new Map(this.#devices)
    other.#relays = this.#relays
    other.#canary = this.#canary
    other.#suspended = new Map(this.#suspended)
    other.#waiting = new Map(this.#waiting)
    other.#decided = new Map(this.#decided)
    return other
  }

  /** Judges one entry of the log; throws `Broken`. `prints` are the fingerprints of this log by size. */
  observe(truth: Truth, prints: readonly string[], before: Charter, after: Charter, record: CharterRecord): void {
    const { outcome, statement, settled } = record
    if (typeof outcome === "object") {
      must(after.state === before.state, "C11.9", "a refused entry changed the state")
      must(settled.length === 0, "C11.9", "a refused entry decided something")
      return
    }
    must(statement !== undefined && statement.type !== "unknown", "C11.9", "bytes that are no act took effect")
    this.#checkPlace(truth, prints, statement)
    this.#checkSuspended(truth, record)
    const wait = this.#checkAuthority(truth, statement, outcome, record.index)
    if (wait !== undefined) this.#waiting.set(record.index, wait)
    else this.#take(statement, truth)
    for (const it of settled) this.#settle(truth, it, statement)
    this.#checkFates(after)
    this.#checkState(before, after)
    checkFloors(after.state.rules)
    checkClock(truth, before, after)
  }

  /** Nothing that was signed on another history counts in this one. */
  #checkPlace(truth: Truth, prints: readonly string[], statement: Known): void {
    if (statement.type === "genesis" || statement.type === "anchor") return
    const print = truth.printOf(statement)
    must(print !== undefined, "C11.1", "an act that nobody drafted took effect")
    must(prints[statement.base.size] === print, "C11.10", "an act of another history took effect")
  }

  /** A suspension lasts as long as it says, whatever the log's clock was told. */
  #checkSuspended({ now }: Truth, { approvals }: CharterRecord): void {
    for (const { signer, kind, counted } of approvals) {
      const isOut = kind !== 3 && (this.#suspended.get(hex(signer))?.until ?? 0) > now
      must(!(counted && isOut), "C11.12", "a suspended keeper counted")
    }
  }

  #checkAuthority(truth: Truth, statement: Known, outcome: "applied" | "waiting", index: number): Wait | undefined {
    const wait = outcome === "waiting" ? this.#waitOf(truth, statement) : undefined
    if (statement.type === "anchor") {
      must(outcome === "applied", "C11.6", "an anchor waits")
      return undefined
    }
    const rules = statement.type === "genesis" ? statement.body.rules : (this.#rules as Rules)
    const signed = truth.signersOf(statement)
    if (statement.type === "veto") {
      this.#checkVeto(truth, statement, signed)
      return undefined
    }
    const isOwn = statement.type === "device-remove" && this.#hasDeviceOf(hex(statement.body.member), signed)
    const counted = this.#countedOf(truth, rules, signed)
    const isShort = asked(rules, statement).some((rule) => !meets(rule, counted))
    // What a member's own device removes may go at once, whoever else has signed.
    if (isOwn && (isShort || wait === undefined)) return wait
    must(!isShort, "C11.2", `entry ${index} (${statement.type}) counts with ${counted.length} keepers`)
    const honest = counted.some(({ id }) => !truth.isTurned(hex(id)))
    must(honest, "C11.1", `no honest keeper has signed entry ${index} (${statement.type})`)
    if (statement.type === "genesis") {
      must(counted.length === rules.keepers.length, "C11.2", "a keeper was named who had not signed")
      return undefined
    }
    if (wait === undefined) {
      const { k } = ruleOf(rules, 2)
      const n = rules.keepers.length
      const isFirst = statement.type === "relays" && this.#relays === ""
      const isNearlyAll =
        statement.type === "rules" && (counted.length === n || counted.length > k) && counted.length >= n - 1
      must(
        delayOf(rules, statement) === 0 || isNearlyAll || isFirst,
        "C11.6",
        `entry ${index} (${statement.type}) did not wait`,
      )
    }
    return wait
  }

  #waitOf({ now }: Truth, statement: Known): Wait {
    const rules = this.#rules as Rules
    const delay = delayOf(rules, statement)
    must(delay > 0, "C11.6", "an act waits that has no delay")
    const vetoes = asked(rules, statement).map(({ vetoK }) => vetoK)
    const vetoK = Math.min(...vetoes.filter((veto) => veto > 0), 99)
    return { statement, since: now, delay, vetoK }
  }

  #checkVeto(truth: Truth, statement: Known & { type: "veto" }, signed: ReadonlySet<string>): void {
    const wait = [...this.#waiting.values()].find((it) => equalBytes(it.statement.id, statement.body.statement))
    must(wait !== undefined, "C11.7", "what did not wait was vetoed")
    const { statement: vetoed, vetoK } = wait
    if (vetoed.type === "recover" && this.#hasDeviceOf(hex(vetoed.body.member), signed)) return
    const rules = this.#rules as Rules
    const counted = this.#countedOf(truth, rules, signed)
    must(counted.length >= vetoK, "C11.15", `${counted.length} keepers vetoed where ${vetoK} are needed`)
    must(counted.length >= 2 || rules.keepers.length === 1, "C11.15", "one keeper alone vetoed")
  }

  /** Keepers with a seat who have really signed and are, by true time, not suspended. */
  #countedOf({ now }: Truth, rules: Rules, signed: ReadonlySet<string>) {
    return rules.keepers.filter(({ id }) => {
      const suspension = this.#suspended.get(hex(id))
      return signed.has(hex(id)) && (suspension === undefined || suspension.until <= now)
    })
  }

  #hasDeviceOf(member: string, signed: ReadonlySet<string>): boolean {
    return [...this.#devices].some(([id, device]) => device.active && device.member === member && signed.has(id))
  }

  #settle(truth: Truth, it: Settled, by: Known): void {
    const wait = this.#waiting.get(it.index)
    must(wait !== undefined, "C11.7", `entry ${it.index} was decided and did not wait`)
    this.#waiting.delete(it.index)
    const how = typeof it.how === "string" ? it.how : `lapsed: ${it.how.lapsed}`
    this.#decided.set(it.index, how)
    if (how === "vetoed") {
      const isThis = by.type === "veto" && equalBytes(by.body.statement, wait.statement.id)
      must(isThis, "C11.7", "an act was vetoed by something else than its veto")
    }
    if (how !== "applied") return
    must(by.type === "anchor", "C11.6", "an act that waited took effect without an anchor")
    const waited = truth.now - wait.since
    must(waited >= wait.delay, "C11.6", `${wait.statement.type} waited ${waited} s of ${wait.delay} s`)
    this.#take(wait.statement, truth)
  }

  /** Each act has one fate, and it is final. */
  #checkFates(after: Charter): void {
    const waiting = after.state.waiting.map(({ index }) => index)
    const same = waiting.length === this.#waiting.size && waiting.every((index) => this.#waiting.has(index))
    must(same, "C11.7", "what waits is not what came to wait and was not decided")
    must(after.fates.size === this.#decided.size, "C11.7", "not every act that was decided has one fate")
    for (const fate of after.fates.values()) {
      const how = typeof fate.how === "string" ? fate.how : `lapsed: ${fate.how.lapsed}`
      must(this.#decided.get(fate.index) === how, "C11.7", `the fate of entry ${fate.index} changed to ${how}`)
    }
  }

  #take(act: KnownAct | BatchedAct, truth: Truth): void {
    switch (act.type) {
      case "genesis": {
        const { member, devices } = act.body.founder
        this.#rules = act.body.rules
        this.#relays = relaysPrint(act.body.relays)
        this.#addMember(hex(member), devices)
        return
      }
      case "rules":
        this.#rules = act.body
        if (act.body.witnesses.length === 0) this.#suspended.clear()
        return
      case "relays":
        this.#relays = relaysPrint(act.body.relays)
        return
      case "canary":
        this.#canary = act.body.until
        return
      case "suspend-keeper":
        this.#suspended.set(hex(act.body.keeper), { until: truth.now + act.body.seconds })
        return
      case "member-add":
        this.#addMember(hex(act.body.member), act.body.devices)
        return
      case "member-remove":
        this.#members.set(hex(act.body.member), false)
        this.#endDevices(hex(act.body.member))
        return
      case "device-add":
        this.#addDevice(hex(act.body.member), hex(act.body.device.id))
        return
      case "device-remove":
        this.#endDevice(hex(act.body.device))
        return
      case "recover":
        this.#endDevices(hex(act.body.member))
        this.#addDevice(hex(act.body.member), hex(act.body.device.id))
        return
      case "batch":
        for (const one of act.body.acts) this.#take(one, truth)
        return
      case "veto":
      case "anchor":
    }
  }

  #addMember(member: string, devices: readonly { readonly id: Uint8Array }[]): void {
    must(!this.#members.has(member), "C11.8", "a member came a second time")
    this.#members.set(member, true)
    for (const { id } of devices) this.#addDevice(member, hex(id))
  }

  #addDevice(member: string, device: string): void {
    must(this.#members.get(member) === true, "C11.8", "a device came for somebody who is no member")
    must(!this.#devices.has(device), "C11.8", "a device came a second time")
    this.#devices.set(device, { member, active: true })
  }

  #endDevice(device: string): void {
    const known = this.#devices.get(device)
    must(known?.active === true, "C11.8", "a device was removed that was not there")
    this.#devices.set(device, { ...known, active: false })
  }

  #endDevices(member: string): void {
    for (const [id, device] of this.#devices) if (device.member === member && device.active) this.#endDevice(id)
  }

  /** The state is what the acts that took effect add up to, and nothing more. */
  #checkState(before: Charter, { state }: Charter): void {
    if (before.state === state) return
    const told = (holds: boolean, what: string) => must(holds, "C11.3", `${what} do not follow from the acts`)
    told(state.rules.version === this.#rules?.version, "the rules")
    told(state.rules === before.state.rules || state.rules === this.#rules, "the rules")
    told(state.relays === before.state.relays || relaysPrint(state.relays) === this.#relays, "the relays")
    told(state.canary?.until === this.#canary, "the canary's words")
    for (const { keeper } of state.suspensions.values()) told(this.#suspended.has(hex(keeper)), "suspensions")
    if (state.members === before.state.members && state.devices === before.state.devices) return
    told(state.members.size === this.#members.size && state.devices.size === this.#devices.size, "the people")
    for (const { id, removed } of state.members.values()) {
      told(this.#members.get(hex(id)) === (removed === undefined), "the members")
    }
    for (const { id, member, removed } of state.devices.values()) {
      const device = this.#devices.get(hex(id))
      told(device?.member === hex(member) && device.active === (removed === undefined), "the devices")
    }
  }
}

function relaysPrint(relays: readonly { readonly id: Uint8Array; readonly logPublicKey: Uint8Array }[]): string {
  return relays.map(({ id, logPublicKey }) => `${hex(id)} ${hex(logPublicKey)}`).join()
}

function ruleOf(rules: Rules, type: number): ActRule {
  return rules.acts.get(type) ?? (rules.acts.get(2) as ActRule)
}

/** What each type of act in it asks for. */
function asked(rules: Rules, act: Known): readonly ActRule[] {
  if (act.type === "genesis") return []
  const parts: readonly (KnownAct | BatchedAct)[] = act.type === "batch" ? act.body.acts : [act]
  return parts.map((part) => ruleOf(rules, actNumberOf(part)))
}

function delayOf(rules: Rules, act: Known): number {
  if (act.type === "suspend-keeper" || act.type === "canary" || act.type === "genesis") return 0
  return Math.max(...asked(rules, act).map(({ delaySeconds }) => delaySeconds))
}

function meets(rule: ActRule, keepers: Rules["keepers"]): boolean {
  return (
    keepers.length >= rule.k &&
    labels(keepers, "organisation") >= rule.minOrganisations &&
    labels(keepers, "jurisdiction") >= rule.minJurisdictions
  )
}

function labels(keepers: Rules["keepers"], label: "organisation" | "jurisdiction"): number {
  return new Set(keepers.map((keeper) => keeper[label]).filter((text) => text !== "")).size
}

/** What C3 promises of any rules in force, in one place and without its order. */
export function checkFloors({ keepers, acts, baseWindow, witnesses, witnessQuorum }: Rules): void {
  const floor = (holds: boolean, what: string) => must(holds, "C11.4", what)
  const n = keepers.length
  floor(n === 1 || n >= 3, `${n} keepers`)
  floor(baseWindow >= 16 && baseWindow <= 65_536, "the base window")
  floor(witnesses.length === 0 ? witnessQuorum === 0 : 2 * witnessQuorum > witnesses.length, "half of the witnesses")
  floor(witnessQuorum <= witnesses.length, "more witnesses than there are")
  for (const [type, rule] of acts) {
    const { k, delaySeconds, vetoK } = rule
    floor(n === 1 ? k === 1 : k >= 2 && k <= n - 1, `k is ${k} of ${n} for type ${type}`)
    floor(delaySeconds === 0 || witnesses.length > 0, "a delay without a clock")
    floor(delaySeconds <= 30 * 86_400, "a delay of more than 30 days")
    floor(delaySeconds === 0 || (type !== 3 && type !== 12), "a quick act waits")
    floor(
      n === 1 || vetoK === 0 || (vetoK >= k && vetoK <= n - 1),
      `${vetoK} of ${n} keepers can veto what ${k} decide`,
    )
    floor(n === 1 || delaySeconds === 0 || vetoK > 0 || type === 10, "nobody can stop what waits")
    for (const lost of n === 1 ? [] : keepers) {
      floor(
        meets(
          rule,
          keepers.filter((it) => it !== lost),
        ),
        `without one keeper nobody can do type ${type}`,
      )
    }
  }
  floor(2 * ruleOf({ acts } as Rules, 2).k > n, "two quorums that do not meet")
}

function checkClock(truth: Truth, before: Charter, after: Charter): void {
  const [was, is] = [before.state.clock ?? 0, after.state.clock ?? 0]
  must(is >= was, "C11.11", "the clock went back")
  must(is <= truth.newestHonestTime, "C11.11", "the clock is ahead of every honest witness")
  must(after.state.anchoredSize <= after.size, "C11.11", "witnesses have seen more than there is")
}
