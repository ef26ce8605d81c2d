// Somebody at a browser: reads the screen, types, presses. Never calls the engine.
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import type { Download, Locator, Page } from "playwright-core"
import { Profile } from "./profile.ts"
import { until } from "./until.ts"

export interface ShownMessage {
  readonly id: string
  readonly state: string
  readonly words: string
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256")
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer)
  return hash.digest("hex")
}

export class Person {
  readonly name: string
  readonly profile: Profile
  readonly address: string
  readonly passphrase: string

  constructor(name: string, folder: string, address: string) {
    this.name = name
    this.profile = new Profile(folder)
    this.address = address
    this.passphrase = `${name} walks over four green hills`
  }

  get page(): Page {
    return this.profile.page
  }
  at(testId: string): Locator {
    return this.page.getByTestId(testId)
  }

  // ---- coming in ----

  async found(
    address: string,
    organisation: string,
    keepers: { names: readonly string[]; needed: number } = { names: [], needed: 1 },
  ): Promise<void> {
    const page = await this.profile.open(address)
    await page.getByLabel("Name of the organisation").fill(organisation)
    await this.at("your-name").fill(this.name)
    await this.at("device-label").fill(this.device)
    if (keepers.names.length > 0) {
      await this.at("keepers-several").click()
      for (const [at, name] of keepers.names.entries()) {
        if (at > 1) await this.at("add-keeper").click()
        await this.at(`keeper-${at}`).fill(name)
      }
      await this.at(`needed-${keepers.needed}`).click()
    }
    await this.choosePassphrase()
    await this.at("found-submit").click()
    await this.page.locator("[data-testid=hand-out], [data-testid=organisation-name]").first().waitFor()
  }

  get device(): string {
    return `${this.name}'s laptop`
  }

  async choosePassphrase(): Promise<void> {
    await this.at("passphrase").fill(this.passphrase)
    await this.at("passphrase-again").fill(this.passphrase)
  }

  /** From the hand-out page after founding: the links by name. Leaves the page. */
  async takeHandedOut(): Promise<ReadonlyMap<string, string>> {
    await this.at("hand-out-invite").first().waitFor()
    const links = new Map<string, string>()
    for (const invite of await this.at("hand-out-invite").all()) {
      const name = (await invite.getAttribute("data-name")) ?? ""
      links.set(name, await invite.getByTestId("invite-link").inputValue())
    }
    await this.at("hand-out-continue").click()
    await this.at("organisation-name").waitFor()
    return links
  }

  async openLink(link: string): Promise<void> {
    await this.profile.open(link)
    await this.at("join-submit").waitFor()
  }

  async paste(text: string): Promise<void> {
    await this.profile.open(this.address)
    await this.at("welcome-join").click()
    await this.at("invitation").fill(text)
  }

  /** On the page that shows what an invitation is for. */
  async ask(): Promise<void> {
    const name = this.at("your-name")
    if ((await name.count()) > 0) await name.fill(this.name)
    await this.at("device-label").fill(this.device)
    await this.choosePassphrase()
    await this.at("join-submit").click()
  }

  async joinCode(): Promise<string> {
    return (await this.at("join-code").innerText()).trim()
  }

  async isIn(): Promise<void> {
    await this.at("organisation-name").waitFor()
    await this.at("conversation").first().waitFor()
  }

  // ---- opening and closing ----

  async reopen(): Promise<void> {
    await this.profile.open(this.address)
    await this.unlock()
  }

  async unlock(passphrase = this.passphrase): Promise<void> {
    await this.at("unlock-passphrase").fill(passphrase)
    await this.at("unlock").click()
    await this.page.locator("[data-testid=organisation-name], [data-testid=waiting]").first().waitFor()
  }

  async close(): Promise<void> {
    await this.profile.close()
  }

  async isOnline(): Promise<void> {
    await this.page.locator("[data-testid=connection][data-state=online][data-up-to-date=true]").first().waitFor()
  }

  // ---- deciding ----

  async go(place: "people" | "decisions" | "timeline" | "settings" | "notices"): Promise<void> {
    await this.at(`nav-${place}`).click()
    await this.at(place).waitFor()
  }

  proposal(words: string | RegExp): Locator {
    return this.page.locator("[data-testid=proposal]").filter({ hasText: words })
  }

  /** Looks at a decision, compares the code if there is one, and approves. */
  async approve(words: string | RegExp, code?: string): Promise<void> {
    await this.go("decisions")
    const card = this.page.locator("[data-testid=proposal][data-mine=can-approve]").filter({ hasText: words })
    await card.waitFor()
    if (code !== undefined) {
      const shown = (await card.getByTestId("proposal-join-code").innerText()).trim()
      if (shown !== code) throw new Error(`the joining codes differ: ${shown} here, ${code} there`)
    }
    await card.getByTestId("approve").click()
    if (code !== undefined) await this.at("confirm-yes").click()
    // what is complete moves to "decided before", or is gone once it took effect
    await until(`${this.name} has approved`, async () => (await card.count()) === 0)
  }

  async invite(name: string, purpose: "member" | "keeper" | "device" = "member"): Promise<string> {
    await this.go("people")
    await this.at("invite").click()
    await this.at(`invite-${purpose}`).click()
    await this.at("invite-name").fill(name)
    await this.at("invite-create").click()
    const link = await this.at("invite-made").getByTestId("invite-link").inputValue()
    await this.at("invite-done").click()
    await this.at("invite-made").waitFor({ state: "detached" })
    return link
  }

  person(name: string): Locator {
    return this.page.locator(`[data-testid=person][data-name="${name}"]`)
  }

  async acts(): Promise<readonly string[]> {
    await this.go("timeline")
    await this.at("act").first().waitFor()
    return (await this.at("act").allInnerTexts()).reverse()
  }

  // ---- talking ----

  conversation(title: string): Locator {
    return this.page
      .locator("[data-testid=conversation]")
      .filter({ has: this.page.locator(".conversation-title", { hasText: title }) })
  }

  async openConversation(title: string): Promise<void> {
    await this.conversation(title).click()
    await this.at("conversation-name").filter({ hasText: title }).waitFor()
    await this.at("messages").waitFor()
  }

  async startConversation(names: readonly string[], title?: string): Promise<void> {
    await this.at("new-conversation").click()
    const popup = this.at("new-conversation-popup")
    for (const name of names) await popup.getByTestId("pick-person").filter({ hasText: name }).click()
    if (title !== undefined) await popup.getByTestId("conversation-title").fill(title)
    await popup.getByTestId("start-conversation").click()
    await this.at("composer").waitFor()
  }

  message(words: string | RegExp): Locator {
    return this.at("message").filter({ hasText: words })
  }

  /** Writes in the open conversation. Resolves when the message stands in the list, sent or not. */
  async write(text: string, shown: string | RegExp = text): Promise<void> {
    await this.at("composer").fill(text)
    await this.at("composer").press("Enter")
    await this.message(shown).last().waitFor()
  }

  /** Writes and waits until the relay has it. */
  async say(text: string, shown: string | RegExp = text): Promise<void> {
    await this.write(text, shown)
    await this.page.locator("[data-testid=message][data-state=sent]").filter({ hasText: shown }).last().waitFor()
  }

  async hears(words: string | RegExp): Promise<void> {
    await this.page.locator("[data-testid=message][data-state=received]").filter({ hasText: words }).last().waitFor()
  }

  file(name: string): Locator {
    return this.page.locator(`[data-testid=file][data-name="${name}"]`)
  }

  async attach(path: string, name: string, caption = ""): Promise<void> {
    await this.at("file-input").setInputFiles(path)
    await this.at("chosen-file").waitFor()
    if (caption !== "") await this.at("composer").fill(caption)
    await this.at("send").click()
    await this.file(name).waitFor()
  }

  /** Presses "Download" (or "Save" for what is here) and gives what the browser saved. */
  async download(name: string, button: "file-fetch" | "file-save", millis = 60_000): Promise<Download> {
    const [download] = await Promise.all([
      this.page.waitForEvent("download", { timeout: millis }),
      this.file(name).getByTestId(button).click(),
    ])
    return download
  }

  /** Everything in the open conversation, oldest first, by scrolling through it as a reader would. */
  async readAll(): Promise<readonly ShownMessage[]> {
    const list = this.at("messages")
    const scroll = (to: "top" | "on") =>
      list.evaluate((box, where) => {
        const at = box.scrollTop
        box.scrollTop = where === "top" ? 0 : at + box.clientHeight * 0.6
        return box.scrollTop + box.clientHeight >= box.scrollHeight - 2
      }, to)
    await until("the beginning of the conversation", async () => {
      await scroll("top")
      return list.locator(".beginning").isVisible()
    })
    const seen = new Map<string, ShownMessage>()
    for (;;) {
      await this.page.waitForTimeout(80)
      const shown = await list.locator("[data-testid=message]").evaluateAll((all) =>
        all.map((each) => ({
          id: each.getAttribute("data-id") ?? "",
          state: each.getAttribute("data-state") ?? "",
          words: each.querySelector(".prose")?.textContent ?? "",
        })),
      )
      for (const message of shown) seen.set(message.id, message)
      if (await scroll("on")) {
        await this.page.waitForTimeout(80)
        const last = await list.locator("[data-testid=message]").evaluateAll((all) =>
          all.map((each) => ({
            id: each.getAttribute("data-id") ?? "",
            state: each.getAttribute("data-state") ?? "",
            words: each.querySelector(".prose")?.textContent ?? "",
          })),
        )
        for (const message of last) seen.set(message.id, message)
        return [...seen.values()]
      }
    }
  }
}
