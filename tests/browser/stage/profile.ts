// One Chromium with a profile folder of its own: somebody's computer.
import { mkdirSync } from "node:fs"
import { type BrowserContext, chromium, type Page } from "playwright-core"
import { chromiumOf, killTree, processTree } from "./processes.ts"

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

/** How long a page may take for one step. Argon2, a slow machine and several browsers at once are all in it. */
export const patience = 45_000

export class Profile {
  readonly folder: string
  /** Errors that no code of the page caught, and console errors. */
  readonly complaints: string[] = []
  #context: BrowserContext | undefined
  #page: Page | undefined

  constructor(folder: string) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
  }

  get page(): Page {
    if (this.#page === undefined) throw new Error("this browser is not open")
    return this.#page
  }
  get context(): BrowserContext {
    if (this.#context === undefined) throw new Error("this browser is not open")
    return this.#context
  }

  async open(address: string): Promise<Page> {
    this.#context = await chromium.launchPersistentContext(this.folder, {
      executablePath: process.env.HOLDFAST_CHROMIUM ?? "/usr/bin/chromium",
      args: flags,
      acceptDownloads: true,
      locale: "en-GB",
      viewport: { width: 1_280, height: 800 },
    })
    this.#context.setDefaultTimeout(patience)
    this.#page = this.#context.pages()[0] ?? (await this.#context.newPage())
    this.watch(this.#page)
    await this.#page.goto(address)
    return this.#page
  }

  watch(page: Page): void {
    page.on("pageerror", (error) => this.complaints.push(String(error)))
    page.on("console", (message) => {
      // that a server is away is no defect of the page
      if (message.type() === "error" && !/net::ERR_|WebSocket connection to/.test(message.text()))
        this.complaints.push(message.text())
    })
  }

  async close(): Promise<void> {
    await this.#context?.close().catch(() => undefined)
    this.#context = undefined
    this.#page = undefined
  }

  /** kill -9 of the browser and of every process it started. */
  async kill(): Promise<void> {
    const pid = chromiumOf(this.folder)
    if (pid === undefined) throw new Error("no Chromium runs with this profile")
    killTree(pid)
    await this.close()
  }

  processes(): readonly { readonly pid: number; readonly commandLine: string }[] {
    const pid = chromiumOf(this.folder)
    return pid === undefined ? [] : processTree(pid)
  }

  /** Pages and their workers run in these. */
  renderers(): readonly number[] {
    return this.processes()
      .filter(({ commandLine }) => commandLine.includes("--type=renderer"))
      .map(({ pid }) => pid)
  }
}
