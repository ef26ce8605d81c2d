// kill -9 at any moment: what was accepted is there once, and everybody has the same order.
import { afterAll, beforeAll, expect, test } from "vitest"
import { tellOneStory } from "./stage/one-story.ts"
import type { Person, ShownMessage } from "./stage/person.ts"
import { createStage, organisationOf, type Stage } from "./stage/stage.ts"
import { until } from "./stage/until.ts"

tellOneStory()

const each = 25
let stage: Stage
let ana: Person
let ben: Person
beforeAll(async () => {
  stage = await createStage()
  ana = stage.person("Ana")
  ben = stage.person("Ben")
  await organisationOf(stage, ana, [ben])
  for (const person of [ana, ben]) await person.openConversation("Everyone")
})
afterAll(() => stage?.close())

/** Resolves when that many of this person's messages are on the relay. */
const sent = (person: Person, words: string, count: number) =>
  until(`${count} of ${person.name}'s messages are sent`, async () => {
    // only what is on the screen is in the page, so the number of the newest sent one counts
    const states = await person.page
      .locator("[data-testid=message][data-state=sent]")
      .filter({ hasText: words })
      .allInnerTexts()
    return states.some((text) => Number(new RegExp(`${words} ([0-9]+)`).exec(text)?.[1]) >= count)
  })

async function readWhenSettled(person: Person): Promise<readonly ShownMessage[]> {
  await person.isOnline()
  return until(
    `${person.name} has nothing waiting`,
    async () => {
      const all = await person.readAll()
      return all.every(({ state }) => state === "sent" || state === "received") && all
    },
    90_000,
  )
}

async function expectSame(wanted: readonly string[]): Promise<void> {
  const [ofAna, ofBen] = [await readWhenSettled(ana), await readWhenSettled(ben)]
  const words = (all: readonly ShownMessage[]) => all.map((message) => message.words)
  // every message exactly once
  expect([...words(ofAna)].sort()).toEqual([...wanted].sort())
  // in the same order, and these are the very same messages
  expect(ofBen.map(({ id, words }) => `${id} ${words}`)).toEqual(ofAna.map(({ id, words }) => `${id} ${words}`))
  for (const name of ["Ana", "Ben"]) {
    const own = words(ofAna).filter((text) => text.startsWith(`${name} says`))
    expect(own).toEqual(wanted.filter((text) => text.startsWith(`${name} says`)))
  }
  for (const person of [ana, ben]) expect(await person.at("alarm").allInnerTexts()).toEqual([])
}

const said: string[] = []
async function talk(person: Person, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    const text = `${person.name} says ${String(n).padStart(3, "0")}`
    await person.write(text)
    said.push(text)
  }
}
const inOrder = () => [...said].sort()

test("kill -9 of the relay while two browsers send fifty messages", async () => {
  const talking = [talk(ana, 1, each), talk(ben, 1, each)]
  await sent(ana, "Ana says", 5)
  await stage.relay.kill()
  await Promise.all(talking)
  for (const person of [ana, ben]) {
    await person.page.locator("[data-testid=connection][data-state=offline]").first().waitFor()
    expect(await person.message(`says 025`).last().getAttribute("data-state")).toBe("waiting")
  }
  await stage.relay.start()
  await Promise.all([sent(ana, "Ana says", each), sent(ben, "Ben says", each)])
  expect(said.length).toBe(2 * each)
  await expectSame(inOrder())
})

test("kill -9 of a browser while both send, and of the relay again before it comes back", async () => {
  const bens = talk(ben, 101, 125)
  await talk(ana, 101, 112)
  // one more that is typed at the very moment: it is kept or not, but never twice
  await ana.at("composer").fill("Ana says 113")
  await Promise.all([
    ana
      .at("composer")
      .press("Enter")
      .catch(() => undefined),
    ana.profile.kill(),
  ])
  await stage.relay.kill()
  await bens
  await stage.relay.start()
  await ana.reopen()
  await ana.openConversation("Everyone")
  await ana.isOnline()
  const kept = (await readWhenSettled(ana)).filter(({ words }) => words === "Ana says 113").length
  expect(kept).toBeLessThanOrEqual(1)
  if (kept === 1) said.push("Ana says 113")
  await talk(ana, 114, 120)
  await Promise.all([sent(ana, "Ana says", 120), sent(ben, "Ben says", 125)])
  await expectSame(inOrder())
})

test("kill -9 of both browsers and of the relay at once, with messages still waiting", async () => {
  await stage.relay.kill()
  await talk(ana, 201, 205)
  await talk(ben, 201, 205)
  await Promise.all([ana.profile.kill(), ben.profile.kill()])
  await stage.relay.start()
  await Promise.all([ana.reopen(), ben.reopen()])
  for (const person of [ana, ben]) await person.openConversation("Everyone")
  await Promise.all([sent(ana, "Ana says", 205), sent(ben, "Ben says", 205)])
  await expectSame(inOrder())
})
