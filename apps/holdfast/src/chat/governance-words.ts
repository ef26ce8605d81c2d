import { durationInWords } from "@holdfast/charter"
import type { ActRuleView, Governance, KeeperView } from "@holdfast/client"
import { clock, safe } from "../terminal/print.ts"

/** Everything that the rules say. */
export function rulesLines({ version, evaluation, keepers, acts, watch, relays }: Governance): readonly string[] {
  const { rules, ...others } = acts
  return [
    `Rules, version ${version}${evaluation ? " (evaluation: one person decides everything)" : ""}`,
    "",
    "Keepers",
    ...keepers.map((keeper) => `  ${keeperLine(keeper)}`),
    "",
    "What it takes",
    `  ${"every act".padEnd(16)}${ruleInWords(rules, keepers.length)}`,
    ...Object.entries(others)
      .filter(([, rule]) => rule.own)
      .map(([act, rule]) => `  ${act.padEnd(16)}${ruleInWords(rule, keepers.length)}`),
    "",
    watch.witnesses.length === 0 ? "No witnesses" : `Witnesses, ${watch.needed} of whom must agree`,
    ...watch.witnesses.map(
      ({ vkey, organisation, jurisdiction }) =>
        `  ${safe([vkey, organisation, jurisdiction].filter((part) => part !== "").join("  "))}`,
    ),
    "",
    "Relays",
    ...relays.map(
      ({ urls, keyCode, operator, jurisdiction }) =>
        `  ${safe([urls.join(" or "), operator, jurisdiction].filter((part) => part !== "").join(", "))}  key ${keyCode}`,
    ),
  ]
}

function keeperLine({
  name,
  kind,
  keyCode,
  organisation,
  jurisdiction,
  you,
  suspended,
  withoutMember,
}: KeeperView): string {
  const marks = [
    organisation,
    jurisdiction,
    you ? "you" : "",
    suspended === undefined ? "" : suspendedInWords(suspended.until),
    withoutMember ? "has left the organisation" : "",
  ].filter((mark) => mark !== "")
  return `${safe(name)}  ${kind === "passkey" ? "passkey" : "key"} ${keyCode}${marks.length === 0 ? "" : `  (${safe(marks.join(", "))})`}`
}

function suspendedInWords(until: number | undefined): string {
  return until === undefined ? "suspended" : `suspended until ${clock(until)}`
}

function ruleInWords({ k, delaySeconds, vetoK, minOrganisations, minJurisdictions }: ActRuleView, n: number): string {
  return [
    `${k} of ${n} keepers`,
    ...(minOrganisations > 1 ? [`from ${minOrganisations} organisations`] : []),
    ...(minJurisdictions > 1 ? [`from ${minJurisdictions} jurisdictions`] : []),
    ...(delaySeconds > 0 ? [`after ${durationInWords(delaySeconds)}`] : []),
    ...(delaySeconds > 0 && vetoK > 0 ? [`${vetoK} can veto`] : []),
  ].join(", ")
}

/** How things stand now. */
export function standingLines({ watch, waiting, keepers, canary, clock: logClock }: Governance): readonly string[] {
  const suspended = keepers.filter((keeper) => keeper.suspended !== undefined)
  return [
    safe(watch.sentence),
    ...watch.witnesses.map(
      ({ name, state, cosignedAt }) =>
        `  ${state.padEnd(8)}${safe(name)}${cosignedAt === undefined ? "" : `, last ${clock(cosignedAt)}`}`,
    ),
    ...(logClock === undefined ? [] : [`The log's clock: ${clock(logClock)}`]),
    "",
    waiting.length === 0 ? "Nothing waits to take effect." : "Waiting to take effect",
    ...waiting.flatMap((act) => [
      `  ${act.statement.slice(0, 8)}  ${safe(act.sentence)}`,
      `            code ${act.code}, ${act.effectAt === undefined ? `${durationInWords(act.delaySeconds)} after witnesses have seen it` : `on ${clock(act.effectAt)}`}`,
      ...(act.canVeto === "no"
        ? []
        : [
            `            you can veto it ${act.canVeto === "alone" ? "alone" : `together with others (${act.vetoK} keepers)`}`,
          ]),
      ...(act.aboutMe ? ["            IT IS ABOUT YOU"] : []),
    ]),
    ...suspended.map(({ name, suspended: how }) => `Keeper ${safe(name)}: ${suspendedInWords(how?.until)}`),
    "",
    canary === undefined
      ? "Nobody has declared that no one has compelled the keepers."
      : canary.lapsed
        ? `LAPSED: the declaration that no one has compelled the keepers held until ${clock(canary.until)}.`
        : `Declared until ${clock(canary.until)}: no one has compelled the keepers to act against this organisation.`,
  ]
}
