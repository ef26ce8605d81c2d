/** Something that a check refuses, at a place where somebody can go and look. */
export interface Finding {
  readonly file: string
  readonly line: number
  readonly text: string
}

export function formatFinding({ file, line, text }: Finding): string {
  return `${file}:${line}: ${text}`
}

/** Prints what was found and why the rules exist, and sets the exit code. */
export function conclude(check: string, findings: readonly Finding[], what: string, why: string): void {
  if (findings.length === 0) {
    console.log(`${check}: ${what}`)
    return
  }
  for (const finding of findings) console.error(formatFinding(finding))
  console.error(`\n${check}: ${findings.length} found.\n${why}`)
  process.exitCode = 1
}
