import type { Figure } from "./harness.ts"

const keys = ["name", "value", "unit", "peer", "ratio", "goal", "met"] as const

export function benchNames(benches: readonly { readonly name: string }[]): string {
  return benches.map(({ name }) => name).join(", ")
}

function numberOrNull(value: unknown, what: string): number | null {
  if (value === null || value === undefined) return null
  if (typeof value !== "number" || !Number.isFinite(value)) throw new TypeError(`${what} is no number`)
  return value
}

/** Whoever measures writes down nonsense here or nowhere. Throws TypeError. */
export function toFigure(given: unknown, from: string): Figure {
  const record = (given ?? {}) as Readonly<Record<string, unknown>>
  const { name, unit, goal, met } = record
  if (typeof name !== "string" || name === "") throw new TypeError(`${from}: a figure without a name`)
  if (typeof unit !== "string") throw new TypeError(`${name}: no unit`)
  const value = numberOrNull(record.value, `${name}: value`)
  if (value === null) throw new TypeError(`${name}: no value`)
  if (goal !== undefined && goal !== null && typeof goal !== "string")
    throw new TypeError(`${name}: the goal is no text`)
  if (met !== undefined && met !== null && typeof met !== "boolean")
    throw new TypeError(`${name}: met is neither true nor false`)
  if ((goal ?? null) !== null && typeof met !== "boolean")
    throw new TypeError(`${name}: has a goal and does not say whether it is met`)
  const peer = numberOrNull(record.peer, `${name}: peer`)
  const ratio = numberOrNull(record.ratio, `${name}: ratio`)
  return { name, value, unit, peer, ratio, goal: goal ?? null, met: met ?? null }
}

/** Figures of a bench, as they come. A bench without a figure is an error. */
export async function* collect(bench: unknown, from: string): AsyncIterable<Figure> {
  if (typeof bench !== "function") throw new TypeError(`${from} is no bench`)
  let count = 0
  for await (const given of bench() as AsyncIterable<unknown>) {
    count += 1
    yield toFigure(given, from)
  }
  if (count === 0) throw new Error(`${from} measured nothing`)
}

/** Three significant digits, thousands apart: more is noise. */
export function formatNumber(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toLocaleString("en-GB", {
    minimumFractionDigits: Math.min(digits, 6),
    maximumFractionDigits: Math.min(digits, 6),
  })
}

const verdictOf = ({ met }: Figure) => (met === null ? "" : met ? "met" : "MISSED")

export function formatFigure(figure: Figure): string {
  const { name, value, unit, peer, ratio, goal } = figure
  const parts = [`${name}: ${formatNumber(value)} ${unit}`]
  if (peer !== null) parts.push(`peer ${formatNumber(peer)} ${unit}`)
  if (ratio !== null) parts.push(`${formatNumber(ratio)} x`)
  if (goal !== null) parts.push(`goal ${goal}: ${verdictOf(figure)}`)
  return parts.join(", ")
}

export function toTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    formatNumber(figure.value),
    figure.unit,
    figure.peer === null ? "" : formatNumber(figure.peer),
    figure.ratio === null ? "" : `${formatNumber(figure.ratio)} x`,
    figure.goal ?? "",
    verdictOf(figure),
  ])
  const all = [["figure", "value", "unit", "peer", "ratio", "goal", ""], ...rows]
  const widths = all[0]?.map((_, i) => Math.max(...all.map((row) => (row[i] as string).length))) ?? []
  const isNumber = (i: number) => i === 1 || i === 3 || i === 4
  return all
    .map((row) =>
      row
        .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

/** The array that `--json` writes: these seven keys, in this order. */
export function toJson(figures: readonly Figure[]): string {
  return JSON.stringify(
    figures.map((figure) => Object.fromEntries(keys.map((key) => [key, figure[key]]))),
    null,
    2,
  )
}
