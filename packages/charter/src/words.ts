import { hex, labelledHash } from "@holdfast/wire"
import type { Act, KnownAct } from "./act.ts"
import type { CharterRecord } from "./charter.ts"
import { printableName, shownName } from "./name.ts"
import { refusalInWords } from "./refusal.ts"
import type { RelayEntry } from "./relay-entry.ts"
import { type ActRule, isEvaluation, type Keeper, type Rules, usualBaseWindow } from "./rules.ts"

/** The name of a member, keeper, device or relay, as the reader's own directory has it. */
export type Names = (id: Uint8Array) => string | undefined

/**
 * One plain sentence, made from the decoded bytes alone; what `names` does not know shows as a code. For what has been
 * recorded it also says if it was refused, and why. (C8.3)
 */
export function actInWords(it: Act | CharterRecord, names: Names): string {
  if ("type" in it) return it.type === "unknown" ? unknownInWords(it.body.number) : knownInWords(it, names)
  const what = it.statement === undefined ? "Unreadable entry" : actInWords(it.statement, names)
  if (it.outcome === "applied") return what
  if (it.outcome === "waiting") return `${what} (waits to take effect)`
  return `${what} (refused: ${lowerFirst(refusalInWords(it.outcome.refused))})`
}

function knownInWords(act: KnownAct, names: Names): string {
  switch (act.type) {
    case "genesis": {
      const { founder, rules, relays } = act.body
      const where =
        relays.length === 0 ? "" : `, on ${count(relays.length, "relay")}: ${relaysInWords(act.body.relays)}`
      return `Found the organisation with ${nameOf(founder.member, names, "member")} as its first member, ruled by ${rulesInWords(rules, names)}${where}`
    }
    case "rules":
      return `Change the rules to version ${act.body.version}: ${rulesInWords(act.body, names)}`
    case "member-add": {
      const { member, devices } = act.body
      const codes = devices.map((device) => keyCode(device.id)).join("; ")
      const keys = devices.length === 1 ? "key" : "keys"
      return `Add ${nameOf(member, names, "member")} as a member with ${count(devices.length, "device")} (${keys} ${codes})`
    }
    case "member-remove":
      return `Remove ${nameOf(act.body.member, names, "member")} and every device of theirs`
    case "device-add":
      return `Add the device ${deviceInWords(act.body.device.id, names)} to ${nameOf(act.body.member, names, "member")}`
    case "device-remove":
      return `Remove the device ${deviceInWords(act.body.device, names)} of ${nameOf(act.body.member, names, "member")}`
    case "relays":
      return `Let clients talk to ${count(act.body.relays.length, "relay")} only: ${relaysInWords(act.body.relays)}`
    case "suspend-keeper":
      return `Suspend ${nameOf(act.body.keeper, names, "keeper")} for ${durationInWords(act.body.seconds)}: until then their approvals do not count`
    case "recover": {
      const { member, device } = act.body
      return `Recover ${nameOf(member, names, "member")}: give them the device ${deviceInWords(device.id, names)} and end every other device of theirs`
    }
    case "veto":
      return `Veto the act with the code ${shortCode(act.body.statement)} (${keyCode(act.body.statement)}), so that it never takes effect`
    case "canary":
      return `Declare, until ${dateInWords(act.body.until)}, that no one has compelled the keepers to act against this organisation`
    case "anchor":
      return "Set the log's clock by a checkpoint that witnesses have cosigned"
    case "batch":
      return `Do ${act.body.acts.length} things together or not at all: ${act.body.acts.map((one) => lowerFirst(knownInWords(one, names))).join("; ")}`
  }
}

function unknownInWords(number: number): string {
  return `An act of type ${number}, which this version does not know`
}

function rulesInWords(rules: Rules, names: Names): string {
  const [forRules, ...others] = [...rules.acts].sort(([a], [b]) => a - b)
  const who = rules.keepers.map((keeper) => keeperInWords(keeper, names)).join(", ")
  const alone = isEvaluation(rules) ? " (evaluation: a single keeper decides everything)" : ""
  const main = forRules === undefined ? "" : actRuleInWords(forRules[1], rules)
  const exceptions = others
    .map(([type, rule]) => ({ type, words: actRuleInWords(rule, rules) }))
    .filter(({ words }) => words !== main)
    .map(({ type, words }) => `${purposes.get(type) ?? `for acts of type ${type}`}: ${words}`)
  return [`${main} (${who})${alone}`, ...exceptions, ...witnessesInWords(rules), ...windowInWords(rules)].join("; ")
}

/** Only what is unusual: everybody has the usual window. */
function windowInWords({ baseWindow }: Rules): readonly string[] {
  return baseWindow === usualBaseWindow ? [] : [`drafts may be ${count(baseWindow, "entry", "entries")} old`]
}

function witnessesInWords({ witnesses, witnessQuorum }: Rules): readonly string[] {
  if (witnesses.length === 0) return []
  const who = witnesses.map(({ name, publicKey, organisation, jurisdiction }) => {
    const labels = [organisation, jurisdiction].filter((label) => label !== "").map(shownName)
    return `${shownName(name)} (${[...labels, `key ${keyCode(publicKey)}`].join(", ")})`
  })
  const agreeing = `${witnessQuorum} of whom must agree`
  return [`watched by ${count(witnesses.length, "witness", "witnesses")}, ${agreeing}: ${who.join(", ")}`]
}

function actRuleInWords(rule: ActRule, rules: Rules): string {
  const from = [
    rule.minOrganisations > 0 ? count(rule.minOrganisations, "organisation") : "",
    rule.minJurisdictions > 0 ? count(rule.minJurisdictions, "jurisdiction") : "",
  ].filter((text) => text !== "")
  const labels = from.length === 0 ? "" : ` from at least ${from.join(" and ")}`
  const veto = rule.vetoK === 0 ? "" : ` in which ${count(rule.vetoK, "keeper")} can veto`
  // What does not wait by itself may be part of a batch that does. (C5.10)
  const inBatch = rule.vetoK === 0 ? "" : ` (in a batch that waits, ${count(rule.vetoK, "keeper")} can veto)`
  const delay = rule.delaySeconds === 0 ? inBatch : ` after ${durationInWords(rule.delaySeconds)}${veto}`
  return `${rule.k} of ${count(rules.keepers.length, "keeper")}${labels}${delay}`
}

const purposes = new Map([
  [3, "to suspend a keeper"],
  [4, "to add members"],
  [5, "to remove members"],
  [6, "to add devices"],
  [7, "to remove devices"],
  [8, "to change relays"],
  [9, "to release client code"],
  [10, "to recover a member"],
  [12, "for the canary"],
])

/** Who sits there, under which labels, and with which key. (C8.3) */
export function keeperInWords(keeper: Keeper, names: Names): string {
  // The member that these bytes name: the one who has the seat now may be another.
  const name = keeper.member === undefined ? nameOf(keeper.id, names, "keeper") : nameOf(keeper.member, names, "member")
  const organisation = keeper.organisation === "" ? "" : ` of ${shownName(keeper.organisation)}`
  const jurisdiction = keeper.jurisdiction === "" ? "" : ` in ${shownName(keeper.jurisdiction)}`
  const copied = keeper.passkey?.backupEligible === true ? " that can be copied," : ""
  return `${name}${organisation}${jurisdiction} (${keeper.kind === 2 ? "passkey" : "key"}${copied} ${keeperKeyCode(keeper)})`
}

/** Like a device's `keyCode`, over a hash of the key, because every passkey's key begins with the same bytes. (C8.4) */
export function keeperKeyCode({ publicKey }: { readonly publicKey: Uint8Array }): string {
  return keyCode(labelledHash("holdfast/keeper-key/v1", publicKey))
}

function relaysInWords(relays: readonly RelayEntry[]): string {
  return relays
    .map(({ urls, operator, jurisdiction, logPublicKey }) => {
      // With the key: another server at the same address is another relay, and must not read like the same.
      const labels = [operator, jurisdiction].filter((label) => label !== "").map(shownName)
      const about = [...labels, `key ${keyCode(logPublicKey)}`]
      return `${urls.join(" or ")} (${about.join(", ")})`
    })
    .join("; ")
}

function deviceInWords(id: Uint8Array, names: Names): string {
  const name = names(id)
  return name === undefined
    ? `with key ${keyCode(id)}`
    : `“${printableName(name).replace(/[“”]/g, "'")}” (key ${keyCode(id)})`
}

function nameOf(id: Uint8Array, names: Names, noun: string): string {
  const name = names(id)
  return name === undefined ? `${noun} ${keyCode(id)}` : shownName(name)
}

function count(n: number, noun: string, nouns = `${noun}s`): string {
  return `${n === 1 ? "one" : n} ${n === 1 ? noun : nouns}`
}

/** "7 days", "2 days and 3 hours": to the second, so that two different waits never read alike. */
export function durationInWords(seconds: number): string {
  const parts = [
    count(Math.floor(seconds / 86_400), "day"),
    count(Math.floor(seconds / 3_600) % 24, "hour"),
    count(Math.floor(seconds / 60) % 60, "minute"),
    count(seconds % 60, "second"),
  ].filter((part) => !part.startsWith("0 "))
  if (parts.length < 2) return parts[0] ?? "no time"
  return `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`
}

/** The last second that a Date can hold. */
const lastSecond = 8_640_000_000_000

/** "2027-03-01", by Greenwich time: the same for every reader. */
export function dateInWords(seconds: number): string {
  return seconds > lastSecond ? "a day beyond every calendar" : new Date(seconds * 1_000).toISOString().slice(0, 10)
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** "4f2a 91c0 77aa 01de": the first half of an id. A device's id is a hash of its key, so this is the key's fingerprint. (C8.4) */
export function keyCode(id: Uint8Array): string {
  return hex(id.subarray(0, 8)).replace(/(.{4})(?=.)/g, "$1 ")
}

// Crockford's base32: no I, L, O or U to mishear or misread.
const readAloud = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/**
 * Eight characters in two groups, for two people to see that they look at the same statement. It guards against mix-ups: 40
 * bits are no proof against someone who searches for a look-alike, so each of them still reads the act in words. (C8.5)
 */
export function shortCode(id: Uint8Array): string {
  let bits = 0n
  for (const byte of id.subarray(0, 5)) bits = (bits << 8n) | BigInt(byte)
  let code = ""
  for (let shift = 35n; shift >= 0n; shift -= 5n) code += readAloud.charAt(Number((bits >> shift) & 31n))
  return `${code.slice(0, 4)} ${code.slice(4)}`
}
