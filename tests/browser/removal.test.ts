// A quorum takes somebody out: at once, for good, and everybody sees it in words.
import { afterAll, beforeAll, expect, test } from "vitest"
import { tellOneStory } from "./stage/one-story.ts"
import type { Person } from "./stage/person.ts"
import { createStage, letIn, type Stage } from "./stage/stage.ts"
import { pause, until } from "./stage/until.ts"

tellOneStory()

const title = "Night shift"
let stage: Stage
let ana: Person
let ben: Person
let cem: Person
let dan: Person
beforeAll(async () => {
  stage = await createStage()
  ana = stage.person("Ana")
  ben = stage.person("Ben")
  cem = stage.person("Cem")
  dan = stage.person("Dan")
  await ana.found(stage.relay.foundAddress, "Harbour Watch", { names: ["Ben", "Cem"], needed: 2 })
  const links = await ana.takeHandedOut()
  await letIn(ben, links.get("Ben") as string, [ana])
  await letIn(cem, links.get("Cem") as string, [ana])
  await letIn(dan, await ana.invite("Dan"), [ana])
  await ana.approve("Change the rules")
  await ben.approve("Change the rules")
  for (const person of [ana, ben, cem, dan]) await person.at("evaluation").waitFor({ state: "detached" })
  await ana.startConversation(["Ben", "Cem", "Dan"], title)
  await ana.say("Everybody here?")
  for (const person of [ben, cem, dan]) {
    await person.openConversation(title)
    await person.hears("Everybody here?")
  }
})
afterAll(() => stage?.close())

test("one keeper's wish removes nobody", async () => {
  await ana.go("people")
  await ana.person("Dan").getByTestId("remove-member").click()
  expect(await ana.at("confirm").innerText()).toContain("2 of 3 keepers must agree")
  await ana.at("confirm-yes").click()
  await ana.at("confirm").waitFor({ state: "detached" })
  await ben.go("decisions")
  await ben.proposal("Dan").waitFor()
  await until(
    "one of two",
    async () => (await ben.proposal("Dan").getByTestId("proposal-progress").innerText()) === "1 of 2",
  )
  await pause(6_000)
  await ana.openConversation(title)
  await ana.say("Dan still reads this")
  await dan.hears("Dan still reads this")
})

test("with the second they are cut off at once, told so, and read nothing that is written afterwards", async () => {
  const start = Date.now()
  await ben.approve("Dan")
  await dan.at("removed").waitFor()
  console.log(`from the second approval to being cut off: ${Date.now() - start} ms`)
  expect(await dan.at("composer-closed").innerText()).toContain("no longer in this organisation")
  expect(await dan.at("composer").count()).toBe(0)

  await ana.say("Now without Dan")
  for (const person of [ben, cem]) {
    await person.openConversation(title)
    await person.hears("Now without Dan")
  }
  await cem.say("Good night from Cem")
  await ana.hears("Good night from Cem")
  await pause(3_000)
  expect(await dan.page.getByText("Now without Dan").count()).toBe(0)
  // what came before stays readable
  expect(await dan.message("Dan still reads this").count()).toBe(1)

  await dan.close()
  await dan.reopen()
  await dan.openConversation(title)
  await dan.at("removed").waitFor()
  await pause(3_000)
  const words = (await dan.readAll()).map((message) => message.words)
  expect(words).toEqual(["Everybody here?", "Dan still reads this"])
})

test("the others see it in words: in the conversation, among the readers, under people and in the timeline", async () => {
  for (const person of [ana, ben, cem]) {
    await person.openConversation(title)
    await person.at("event").filter({ hasText: /Dan/ }).filter({ hasText: /remov/i }).waitFor()
    await person.at("readers-open").click()
    await until("three readers", async () => (await person.at("readers-count").innerText()) === "3 people, 3 devices")
    expect(await person.at("readers").innerText()).not.toContain("Dan")
    await person.at("readers-close").click()
    await person.go("people")
    expect(await person.person("Dan").getAttribute("data-active")).toBe("false")
    expect(await person.person("Dan").innerText()).toMatch(/No longer in the organisation, removed by entry [0-9]+/)
    const last = (await person.acts()).at(-1)
    expect(last).toMatch(/Remove.*Dan/)
    expect(last).toMatch(/Approved by (Ana and Ben|Ben and Ana)/)
    expect(await person.at("alarm").count()).toBe(0)
  }
})

test("a second device needs its owner's word too; when it is lost it goes, and its owner stays", async () => {
  const tablet = stage.person("Cem")
  await tablet.openLink(await cem.invite("Cem's tablet", "device"))
  await tablet.ask()
  const code = await tablet.joinCode()
  await ana.approve("Cem", code)
  await ben.approve("Cem", code)
  // two keepers agree, and still nobody gets a device that they did not ask for
  await pause(5_000)
  expect(await tablet.at("waiting").isVisible()).toBe(true)
  await cem.approve("Cem", code)
  await tablet.isIn()
  await ana.openConversation(title)
  await ana.say("To both of Cem's screens")
  await tablet.openConversation(title)
  await until("the tablet is in the conversation", async () => (await tablet.at("composer").count()) === 1)

  await ana.go("people")
  const devices = ana.person("Cem").locator("[data-testid=device]")
  expect(await devices.count()).toBe(2)
  await devices.last().getByTestId("remove-device").click()
  await ana.at("confirm-yes").click()
  await ana.at("confirm").waitFor({ state: "detached" })
  await ben.approve(/device/i)
  await tablet.at("removed").waitFor()

  await ana.openConversation(title)
  await ana.say("The tablet is gone")
  await cem.openConversation(title)
  await cem.hears("The tablet is gone")
  await cem.say("Cem is still here")
  await ana.hears("Cem is still here")
  await pause(2_000)
  expect(await tablet.page.getByText("The tablet is gone").count()).toBe(0)
  const last = (await ben.acts()).at(-1)
  expect(last).toMatch(/Remove.*device/i)
})
