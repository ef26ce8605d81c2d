import { type Level, levels, type Tried, type Verdict } from "../finding.ts"
import { levelWords, noticeWords, summaryLines } from "./table.ts"

/** The report as one page that needs nothing else: no script, no font, no picture from anywhere (D7.2). */
export function reportPage(all: readonly Tried[], about: { readonly at: Date; readonly seconds: number }): string {
  const sections = levels.filter((level) => all.some(({ finding }) => finding.level === level))
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast drill</title>
<style>${style}</style>
<main>
<h1>Holdfast drill</h1>
<p>${escaped(about.at.toISOString().slice(0, 16).replace("T", " "))} UTC. ${escaped(summaryLines(all, about.seconds).join(" ").trim())}</p>
<p>A deployment was stood up on this machine: a real relay, and people with the genuine client who founded an organisation, talked in it
and sent a file. Then the relay turned on them. What a level means stands in SECURITY.md; what each attack does, in docs/spec/drill.md.</p>
${sections.map((level) => section(level, all)).join("\n")}
</main>
</html>
`
}

function section(level: Level, all: readonly Tried[]): string {
  const rows = all.filter(({ finding }) => finding.level === level).map(row)
  return `<section>
<h2>${level}: ${escaped(levelWords[level])}</h2>
<table>
<thead><tr><th>Attack</th><th>Promise</th><th>Outcome</th><th>Gained</th><th>Noticed</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
</section>`
}

function row(tried: Tried): string {
  const { finding, tries, verdict, measured } = tried
  const gained = finding.gained === 0 ? "0" : escaped(finding.gained)
  const counted = measured.length === 0 ? "" : `<small>${escaped(measured.join("; "))}</small>`
  return `<tr class="${classes[verdict]}">
<th scope="row">${escaped(finding.attack)}<small>${escaped(tries)}</small></th>
<td>${finding.promise}</td>
<td>${verdict}</td>
<td>${gained}${counted}</td>
<td>${escaped(noticeWords(tried))}</td>
</tr>`
}

const classes: Readonly<Record<Verdict, string>> = {
  held: "held",
  gained: "broken",
  unnoticed: "broken",
  "not tried": "unknown",
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #2a7d4f; --bad: #b3261e; --odd: #8a6d00 }
@media (prefers-color-scheme: dark) { :root { --good: #6cc795; --bad: #ff8a80; --odd: #e0c060 } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2.5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .6rem .7rem; border-bottom: 1px solid var(--line); font-weight: normal }
thead th { font-size: .85rem; background: var(--soft) } tbody th { font-weight: 600; width: 38% }
small { display: block; font-weight: normal; opacity: .75 }
td:nth-child(3) { font-weight: 600; white-space: nowrap }
.held td:nth-child(3) { color: var(--good) } .broken td:nth-child(3) { color: var(--bad) } .unknown td:nth-child(3) { color: var(--odd) }
@media (max-width: 44rem) { thead { display: none } tr, th, td { display: block; width: auto !important; border: 0 } tr { border-bottom: 1px solid var(--line); padding: .6rem 0 } th, td { padding: .1rem 0 } }
`
