import type { Act } from "@holdfast/client"

/** How the signed sentences of each kind of act begin, and how the same reads once it is done. */
const beginnings: Readonly<Record<string, readonly [asked: string, done: string]>> = {
  genesis: ["Found ", "Founded "],
  rules: ["Change ", "Changed "],
  "member-add": ["Add ", "Added "],
  "member-remove": ["Remove ", "Removed "],
  "device-add": ["Add ", "Added "],
  "device-remove": ["Remove ", "Removed "],
  relays: ["Let clients talk ", "Clients talk "],
  "suspend-keeper": ["Suspend ", "Suspended "],
  recover: ["Recover ", "Recovered "],
  veto: ["Veto ", "Vetoed "],
  canary: ["Declare, ", "Declared, "],
  batch: ["Do ", "Did "],
}

/**
 * The sentence of an act as the timeline tells it. A signed sentence says what is to be done ("Add …"); what took effect reads
 * as done ("Added …"). Only the known beginning changes, so nothing that somebody chose (a name) is touched. Every other
 * outcome keeps the words that were signed.
 */
export function actAsTold(act: Pick<Act, "type" | "sentence" | "outcome">): string {
  const [asked, done] = beginnings[act.type] ?? []
  if (act.outcome !== "applied" || asked === undefined || done === undefined) return act.sentence
  return act.sentence.startsWith(asked) ? done + act.sentence.slice(asked.length) : act.sentence
}

export type TimelineRow =
  | { readonly kind: "act"; readonly act: Act }
  /** Readings of the log's clock that follow each other: relays make many, people rarely need them. */
  | { readonly kind: "clock"; readonly acts: readonly Act[] }

/** Newest first; readings of the clock that took effect are drawn together. */
export function timelineRows(acts: readonly Act[]): readonly TimelineRow[] {
  const rows: TimelineRow[] = []
  for (const act of acts.toReversed()) {
    const last = rows.at(-1)
    if (act.type !== "anchor" || act.outcome !== "applied") rows.push({ kind: "act", act })
    else if (last?.kind === "clock") rows[rows.length - 1] = { kind: "clock", acts: [...last.acts, act] }
    else rows.push({ kind: "clock", acts: [act] })
  }
  return rows
}
