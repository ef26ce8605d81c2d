// What a user can do, end to end: three computers, one relay, and a fourth person at the door.
import { writeFileSync } from "node:fs"
import path from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { needlesOf, searchFolder } from "./stage/disk-search.ts"
import { noise, noisePng } from "./stage/files.ts"
import { tellOneStory } from "./stage/one-story.ts"
import { type Person, sha256Of } from "./stage/person.ts"
import { createStage, type Stage } from "./stage/stage.ts"
import { pause, until } from "./stage/until.ts"

const organisation = "Seawall Observatory"
const title = "Breakwater repairs"
const reportName = "tide-gauge-readings.bin"
const pictureName = "harbour-at-dusk.png"
const picture = noisePng("harbour at dusk", 96, 64)
const report = Buffer.concat([Buffer.from("Tide gauge readings, not for the contractor.\n"), noise("report", 300_000)])

tellOneStory()

let stage: Stage
let ana: Person
let ben: Person
let cem: Person
let dan: Person
let links: ReadonlyMap<string, string>
let danLink: string
beforeAll(async () => {
  stage = await createStage()
  ana = stage.person("Anastazja")
  ben = stage.person("Benedikto")
  cem = stage.person("Cemalettin")
  dan = stage.person("Daniyarbek")
})
afterAll(() => stage?.close())

/** Everybody who is in, sees no alarm, and their pages had no error of their own. */
async function expectCalm(...people: readonly Person[]): Promise<void> {
  for (const person of people) {
    expect([person.name, await person.at("alarm").allInnerTexts()]).toEqual([person.name, []])
    expect([person.name, person.profile.complaints]).toEqual([person.name, []])
  }
}

describe("three people found an organisation", () => {
  test("one founds it and names two more keepers; it says that it is an evaluation", async () => {
    await ana.found(stage.relay.foundAddress, organisation, { names: [ben.name, cem.name], needed: 2 })
    links = await ana.takeHandedOut()
    expect([...links.keys()]).toEqual([ben.name, cem.name])
    expect(await ana.at("evaluation").innerText()).toContain("1 of 3 so far")
    // the code that lets one organisation in is not left in the address bar
    expect(ana.page.url()).not.toContain("found")
  })

  test("one opens the link, one pastes it; both see the organisation's code and a code to read aloud", async () => {
    await ana.go("settings")
    const organisationCode = await ana.at("organisation-code").innerText()

    await ben.openLink(links.get(ben.name) as string)
    expect(ben.page.url()).not.toContain("hf1")
    await cem.paste(links.get(cem.name) as string)
    for (const person of [ben, cem]) {
      expect(await person.at("organisation-code").innerText()).toBe(organisationCode)
      await person.ask()
    }
    const codes = [await ben.joinCode(), await cem.joinCode()] as const
    expect(codes[0]).not.toBe(codes[1])
    expect(await ben.at("organisation-name").count()).toBe(0)

    await ana.approve(ben.name, codes[0])
    await ben.isIn()
    await ana.approve(cem.name, codes[1])
    await cem.isIn()
    for (const person of [ben, cem]) expect(await person.at("organisation-name").innerText()).toBe(organisation)
  })

  test("the keepers agree on the rules, and the evaluation ends for everybody", async () => {
    await ana.approve("Change the rules")
    expect(await ana.at("evaluation").isVisible()).toBe(true)
    await ben.approve("Change the rules")
    for (const person of [ana, ben, cem]) {
      await person.at("evaluation").waitFor({ state: "detached" })
      await person.go("people")
      for (const keeper of [ana, ben, cem]) await person.person(keeper.name).getByText("Keeper").waitFor()
    }
    await expectCalm(ana, ben, cem)
  })
})

describe("they talk", () => {
  test("in a group, in Markdown, in real time both ways, and raw HTML stays words", async () => {
    await ana.startConversation([ben.name, cem.name], title)
    await ana.say("The **north wall** leans, see [the tables](https://tides.example/north)", "leans")
    for (const person of [ben, cem]) {
      await person.openConversation(title)
      await person.hears("leans")
      const said = person.message("leans")
      expect(await said.locator("strong").allInnerTexts()).toEqual(["north wall"])
      const link = said.getByRole("link", { name: "the tables" })
      expect(await link.getAttribute("href")).toBe("https://tides.example/north")
      expect(await link.getAttribute("rel")).toContain("noopener")
    }
    const hostile = '<img src="x" onerror="document.title=1"> <b>loud</b> [press](javascript:alert(1))'
    await ben.say(hostile, "loud")
    for (const person of [ana, cem]) {
      await person.hears("loud")
      const said = person.message("loud").locator(".prose")
      expect(await said.innerText()).toContain('<img src="x" onerror="document.title=1"> <b>loud</b>')
      expect(await said.locator("img, b, script").count()).toBe(0)
      expect(await said.getByRole("link").count()).toBe(0)
    }
    const start = Date.now()
    await cem.say("Pumps are running since noon")
    await Promise.all([ana.hears("Pumps are running"), ben.hears("Pumps are running")])
    console.log(`from one browser to the other two: ${Date.now() - start} ms`)
  })

  test("one to one, and the third does not see it", async () => {
    await cem.go("people")
    await cem.person(ben.name).getByTestId("message-person").click()
    await cem.at("composer").waitFor()
    await cem.say("Only for you: the contractor lied")
    await ben.conversation(cem.name).waitFor()
    await ben.openConversation(cem.name)
    await ben.hears("the contractor lied")
    await ben.say("I had feared so")
    await cem.hears("I had feared so")
    expect(await ana.conversation(ben.name).count()).toBe(0)
    expect(await ana.page.getByText("the contractor lied").count()).toBe(0)
    expect(await ana.at("conversation").count()).toBe(2)
  })

  test("a picture and a file arrive as they were", async () => {
    const picturePath = path.join(stage.folder, pictureName)
    const reportPath = path.join(stage.folder, reportName)
    writeFileSync(picturePath, picture)
    writeFileSync(reportPath, report)
    await ana.openConversation(title)
    await ana.attach(picturePath, pictureName, "From the **lighthouse**")
    await ana.attach(reportPath, reportName)

    await ben.openConversation(title)
    await ben.file(pictureName).waitFor()
    await ben.file(pictureName).getByTestId("file-fetch").click()
    const shown = ben.file(pictureName).getByTestId("picture")
    await until("the picture is drawn", () =>
      shown.evaluate(
        (image) => (image as HTMLImageElement).complete && (image as HTMLImageElement).naturalWidth === 96,
      ),
    )
    expect(await ben.message("lighthouse").locator("strong").innerText()).toBe("lighthouse")
    const savedPicture = await (await ben.download(pictureName, "file-save")).path()
    expect(await sha256Of(savedPicture)).toBe(await sha256Of(picturePath))

    await cem.openConversation(title)
    await cem.file(reportName).waitFor()
    const download = await cem.download(reportName, "file-fetch")
    expect(download.suggestedFilename()).toBe(reportName)
    expect(await sha256Of(await download.path())).toBe(await sha256Of(reportPath))
  })

  test("after being away everything comes in order, and what was written offline goes out", async () => {
    await ben.profile.context.setOffline(true)
    await ben.page.locator("[data-testid=connection][data-state=offline]").waitFor()
    await cem.close()
    for (const n of [1, 2, 3, 4, 5]) await ana.say(`Log line ${n}`)
    await ben.write("Written on the boat")
    expect(await ben.message("Written on the boat").getAttribute("data-state")).toBe("waiting")
    expect(await ben.page.getByText("Log line 5").count()).toBe(0)

    await ben.profile.context.setOffline(false)
    await cem.reopen()
    await cem.openConversation(title)
    await Promise.all([ana.hears("Written on the boat"), cem.hears("Written on the boat")])
    await until(
      "it is sent",
      async () => (await ben.message("Written on the boat").getAttribute("data-state")) === "sent",
    )
    const all = await Promise.all([ana, ben, cem].map((person) => person.readAll()))
    const words = all.map((messages) => messages.map(({ id, words }) => `${id} ${words}`))
    expect(words[1]).toEqual(words[0])
    expect(words[2]).toEqual(words[0])
    expect(all[0]?.map(({ words }) => words).filter((each) => each.startsWith("Log line"))).toEqual(
      [1, 2, 3, 4, 5].map((n) => `Log line ${n}`),
    )
    await expectCalm(ana, ben, cem)
  })
})

describe("a fourth person is let in by two of three", () => {
  test("nothing happens before the second approval", async () => {
    danLink = await cem.invite(dan.name)
    await dan.openLink(danLink)
    await dan.ask()
    const code = await dan.joinCode()
    await ben.approve(dan.name, code)
    // longer than anybody waits before sealing what is complete
    await pause(6_000)
    expect(await dan.at("waiting").isVisible()).toBe(true)
    expect(await dan.at("conversation").count()).toBe(0)
    for (const person of [ana, ben, cem]) {
      await person.go("people")
      expect(await person.person(dan.name).count()).toBe(0)
      await person.go("decisions")
      expect(await person.proposal(dan.name).getByTestId("proposal-progress").innerText()).toBe("1 of 2")
    }
    await ana.openConversation("Everyone")
    await ana.say("Said before the fourth was in")
    await pause(1_000)
    expect(await dan.at("waiting").isVisible()).toBe(true)

    await ana.approve(dan.name, code)
    await dan.isIn()
    await dan.openConversation("Everyone")
    await dan.say("Thank you both")
    await ana.openConversation("Everyone")
    await ana.hears("Thank you both")
    // keys of the time before were never theirs
    expect(await dan.page.getByText("Said before the fourth was in").count()).toBe(0)
    expect(await dan.at("conversation").count()).toBe(1)
  })

  test("everybody sees who can read, each device with the act that let it in", async () => {
    for (const person of [ana, dan]) {
      await person.openConversation("Everyone")
      await person.at("readers-open").click()
      await until("four readers", async () => (await person.at("reader").count()) === 4)
      expect(await person.at("readers-count").innerText()).toBe("4 people, 4 devices")
      const readers = await person.at("reader").evaluateAll((all) =>
        all.map((each) => ({
          inCharter: each.getAttribute("data-in-charter"),
          words: (each as HTMLElement).innerText,
        })),
      )
      expect(readers.map(({ inCharter }) => inCharter)).toEqual(["true", "true", "true", "true"])
      for (const { name, device } of [ana, ben, cem, dan]) {
        const own = readers.filter(({ words }) => words.includes(device))
        expect(own.length).toBe(1)
        // the act names the person; the entry is its place in the timeline
        expect(own[0]?.words).toContain(name)
        expect(own[0]?.words).toMatch(/entry [0-9]+ of the timeline/)
      }
      await person.at("readers-close").click()
    }
    await ana.openConversation(title)
    await ana.at("readers-open").click()
    await until("three readers", async () => (await ana.at("readers-count").innerText()) === "3 people, 3 devices")
    await ana.at("readers-close").click()
  })

  test("the timeline says in words what was done and who approved it, alike for everybody", async () => {
    const all = await Promise.all([ana, ben, cem, dan].map((person) => person.acts()))
    const [first] = all
    expect(first?.length).toBe(5)
    expect(first?.[0]).toContain("Founded the organisation")
    expect(first?.[1]).toContain(`Added ${ben.name} as a member`)
    expect(first?.[2]).toContain(`Added ${cem.name} as a member`)
    expect(first?.[3]).toContain("2 of 3 keepers")
    expect(first?.[4]).toContain(`Added ${dan.name} as a member`)
    await until("the last act names both who approved", async () =>
      [`${ana.name} and ${ben.name}`, `${ben.name} and ${ana.name}`].some((both) =>
        first?.[4]?.includes(`Approved by ${both}`),
      ),
    )
    for (const acts of all) expect(acts).toEqual(first)
    await expectCalm(ana, ben, cem, dan)
  })
})

describe("the disks of their computers", () => {
  test("hold no sentence, name, title, file, code or passphrase in clear", async () => {
    // locked by closing, as people do
    for (const person of [ana, ben, cem, dan]) await person.close()
    const people = [ana, ben, cem, dan]
    const needles = [
      ...needlesOf(
        organisation,
        title,
        reportName,
        pictureName,
        "north wall",
        "Pumps are running since noon",
        "the contractor lied",
        "I had feared so",
        "Written on the boat",
        "Log line 3",
        "Thank you both",
        "Tide gauge readings",
        ...people.flatMap((person) => [person.name, person.device, person.passphrase]),
      ),
      { what: "bytes of the file", bytes: report.subarray(200_000, 200_032) },
      { what: "bytes of the picture", bytes: picture.subarray(2_000, 2_032) },
    ]
    const invitations = [...links.values(), danLink].map((link) => link.slice(link.indexOf("hf1")))
    const opened = new Map([
      [ben, invitations[0]],
      [dan, invitations[2]],
    ])
    const hits: string[] = []
    for (const person of people) {
      // a link that somebody opens stays in their browser's history, as every address does; it is used up by then
      const secrets = needlesOf(...invitations.filter((invitation) => invitation !== opened.get(person)))
      const found = searchFolder(person.profile.folder, [...needles, ...secrets])
      expect(found.files).toBeGreaterThan(20)
      hits.push(...found.hits.map((hit) => `${person.name}: ${hit}`))
    }
    expect(hits).toEqual([])
    const onRelay = searchFolder(stage.relay.folder, [...needles, ...needlesOf(...invitations)])
    expect(onRelay.bytes).toBeGreaterThan(report.length)
    expect(onRelay.hits).toEqual([])
  })
})
