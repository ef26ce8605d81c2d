import type { Level, Tried, Verdict } from "../finding.ts"

const marks: Readonly<Record<Verdict, string>> = {
  held: "held      ",
  gained: "GAINED    ",
  unnoticed: "UNNOTICED ",
  "not tried": "NOT TRIED ",
}

export const levelWords: Readonly<Record<Level, string>> = {
  T1: "a copy of the relay's disk",
  T2: "root on the live relay, with its keys",
  T3: "the operator's laptop: the relay's keys and the hosting code",
  T4: "the keys of all but one of the keepers that a quorum needs, and one witness of three",
}

/** Heading before the first attack of a kind. */
export function headLine(level: Level): string {
  return `\n${level}: ${levelWords[level]}`
}

/** One attack in a line or a few. */
export function triedLines(tried: Tried): readonly string[] {
  const { finding, verdict } = tried
  const lines = [`  ${marks[verdict]}${finding.attack}  (${finding.promise})`]
  if (finding.gained !== 0) lines.push(`              gained: ${finding.gained}`)
  if (finding.noticedBy !== null || verdict === "unnoticed") lines.push(`              ${noticeWords(tried)}`)
  return lines
}

export function noticeWords({ finding, verdict }: Tried): string {
  if (finding.noticedBy === null) return verdict === "held" ? "nothing to notice" : "nobody noticed"
  return `noticed by ${finding.noticedBy} after ${timeWords(finding.afterMs ?? 0)}`
}

function timeWords(millis: number): string {
  return millis < 1_000 ? `${millis} ms` : `${(millis / 1_000).toFixed(1)} s`
}

export function summaryLines(all: readonly Tried[], seconds: number): readonly string[] {
  const count = (verdict: Verdict) => all.filter((tried) => tried.verdict === verdict).length
  const noticed = all.filter(({ finding }) => finding.noticedBy !== null)
  const slowest = noticed.toSorted((a, b) => (b.finding.afterMs ?? 0) - (a.finding.afterMs ?? 0))[0]
  const lines = [
    "",
    `${all.length} attacks tried in ${Math.round(seconds)} s: ${count("held")} held, ${count("gained")} gained something, ${count("unnoticed")} went unnoticed, ${count("not tried")} could not be carried out.`,
  ]
  if (slowest !== undefined)
    lines.push(`Slowest notice: ${timeWords(slowest.finding.afterMs ?? 0)} (${slowest.finding.attack}).`)
  return lines
}
