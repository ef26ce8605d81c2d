// What the organisation's history is good for: invitations from a list, every act down to its bytes, and a copy that others can check.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { unzipSync } from "fflate"
import { afterAll, beforeAll, expect, test } from "vitest"
import { tellOneStory } from "./stage/one-story.ts"
import type { Person } from "./stage/person.ts"
import { holdfastEnds } from "./stage/relay-process.ts"
import { createStage, type Stage } from "./stage/stage.ts"

tellOneStory()

let stage: Stage
let ana: Person
let ben: Person
beforeAll(async () => {
  stage = await createStage()
  ana = stage.person("Ana")
  ben = stage.person("Ben")
  await ana.found(stage.relay.foundAddress, "Harbour Watch")
})
afterAll(() => stage?.close())

/** Presses, and gives the file that the browser saved. */
async function saved(person: Person, button: string): Promise<Uint8Array> {
  const downloading = person.page.waitForEvent("download")
  await person.at(button).click()
  return readFileSync(await (await downloading).path())
}

test("[E5.16 E5.20] a list of people becomes invitations, and one of them lets somebody in", async () => {
  await ana.go("people")
  await ana.at("import-list").click()
  const list = "name,label\nBen,night shift\nCem\nben\n"
  await ana.at("people-file").setInputFiles({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(list) })
  expect(await ana.at("import-line").allInnerTexts()).toHaveLength(3)
  await ana.at("import-submit").click()
  await ana.at("import-done").waitFor()
  const lines = new TextDecoder()
    .decode(await saved(ana, "import-save"))
    .trim()
    .split("\r\n")
  expect(lines).toHaveLength(3)
  await ana.at("import-close").click()
  const link = /(http\S+#\/join\/hf1[A-Za-z0-9_-]+)/.exec(lines[1] ?? "")?.[1] ?? ""
  await ben.openLink(link)
  await ben.ask()
  const code = await ben.joinCode()
  // nobody is asked about each of many: they are let in together, once their codes are compared
  await ana.go("decisions")
  await ana.at("admit-many").click()
  const asked = ana.at("pick-request").filter({ hasText: "Ben" })
  expect(await asked.innerText()).toContain(code)
  await asked.click()
  await ana.at("codes-compared").click()
  await ana.at("tool-submit").click()
  await ana.at("tool-window").waitFor({ state: "detached" })
  await ana.approve("Ben", code)
  await ben.isIn()
})

test("[E5.18] an act is followed down to its bytes, its signature and its place in the log", async () => {
  await ben.go("timeline")
  const row = ben.page.locator("[data-testid=act][data-type=member-add]")
  const told = await row.locator(".act-sentence").innerText()
  expect(told).toMatch(/^Added Ben/)
  await row.getByTestId("act-link").click()
  await ben.at("outcome").waitFor()
  expect(await ben.at("act-detail").innerText()).toContain(`“${told.replace(/^Added/, "Add")}”`)
  expect(await ben.at("detail-approvals").innerText()).toContain("Ana")
  expect(await ben.at("inclusion").innerText()).toContain("Log of 2 entries")
  await ben.at("bytes").first().locator("summary").click()
  expect(await ben.at("bytes").first().getByTestId("hex").innerText()).toMatch(/^000000 {2}[0-9a-f]{2} /)
  expect(new TextDecoder().decode(await saved(ben, "save-proof"))).toMatch(/^c2sp\.org\/tlog-proof@v1\n/)
})

test("[E9.6] the saved history is unpacked and verified offline with one command", async () => {
  await ben.go("settings")
  const archive = unzipSync(await saved(ben, "organisation-export"))
  const folder = path.join(stage.folder, "copy")
  for (const [name, bytes] of Object.entries(archive)) {
    const file = path.join(folder, name.slice(name.indexOf("/") + 1))
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }
  const { code, out } = await holdfastEnds("log", "verify", folder)
  expect(code).toBe(0)
  expect(out).toContain("2 entries")
  for (const person of [ana, ben]) expect(person.profile.complaints).toEqual([])
})
