import {
  type Approval,
  actInWords,
  type BeforeSigning,
  type Charter,
  changesInWords,
  checkBeforeSigning,
  checkpointTrust,
  durationInWords,
  isSuspended,
  type Keeper,
  keeperInWords,
  keeperOf,
  keyCode,
  type Names,
  progress,
  type Quorum,
  type Refusal,
  refusalInWords,
  refusals,
  type Statement,
  shortCode,
  waitOf,
} from "@holdfast/charter"
import { readSigningRequest, type SigningRequest } from "@holdfast/client/offline"
import { cosignedTime, verifyCheckpoint } from "@holdfast/log"
import { equalBytes, type OrgId, utf8 } from "@holdfast/wire"
import { CommandError } from "../terminal/command-error.ts"
import { clock, safe } from "../terminal/print.ts"
import type { KeyFile } from "./key-file.ts"
import { checkGoesOn, type Seen } from "./seen.ts"

/** An act that nothing speaks against, ready to be shown to the keeper. */
export interface Examined {
  readonly charter: Charter
  readonly statement: Statement
  /** How much of the history a relay has signed for. */
  readonly signed: Seen | undefined
  /** What to show before asking for the code. */
  readonly lines: readonly string[]
}

export interface Examination {
  readonly request: SigningRequest
  readonly key: KeyFile
  readonly seen: Seen | undefined
  /** Approvals of the same statement that lie around here. */
  readonly known: readonly Approval[]
  /** Seconds since 1970, by this machine's clock. */
  readonly now: number
}

/**
 * Everything that has to hold before a keeper is asked, and what they are shown. The organisation is the one that the key is bound to; the
 * request is believed in nothing. Throws CommandError, and ClientError from the request's own form. (K2.1)
 */
export async function examineRequest({ request, key, seen, known, now }: Examination): Promise<Examined> {
  checkOrganisation(key, request.org)
  const { charter, statement, names, organisation, signedSize } = await readSigningRequest(request)
  if (charter.updateNeededAt !== undefined) {
    throw refusal(
      `Entry ${charter.updateNeededAt} of the history is of a kind that this version does not know. Update Holdfast here first`,
    )
  }
  checkGoesOn(charter, seen)
  const [reason] = await checkBeforeSigning(charter, statement, now)
  if (reason !== undefined) throw refusal(reasonInWords(reason), clockHint(reason, now))
  checkSeat(charter, statement, key)
  const signed = signedSize === undefined ? undefined : signedAt(charter, signedSize)
  const lines = [
    `Organisation   ${organisation === undefined ? "(its name is not in the request)" : safe(organisation)}, id ${keyCode(charter.orgId)} …`,
    `History        ${charter.size} entries, replayed from the first one`,
    ...(await vouchedLines(charter, request.note, signed)),
    "",
    "You are asked to approve:",
    `    ${safe(actInWords(statement, names))}.`,
    ...changesInWords(charter.state, statement, names).map((line) => `    · ${safe(line)}`),
    "",
    ...waitLines(charter, statement),
    ...(await approvalLines(charter, statement, known, key, names)),
    `Valid until    ${clock(statement.notAfter * 1_000)}`,
    "",
    `Code           ${shortCode(statement.id)}`,
  ]
  return { charter, statement, signed, lines }
}

function refusal(reason: string, hint = ""): CommandError {
  return new CommandError(
    `This cannot be signed: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}. Nothing was signed.${hint}`,
  )
}

function checkOrganisation(key: KeyFile, claimed: OrgId): void {
  if (key.organisation === undefined) {
    throw new CommandError(
      "This key file is not bound to an organisation yet. Make an offer first: holdfast keeper offer FILE ORGANISATION",
    )
  }
  if (!equalBytes(key.organisation, claimed)) {
    throw new CommandError(
      `This request is for another organisation (${keyCode(claimed)} …) than the key (${keyCode(key.organisation)} …). Nothing was signed.`,
    )
  }
}

/** A seat in force, or one that this very act would give. (C3.1) */
function checkSeat({ state }: Charter, statement: Statement, key: KeyFile): void {
  const isOurs = (keeper: Keeper | undefined) => keeper !== undefined && equalBytes(keeper.publicKey, key.publicKey)
  const isSeated = isOurs(keeperOf(state.rules, key.keeper))
  const isToBeSeated = statement.type === "rules" && isOurs(keeperOf(statement.body, key.keeper))
  if (!isSeated && !isToBeSeated)
    throw refusal("This key has no seat in this organisation, so its approval would not count")
  if (isSeated && isSuspended(state, key.keeper)) {
    throw refusal("This keeper is suspended, so the approval would not count and would be an alarm for everybody")
  }
}

const unsignable: Readonly<Record<Exclude<BeforeSigning, Refusal>, string>> = {
  not_after_too_far: "It would stay valid for too long",
  canary_too_far: "The canary would promise something for longer than 100 days",
  canary_past: "The canary would promise something for a time that has passed",
}

function reasonInWords(reason: BeforeSigning): string {
  return Object.hasOwn(refusals, reason)
    ? refusalInWords(reason as Refusal)
    : unsignable[reason as Exclude<BeforeSigning, Refusal>]
}

function clockHint(reason: BeforeSigning, now: number): string {
  const isAboutTime = reason === "expired" || Object.hasOwn(unsignable, reason)
  return isAboutTime ? ` By the clock of this machine it is ${clock(now * 1_000)}.` : ""
}

function signedAt(charter: Charter, size: number): Seen {
  return { size, root: charter.roots.at(size) as Uint8Array }
}

/** What anybody but the sender vouches for. The request's note has been checked before. */
async function vouchedLines(charter: Charter, note: string, signed: Seen | undefined): Promise<readonly string[]> {
  if (signed === undefined)
    return ["               No relay has signed this history. Compare its size with another keeper."]
  const { relays, rules } = charter.state
  const upTo = signed.size === charter.size ? "" : ` up to entry ${signed.size}`
  const lines = [`               signed by the organisation's relay${upTo}`]
  if (rules.witnesses.length === 0) return lines
  const { cosignatures } = await verifyCheckpoint(utf8(note), checkpointTrust(charter.orgId, relays, rules))
  const time = cosignedTime(cosignatures, rules.witnessQuorum)
  lines.push(
    time === undefined
      ? `               cosigned by ${cosignatures.length} of ${rules.witnesses.length} witnesses: ${rules.witnessQuorum} would be needed to vouch for it`
      : `               cosigned by ${cosignatures.length} of ${rules.witnesses.length} witnesses, ${clock(time * 1_000)}`,
  )
  return lines
}

function waitLines({ state }: Charter, statement: Statement): readonly string[] {
  if (statement.type === "unknown") return []
  const wait = waitOf(state.rules, statement)
  if (wait === undefined) return ["Takes effect   as soon as enough have approved"]
  const veto = wait.vetoK === 0 ? "" : `; ${wait.vetoK} keepers can veto it until then`
  return [`Takes effect   ${durationInWords(wait.delaySeconds)} after enough have approved${veto}`]
}

async function approvalLines(
  charter: Charter,
  statement: Statement,
  known: readonly Approval[],
  key: KeyFile,
  names: Names,
): Promise<readonly string[]> {
  const { quorums, usable, byMember } = await progress(charter, statement, known)
  const seats = [...charter.state.rules.keepers, ...(statement.type === "rules" ? statement.body.keepers : [])]
  const approvers = usable.flatMap(({ signer }) => seats.find(({ id }) => equalBytes(id, signer)) ?? [])
  const lines = quorums.map((quorum) => `Needed         ${quorumInWords(quorum, quorums.length > 1)}`)
  if (byMember !== undefined) lines.push("               and a device of the member it is about")
  lines.push(
    approvers.length === 0
      ? "Approved by    nobody, as far as this machine knows"
      : `Approved by    ${approvers.map((seat) => safe(keeperInWords(seat, names))).join("; ")}`,
  )
  if (approvers.some(({ id }) => equalBytes(id, key.keeper)))
    lines.push("               You have approved this before.")
  return lines
}

function quorumInWords({ under, tally, missing }: Quorum, isOneOfTwo: boolean): string {
  const all = tally.given + missing.length
  return `${tally.needed} of ${all} keepers${isOneOfTwo ? ` under the ${under}` : ""}`
}
