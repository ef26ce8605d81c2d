// What goes wrong at a computer ends in a sentence, and nothing is lost by it.
import { closeSync, openSync, readdirSync, readSync, truncateSync, writeSync } from "node:fs"
import path from "node:path"
import { formatInvitation, type Invitation, parseInvitation } from "@holdfast/wire"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Person } from "./stage/person.ts"
import { holdfastEnds } from "./stage/relay-process.ts"
import { createStage, organisationOf, type Stage } from "./stage/stage.ts"
import { until } from "./stage/until.ts"

const sentence = /^[A-Z“].*[.?!]$/s

let stage: Stage
let ana: Person
beforeAll(async () => {
  stage = await createStage()
  ana = stage.person("Ana")
  await organisationOf(stage, ana, [])
  await ana.openConversation("Everyone")
  await ana.say("Kept through everything")
})
afterAll(() => stage?.close())

async function problemOf(person: Person): Promise<string> {
  const problem = person.at("problem").first()
  await problem.waitFor()
  const words = (await problem.innerText()).trim()
  expect(words).toMatch(sentence)
  // no code, no stack, no class name
  expect(words).not.toMatch(/Error|undefined|\bat \w+ \(|_[a-z]/)
  return words
}

describe("a passphrase", () => {
  test("that is wrong is said to be wrong; the right one opens everything afterwards", async () => {
    await ana.close()
    await ana.profile.open(ana.address)
    await ana.at("unlock-passphrase").fill("three entirely different words")
    await ana.at("unlock").click()
    expect(await problemOf(ana)).toMatch(/passphrase/i)
    expect(await ana.at("organisation-name").count()).toBe(0)
    await ana.unlock()
    await ana.openConversation("Everyone")
    await ana.message("Kept through everything").waitFor()
  })

  test("that is too short or typed differently founds nothing", async () => {
    const eve = stage.person("Eve")
    await eve.profile.open(stage.relay.foundAddress)
    await eve.page.getByLabel("Name of the organisation").fill("Elsewhere")
    await eve.at("your-name").fill("Eve")
    await eve.at("passphrase").fill("short")
    await eve.at("passphrase-again").fill("short")
    await eve.at("found-submit").click()
    await eve.page.getByText("At least 8 characters.").waitFor()
    await eve.at("passphrase").fill("long enough but")
    await eve.at("passphrase-again").fill("not the same")
    await eve.at("found-submit").click()
    await eve.page.getByText("The two are not the same.").waitFor()
    expect(await eve.at("organisation-name").count()).toBe(0)
    await eve.close()
  })
})

describe("a second tab", () => {
  test("offers to use it there instead, and the first one lets go", async () => {
    const second = await ana.profile.context.newPage()
    ana.profile.watch(second)
    await second.goto(ana.address)
    await second.getByTestId("other-tab").waitFor()
    expect(await second.getByTestId("other-tab").innerText()).toContain("open in another tab")
    await ana.message("Kept through everything").waitFor()

    await second.getByTestId("use-here").click()
    await second.getByTestId("unlock-passphrase").waitFor()
    await ana.at("other-tab").waitFor()
    // the tab that gave way holds nothing in clear any more
    expect(await ana.page.getByText("Kept through everything").count()).toBe(0)
    await second.getByTestId("unlock-passphrase").fill(ana.passphrase)
    await second.getByTestId("unlock").click()
    await second.getByTestId("organisation-name").waitFor()
    await second.close()
    await ana.at("use-here").click()
    await ana.unlock()
    await ana.openConversation("Everyone")
    await ana.message("Kept through everything").waitFor()
    expect(ana.profile.complaints).toEqual([])
  })
})

describe("an invitation", () => {
  let link: string
  let invitation: Invitation
  let eve: Person
  beforeAll(async () => {
    link = await ana.invite("Ben")
    invitation = parseInvitation(link)
    eve = stage.person("Eve")
    await eve.profile.open(eve.address)
  })
  afterAll(() => eve.close())
  beforeEach(async () => {
    await eve.page.goto("about:blank")
    await eve.page.goto(eve.address)
    await eve.at("welcome-join").click()
  })

  test("with one character changed never lets anybody in, wherever it is", async () => {
    const text = link.slice(link.indexOf("hf1"))
    // the first character of the format, one in the organisation's id, one in the secret, one in the time
    const places = [3, 20, 70, text.length - 6]
    const outcomes: string[] = []
    for (const place of places) {
      const changed = `${text.slice(0, place)}${text[place] === "A" ? "B" : "A"}${text.slice(place + 1)}`
      await eve.page.goto("about:blank")
      await eve.page.goto(eve.address)
      await eve.at("welcome-join").click()
      await eve.at("invitation").fill(changed)
      const form = eve.at("join-submit")
      const bad = eve.page.getByText("That is not a whole invitation.", { exact: false })
      if (await eve.at("invitation-next").isVisible()) await eve.at("invitation-next").click()
      await form.or(bad).or(eve.at("problem")).first().waitFor()
      if (await form.isVisible()) {
        await eve.ask()
        await eve.at("problem").or(eve.at("waiting")).first().waitFor()
      }
      if (await eve.at("waiting").isVisible()) outcomes.push("waiting")
      else if (await bad.isVisible()) outcomes.push("not whole")
      else outcomes.push(await problemOf(eve))
    }
    console.log(outcomes.map((outcome, at) => `character ${places[at]}: ${outcome}`).join("\n"))
    expect(outcomes).not.toContain("waiting")
    // nothing is left behind on the computer
    await eve.page.goto("about:blank")
    await eve.page.goto(eve.address)
    await eve.at("welcome-join").waitFor()
    expect(await eve.at("unlock").count()).toBe(0)
  })

  test("of an organisation that this relay does not have is refused in words", async () => {
    await eve.at("invitation").fill(formatInvitation({ ...invitation, org: new Uint8Array(32).fill(7) as never }))
    await eve.ask()
    await problemOf(eve)
    expect(await eve.at("waiting").count()).toBe(0)
  })

  test("that names the id of one organisation and is answered by another is refused before anything is asked", async () => {
    const other = await createStage()
    try {
      const eva = other.person("Eva")
      await organisationOf(other, eva, [])
      // the guest key is known to the other relay, the organisation is not the one that was promised
      const theirs = parseInvitation(await eva.invite("Mallory"))
      await eve.at("invitation").fill(formatInvitation({ ...theirs, org: invitation.org }))
      await eve.ask()
      await problemOf(eve)
      expect(await eve.at("waiting").count()).toBe(0)
      await eva.go("decisions")
      expect(await eva.at("proposal").count()).toBe(0)
    } finally {
      await other.close()
    }
  })

  test("that has expired says so and asks for nothing", async () => {
    const past = Math.floor(Date.now() / 1_000) - 60
    await eve.at("invitation").fill(formatInvitation({ ...invitation, expiresAt: past }))
    expect(await problemOf(eve)).toContain("expired")
    expect(await eve.at("join-submit").count()).toBe(0)
  })

  test("that was withdrawn lets nobody in", async () => {
    const withdrawn = await ana.invite("Nobody")
    const row = ana.page.locator("[data-testid=invite-row]").filter({ hasText: "Nobody" })
    await row.getByTestId("invite-revoke").click()
    await row.waitFor({ state: "detached" })
    await eve.at("invitation").fill(withdrawn)
    await eve.ask()
    await problemOf(eve)
    expect(await eve.at("waiting").count()).toBe(0)
  })
})

describe("a damaged disk", () => {
  /** The pool keeps each database in a file without a telling name; its first bytes say which one it is. */
  function databaseFile(person: Person): string {
    const folder = path.join(person.profile.folder, "Default/File System")
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue
      const file = path.join(entry.parentPath, entry.name)
      const head = Buffer.alloc(512)
      const at = openSync(file, "r")
      readSync(at, head, 0, head.length, 0)
      closeSync(at)
      if (/^\/[0-9a-f]+\.db\0/.test(head.toString("latin1"))) return file
    }
    throw new Error("no database in the browser's private file system")
  }

  async function expectSaidToBeDamaged(person: Person): Promise<void> {
    await person.profile.open(person.address)
    await person.at("unlock-passphrase").fill(person.passphrase)
    await person.at("unlock").click()
    expect(await problemOf(person)).toMatch(/damaged/i)
    expect(await person.at("organisation-name").count()).toBe(0)
    // the page lives on: another organisation could be opened or joined
    await person.at("welcome-join").click()
    await person.at("invitation").waitFor()
    expect(person.profile.complaints).toEqual([])
  }

  test.each([
    ["cut in half", (file: string) => truncateSync(file, 20_000)],
    [
      "with flipped bits on its first page",
      (file: string) => {
        const at = openSync(file, "r+")
        writeSync(at, Buffer.alloc(64, 0x5a), 0, 64, 4_096 + 40)
        closeSync(at)
      },
    ],
    [
      "with nothing but zeros in it",
      (file: string) => {
        const at = openSync(file, "r+")
        writeSync(at, Buffer.alloc(32_768), 0, 32_768, 4_096)
        closeSync(at)
      },
    ],
  ])("a database %s is said to be damaged", async (how, damage) => {
    const person = stage.person(`Eve, ${how}`)
    await person.openLink(await ana.invite(person.name))
    await person.ask()
    await person.joinCode()
    await person.close()
    damage(databaseFile(person))
    await expectSaidToBeDamaged(person)
    await person.close()
  })
})

describe("a busy port", () => {
  test("ends `holdfast start` with a sentence", async () => {
    const data = path.join(stage.folder, "second-relay")
    const { code, out, err } = await holdfastEnds("start", "--data", data, "--port", String(stage.relay.port))
    expect(code).toBe(1)
    expect(err.trim()).toMatch(sentence)
    expect(err).toContain(String(stage.relay.port))
    expect(err).not.toMatch(/EADDRINUSE|Error|\bat /)
    expect(out).not.toContain("running")
  })

  test("a data folder that another relay uses is left alone", async () => {
    const { code, err } = await holdfastEnds("start", "--data", stage.relay.folder, "--port", "0")
    expect(code).toBe(1)
    expect(err.trim()).toMatch(sentence)
    await until("the first relay still serves", async () => (await fetch(`http://localhost:${stage.relay.port}/`)).ok)
    await ana.openConversation("Everyone")
    await ana.say("Still here")
  })
})
