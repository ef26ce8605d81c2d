import { beforeEach, onTestFailed } from "vitest"

/** The tests of this file tell one story: after one that failed the rest would only wait in vain, and are skipped. */
export function tellOneStory(): void {
  let isBroken = false
  beforeEach(({ skip }) => {
    skip(isBroken, "an earlier part of the story failed")
    onTestFailed(() => {
      isBroken = true
    })
  })
}
