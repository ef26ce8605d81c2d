import { beforeEach, onTestFailed } from "vitest"

/** The tests of this file tell one story: after one that failed the rest would only wait in vain, and are skipped. */
export function tellOneStory(): void {
  let broken: string | undefined
  beforeEach(({ task, skip }) => {
    // another try of the same test is no later part; skipping it would hide that it failed
    skip(broken !== undefined && broken !== task.id, "an earlier part of the story failed")
    broken = undefined
    onTestFailed(() => {
      broken = task.id
    })
  })
}
