// The interface over invented people: every screen, narrow and wide, light and dark, with keyboard and screen reader in mind.
import { createHash } from "node:crypto"
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { build, type PreviewServer, preview } from "vite"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { VirtualAuthenticator } from "./passkeys/virtual-authenticator.ts"
import { flawsOn } from "./ui-flaws.ts"

const fixture = fileURLToPath(new URL("../../apps/web/dev", import.meta.url))
const configFile = path.join(fixture, "vite.config.ts")
const folder = mkdtempSync(path.join(os.tmpdir(), "holdfast-ui-"))
let server: PreviewServer
let browser: Browser
let base = ""

beforeAll(async () => {
  const outDir = path.join(folder, "dist")
  await build({ root: fixture, configFile, logLevel: "error", build: { outDir } })
  server = await preview({ root: fixture, configFile, logLevel: "error", build: { outDir }, preview: { port: 0 } })
  base = server.resolvedUrls?.local[0] ?? ""
  browser = await chromium.launch({
    executablePath: process.env.HOLDFAST_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  })
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A fresh page and everything that its console complained about, violations of the content policy included. */
async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(error.message))
  page.setDefaultTimeout(15_000)
  return { page, complaints }
}
async function unlock(page: Page, scene: string, hash = ""): Promise<void> {
  await page.goto(`${base}?scene=main`)
  await page.getByTestId("unlock-passphrase").fill(scene)
  await page.getByTestId("unlock").click()
  await page.locator("[data-testid=organisation-name], [data-testid=waiting]").first().waitFor()
  if (hash !== "") await page.evaluate((to) => location.assign(to), hash)
}
const contracts = `#/c/${"a1".repeat(16)}`

const csv = (words: string) => ({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(words) })
async function openTool(page: Page, name: string): Promise<void> {
  await page.getByTestId("propose-menu").click()
  await page.getByTestId(`tool-${name}`).click()
}

/** Every screen, and what is there once it is complete. */
const screens: Readonly<Record<string, readonly [go: (page: Page) => Promise<unknown>, there: string]>> = {
  welcome: [(page) => page.goto(`${base}?scene=empty`), "welcome-join"],
  "several organisations": [(page) => page.goto(`${base}?scene=vaults`), "vault"],
  founding: [
    async (page) => {
      await page.goto(`${base}?scene=empty#/found/code`)
      await page.getByTestId("keepers-several").click()
      await page.getByTestId("found-submit").click()
    },
    "quorum-meaning",
  ],
  "a broken invitation": [(page) => page.goto(`${base}?scene=empty#/join/hf1nonsense`), "invitation"],
  waiting: [(page) => unlock(page, "waiting"), "join-code"],
  "waiting to be let back in": [(page) => unlock(page, "recovering"), "recovery-words"],
  "a notice about something to decide": [(page) => unlock(page, "desk", "#/notices"), "notice-to-desk"],
  conversation: [(page) => unlock(page, "main", contracts), "composer"],
  readers: [(page) => unlock(page, "main", `${contracts}/readers`), "readers-count"],
  "a ghost": [(page) => unlock(page, "ghost", `${contracts}/readers`), "readers-count"],
  people: [(page) => unlock(page, "plan", "#/people"), "keeper-plan"],
  decisions: [(page) => unlock(page, "main", "#/decisions"), "proposal"],
  timeline: [(page) => unlock(page, "main", "#/timeline"), "act"],
  notices: [(page) => unlock(page, "main", "#/notices"), "notice"],
  settings: [(page) => unlock(page, "main", "#/settings"), "lock"],
  alarm: [(page) => unlock(page, "alarm", contracts), "alarm"],
  removed: [(page) => unlock(page, "removed", contracts), "removed"],
  invitation: [
    async (page) => {
      await unlock(page, "main", "#/people")
      await page.getByTestId("invite").click()
      await page.getByTestId("invite-name").fill("Grace Lindqvist")
      await page.getByTestId("invite-create").click()
    },
    "invite-link",
  ],
  "an alarm with evidence": [(page) => unlock(page, "alarm", "#/decisions"), "alarm-evidence"],
  "the desk of five keepers": [(page) => unlock(page, "desk", "#/decisions"), "waiting-act"],
  "a frozen history": [(page) => unlock(page, "frozen", "#/settings"), "witnesses"],
  "a canary that has lapsed": [(page) => unlock(page, "lapsed", "#/people"), "canary-banner"],
  "the timeline of five keepers": [(page) => unlock(page, "desk", "#/timeline"), "clock-readings"],
  "one entry with its bytes": [
    async (page) => {
      await unlock(page, "desk", "#/timeline/15")
      await page.getByTestId("act-detail").waitFor()
      for (const part of await page.locator("details > summary").all()) await part.click()
    },
    "hex",
  ],
  "the rules": [
    async (page) => {
      await unlock(page, "desk", "#/decisions/rules")
      for (const part of await page.locator("details > summary").all()) await part.click()
      await page.getByTestId("rules-k").selectOption("2")
    },
    "rules-problem",
  ],
  "a new seat": [
    async (page) => {
      await unlock(page, "desk", "#/decisions/rules")
      await page.getByTestId("add-seat").click()
      await page.getByTestId("seat-by-offer").click()
    },
    "seat-offer",
  ],
  "a new witness": [
    async (page) => {
      await unlock(page, "desk", "#/decisions/rules")
      await page.getByTestId("add-witness").click()
    },
    "witness-vkey",
  ],
  "a veto": [
    async (page) => {
      await unlock(page, "desk", "#/decisions")
      await page.getByTestId("veto").first().click()
    },
    "confirm-yes",
  ],
  "a key file": [
    async (page) => {
      await unlock(page, "desk", "#/decisions")
      await page.getByTestId("with-key-file").first().click()
    },
    "save-request",
  ],
  "a key for a new keeper": [
    async (page) => {
      await unlock(page, "plan", "#/people")
      await page.getByTestId("keeper-other-key").click()
      await page.getByTestId("become-file").click()
    },
    "become-offer",
  ],
  "why there can be no passkey here": [
    async (page) => {
      await unlock(page, "plan", "#/people")
      await page.getByTestId("keeper-other-key").click()
      await page.getByTestId("become-passkey").click()
    },
    "passkey-words",
  ],
  "a list of people": [
    async (page) => {
      await unlock(page, "desk", "#/people")
      await page.getByTestId("import-list").click()
      await page.getByTestId("people-file").setInputFiles(csv("name,label\nGrace,photo desk\nGrace\n,nobody\n"))
    },
    "import-line",
  ],
  ...Object.fromEntries(
    (["suspend", "replace", "relays", "canary", "recover", "removals", "admissions"] as const).map((name) => [
      `proposing: ${name}`,
      [
        async (page: Page) => {
          await unlock(page, "desk", "#/decisions")
          await openTool(page, name)
        },
        "tool-submit",
      ] as const,
    ]),
  ),
  "a comparison of codes": [
    async (page) => {
      await unlock(page, "main", "#/decisions")
      await page.getByTestId("approve").first().click()
    },
    "confirm-yes",
  ],
}

test.each(Object.entries(screens))(
  "%s: fits, has names, can be read and breaks no content policy, wide and light as well as narrow and dark",
  async (_, [go, there]) => {
    const { page, complaints } = await open({ colorScheme: "light" })
    await go(page)
    await page.getByTestId(there).first().waitFor()
    await page.waitForTimeout(150)
    expect(await flawsOn(page)).toEqual([])
    await page.setViewportSize({ width: 360, height: 740 })
    await page.emulateMedia({ colorScheme: "dark" })
    await page.waitForTimeout(250)
    expect(await flawsOn(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  },
)

test("what a page loads before it shows anything stays under 350 kB of compressed script", () => {
  const assets = path.join(folder, "dist/assets")
  const scripts = readdirSync(assets).filter((name) => /^index-.*\.js$/.test(name))
  const compressed = scripts.map((name) => gzipSync(readFileSync(path.join(assets, name))).length)
  expect(scripts.length).toBe(1)
  expect(compressed[0]).toBeLessThan(350_000)
  expect(compressed[0]).toBeGreaterThan(50_000)
})

test("the keepers' desk comes by itself when it is opened, and is small", () => {
  const assets = path.join(folder, "dist/assets")
  const desk = readdirSync(assets).filter((name) => /^desk-.*\.js$/.test(name))
  expect(desk.length).toBe(1)
  expect(gzipSync(readFileSync(path.join(assets, desk[0] ?? ""))).length).toBeLessThan(40_000)
})

describe("the keepers' desk", () => {
  test("a device stops the recovery of its own member at once", async () => {
    const { page, complaints } = await open()
    await unlock(page, "desk", "#/decisions")
    const own = page.getByTestId("waiting-act").filter({ hasText: "Recover Ada Okafor" })
    await own.getByTestId("veto").click()
    await page.getByTestId("confirm-yes").click()
    await own.waitFor({ state: "detached" })
    expect(await page.getByTestId("waiting-act").count()).toBe(1)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test("a keeper's veto of anything else is a proposal, to be read and approved like any other", async () => {
    const { page } = await open()
    await unlock(page, "desk", "#/decisions")
    const relays = page.getByTestId("waiting-act").filter({ hasText: "Let clients talk" })
    await relays.getByTestId("veto").click()
    await page.getByTestId("confirm-yes").click()
    await page.locator("[data-testid=proposal][data-mine=can-approve]").filter({ hasText: "Veto the act" }).waitFor()
    expect(await relays.count()).toBe(1)
    await page.context().close()
  })

  test("approval by key file: the request goes out as a file and the approval comes back as one", async () => {
    const { page, complaints } = await open({ acceptDownloads: true })
    await unlock(page, "desk", "#/decisions")
    const card = page.locator("[data-testid=proposal][data-mine=can-approve]").filter({ hasText: "version 4" })
    const id = await card.getAttribute("data-id")
    await card.getByTestId("with-key-file").click()
    const downloading = page.waitForEvent("download")
    await page.getByTestId("save-request").click()
    expect((await downloading).suggestedFilename()).toBe("V4ZB-9K2N.holdfast-request")
    const wrong = { name: "x.holdfast-approval", mimeType: "", buffer: Buffer.from("nothing") }
    await page.getByTestId("approval-file").setInputFiles(wrong)
    expect(await page.getByTestId("problem").innerText()).toContain("not an approval")
    const right = { ...wrong, buffer: Buffer.from(JSON.stringify({ holdfast: "approval/v1", statement: id })) }
    await page.getByTestId("approval-file").setInputFiles(right)
    await page.getByTestId("key-file-popup").waitFor({ state: "detached" })
    const approved = page.locator(`[data-id="${id}"][data-mine=approved]`)
    await approved.waitFor()
    // others may have their keys in files too, and no device that shows this
    expect(await approved.getByTestId("with-key-file").count()).toBe(1)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test("the rules say which floor is broken, what would change, and keep what was begun", async () => {
    const { page, complaints } = await open()
    await unlock(page, "desk", "#/decisions/rules")
    await page.getByTestId("rules-k").selectOption("2")
    await page.locator("[data-testid=rules-problem][data-floor=floor_majority]").waitFor()
    expect(await page.getByTestId("rules-changes").innerText()).toContain("3 of 5 becomes 2 of 5")
    expect(await page.getByTestId("rules-propose").isDisabled()).toBe(true)
    await page.getByTestId("rules-k").selectOption("4")
    await page.locator("[data-testid=rules-verdict][data-state=fine]").waitFor()
    await page.getByTestId("back").click()
    await page.getByTestId("draft-go-on").click()
    expect(await page.getByTestId("rules-k").inputValue()).toBe("4")
    await page.getByTestId("rules-propose").click()
    await page.getByTestId("confirm-yes").click()
    await page.locator("[data-testid=proposal][data-mine=can-approve]").filter({ hasText: "4 of 5" }).waitFor()
    expect(await page.getByTestId("desk-drafts").count()).toBe(0)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test("many are admitted only after somebody says that the codes were compared", async () => {
    const { page } = await open()
    await unlock(page, "desk", "#/decisions")
    await openTool(page, "admissions")
    for (const request of (await page.getByTestId("pick-request").all()).slice(0, 3)) await request.click()
    expect(await page.getByTestId("tool-submit").isDisabled()).toBe(true)
    await page.getByTestId("codes-compared").click()
    await page.getByTestId("tool-submit").click()
    await page.getByTestId("proposal").filter({ hasText: "Do 3 things together" }).waitFor()
    await page.context().close()
  })

  test("a list of people becomes links in a list", async () => {
    const { page, complaints } = await open({ acceptDownloads: true })
    await unlock(page, "desk", "#/people")
    await page.getByTestId("import-list").click()
    await page.getByTestId("people-file").setInputFiles(csv("Grace Lindqvist\nWrong Person\nHugo Weiss\n"))
    await page.getByTestId("import-submit").click()
    const downloading = page.waitForEvent("download")
    await page.getByTestId("import-save").click()
    const lines = readFileSync(await (await downloading).path(), "utf8")
      .trim()
      .split("\r\n")
    expect(lines.map((line) => line.split(",")[0])).toEqual(["name", "Grace Lindqvist", "Wrong Person", "Hugo Weiss"])
    expect(lines[1]).toContain("#/join/hf1")
    expect(lines[2]).not.toContain("#/join/")
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test.each([
    ["an entry's proof", "#/timeline/11", "save-proof", "entry-11.tlog-proof"],
    ["the whole history", "#/settings", "organisation-export", "organisation-7b7b7b7b.zip"],
    ["the evidence of a fork", "#/people", "alarm-evidence", "evidence-fork.zip"],
  ])("%s is saved as a file", async (_, hash, button, name) => {
    const { page, complaints } = await open({ acceptDownloads: true })
    await unlock(page, name.startsWith("evidence") ? "alarm" : "desk", hash)
    const downloading = page.waitForEvent("download")
    await page.getByTestId(button).click()
    const download = await downloading
    expect(download.suggestedFilename()).toBe(name)
    expect(readFileSync(await download.path()).length).toBeGreaterThan(20)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test("at an address that ends in .localhost a passkey is made and agrees to its admission", async () => {
    const { page, complaints } = await open()
    await VirtualAuthenticator.plugIn(page)
    const local = new URL(base)
    local.hostname = "holdfast.localhost"
    await page.goto(`${local.href}?scene=main`)
    await page.getByTestId("unlock-passphrase").fill("plan")
    await page.getByTestId("unlock").click()
    await page.getByTestId("keeper-other-key").click()
    await page.getByTestId("become-passkey").click()
    await page.getByTestId("become-submit").click()
    await page.getByTestId("become-keeper-popup").waitFor({ state: "detached" })
    // RSA keys are left out on purpose (C9.1), which Chromium remarks on
    expect(complaints.filter((words) => !words.includes("RS256"))).toEqual([])
    await page.context().close()
  })

  test("somebody who is alone and wants several to decide is led to inviting them", async () => {
    const { page } = await open()
    await unlock(page, "founded", "#/people")
    await page.getByTestId("raise").click()
    await page.getByTestId("raise-invite").click()
    await page.getByTestId("invite-popup").waitFor()
    expect(await page.getByTestId("invite-keeper").getAttribute("data-selected")).toBe("true")
    await page.context().close()
  })
})

describe("writing", () => {
  test("Enter sends, Shift and Enter starts a line, and an answer is read out", async () => {
    const { page } = await open()
    await unlock(page, "main", contracts)
    const composer = page.getByTestId("composer")
    await composer.fill("first")
    await composer.press("Shift+Enter")
    await composer.pressSequentially("second")
    await composer.press("Enter")
    const own = page.locator("[data-testid=message][data-state=sent]").filter({ hasText: "first" })
    await own.waitFor()
    expect(await own.locator(".prose").innerText()).toBe("first\nsecond")
    expect(await composer.inputValue()).toBe("")
    await page.getByTestId("announcer").filter({ hasText: "Bjørn Halvorsen: Understood." }).waitFor()
    await page.context().close()
  })

  test("what was begun is still there after looking elsewhere, and gone after locking", async () => {
    const { page } = await open()
    await unlock(page, "main", contracts)
    await page.getByTestId("composer").fill("half a thought")
    await page.getByTestId("nav-settings").click()
    await page.evaluate((to) => location.assign(to), contracts)
    expect(await page.getByTestId("composer").inputValue()).toBe("half a thought")
    await page.getByTestId("nav-settings").click()
    await page.getByTestId("lock").click()
    await page.getByTestId("unlock-passphrase").fill("main")
    await page.getByTestId("unlock").click()
    await page.getByTestId("organisation-name").waitFor()
    await page.evaluate((to) => location.assign(to), contracts)
    expect(await page.getByTestId("composer").inputValue()).toBe("")
    await page.context().close()
  })

  test("opening the readers keeps what was chosen to be sent", async () => {
    const { page } = await open()
    await unlock(page, "main", contracts)
    await page
      .getByTestId("file-input")
      .setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("a") })
    await page.getByTestId("readers-open").click()
    await page.getByTestId("readers").waitFor()
    await page.keyboard.press("Escape")
    await page.getByTestId("readers").waitFor({ state: "detached" })
    await page.locator("#readers-button:focus").waitFor()
    expect(await page.getByTestId("chosen-file").count()).toBe(1)
    await page.context().close()
  })

  test("an empty file is refused in words before anything is sent", async () => {
    const { page } = await open()
    await unlock(page, "main", contracts)
    await page.getByTestId("file-input").setInputFiles({ name: "empty", mimeType: "", buffer: Buffer.alloc(0) })
    expect(await page.getByTestId("problem").last().innerText()).toContain("empty")
    expect(await page.getByTestId("chosen-file").count()).toBe(0)
    await page.context().close()
  })
})

test("1,200 messages: few are in the page, and reading upwards does not lose the place", async () => {
  const { page } = await open()
  await unlock(page, "long", contracts)
  await page.getByText("Message 1200.").first().waitFor()
  expect(await page.getByTestId("message").count()).toBeLessThan(60)
  // every step shows some of what the step before showed, so the place was never lost
  const lost = await page.getByTestId("messages").evaluate(async (box) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const shown = () => {
      const { top, bottom } = box.getBoundingClientRect()
      return [...box.querySelectorAll("[data-testid=message]")]
        .filter((row) => row.getBoundingClientRect().bottom > top && row.getBoundingClientRect().top < bottom)
        .map((row) => Number(/Message (\d+)/.exec(row.textContent ?? "")?.[1]))
    }
    const jumps: string[] = []
    // opening ends at the newest message; on a busy machine the last rows are measured some frames later
    for (let still = 0, wait = 0; still < 20 && wait < 600; wait += 1) {
      await frame()
      still = shown().includes(1200) ? still + 1 : 0
    }
    let before = shown()
    for (let step = 0; step < 2_000 && !before.includes(1); step += 1) {
      box.scrollBy(0, -400)
      let now: number[] = []
      // older messages are drawn when they come; the place counts once they are there
      for (let wait = 0; wait < 120 && (now.length < 2 || !now.some((n) => before.includes(n))); wait += 1) {
        await frame()
        await frame()
        now = shown()
      }
      if (!now.some((n) => before.includes(n))) jumps.push(`from ${before} to ${now}`)
      before = now
    }
    if (!before.includes(1)) jumps.push(`ended at ${before}`)
    return jumps
  })
  expect(lost).toEqual([])
  expect(await page.getByTestId("message").count()).toBeLessThan(80)
  await page.getByTestId("to-newest").click()
  await page.getByText("Message 1200.").first().waitFor()
  await page.context().close()
})

test("with the keyboard alone: unlock, open a conversation, a window and its way back", async () => {
  const { page } = await open()
  await page.goto(`${base}?scene=main`)
  await page.getByTestId("unlock-passphrase").waitFor()
  await page.keyboard.type("main")
  await page.keyboard.press("Enter")
  await page.getByTestId("organisation-name").waitFor()
  const tabTo = async (testId: string) => {
    for (let step = 0; step < 60; step += 1) {
      await page.keyboard.press("Tab")
      const at = await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))
      if (at === testId) return
    }
    expect.fail(`${testId} cannot be reached`)
  }
  await tabTo("new-conversation")
  await page.keyboard.press("Enter")
  await page.getByTestId("new-conversation-popup").waitFor()
  await page.keyboard.press("Escape")
  await page.getByTestId("new-conversation-popup").waitFor({ state: "detached" })
  expect(await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe("new-conversation")
  await tabTo("conversation")
  await page.keyboard.press("Enter")
  await page.getByTestId("conversation-pane").waitFor()
  expect(await page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe("composer")
  await page.context().close()
})

test("one tab at a time: the second says so, takes over, and the first holds nothing any more", async () => {
  const { page } = await open()
  await unlock(page, "main")
  const second = await page.context().newPage()
  await second.goto(`${base}?scene=main`)
  await second.getByTestId("other-tab").waitFor()
  await second.getByTestId("use-here").click()
  await second.getByTestId("unlock-passphrase").waitFor()
  await page.getByTestId("other-tab").waitFor()
  expect(await page.getByTestId("organisation-name").count()).toBe(0)
  expect(page.workers().length).toBe(0)
  await page.getByTestId("use-here").click()
  await page.getByTestId("unlock-passphrase").waitFor()
  await second.getByTestId("other-tab").waitFor()
  await page.context().close()
})

test("invitations and codes do not stay in the address bar or in the history", async () => {
  const { page } = await open()
  await page.goto(`${base}?scene=empty#/found/very-secret`)
  await page.getByTestId("found-organisation").waitFor()
  expect(page.url()).not.toContain("very-secret")
  expect(await page.getByTestId("hosting-code").count()).toBe(0)
  await page.goto(`${base}?scene=empty`)
  await page.goBack()
  expect(page.url()).not.toContain("very-secret")
  await page.context().close()
})

test.each([
  ["small.bin", 300_000],
  ["large.bin", 80 * 1_048_576 + 5],
])("%s comes out of the browser's downloads as it went in", async (name, size) => {
  const { page, complaints } = await open({ acceptDownloads: true })
  await unlock(page, "main", contracts)
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 509) bytes.writeUInt32LE(at, at)
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  await page.getByTestId("file-input").setInputFiles(file)
  await page.getByTestId("send").click()
  const box = page.locator(`[data-testid=file][data-name="${name}"]`)
  const downloading = page.waitForEvent("download", { timeout: 60_000 })
  await box.getByTestId("file-save").click()
  const download = await downloading
  const hash = createHash("sha256")
  for await (const piece of createReadStream(await download.path())) hash.update(piece as Buffer)
  expect(download.suggestedFilename()).toBe(name)
  expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"))
  expect(await page.getByTestId("conversation-pane").count()).toBe(1)
  expect(complaints).toEqual([])
  await page.context().close()
})
