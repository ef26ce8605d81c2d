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
